"""Queue of submissions waiting for grading, in the database: one row for each submission.

A later submission never replaces the row of an earlier one. If a course limits gradings per day, a
submission above the limit waits for the next day with a free place. The student's newest waiting
submission takes the earliest of their places; older ones move back, and none is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.deadlines import end_of_day, start_of_day
from autograder.gradebook.database.connection import now, reading, rows_changed, writing
from autograder.gradebook.database.portal_tables import QueueRow
from autograder.gradebook.database.tables import SubmissionRow
from autograder.nouns import Outcome

TRIES = 3


@dataclass(frozen=True)
class QueuedSubmission:
    """One submission in the queue."""

    assignment: str
    student: str
    submission: str
    state: str  # waiting, running, done, failed
    queued: datetime  # UTC, without a zone
    not_before: datetime  # UTC, without a zone
    note: str = ""
    ahead: int = 0  # number of submissions graded before it, while it waits


def enqueue(
    course: Course,
    assignment: str,
    student: str,
    submission: str,
    not_before: datetime,
    a_day: int = 0,
) -> None:
    """Add a submission to the queue; the student's other entries stay.

    `a_day` limits gradings per student and day (0: no limit): the submission is graded on the first
    day with a free place for this student.
    """
    moment = now()
    with writing(course) as book:
        row = book.session.get(QueueRow, submission)
        if row is not None and row.state == "running":
            return
        if a_day:
            free = _free_day(course, book.session, assignment, student, submission, a_day)
            not_before = max(not_before, free)
        _put(book.session, assignment, student, submission, moment, not_before)
        _newest_first(book.session, assignment, student)


def _free_day(
    course: Course, session: Session, assignment: str, student: str, submission: str, a_day: int
) -> datetime:
    """Return now, or the first midnight in the course's zone after which a place is free."""
    today = now().replace(tzinfo=timezone.utc)
    begins = start_of_day(today, course.zone)
    ends = end_of_day(today, course.zone)
    recorded = select(SubmissionRow.id).where(SubmissionRow.assignment == assignment)
    taken = session.scalars(
        select(QueueRow.not_before).where(
            QueueRow.assignment == assignment,
            QueueRow.student == student,
            QueueRow.state.in_(("waiting", "running")),
            QueueRow.submission != submission,
            QueueRow.submission.not_in(recorded),
        )
    ).all()
    used = _graded_since(session, assignment, student, _plain(begins))
    used += sum(at < _plain(ends) for at in taken)
    start = now()
    while used >= a_day:
        begins, ends = ends, end_of_day(ends, course.zone)
        start = _plain(begins)
        used = sum(start <= at < _plain(ends) for at in taken)
    return start


def _plain(moment: datetime) -> datetime:
    """Convert an aware time to the database's form: UTC, without a zone."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def _newest_first(session: Session, assignment: str, student: str) -> None:
    """Give this student's earliest place in the queue to their newest submission.

    What has a result and is graded once more keeps its own place: it is none of the day's.
    """
    session.flush()
    recorded = select(SubmissionRow.id).where(SubmissionRow.assignment == assignment)
    rows = session.scalars(
        select(QueueRow)
        .where(
            QueueRow.assignment == assignment,
            QueueRow.student == student,
            QueueRow.state == "waiting",
            QueueRow.submission.not_in(recorded),
        )
        .order_by(QueueRow.submission.desc())
    ).all()
    places = sorted((row.not_before, row.queued) for row in rows)
    for row, (not_before, queued) in zip(rows, places, strict=True):
        row.not_before, row.queued = not_before, queued


def enqueue_all(course: Course, assignment: str, chosen: Iterable[tuple[str, str]]) -> int:
    """Add (student, submission) pairs to the queue for immediate grading; return their number.

    A submission that is being graded now continues, and is not graded a second time.
    """
    moment, count = now(), 0
    with writing(course) as book:
        for student, submission in chosen:
            row = book.session.get(QueueRow, submission)
            if row is not None and row.state == "running":
                row.queued = moment  # counts as part of this batch
            else:
                _put(book.session, assignment, student, submission, moment, moment)
            count += 1
    return count


def _put(
    session: Session,
    assignment: str,
    student: str,
    submission: str,
    queued: datetime,
    not_before: datetime,
) -> None:
    row = session.get(QueueRow, submission)
    if row is None:
        row = QueueRow(submission=submission, assignment=assignment, student=student)
        session.add(row)
    row.state, row.tries, row.note = "waiting", 0, ""
    row.queued, row.not_before = queued, not_before


def take(course: Course, most: int = 1) -> tuple[QueuedSubmission, ...]:
    """Return up to `most` submissions to grade next, of one assignment; mark them as running."""
    with writing(course) as book:
        ready = (
            select(QueueRow)
            .where(QueueRow.state == "waiting", QueueRow.not_before <= now())
            .order_by(QueueRow.queued, QueueRow.submission)
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
    """Return True if any submission may be graded now; read-only."""
    with reading(course) as session:
        ready = select(QueueRow.student).where(
            QueueRow.state == "waiting", QueueRow.not_before <= now()
        )
        return session.scalars(ready.limit(1)).first() is not None


def finish(course: Course, job: QueuedSubmission, fault: str = "") -> None:
    """Mark a job as done or, after a fault, as waiting for a retry; as failed after TRIES tries."""
    with writing(course) as book:
        row = book.session.get(QueueRow, job.submission)
        if row is None or row.state != "running":
            return
        row.note = fault
        if fault:
            row.state = "waiting" if row.tries < TRIES else "failed"
        else:
            row.state = "done"


def left_running(course: Course) -> int:
    """Requeue submissions left running by a killed worker; return their number."""
    with writing(course) as book:
        done = book.session.execute(
            update(QueueRow).where(QueueRow.state == "running").values(state="waiting")
        )
        return rows_changed(done)


def job(course: Course, assignment: str, student: str) -> QueuedSubmission | None:
    """Return the student's submission being graded now or next, else the newest; None if none."""
    with reading(course) as session:
        rows = _rows_of(session, assignment, student)
        if not rows:
            return None
        on_the_way = [row for row in rows if row.state in ("running", "waiting")]
        first = min(on_the_way, key=_turn, default=rows[-1])
        return _job(first, _ahead(session, first))


