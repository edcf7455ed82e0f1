"""Late penalties from nbgrader's plugin, after extensions and late days; sprints are never late.

Late days (`c.Late.tokens`) are used automatically, as whole days, in order of arrival: a submission
that is late by no more days than its student has left is not late. A late day ends at the same
wall-clock time on the next day, in the course's time zone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta, timezone
from typing import Any

from nbgrader import api
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.deadlines import extended, time_late
from autograder.errors import ConfigError
from autograder.gradebook.database.connection import nbgrader_config
from autograder.gradebook.database.tables import SubmissionRow
from autograder.gradebook.portal.sprints import extension as ours

DAY = 24 * 60 * 60
Penalty = Callable[[float], float]  # a notebook's score -> its late penalty


def in_time(_score: float) -> float:
    """Return 0, the penalty of a submission in time."""
    return 0.0


def late_penalty(course: Course, session: Session, assignment: Any, row: SubmissionRow) -> Penalty:
    """Return the function that computes this submission's penalty from a notebook's score.

    The plugin gets the lateness in seconds: 86,400 for each full calendar day, plus the real
    seconds of the last day. The function raises ConfigError if the plugin fails.
    """
    seconds = _seconds_late(course, session, assignment, row)
    if seconds <= 0 or course.kind_of(row.assignment) == "sprint":
        return in_time
    if days_of(seconds) <= course.late.tokens - tokens_used(course, session, row):
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


def days_of(seconds: float) -> int:
    """Return the number of late days for a lateness in seconds, rounded up.

    >>> days_of(0.0), days_of(1.0), days_of(86400.0), days_of(86401.0)
    (0, 1, 1, 2)
    """
    return math.ceil(max(0.0, seconds) / DAY)


def tokens_used(course: Course, session: Session, row: SubmissionRow) -> int:
    """Return the late days that earlier submissions to other assignments used up."""
    left = course.late.tokens
    if left == 0:
        return 0
    others = session.execute(
        select(SubmissionRow, api.Assignment)
        .join(api.Assignment, api.Assignment.name == SubmissionRow.assignment)
        .where(
            SubmissionRow.student == row.student,
            SubmissionRow.assignment != row.assignment,
            SubmissionRow.counts,
            SubmissionRow.received < row.received,
        )
        .order_by(SubmissionRow.received, SubmissionRow.id)
    )
    for other, assignment in others.all():
        if course.kind_of(other.assignment) != "sprint":
            days = days_of(_seconds_late(course, session, assignment, other))
            left -= days if days <= left else 0
    return course.late.tokens - left


def _seconds_late(course: Course, session: Session, assignment: Any, row: SubmissionRow) -> float:
    if assignment.duedate is None or row.received <= assignment.duedate:
        return 0.0
    extension = session.scalar(
        select(api.SubmittedAssignment.extension).where(
            api.SubmittedAssignment.assignment_id == assignment.id,
            api.SubmittedAssignment.student_id == row.student,
        )
    )
    more = max(extension or timedelta(), ours(session, row.assignment, row.student))
    due = extended(assignment.duedate.replace(tzinfo=timezone.utc), more, course.zone)
    received = row.received.replace(tzinfo=timezone.utc)
    return time_late(due, received, course.zone).total_seconds()
