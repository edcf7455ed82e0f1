"""Leases, which hold an answer for one grader for ten minutes, and the assignment of graders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.errors import AutograderError
from autograder.gradebook.database.connection import now, reading, writing
from autograder.gradebook.database.staff_tables import AllotmentRow, LeaseRow, LookRow

MINUTES = 10


@dataclass(frozen=True)
class Answer:
    """Key of one student's answer to one task."""

    assignment: str
    notebook: str
    task: str
    student: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.assignment, self.notebook, self.task, self.student)


@dataclass(frozen=True)
class Lease:
    """One grader's hold on an answer, until a time (UTC, without a zone)."""

    who: str
    until: datetime


@dataclass(frozen=True)
class GraderAssignment:
    """Assignment of a grader to a task ("": all tasks) in a section ("": all sections)."""

    notebook: str
    task: str
    section: str
    who: str

    def covers(self, notebook: str, task: str, section: str) -> bool:
        """Return True if this includes answers to the task by students of the section."""
        mine = not self.task or (self.notebook, self.task) == (notebook, task)
        return mine and self.section in {"", section}


class Leased(AutograderError):
    """Another grader holds the lease on this answer."""


def take(course: Course, answer: Answer, who: str) -> Lease:
    """Lease the answer to this grader, and record the view.

    Return another grader's lease if there is an unexpired one.
    """
    with writing(course) as book:
        _looked(book.session, answer, who)
        return _taken(book.session, answer, who)


def look(course: Course, answer: Answer, who: str) -> None:
    """Record that a grader has viewed an answer, without leasing it."""
    with writing(course) as book:
        _looked(book.session, answer, who)


def first_free(course: Course, answers: Iterable[Answer], who: str) -> Answer | None:
    """Lease and return the first answer that no other grader holds; None if there is none."""
    with writing(course) as book:
        for answer in answers:
            if _taken(book.session, answer, who).who == who:
                return answer
    return None


def give_back(course: Course, answer: Answer, who: str) -> None:
    """Release this grader's lease on an answer, if there is one."""
    with writing(course) as book:
        row = book.session.get(LeaseRow, answer.key)
        if row is not None and row.who == who:
            book.session.delete(row)


def must_not_be_anothers(session: Session, answer: Answer, who: str) -> None:
    """Raise Leased if another grader holds the answer; otherwise renew this grader's lease."""
    lease = _taken(session, answer, who)
    if lease.who != who:
        raise Leased("somebody else is marking this answer now", way_out="take the next one")


def leased_by_others(course: Course, assignment: str, who: str) -> frozenset[Answer]:
    """Return the answers of an assignment that other graders hold now."""
    with reading(course) as session:
        return others_have(session, assignment, who)


def others_have(session: Session, assignment: str, who: str) -> frozenset[Answer]:
    """Return the answers that other graders hold now, using the caller's session."""
    rows = session.scalars(
        select(LeaseRow).where(
            LeaseRow.assignment == assignment, LeaseRow.who != who, LeaseRow.until > now()
        )
    ).all()
    return frozenset(Answer(r.assignment, r.notebook, r.task, r.student) for r in rows)


def looked_at(
    course: Course, assignment: str, notebook: str, task: str, who: str
) -> frozenset[str]:
    """Return the students whose answer to this task a grader has viewed."""
    with reading(course) as session:
        query = select(LookRow.student).where(
            LookRow.assignment == assignment,
            LookRow.notebook == notebook,
            LookRow.task == task,
            LookRow.who == who,
        )
        return frozenset(session.scalars(query).all())


def _looked(session: Session, answer: Answer, who: str) -> None:
    if session.get(LookRow, (*answer.key, who)) is None:
        session.add(LookRow(**_columns(answer), who=who, at=now()))


def _taken(session: Session, answer: Answer, who: str) -> Lease:
    moment = now()
    row = session.get(LeaseRow, answer.key)
    if row is not None and row.who != who and row.until > moment:
        return Lease(row.who, row.until)
    if row is None:
        row = LeaseRow(**_columns(answer), who=who, until=moment)
        session.add(row)
    row.who, row.until = who, moment + timedelta(minutes=MINUTES)
    return Lease(row.who, row.until)


def _columns(answer: Answer) -> dict[str, str]:
    return dict(zip(("assignment", "notebook", "task", "student"), answer.key, strict=True))


# ── Grader assignment ────────────────────────────────────────────────────────────────


def allotments(course: Course, assignment: str) -> tuple[GraderAssignment, ...]:
    """Return who grades which tasks and sections; empty means that every grader grades all."""
    with reading(course) as session:
        rows = session.scalars(
            select(AllotmentRow)
            .where(AllotmentRow.assignment == assignment)
            .order_by(
                AllotmentRow.notebook, AllotmentRow.task, AllotmentRow.section, AllotmentRow.who
            )
        ).all()
        return tuple(GraderAssignment(r.notebook, r.task, r.section, r.who) for r in rows)


def allot(course: Course, assignment: str, one: GraderAssignment) -> None:
    """Assign a task and section to a grader.

    Once anything is assigned, a grader without an entry grades nothing.
    """
    with writing(course) as book:
        book.session.merge(AllotmentRow(assignment=assignment, **asdict(one)))


def take_off(course: Course, assignment: str, one: GraderAssignment) -> None:
    """Remove a grader's assignment; when none remain, every grader grades everything."""
    with writing(course) as book:
        book.session.execute(delete(AllotmentRow).filter_by(assignment=assignment, **asdict(one)))
