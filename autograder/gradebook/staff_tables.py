"""What staff keep beside the scores: only what nbgrader's tables have no place for.

ag_rubric, _item, _mark  what a task is marked by, and who has which item
ag_mark                  how a person's score came about, a note for staff, a flag
ag_line_comment          a remark on one line of an answer
ag_bank, ag_bank_use     remarks to use again, and where each was used
ag_lease, ag_allotment   who is marking which answer now, and who marks what
ag_fingerprint           how an answer behaves, by which answers are grouped
ag_group, _merge, _pin   groups as people named, joined and split them
ag_look                  who has looked at which answer
ag_seen                  when a student first opened their feedback
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Float, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from autograder.gradebook.tables import Base


def _key(length: int = 128) -> Mapped[str]:
    return mapped_column(String(length), primary_key=True)


class RubricRow(Base):
    """What the items of a task are added to: `start` is zero, full or auto."""

    __tablename__ = "ag_rubric"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    start: Mapped[str] = mapped_column(String(8))


class RubricItemRow(Base):
    """One item of a task's rubric; its points may be negative."""

    __tablename__ = "ag_rubric_item"
    __table_args__ = (Index("ix_ag_rubric_item_task", "assignment", "notebook", "task"),)

    id: Mapped[str] = _key(26)  # ULID
    assignment: Mapped[str] = mapped_column(String(128))
    notebook: Mapped[str] = mapped_column(String(128))
    task: Mapped[str] = mapped_column(String(128))
    position: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text())
    points: Mapped[float] = mapped_column(Float())


class RubricMarkRow(Base):
    """One student's answer has one item."""

    __tablename__ = "ag_rubric_mark"

    item: Mapped[str] = _key(26)
    student: Mapped[str] = _key()
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class MarkRow(Base):
    """How a person's score of one answer came about, and what staff say among themselves.

    `written` is the score we gave nbgrader last: another one there was given by its formgrader.
    """

    __tablename__ = "ag_mark"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    student: Mapped[str] = _key()
    adjustment: Mapped[float] = mapped_column(Float())
    reason: Mapped[str] = mapped_column(Text())
    written: Mapped[float | None] = mapped_column(Float())
    note: Mapped[str] = mapped_column(Text())
    flagged: Mapped[bool]
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class LineCommentRow(Base):
    """A remark on one line of a cell; `shown` if the student may read it."""

    __tablename__ = "ag_line_comment"
    __table_args__ = (Index("ix_ag_line_comment_whose", "assignment", "student"),)

    id: Mapped[str] = _key(26)  # ULID
    assignment: Mapped[str] = mapped_column(String(128))
    notebook: Mapped[str] = mapped_column(String(128))
    task: Mapped[str] = mapped_column(String(128))
    student: Mapped[str] = mapped_column(String(128))
    submission: Mapped[str] = mapped_column(String(26))
    cell: Mapped[str] = mapped_column(String(128))
    line: Mapped[int] = mapped_column(Integer)  # from 1
    text: Mapped[str] = mapped_column(Text())
    shown: Mapped[bool]
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class BankRow(Base):
    """A remark to use again; `origin` names the mistake it came from, or is ""."""

    __tablename__ = "ag_bank"
    __table_args__ = (Index("ix_ag_bank_task", "assignment", "notebook", "task"),)

    id: Mapped[str] = _key(26)  # ULID
    assignment: Mapped[str] = mapped_column(String(128))
    notebook: Mapped[str] = mapped_column(String(128))
    task: Mapped[str] = mapped_column(String(128))
    text: Mapped[str] = mapped_column(Text())
    origin: Mapped[str] = mapped_column(String(128))
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC
    retired: Mapped[bool]


class BankUseRow(Base):
    """Where a remark was used: `text` as it was written there, `score` as it was then."""

    __tablename__ = "ag_bank_use"

    bank: Mapped[str] = _key(26)
    student: Mapped[str] = _key()
    submission: Mapped[str] = mapped_column(String(26))
    text: Mapped[str] = mapped_column(Text())
    score: Mapped[float | None] = mapped_column(Float())
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class LeaseRow(Base):
    """One answer is one person's to mark until a moment."""

    __tablename__ = "ag_lease"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    student: Mapped[str] = _key()
    who: Mapped[str] = mapped_column(String(128))
    until: Mapped[datetime] = mapped_column(DateTime())  # UTC


class AllotmentRow(Base):
    """Who marks a task ("" for every one) of a section ("" for every one)."""

    __tablename__ = "ag_allotment"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    section: Mapped[str] = _key()
    who: Mapped[str] = _key()


class FingerprintRow(Base):
    """How one answer behaves; `key` is the same for answers that behave alike."""

    __tablename__ = "ag_fingerprint"
    __table_args__ = (Index("ix_ag_fingerprint_task", "assignment", "notebook", "task"),)

    submission: Mapped[str] = _key(26)
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    assignment: Mapped[str] = mapped_column(String(128))
    student: Mapped[str] = mapped_column(String(128))
    seen: Mapped[str] = mapped_column(String(64))  # of which result it was made
    key: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON())


class GroupRow(Base):
    """What people call a group."""

    __tablename__ = "ag_group"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    key: Mapped[str] = _key(64)
    name: Mapped[str] = mapped_column(Text())
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class GroupMergeRow(Base):
    """Answers of one group belong to another."""

    __tablename__ = "ag_group_merge"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    key: Mapped[str] = _key(64)
    into: Mapped[str] = mapped_column(String(64))
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class GroupPinRow(Base):
    """One student's answer was put into a group by hand, as long as they hand in no other."""

    __tablename__ = "ag_group_pin"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    student: Mapped[str] = _key()
    submission: Mapped[str] = mapped_column(String(26))
    key: Mapped[str] = mapped_column(String(64))
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class LookRow(Base):
    """Somebody has looked at one answer."""

    __tablename__ = "ag_look"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    student: Mapped[str] = _key()
    who: Mapped[str] = _key()
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class SeenRow(Base):
    """When a student first opened the feedback of an assignment."""

    __tablename__ = "ag_seen"

    assignment: Mapped[str] = _key()
    student: Mapped[str] = _key()
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC
