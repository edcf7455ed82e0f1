"""Sprints in the database: start and end, extra time, and students' regrade requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from ulid import ULID

from autograder.config import Course
from autograder.gradebook.database.connection import Gradebook, now, reading, storable, writing
from autograder.gradebook.database.portal_tables import AllowanceRow, RegradeRow, SprintRow
from autograder.gradebook.database.tables import AuditRow


@dataclass(frozen=True)
class Sprint:
    """One student's sprint; times are aware, UTC."""

    assignment: str
    student: str
    started: datetime
    ended: datetime | None
    submission: str


@dataclass(frozen=True)
class Given:
    """Extra time: a credit for an outage, or an extension of the deadline."""

    kind: str
    student: str  # "" for all students
    minutes: float
    reason: str
    who: str
    at: datetime


@dataclass(frozen=True)
class Request:
    """A student's request to regrade a task, and its answer."""

    id: str
    assignment: str
    student: str
    submission: str
    notebook: str
    task: str
    text: str
    at: datetime
    state: str  # open, granted, declined
    answer: str


def begin(course: Course, assignment: str, student: str, at: datetime) -> Sprint:
    """Start the student's sprint unless it has already started; return it."""
    with writing(course) as book:
        row = book.session.get(SprintRow, (assignment, student))
        if row is None:
            row = SprintRow(
                assignment=assignment,
                student=student,
                started=_plain(at),
                ended=None,
                submission="",
            )
            book.session.add(row)
            _audit(book, "autograder", "sprint begun", assignment, student, {"at": at.isoformat()})
        return _sprint(row)


def begin_again(course: Course, sprint: Sprint, at: datetime) -> Sprint:
    """Restart a student's finished rehearsal at this time; return it."""
    with writing(course) as book:
        row = book.session.get(SprintRow, (sprint.assignment, sprint.student))
        assert row is not None
        row.started, row.ended, row.submission = _plain(at), None, ""
        facts = {"at": at.isoformat(), "rehearsal": True}
        _audit(book, "autograder", "sprint begun", sprint.assignment, sprint.student, facts)
        return _sprint(row)


def end(course: Course, sprint: Sprint, at: datetime, submission: str) -> None:
    """Record the end of a sprint, and its submission ("" if there is none)."""
    with writing(course) as book:
        row = book.session.get(SprintRow, (sprint.assignment, sprint.student))
        if row is not None and row.ended is None:
            row.ended, row.submission = _plain(at), submission
            facts = {"at": at.isoformat(), "submission": submission}
            _audit(book, "autograder", "sprint over", sprint.assignment, sprint.student, facts)


def sprint(course: Course, assignment: str, student: str) -> Sprint | None:
    """Return the student's sprint; None if it has not started."""
    with reading(course) as session:
        row = session.get(SprintRow, (assignment, student))
        return _sprint(row) if row else None


def running(course: Course) -> tuple[Sprint, ...]:
    """Return all sprints that have started and are not recorded as ended."""
    with reading(course) as session:
        rows = session.scalars(select(SprintRow).where(SprintRow.ended.is_(None))).all()
        return tuple(map(_sprint, rows))


def all_of(course: Course, assignment: str) -> dict[str, Sprint]:
    """Return all sprints of an assignment, by student."""
    with reading(course) as session:
        rows = session.scalars(select(SprintRow).where(SprintRow.assignment == assignment)).all()
        return {row.student: _sprint(row) for row in rows}


def forget_requests(course: Course, student: str) -> None:
    """Delete the text of a student's regrade requests; keep the requests and their answers."""
    with writing(course) as book:
        mine = update(RegradeRow).where(RegradeRow.student == student).values(text="")
        book.session.execute(mine)


# ── Extra time ───────────────────────────────────────────────────────────────────────


def give(
    course: Course,
    assignment: str,
    kind: str,
    minutes: float,
    *,
    student: str,
    reason: str,
    who: str,
) -> None:
    """Give a student ("": all students) extra time, and add an audit entry."""
    with writing(course) as book:
        book.session.add(
            AllowanceRow(
                assignment=assignment,
                student=student,
                kind=kind,
                minutes=minutes,
                reason=storable(reason),
                who=who,
                at=now(),
            )
        )
        _audit(book, who, kind, assignment, student, {"minutes": minutes}, reason)


def given(course: Course, assignment: str, student: str | None = None) -> tuple[Given, ...]:
    """Return a student's extra time, including that for all students; None: of any student."""
    with reading(course) as session:
        query = select(AllowanceRow).where(AllowanceRow.assignment == assignment)
        if student is not None:
            query = query.where(AllowanceRow.student.in_(("", student)))
        rows = session.scalars(query.order_by(AllowanceRow.id)).all()
        return tuple(
            Given(r.kind, r.student, r.minutes, r.reason, r.who, _aware(r.at)) for r in rows
        )


def extension(session: Session, assignment: str, student: str) -> timedelta:
    """Return the sum of a student's deadline extensions, using the caller's session."""
    minutes = session.scalars(
        select(AllowanceRow.minutes).where(
            AllowanceRow.assignment == assignment,
            AllowanceRow.student.in_(("", student)),
            AllowanceRow.kind == "extension",
        )
    ).all()
    return timedelta(minutes=sum(minutes))


# ── Regrade requests ─────────────────────────────────────────────────────────────────


def ask_again(
    course: Course,
    assignment: str,
    student: str,
    submission: str,
    notebook: str,
    task: str,
    text: str,
) -> Request:
    """Store a regrade request and return it; an open one for the task gets the new text."""
    with writing(course) as book:
        row = book.session.scalars(
            select(RegradeRow).where(
                RegradeRow.assignment == assignment,
                RegradeRow.student == student,
                RegradeRow.notebook == notebook,
                RegradeRow.task == task,
                RegradeRow.state == "open",
            )
        ).first()
        if row is None:
            row = RegradeRow(
                id=str(ULID()),
                assignment=assignment,
                student=student,
                notebook=notebook,
                task=task,
                state="open",
                answer="",
                answered_by="",
                answered=None,
            )
            book.session.add(row)
        row.text, row.at, row.submission = storable(text), now(), submission
        return _request(row)


def requests(course: Course, assignment: str, student: str) -> tuple[Request, ...]:
    """Return a student's requests, oldest first."""
    with reading(course) as session:
        rows = session.scalars(
            select(RegradeRow)
            .where(RegradeRow.assignment == assignment, RegradeRow.student == student)
            .order_by(RegradeRow.at)
        ).all()
        return tuple(map(_request, rows))


def _request(row: RegradeRow) -> Request:
    return Request(
        row.id,
        row.assignment,
        row.student,
        row.submission,
        row.notebook,
        row.task,
        row.text,
        _aware(row.at),
        row.state,
        row.answer,
    )


def _sprint(row: SprintRow) -> Sprint:
    ended = _aware(row.ended) if row.ended else None
    return Sprint(row.assignment, row.student, _aware(row.started), ended, row.submission)


def _audit(
    book: Gradebook,
    who: str,
    action: str,
    assignment: str,
    student: str,
    after: Mapping[str, object],
    reason: str = "",
) -> None:
    book.session.add(
        AuditRow(
            at=now(),
            who=who,
            action=action,
            assignment=assignment,
            student=student,
            notebook="",
            task="",
            before={},
            after=storable(dict(after)),
            reason=storable(reason),
        )
    )


def _plain(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc)
