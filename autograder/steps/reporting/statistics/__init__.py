"""Statistics of a class's results, about the assignment and the students.

items.py    every criterion: its difficulty, and whether it tells good from poor work
trouble.py  where the class is stuck, which wording may be unclear, who may fall behind
report.py   all of it for one assignment, as values, JSON and tables
"""

from autograder.steps.reporting.statistics.report import TABLES, Statistics, statistics, table

__all__ = ["TABLES", "Statistics", "statistics", "table"]
