"""Integration with other grading systems: nbgrader's own commands."""
