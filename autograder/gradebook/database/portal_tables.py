"""Tables of the web portal: sign-in tokens, the grading queue, sprints, regrade requests.

ag_token      tokens of personal links, sessions and notebooks: hashes with an expiry time
ag_device     short codes for signing a notebook in
ag_queue      submissions waiting for grading, being graded, done or failed
ag_sprint     start of each student's sprint, its end, and the submission made at the end
ag_allowance  time credits and extensions: who gave them and why
ag_regrade    regrade requests and the answers
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, DateTime, Float, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from autograder.gradebook.database.tables import Base


class TokenRow(Base):
    """One person's token; `kind` is link, session or notebook."""

    __tablename__ = "ag_token"
    __table_args__ = (Index("ix_ag_token_person", "person"),)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    made: Mapped[datetime] = mapped_column(DateTime())  # UTC
    expires: Mapped[datetime] = mapped_column(DateTime())  # UTC
    revoked: Mapped[datetime | None] = mapped_column(DateTime())  # UTC


class DeviceRow(Base):
    """A notebook that asks to sign in; `person` is "" until a student confirms its code."""

    __tablename__ = "ag_device"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    expires: Mapped[datetime] = mapped_column(DateTime())  # UTC
    person: Mapped[str] = mapped_column(String(128))
    about: Mapped[dict[str, str]] = mapped_column(JSON())  # the notebook's own description


class QueueRow(Base):
    """One queued submission; `state` is waiting, running, done or failed."""

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
    """One student's sprint; `ended` is set once the last save was submitted, or there was none."""

    __tablename__ = "ag_sprint"

    assignment: Mapped[str] = mapped_column(String(128), primary_key=True)
    student: Mapped[str] = mapped_column(String(128), primary_key=True)
    started: Mapped[datetime] = mapped_column(DateTime())  # UTC
    ended: Mapped[datetime | None] = mapped_column(DateTime())  # UTC
    submission: Mapped[str] = mapped_column(String(26))


class AllowanceRow(Base):
    """Extra time; `kind` is credit or extension, `student` is "" for all students."""

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
    """A regrade request for one task; `state` is open, granted or declined."""

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