def jobs(course: Course, assignment: str, student: str) -> tuple[QueuedSubmission, ...]:
    """Return all of a student's submissions that were ever queued, oldest first."""
    with reading(course) as session:
        return tuple(map(_job, _rows_of(session, assignment, student)))


def waits(course: Course, assignment: str, student: str) -> bool:
    """Return True if a submission of this student is waiting or being graded."""
    found = jobs(course, assignment, student)
    return any(one.state in ("waiting", "running") for one in found)


def remove(course: Course, submissions: Iterable[str]) -> None:
    """Remove submissions from the queue because their files were deleted."""
    with writing(course) as book:
        for submission in submissions:
            book.session.execute(delete(QueueRow).where(QueueRow.submission == submission))


def _rows_of(session: Session, assignment: str, student: str) -> list[QueueRow]:
    query = select(QueueRow).where(QueueRow.assignment == assignment, QueueRow.student == student)
    return list(session.scalars(query.order_by(QueueRow.submission)))


def _turn(row: QueueRow) -> tuple[bool, datetime, datetime]:
    return row.state != "running", row.not_before, row.queued


@dataclass(frozen=True)
class QueueState:
    """Snapshot of the queue."""

    waiting: int  # may be graded now
    later: int  # may not be graded yet: until a sprint closes, or beyond the daily limit
    running: tuple[QueuedSubmission, ...]


def standing(course: Course) -> QueueState:
    """Return the number of waiting submissions, and the jobs being graded."""
    with reading(course) as session:
        waits = select(func.count()).select_from(QueueRow).where(QueueRow.state == "waiting")
        ready = session.scalar(waits.where(QueueRow.not_before <= now())) or 0
        later = session.scalar(waits.where(QueueRow.not_before > now())) or 0
        running = session.scalars(
            select(QueueRow).where(QueueRow.state == "running").order_by(QueueRow.student)
        ).all()
        return QueueState(ready, later, tuple(map(_job, running)))


def states_since(course: Course, assignment: str, since: datetime) -> dict[str, int]:
    """Count, by state, an assignment's submissions queued since a time."""
    with reading(course) as session:
        rows = session.execute(
            select(QueueRow.state, func.count())
            .where(QueueRow.assignment == assignment, QueueRow.queued >= since)
            .group_by(QueueRow.state)
        ).all()
    return {row[0]: row[1] for row in rows}


def known(course: Course, assignment: str, student: str = "") -> set[str]:
    """Return the ids of submissions (of one student) that are in the queue or the gradebook."""
    queued = select(QueueRow.submission).where(QueueRow.assignment == assignment)
    recorded = select(SubmissionRow.id).where(SubmissionRow.assignment == assignment)
    if student:
        queued = queued.where(QueueRow.student == student)
        recorded = recorded.where(SubmissionRow.student == student)
    with reading(course) as session:
        return {*session.scalars(queued), *session.scalars(recorded)}


def _graded_since(session: Session, assignment: str, student: str, since: datetime) -> int:
    """Count a student's first gradings since a time; unreadable files do not count."""
    count = session.scalar(
        select(func.count())
        .select_from(SubmissionRow)
        .where(
            SubmissionRow.assignment == assignment,
            SubmissionRow.student == student,
            SubmissionRow.first_recorded >= since,
            SubmissionRow.outcome != Outcome.BROKEN,
        )
    )
    return int(count or 0)


def _ahead(session: Session, row: QueueRow) -> int:
    if row.state != "waiting":
        return 0
    before = (
        select(func.count())
        .select_from(QueueRow)
        .where(
            (QueueRow.state == "running")
            | ((QueueRow.state == "waiting") & (QueueRow.queued < row.queued)),
            QueueRow.not_before <= now(),
        )
    )
    return int(session.scalar(before) or 0)


def _job(row: QueueRow, ahead: int = 0) -> QueuedSubmission:
    return QueuedSubmission(
        row.assignment,
        row.student,
        row.submission,
        row.state,
        row.queued,
        row.not_before,
        row.note,
        ahead,
    )
