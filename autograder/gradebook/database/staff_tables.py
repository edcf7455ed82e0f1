"""Tables of manual grading, for data that nbgrader's tables cannot hold.

ag_rubric, _item, _mark  rubrics of tasks, and the items applied to each answer
ag_mark                  parts of a manual score, a staff note, a flag
ag_line_comment          comments on single lines of an answer
ag_bank, ag_bank_use     the comment bank, and the answers that use each comment
ag_lease, ag_allotment   which grader has which answer open, and who grades what
ag_fingerprint           behaviour of an answer, used to group similar answers
ag_group, _merge, _pin   groups that graders named, merged and split
ag_look                  which grader has viewed which answer
ag_seen                  time when a student first opened their feedback
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Float, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from autograder.gradebook.database.tables import Base


def _key(length: int = 128) -> Mapped[str]:
    return mapped_column(String(length), primary_key=True)


class RubricRow(Base):
    """Rubric of one task; `start`, the score that items are added to, is zero, full or auto."""

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
    """One rubric item applied to one student's answer."""

    __tablename__ = "ag_rubric_mark"

    item: Mapped[str] = _key(26)
    student: Mapped[str] = _key()
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class MarkRow(Base):
    """Parts of one answer's manual score, and the staff's internal note.

    `written` is the score that we last wrote to nbgrader's table. If that table holds another
    score, nbgrader's formgrader wrote it.
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
    """A comment on one line of a cell; `shown` if the student may read it."""

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
    """A reusable comment; `origin` names the mistake it came from, or is ""."""

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
    """One use of a bank comment, with the answer's `text` and `score` at that time."""

    __tablename__ = "ag_bank_use"

    bank: Mapped[str] = _key(26)
    student: Mapped[str] = _key()
    submission: Mapped[str] = mapped_column(String(26))
    text: Mapped[str] = mapped_column(Text())
    score: Mapped[float | None] = mapped_column(Float())
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class LeaseRow(Base):
    """One grader's exclusive hold on an answer, until a given time."""

    __tablename__ = "ag_lease"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    student: Mapped[str] = _key()
    who: Mapped[str] = mapped_column(String(128))
    until: Mapped[datetime] = mapped_column(DateTime())  # UTC


class AllotmentRow(Base):
    """Assignment of a grader to a task ("": all tasks) in a section ("": all sections)."""

    __tablename__ = "ag_allotment"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    section: Mapped[str] = _key()
    who: Mapped[str] = _key()


class FingerprintRow(Base):
    """Behaviour of one answer; `key` is the same for answers that behave alike."""

    __tablename__ = "ag_fingerprint"
    __table_args__ = (Index("ix_ag_fingerprint_task", "assignment", "notebook", "task"),)

    submission: Mapped[str] = _key(26)
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    assignment: Mapped[str] = mapped_column(String(128))
    student: Mapped[str] = mapped_column(String(128))
    seen: Mapped[str] = mapped_column(String(64))  # the result it was computed from
    key: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON())


class GroupRow(Base):
    """Name that graders gave to a group."""

    __tablename__ = "ag_group"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    key: Mapped[str] = _key(64)
    name: Mapped[str] = mapped_column(Text())
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class GroupMergeRow(Base):
    """Merge of one group (`key`) into another (`into`)."""

    __tablename__ = "ag_group_merge"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    key: Mapped[str] = _key(64)
    into: Mapped[str] = mapped_column(String(64))
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class GroupPinRow(Base):
    """Manual placement of one answer in a group; it ends when the student submits another."""

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
    """Record that a grader has viewed one answer."""

    __tablename__ = "ag_look"

    assignment: Mapped[str] = _key()
    notebook: Mapped[str] = _key()
    task: Mapped[str] = _key()
    student: Mapped[str] = _key()
    who: Mapped[str] = _key()
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class SeenRow(Base):
    """Time when a student first opened the feedback of an assignment."""

    __tablename__ = "ag_seen"

    assignment: Mapped[str] = _key()
    student: Mapped[str] = _key()
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC
