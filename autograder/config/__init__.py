"""course_config.py → a frozen Course; unknown names fail with the nearest right one."""

from autograder.config.course import FILE, NBGRADER_FILE, Course, load

__all__ = ["FILE", "NBGRADER_FILE", "Course", "load"]
