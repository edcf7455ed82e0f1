"""Progress counts of each assignment, for the course page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbgrader import api
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.gradebook.database.connection import reading
from autograder.gradebook.database.portal_tables import QueueRow, RegradeRow
from autograder.gradebook.database.tables import CriterionRow, SubmissionRow


@dataclass(frozen=True)
class Counts:
    """Numbers of students of one assignment.

    `errors` counts those with a criterion that an internal error left undecided.
    """

    graded: int = 0
    needs_person: int = 0
    errors: int = 0
    requests: int = 0  # regrade requests without an answer
    queue: Mapping[str, int] = field(default_factory=dict)  # submissions by state


@dataclass(frozen=True)
class Undecided:
    """One criterion that an internal error left undecided."""

    student: str
    notebook: str
    task: str
    demand: str
    error: str


@dataclass(frozen=True)
class Failed:
    """One submission that could not be graded, and the reason."""

    student: str
    submission: str
    note: str
    queued: datetime  # UTC, without a zone


def counts(course: Course) -> dict[str, Counts]:
    """Return the counts of every assignment that has any."""
    with reading(course) as session:
        graded = _by_assignment(session, SubmissionRow.assignment, SubmissionRow.counts)
        errors = _with_errors(session)
        requests = _by_assignment(session, RegradeRow.assignment, RegradeRow.state == "open")
        person = _waiting(session)
        queue: dict[str, dict[str, int]] = {}
        for name, state, number in session.execute(
            select(QueueRow.assignment, QueueRow.state, func.count()).group_by(
                QueueRow.assignment, QueueRow.state
            )
        ):
            queue.setdefault(name, {})[state] = number
    names = {*graded, *errors, *requests, *person, *queue}
    return {
        name: Counts(
            graded.get(name, 0),
            person.get(name, 0),
            errors.get(name, 0),
            requests.get(name, 0),
            queue.get(name, {}),
        )
        for name in names
    }


def undecided(course: Course, assignment: str, most: int = 200) -> tuple[Undecided, ...]:
    """Return up to `most` undecided criteria of the submissions that count."""
    with reading(course) as session:
        rows = session.execute(
            select(
                SubmissionRow.student,
                CriterionRow.notebook,
                CriterionRow.task,
                CriterionRow.demand,
                CriterionRow.error,
            )
            .join(CriterionRow, CriterionRow.submission == SubmissionRow.id)
            .where(
                SubmissionRow.assignment == assignment,
                SubmissionRow.counts,
                CriterionRow.status == "error",
            )
            .order_by(CriterionRow.task, SubmissionRow.student)
            .limit(most)
        ).all()
    return tuple(Undecided(*row) for row in rows)


def failed(course: Course, assignment: str) -> tuple[Failed, ...]:
    """Return the submissions that could not be graded at all."""
    with reading(course) as session:
        rows = session.scalars(
            select(QueueRow)
            .where(QueueRow.assignment == assignment, QueueRow.state == "failed")
            .order_by(QueueRow.student)
        ).all()
    return tuple(Failed(r.student, r.submission, r.note, r.queued) for r in rows)


def graded_ids(course: Course, assignment: str) -> tuple[set[str], set[str]]:
    """Return the ids of all recorded submissions, and of those with an internal error."""
    with reading(course) as session:
        recorded = session.scalars(
            select(SubmissionRow.id).where(SubmissionRow.assignment == assignment)
        ).all()
        errors = session.scalars(
            select(CriterionRow.submission)
            .join(SubmissionRow, SubmissionRow.id == CriterionRow.submission)
            .where(SubmissionRow.assignment == assignment, CriterionRow.status == "error")
        ).all()
    return set(recorded), set(errors)


def _by_assignment(session: Session, column: Any, where: Any) -> dict[str, int]:
    rows = session.execute(select(column, func.count()).where(where).group_by(column)).all()
    return {row[0]: row[1] for row in rows}


def _with_errors(session: Session) -> dict[str, int]:
    rows = session.execute(
        select(SubmissionRow.assignment, func.count(func.distinct(SubmissionRow.id)))
        .join(CriterionRow, CriterionRow.submission == SubmissionRow.id)
        .where(SubmissionRow.counts, CriterionRow.status == "error")
        .group_by(SubmissionRow.assignment)
    ).all()
    return {row[0]: row[1] for row in rows}


def _waiting(session: Session) -> dict[str, int]:
    """Count, by assignment, students with a cell that nbgrader marks for manual grading."""
    rows = session.execute(
        select(api.Assignment.name, func.count(func.distinct(api.SubmittedAssignment.id)))
        .select_from(api.Grade)
        .join(api.SubmittedNotebook, api.SubmittedNotebook.id == api.Grade.notebook_id)
        .join(
            api.SubmittedAssignment,
            api.SubmittedAssignment.id == api.SubmittedNotebook.assignment_id,
        )
        .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
        .where(api.Grade.needs_manual_grade)
        .group_by(api.Assignment.name)
    ).all()
    return {row[0]: row[1] for row in rows}


def recorded(course: Course, assignment: str, *, all_of_them: bool) -> tuple[tuple[str, str], ...]:
    """Return (student, submission) of all recorded submissions, or of those that count, sorted."""
    with reading(course) as session:
        query = select(SubmissionRow.student, SubmissionRow.id).where(
            SubmissionRow.assignment == assignment
        )
        if not all_of_them:
            query = query.where(SubmissionRow.counts)
        rows = session.execute(query.order_by(SubmissionRow.student, SubmissionRow.id)).all()
    return tuple((row[0], row[1]) for row in rows)
