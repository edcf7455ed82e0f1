"""What waits for grading: one queue in the database, which survives whoever works on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.gradebook.connection import now, reading, rows_changed, writing
from autograder.gradebook.portal_tables import QueueRow
from autograder.gradebook.tables import SubmissionRow

TRIES = 3


@dataclass(frozen=True)
class Job:
    """One student's assignment in the queue."""

    assignment: str
    student: str
    submission: str
    state: str  # waiting, running, done, failed
    queued: datetime  # UTC, without a zone
    not_before: datetime  # UTC, without a zone
    note: str = ""
    ahead: int = 0  # how many are graded before it, while it waits


def enqueue(
    course: Course, assignment: str, student: str, submission: str, not_before: datetime
) -> None:
    """Puts a submission into the queue, in the place of an earlier one of the same student."""
    moment = now()
    with writing(course) as book:
        row = book.session.get(QueueRow, (assignment, student))
        queued = row.queued if row and row.state == "waiting" else moment  # it keeps its place
        _put(book.session, assignment, student, submission, queued, not_before)


def enqueue_all(course: Course, assignment: str, chosen: Iterable[tuple[str, str]]) -> int:
    """Puts (student, submission) into the queue, to be graded at once; how many there were.

    What is being graded at this moment goes on, and is not graded once more.
    """
    moment, count = now(), 0
    with writing(course) as book:
        for student, submission in chosen:
            row = book.session.get(QueueRow, (assignment, student))
            if row is not None and (row.submission, row.state) == (submission, "running"):
                row.queued = moment  # it is part of this grading
            else:
                _put(book.session, assignment, student, submission, moment, moment)
            count += 1
    return count


def _put(
    session: Session, assignment: str, student: str, submission: str, queued: datetime,
    not_before: datetime,
) -> None:  # fmt: skip
    row = session.get(QueueRow, (assignment, student))
    if row is None:
        row = QueueRow(assignment=assignment, student=student)
        session.add(row)
    row.submission, row.state, row.tries, row.note = submission, "waiting", 0, ""
    row.queued, row.not_before = queued, not_before


def take(course: Course, most: int = 1) -> tuple[Job, ...]:
    """The next submissions to be graded, of one assignment, now marked as running."""
    with writing(course) as book:
        ready = (
            select(QueueRow)
            .where(QueueRow.state == "waiting", QueueRow.not_before <= now())
            .order_by(QueueRow.queued)
        )
        first = book.session.scalars(ready.limit(1)).first()
        if first is None:
            return ()
        same = ready.where(QueueRow.assignment == first.assignment).limit(most)
        rows = book.session.scalars(same).all()
        for row in rows:
            row.state, row.tries = "running", row.tries + 1
        return tuple(map(_job, rows))


def any_ready(course: Course) -> bool:
    """Whether anything may be graded now; nothing is changed by looking."""
    with reading(course) as session:
        ready = select(QueueRow.student).where(
            QueueRow.state == "waiting", QueueRow.not_before <= now()
        )
        return session.scalars(ready.limit(1)).first() is not None


def finish(course: Course, job: Job, fault: str = "") -> None:
    """Marks a job as done, or to be tried again; one that came in meanwhile stays in the queue."""
    with writing(course) as book:
        row = book.session.get(QueueRow, (job.assignment, job.student))
        if row is None or row.submission != job.submission or row.state != "running":
            return
        row.note = fault
        if fault:
            row.state = "waiting" if row.tries < TRIES else "failed"
        else:
            row.state = "done"


def left_running(course: Course) -> int:
    """Puts back what a worker that was killed had begun; how many there were."""
    with writing(course) as book:
        done = book.session.execute(
            update(QueueRow).where(QueueRow.state == "running").values(state="waiting")
        )
        return rows_changed(done)


def job(course: Course, assignment: str, student: str) -> Job | None:
    """Where a student's assignment is in the queue; None if it never was."""
    with reading(course) as session:
        row = session.get(QueueRow, (assignment, student))
        if row is None:
            return None
        return _job(row, _ahead(session, row))


@dataclass(frozen=True)
class Standing:
    """The queue at one moment."""

    waiting: int  # that may be graded now
    later: int  # that may not yet: a sprint's close, or tomorrow's gradings
    running: tuple[Job, ...]


def standing(course: Course) -> Standing:
    """How much waits, and what is being graded."""
    with reading(course) as session:
        waits = select(func.count()).select_from(QueueRow).where(QueueRow.state == "waiting")
        ready = session.scalar(waits.where(QueueRow.not_before <= now())) or 0
        later = session.scalar(waits.where(QueueRow.not_before > now())) or 0
        running = session.scalars(
            select(QueueRow).where(QueueRow.state == "running").order_by(QueueRow.student)
        ).all()
        return Standing(ready, later, tuple(map(_job, running)))


def states_since(course: Course, assignment: str, since: datetime) -> dict[str, int]:
    """How many of an assignment that were queued since then are in each state."""
    with reading(course) as session:
        rows = session.execute(
            select(QueueRow.state, func.count())
            .where(QueueRow.assignment == assignment, QueueRow.queued >= since)
            .group_by(QueueRow.state)
        ).all()
    return {row[0]: row[1] for row in rows}


def known(course: Course, assignment: str) -> set[str]:
    """Ids of the submissions that are in the queue or in the gradebook."""
    with reading(course) as session:
        queued = session.scalars(
            select(QueueRow.submission).where(QueueRow.assignment == assignment)
        ).all()
        recorded = session.scalars(
            select(SubmissionRow.id).where(SubmissionRow.assignment == assignment)
        ).all()
    return {*queued, *recorded}


def graded_since(course: Course, assignment: str, student: str, since: datetime) -> int:
    """How many submissions of a student were graded since then (UTC, without a zone)."""
    with reading(course) as session:
        count = session.scalar(
            select(func.count())
            .select_from(SubmissionRow)
            .where(
                SubmissionRow.assignment == assignment,
                SubmissionRow.student == student,
                SubmissionRow.recorded >= since,
            )
        )
    return int(count or 0)


def _ahead(session: Session, row: QueueRow) -> int:
    if row.state != "waiting":
        return 0
    before = select(func.count()).select_from(QueueRow).where(
        (QueueRow.state == "running")
        | ((QueueRow.state == "waiting") & (QueueRow.queued < row.queued)),
        QueueRow.not_before <= now(),
    )  # fmt: skip
    return int(session.scalar(before) or 0)


def _job(row: QueueRow, ahead: int = 0) -> Job:
    return Job(
        row.assignment, row.student, row.submission, row.state, row.queued, row.not_before,
        row.note, ahead,
    )  # fmt: skip
