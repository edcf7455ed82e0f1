"""The gradebook: nbgrader's database holds the scores; our own tables are in the same database.

register     add an assignment to nbgrader's tables, as generate_assignment does
record       record one graded submission in a single transaction
*_scores     read scores, for pages and exports
write_autograded   write the notebooks that nbgrader's formgrader shows
"""

import autograder.notebook  # noqa: F401  # isort: skip  (before nbgrader: it imports nbformat)
from autograder.gradebook.audit import Change, changes
from autograder.gradebook.autograded import write_autograded
from autograder.gradebook.choosing import Choice, choices, choose_again
from autograder.gradebook.connection import kept_open
from autograder.gradebook.outcomes import CriterionScore, criteria_of, criterion_scores, outcomes_of
from autograder.gradebook.recording import Recorded, digest_of, record
from autograder.gradebook.registering import Registered, register
from autograder.gradebook.released import ReleasedTask, assignments, demands, tasks
from autograder.gradebook.scores import (
    Remark,
    StudentScore,
    TaskScore,
    remarks,
    student_scores,
    task_scores,
)
from autograder.gradebook.shown import shown_points, shown_scores

__all__ = [
    "Change",
    "Choice",
    "CriterionScore",
    "Recorded",
    "Registered",
    "ReleasedTask",
    "Remark",
    "StudentScore",
    "TaskScore",
    "assignments",
    "changes",
    "choices",
    "choose_again",
    "criteria_of",
    "criterion_scores",
    "demands",
    "digest_of",
    "kept_open",
    "outcomes_of",
    "record",
    "register",
    "remarks",
    "shown_points",
    "shown_scores",
    "student_scores",
    "task_scores",
    "tasks",
    "write_autograded",
]
