"""Regrade of one student's submissions: recorded, or as a dry run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nbgrader import api
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.gradebook.database.connection import Gradebook, writing
from autograder.gradebook.scores.nbgrader_scores import AuditContext
from autograder.gradebook.scores.recording import put
from autograder.gradebook.scores.student_scores import grades
from autograder.nouns import Result, Submission


@dataclass(frozen=True)
class TaskChange:
    """Change of one task's automatic score; None if an internal error left it undecided."""

    notebook: str
    task: str
    before: float | None
    after: float | None
    manual: float | None  # takes precedence over both


@dataclass(frozen=True)
class Regraded:
    """Score change of one student's assignment, after late penalties."""

    student: str
    before: float
    after: float
    max_score: float
    tasks: tuple[TaskChange, ...]  # only those that changed
    counting: str = ""  # the submission that counts afterwards


class _Rehearsed(Exception):
    """Raised to roll the transaction back after a dry run."""


def regrade(
    course: Course,
    judged: Sequence[tuple[Submission, Result]],
    by: AuditContext,
    *,
    rehearse: bool = False,
) -> Regraded:
    """Record new results of one student's submissions in one transaction; return the change.

    With `rehearse`, roll back and return what recording would change, including late penalties and
    the choice of the submission that counts.
    """
    found: list[Regraded] = []
    try:
        with writing(course) as book:
            found.append(_put_all(course, book, judged, by))
            if rehearse:
                raise _Rehearsed
    except _Rehearsed:
        pass
    return found[0]


def _put_all(
    course: Course, book: Gradebook, judged: Sequence[tuple[Submission, Result]], by: AuditContext
) -> Regraded:
    first = judged[0][0]
    before, tasks = _total(book, first), _tasks(book.session, first)
    for submission, result in judged:
        recorded = put(course, book, submission, result, by)
    after = _tasks(book.session, first)
    return Regraded(
        first.student,
        before,
        _total(book, first),
        recorded.max_score,
        tuple(
            TaskChange(*name, tasks.get(name, (None, None))[0], auto, manual)
            for name, (auto, manual) in after.items()
            if tasks.get(name, (None, None))[0] != auto
        ),
        recorded.counting,
    )


def _total(book: Gradebook, submission: Submission) -> float:
    book.session.flush()
    book.session.expire_all()
    known = book.find_submission(submission.assignment, submission.student)
    return float(max(0.0, known.score - (known.late_submission_penalty or 0.0)))


def _tasks(
    session: Session, submission: Submission
) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    """Return (automatic, manual) scores by notebook and task."""
    query = grades(
        submission.assignment,
        submission.student,
        api.Notebook.name,
        api.BaseCell.name,
        api.Grade.auto_score,
        api.Grade.manual_score,
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in session.execute(query)}
