"""Criterion results of all submissions as plain numbers, for statistics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.gradebook.database.connection import reading
from autograder.gradebook.database.tables import CriterionRow, SubmissionRow
from autograder.gradebook.scores.released_tasks import place_of_tasks
from autograder.nouns import Message


@dataclass(frozen=True)
class Demanded:
    """One criterion, as used to grade the submissions that count."""

    criterion: str  # the full id
    notebook: str
    task: str
    demand: str
    hidden: bool
    max_points: float

    @property
    def name(self) -> str:
        return self.criterion.rpartition("/")[2]


@dataclass(frozen=True)
class Mark:
    """Result of one criterion for one submission."""

    criterion: str
    status: str
    points: float


@dataclass(frozen=True)
class Attempt:
    """One submission with its criterion results, in notebook order."""

    submission: str  # ULID: sorts by time of arrival
    student: str
    received: datetime  # UTC, without a zone
    counts: bool
    total: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Attempts:
    """The criteria of an assignment, and all submissions in order of arrival."""

    demanded: tuple[Demanded, ...]
    attempts: tuple[Attempt, ...]


def attempts(course: Course, assignment: str) -> Attempts:
    """Return all recorded results of an assignment; empty if there are none."""
    with reading(course) as session:
        submissions = session.execute(
            select(
                SubmissionRow.id,
                SubmissionRow.student,
                SubmissionRow.received,
                SubmissionRow.counts,
                SubmissionRow.total,
            )
            .where(SubmissionRow.assignment == assignment)
            .order_by(SubmissionRow.id)
        ).all()
        demanded = _demanded(session, assignment)
        known = {one.criterion: place for place, one in enumerate(demanded)}
        marks: dict[str, list[tuple[int, Mark]]] = {}
        for submission, criterion, status, points in session.execute(
            select(
                CriterionRow.submission,
                CriterionRow.criterion,
                CriterionRow.status,
                CriterionRow.points,
            )
            .join(SubmissionRow, SubmissionRow.id == CriterionRow.submission)
            .where(SubmissionRow.assignment == assignment)
        ):
            if criterion in known:
                mark = Mark(criterion, status, points)
                marks.setdefault(submission, []).append((known[criterion], mark))
    return Attempts(
        demanded,
        tuple(
            Attempt(*row, tuple(m for _, m in sorted(marks.get(row[0], ()), key=lambda p: p[0])))
            for row in submissions
        ),
    )


def _demanded(session: Session, assignment: str) -> tuple[Demanded, ...]:
    """Return the criteria of the submissions that count, each as most recently recorded."""
    rows = session.execute(
        select(
            CriterionRow.criterion,
            CriterionRow.notebook,
            CriterionRow.task,
            CriterionRow.demand,
            CriterionRow.hidden,
            CriterionRow.max_points,
            CriterionRow.position,
        )
        .join(SubmissionRow, SubmissionRow.id == CriterionRow.submission)
        .where(SubmissionRow.assignment == assignment, SubmissionRow.counts)
        .order_by(SubmissionRow.recorded)
    ).all()
    places = place_of_tasks(session, assignment)
    last = {row.criterion: row for row in rows}
    ordered = sorted(
        last.values(),
        key=lambda row: (places.get((row.notebook, row.task), 1 << 30), row.task, row.position),
    )
    return tuple(Demanded(*row[:6]) for row in ordered)


@dataclass(frozen=True)
class TaskCriterion:
    """Result of one criterion of a task, in one student's submission that counts."""

    student: str
    criterion: str
    demand: str
    hidden: bool
    status: str
    error: str
    message: Message


def criteria_of_task(
    course: Course, assignment: str, notebook: str, task: str
) -> tuple[TaskCriterion, ...]:
    """Return all students' results for each criterion of a task, in the order of the task."""
    with reading(course) as session:
        rows = session.execute(
            select(
                SubmissionRow.student,
                CriterionRow.criterion,
                CriterionRow.demand,
                CriterionRow.hidden,
                CriterionRow.status,
                CriterionRow.error,
                CriterionRow.message,
            )
            .join(CriterionRow, CriterionRow.submission == SubmissionRow.id)
            .where(
                SubmissionRow.assignment == assignment,
                SubmissionRow.counts,
                CriterionRow.notebook == notebook,
                CriterionRow.task == task,
            )
            .order_by(CriterionRow.position, SubmissionRow.student)
        ).all()
    return tuple(
        TaskCriterion(
            student=row.student,
            criterion=row.criterion,
            demand=row.demand,
            hidden=row.hidden,
            status=row.status,
            error=row.error,
            message=Message(**row.message),
        )
        for row in rows
    )
