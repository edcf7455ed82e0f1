from autograder.interop.nbgrader import configure

configure(get_config(), __file__)  # loads course_config.py, so that nbgrader strips as we do
