"""Scores of one student judged again: rehearsed, which changes nothing, or recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nbgrader import api
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.gradebook.applying import By
from autograder.gradebook.connection import Gradebook, writing
from autograder.gradebook.recording import put
from autograder.gradebook.scores import grades
from autograder.nouns import Result, Submission


@dataclass(frozen=True)
class TaskChange:
    """One task's automatic score; None is one that a fault of ours left open."""

    notebook: str
    task: str
    before: float | None
    after: float | None
    manual: float | None  # a person's score goes before both


@dataclass(frozen=True)
class Regraded:
    """What became of one student's assignment, late penalties taken off."""

    student: str
    before: float
    after: float
    max_score: float
    tasks: tuple[TaskChange, ...]  # that changed
    counting: str = ""  # the submission that counts then


class _Rehearsed(Exception):
    """Ends a transaction without keeping anything of it."""


def regrade(
    course: Course, judged: Sequence[tuple[Submission, Result]], by: By, *, rehearse: bool = False
) -> Regraded:
    """One student's submissions recorded as they are judged now; all of them or none.

    Rehearsed, nothing stays changed: what is told is what recording would do, the choice of the
    submission that counts and lateness included.
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
    course: Course, book: Gradebook, judged: Sequence[tuple[Submission, Result]], by: By
) -> Regraded:
    first = judged[0][0]
    before, tasks = _total(book, first), _tasks(book.session, first)
    for submission, result in judged:
        recorded = put(course, book, submission, result, by)
    after = _tasks(book.session, first)
    return Regraded(
        first.student, before, _total(book, first), recorded.max_score,
        tuple(
            TaskChange(*name, tasks.get(name, (None, None))[0], auto, manual)
            for name, (auto, manual) in after.items()
            if tasks.get(name, (None, None))[0] != auto
        ),
        recorded.counting,
    )  # fmt: skip


def _total(book: Gradebook, submission: Submission) -> float:
    book.session.flush()
    book.session.expire_all()
    known = book.find_submission(submission.assignment, submission.student)
    return float(max(0.0, known.score - (known.late_submission_penalty or 0.0)))


def _tasks(
    session: Session, submission: Submission
) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    """(automatic, a person's) score by notebook and task."""
    query = grades(
        submission.assignment, submission.student,
        api.Notebook.name, api.BaseCell.name, api.Grade.auto_score, api.Grade.manual_score,
    )  # fmt: skip
    return {(row[0], row[1]): (row[2], row[3]) for row in session.execute(query)}
