"""The gradebook: nbgrader's database holds the scores; our own tables are in the same database.

register     add an assignment to nbgrader's tables, as generate_assignment does
record       record one graded submission in a single transaction
*_scores     read scores, for pages and exports
write_autograded   write the notebooks that nbgrader's formgrader shows
"""

import autograder.notebook  # noqa: F401  # isort: skip  (before nbgrader: it imports nbformat)
from autograder.gradebook.database.audit import Change, changes
from autograder.gradebook.database.connection import kept_open
from autograder.gradebook.scores.autograded_notebooks import write_autograded
from autograder.gradebook.scores.counting_submission import Choice, choices, choose_again
from autograder.gradebook.scores.criterion_results import (
    CriterionScore,
    criteria_of,
    criterion_scores,
    outcomes_of,
)
from autograder.gradebook.scores.recording import Recorded, digest_of, record
from autograder.gradebook.scores.registration import Registered, register
from autograder.gradebook.scores.released_tasks import ReleasedTask, assignments, demands, tasks
from autograder.gradebook.scores.student_scores import (
    Remark,
    StudentScore,
    TaskScore,
    remarks,
    student_scores,
    task_scores,
)
from autograder.gradebook.scores.visible_points import shown_points, shown_scores

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
