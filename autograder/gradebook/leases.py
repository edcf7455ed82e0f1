"""Who marks which answer: one person at a time, for ten minutes, then it is anybody's again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.errors import AutograderError
from autograder.gradebook.connection import now, reading, writing
from autograder.gradebook.staff_tables import AllotmentRow, LeaseRow, LookRow

MINUTES = 10


@dataclass(frozen=True)
class Answer:
    """Which answer is spoken of: one student's to one task."""

    assignment: str
    notebook: str
    task: str
    student: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.assignment, self.notebook, self.task, self.student)


@dataclass(frozen=True)
class Lease:
    """Whose an answer is until a moment (UTC, without a zone)."""

    who: str
    until: datetime


@dataclass(frozen=True)
class Allotment:
    """Who marks a task ("" for every one) of a section ("" for every one)."""

    notebook: str
    task: str
    section: str
    who: str

    def covers(self, notebook: str, task: str, section: str) -> bool:
        """Whether an answer of this task by a student of this section is meant."""
        mine = not self.task or (self.notebook, self.task) == (notebook, task)
        return mine and self.section in {"", section}


class Leased(AutograderError):
    """An answer that somebody else is marking at this moment."""


def take(course: Course, answer: Answer, who: str) -> Lease:
    """Whose the answer is now: this person's, unless another one has it. Notes that they looked."""
    with writing(course) as book:
        _looked(book.session, answer, who)
        return _taken(book.session, answer, who)


def look(course: Course, answer: Answer, who: str) -> None:
    """Notes that somebody has looked at an answer, without taking it."""
    with writing(course) as book:
        _looked(book.session, answer, who)


def first_free(course: Course, answers: Iterable[Answer], who: str) -> Answer | None:
    """The first of the answers that nobody else has: from now on this person's."""
    with writing(course) as book:
        for answer in answers:
            if _taken(book.session, answer, who).who == who:
                return answer
    return None


def give_back(course: Course, answer: Answer, who: str) -> None:
    """Lets go of an answer, if it was this person's."""
    with writing(course) as book:
        row = book.session.get(LeaseRow, answer.key)
        if row is not None and row.who == who:
            book.session.delete(row)


def must_not_be_anothers(session: Session, answer: Answer, who: str) -> None:
    """Leased if somebody else is marking the answer; else it is this person's again."""
    lease = _taken(session, answer, who)
    if lease.who != who:
        raise Leased("somebody else is marking this answer now", way_out="take the next one")


def leased_by_others(course: Course, assignment: str, who: str) -> frozenset[Answer]:
    """The answers of an assignment that other people have now."""
    with reading(course) as session:
        return others_have(session, assignment, who)


def others_have(session: Session, assignment: str, who: str) -> frozenset[Answer]:
    """The same for whoever already has a session."""
    rows = session.scalars(
        select(LeaseRow).where(
            LeaseRow.assignment == assignment, LeaseRow.who != who, LeaseRow.until > now()
        )
    ).all()
    return frozenset(Answer(r.assignment, r.notebook, r.task, r.student) for r in rows)


def looked_at(
    course: Course, assignment: str, notebook: str, task: str, who: str
) -> frozenset[str]:
    """The students whose answer to this task a person has looked at."""
    with reading(course) as session:
        query = select(LookRow.student).where(
            LookRow.assignment == assignment, LookRow.notebook == notebook, LookRow.task == task,
            LookRow.who == who,
        )  # fmt: skip
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


# ── Who marks what ───────────────────────────────────────────────────────────────────


def allotments(course: Course, assignment: str) -> tuple[Allotment, ...]:
    """Who marks what of an assignment; nothing means that everybody marks everything."""
    with reading(course) as session:
        rows = session.scalars(
            select(AllotmentRow)
            .where(AllotmentRow.assignment == assignment)
            .order_by(
                AllotmentRow.notebook, AllotmentRow.task, AllotmentRow.section, AllotmentRow.who
            )
        ).all()
        return tuple(Allotment(r.notebook, r.task, r.section, r.who) for r in rows)


def allot(course: Course, assignment: str, one: Allotment) -> None:
    """From now on this person marks this, too; whoever is allotted nothing marks nothing."""
    with writing(course) as book:
        book.session.merge(AllotmentRow(assignment=assignment, **asdict(one)))


def take_off(course: Course, assignment: str, one: Allotment) -> None:
    """This is no longer for this person to mark; once nothing is allotted, everybody marks all."""
    with writing(course) as book:
        book.session.execute(delete(AllotmentRow).filter_by(assignment=assignment, **asdict(one)))
