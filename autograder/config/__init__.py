"""Read course_config.py into a frozen Course; unknown names fail with the nearest valid one."""

from autograder.config.course import FILE, NBGRADER_FILE, Course, load

__all__ = ["FILE", "NBGRADER_FILE", "Course", "load"]
