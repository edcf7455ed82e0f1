"""Our core tables, in nbgrader's database but without foreign keys into nbgrader's tables.

ag_release           tasks and criteria of each numbered release
ag_submission        every recorded submission; one per student and assignment counts
ag_criterion_result  the result of each criterion for each submission
ag_audit             who changed which score, the values before and after, and the reason
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Float, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

VERSION_TABLE = "ag_alembic_version"


class Base(DeclarativeBase):
    """Declarative base of our tables; Alembic compares the database with its metadata."""


class ReleaseRow(Base):
    """One numbered release: its tasks in order, and its criteria by criterion id."""

    __tablename__ = "ag_release"

    assignment: Mapped[str] = mapped_column(String(128), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    registered: Mapped[datetime] = mapped_column(DateTime())  # UTC
    tasks: Mapped[list[dict[str, Any]]] = mapped_column(JSON())
    demands: Mapped[dict[str, Any]] = mapped_column(JSON())


class SubmissionRow(Base):
    """One recorded submission; `counts` if the gradebook uses its scores.

    `tasks` holds the results by notebook and task: `auto`, the automatic score (null: waits for
    manual grading), and `untouched`. `total` is the sum after the late penalty; among the
    submissions with the highest `outcome`, it decides which is best. `digest` is the digest of the
    recorded result.
    """

    __tablename__ = "ag_submission"
    __table_args__ = (Index("ix_ag_submission_whose", "assignment", "student", "counts"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True)  # ULID
    assignment: Mapped[str] = mapped_column(String(128))
    student: Mapped[str] = mapped_column(String(128))
    received: Mapped[datetime] = mapped_column(DateTime())  # UTC
    sha256: Mapped[str] = mapped_column(String(64))
    release: Mapped[int] = mapped_column(Integer)
    counts: Mapped[bool]
    total: Mapped[float] = mapped_column(Float())
    tasks: Mapped[dict[str, dict[str, dict[str, Any]]]] = mapped_column(JSON())
    recorded: Mapped[datetime] = mapped_column(DateTime())  # UTC
    outcome: Mapped[str] = mapped_column(String(16), default="graded")
    digest: Mapped[str] = mapped_column(String(64), default="")
    first_recorded: Mapped[datetime | None] = mapped_column(DateTime())  # UTC


class CriterionRow(Base):
    """Result of one criterion for one submission."""

    __tablename__ = "ag_criterion_result"
    __table_args__ = (Index("ix_ag_criterion_result_criterion", "criterion"),)

    submission: Mapped[str] = mapped_column(String(26), primary_key=True)
    criterion: Mapped[str] = mapped_column(String(512), primary_key=True)
    notebook: Mapped[str] = mapped_column(String(128))
    task: Mapped[str] = mapped_column(String(128))
    position: Mapped[int] = mapped_column(Integer)  # within the task
    demand: Mapped[str] = mapped_column(Text())
    hidden: Mapped[bool]
    status: Mapped[str] = mapped_column(String(16))
    points: Mapped[float] = mapped_column(Float())
    max_points: Mapped[float] = mapped_column(Float())
    score: Mapped[float | None] = mapped_column(Float())  # the number that the criterion measures
    attempts: Mapped[int] = mapped_column(Integer)
    error: Mapped[str] = mapped_column(String(128))
    message: Mapped[dict[str, Any]] = mapped_column(JSON())
    run: Mapped[str] = mapped_column(String(128))  # key of the run that gave the evidence


class AuditRow(Base):
    """One entry of the append-only audit log."""

    __tablename__ = "ag_audit"
    __table_args__ = (Index("ix_ag_audit_whose", "assignment", "student"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC
    who: Mapped[str] = mapped_column(String(128))
    action: Mapped[str] = mapped_column(String(64))
    assignment: Mapped[str] = mapped_column(String(128))
    student: Mapped[str] = mapped_column(String(128))
    notebook: Mapped[str] = mapped_column(String(128))
    task: Mapped[str] = mapped_column(String(128))
    before: Mapped[dict[str, Any]] = mapped_column(JSON())
    after: Mapped[dict[str, Any]] = mapped_column(JSON())
    reason: Mapped[str] = mapped_column(Text())
