"""Steps of a course, one module or package each; only here do the other parts meet."""
