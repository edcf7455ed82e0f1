"""Criterion results and outcomes of submissions, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from autograder.config import Course
from autograder.gradebook.database.connection import reading
from autograder.gradebook.database.tables import CriterionRow, SubmissionRow
from autograder.gradebook.scores.released_tasks import LAST, place_of_tasks
from autograder.nouns import Message, Outcome, Status


@dataclass(frozen=True)
class CriterionScore:
    """Result of one criterion for one submission."""

    submission: str
    student: str
    counts: bool
    criterion: str  # the full id
    notebook: str
    task: str
    demand: str
    hidden: bool
    status: Status
    points: float
    max_points: float
    score: float | None
    attempts: int
    error: str
    message: Message
    run: str


def criterion_scores(
    course: Course,
    assignment: str,
    student: str | None = None,
    *,
    all_submissions: bool = False,
) -> tuple[CriterionScore, ...]:
    """Return criterion results of the submissions that count, or of all, in notebook order."""
    with reading(course) as session:
        query = (
            select(CriterionRow, SubmissionRow.student, SubmissionRow.counts)
            .join(SubmissionRow, SubmissionRow.id == CriterionRow.submission)
            .where(SubmissionRow.assignment == assignment)
        )
        if student is not None:
            query = query.where(SubmissionRow.student == student)
        if not all_submissions:
            query = query.where(SubmissionRow.counts)
        rows = session.execute(query).all()
        place = place_of_tasks(session, assignment)
    rows = sorted(
        rows,
        key=lambda found: (
            found[1],
            found[0].submission,
            place.get((found[0].notebook, found[0].task), LAST),
            found[0].task,
            found[0].position,
        ),
    )
    return tuple(_criterion(row, who, counts) for row, who, counts in rows)


def outcomes_of(
    course: Course, assignment: str, student: str | None = None
) -> dict[str, dict[str, Outcome]]:
    """Return grading outcomes by student and submission; students without any are left out."""
    with reading(course) as session:
        query = select(SubmissionRow.student, SubmissionRow.id, SubmissionRow.outcome).where(
            SubmissionRow.assignment == assignment
        )
        if student is not None:
            query = query.where(SubmissionRow.student == student)
        found: dict[str, dict[str, Outcome]] = {}
        for who, id_, outcome in session.execute(query.order_by(SubmissionRow.id)):
            found.setdefault(who, {})[id_] = Outcome(outcome)
    return found


def criteria_of(
    course: Course, submissions: Sequence[str], notebook: str, task: str
) -> tuple[CriterionScore, ...]:
    """Return one task's criterion results for some submissions, ordered by submission id."""
    with reading(course) as session:
        rows = session.execute(
            select(CriterionRow, SubmissionRow.student, SubmissionRow.counts)
            .join(SubmissionRow, SubmissionRow.id == CriterionRow.submission)
            .where(
                CriterionRow.submission.in_(list(submissions)),
                CriterionRow.notebook == notebook,
                CriterionRow.task == task,
            )
            .order_by(CriterionRow.submission, CriterionRow.position)
        ).all()
        return tuple(_criterion(row, who, counts) for row, who, counts in rows)


def _criterion(row: CriterionRow, student: str, counts: bool) -> CriterionScore:
    return CriterionScore(
        submission=row.submission,
        student=student,
        counts=counts,
        criterion=row.criterion,
        notebook=row.notebook,
        task=row.task,
        demand=row.demand,
        hidden=row.hidden,
        status=Status(row.status),
        points=row.points,
        max_points=row.max_points,
        score=row.score,
        attempts=row.attempts,
        error=row.error,
        message=Message(**row.message),
        run=row.run,
    )
