"""What the pages keep beside the scores: who may come in, what waits for grading, sprints.

ag_token      personal links, sessions, notebooks' sign-ins: hashes only, each with an end
ag_device     short codes by which a notebook signs in
ag_queue      submissions that wait for grading or are being graded
ag_sprint     who began which sprint when, and what was handed in at the end
ag_allowance  credits and extensions, each with who gave it and why
ag_regrade    requests to look again, and the answers
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, DateTime, Float, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from autograder.gradebook.tables import Base


class TokenRow(Base):
    """One way in for one person; `kind` is link, session or notebook."""

    __tablename__ = "ag_token"
    __table_args__ = (Index("ix_ag_token_person", "person"),)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    made: Mapped[datetime] = mapped_column(DateTime())  # UTC
    expires: Mapped[datetime] = mapped_column(DateTime())  # UTC
    revoked: Mapped[datetime | None] = mapped_column(DateTime())  # UTC


class DeviceRow(Base):
    """A notebook that asks to be let in; `person` once somebody has said that it is theirs."""

    __tablename__ = "ag_device"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    expires: Mapped[datetime] = mapped_column(DateTime())  # UTC
    person: Mapped[str] = mapped_column(String(128))
    about: Mapped[dict[str, str]] = mapped_column(JSON())  # what the notebook says of itself


class QueueRow(Base):
    """One submission to be graded; `state` is waiting, running, done or failed."""

    __tablename__ = "ag_queue"
    __table_args__ = (
        Index("ix_ag_queue_next", "state", "not_before"),
        Index("ix_ag_queue_whose", "assignment", "student"),
    )

    submission: Mapped[str] = mapped_column(String(26), primary_key=True)
    assignment: Mapped[str] = mapped_column(String(128))
    student: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(16))
    queued: Mapped[datetime] = mapped_column(DateTime())  # UTC
    not_before: Mapped[datetime] = mapped_column(DateTime())  # UTC
    tries: Mapped[int] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(Text())


class SprintRow(Base):
    """One student's sprint; `ended` once the last save was handed in, or there was none."""

    __tablename__ = "ag_sprint"

    assignment: Mapped[str] = mapped_column(String(128), primary_key=True)
    student: Mapped[str] = mapped_column(String(128), primary_key=True)
    started: Mapped[datetime] = mapped_column(DateTime())  # UTC
    ended: Mapped[datetime | None] = mapped_column(DateTime())  # UTC
    submission: Mapped[str] = mapped_column(String(26))


class AllowanceRow(Base):
    """Time given beyond others': `kind` is credit or extension; `student` is "" for everybody."""

    __tablename__ = "ag_allowance"
    __table_args__ = (Index("ix_ag_allowance_whose", "assignment", "student"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    assignment: Mapped[str] = mapped_column(String(128))
    student: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    minutes: Mapped[float] = mapped_column(Float())
    reason: Mapped[str] = mapped_column(Text())
    who: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC


class RegradeRow(Base):
    """A request to look at one task again; `state` is open, granted or declined."""

    __tablename__ = "ag_regrade"
    __table_args__ = (Index("ix_ag_regrade_whose", "assignment", "student"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True)  # ULID
    assignment: Mapped[str] = mapped_column(String(128))
    student: Mapped[str] = mapped_column(String(128))
    submission: Mapped[str] = mapped_column(String(26))
    notebook: Mapped[str] = mapped_column(String(128))
    task: Mapped[str] = mapped_column(String(128))
    text: Mapped[str] = mapped_column(Text())
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC
    state: Mapped[str] = mapped_column(String(16))
    answer: Mapped[str] = mapped_column(Text())
    answered_by: Mapped[str] = mapped_column(String(128))
    answered: Mapped[datetime | None] = mapped_column(DateTime())  # UTC
