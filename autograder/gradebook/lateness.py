"""What lateness costs: nbgrader's plugin decides, extensions count, sprints are never late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from nbgrader import api
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.errors import ConfigError
from autograder.gradebook.connection import nbgrader_config
from autograder.gradebook.sprints import extension as ours
from autograder.gradebook.tables import SubmissionRow

Penalty = Callable[[float], float]  # a notebook's score -> what lateness takes from it


def in_time(_score: float) -> float:
    """Nothing: what came in time loses nothing."""
    return 0.0


def late_penalty(course: Course, session: Session, assignment: Any, row: SubmissionRow) -> Penalty:
    """What the plugin takes from a notebook's score for this submission's lateness."""
    seconds = _seconds_late(session, assignment, row)
    if seconds <= 0 or course.kind_of(row.assignment) == "sprint":
        return in_time
    assign = AssignLatePenalties(config=nbgrader_config(course))
    assign.init_plugin()

    def penalty(score: float) -> float:
        try:
            found = assign.plugin_inst.late_submission_penalty(row.student, score, seconds)
        except Exception as error:
            raise ConfigError(
                f"the late-submission plugin failed: {type(error).__name__}: {error}",
                where=assign.plugin_class.__name__,
                way_out="mend its late_submission_penalty(student_id, score, total_seconds_late)",
            ) from error
        taken: float = min(max(float(found or 0.0), 0.0), max(score, 0.0))
        return taken

    return penalty


def _seconds_late(session: Session, assignment: Any, row: SubmissionRow) -> float:
    if assignment.duedate is None:
        return 0.0
    extension = session.scalar(
        select(api.SubmittedAssignment.extension).where(
            api.SubmittedAssignment.assignment_id == assignment.id,
            api.SubmittedAssignment.student_id == row.student,
        )
    )
    more = max(extension or timedelta(), ours(session, row.assignment, row.student))
    late: float = (row.received - assignment.duedate - more).total_seconds()
    return max(0.0, late)
