"""Table of regrade previews, made after a criterion was fixed.

ag_regrade_plan  one preview: who requested it, the reason, its results, and whether it was applied
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from autograder.gradebook.database.tables import Base


class PlanRow(Base):
    """One preview of a regrade.

    `state` is asked, judging, ready, apply, applying, applied, failed or dropped.
    """

    __tablename__ = "ag_regrade_plan"
    __table_args__ = (
        Index("ix_ag_regrade_plan_state", "state"),
        Index("ix_ag_regrade_plan_assignment", "assignment"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)  # ULID
    assignment: Mapped[str] = mapped_column(String(128))
    tasks: Mapped[list[str]] = mapped_column(JSON())  # to be graded again; empty: all
    runs: Mapped[bool]  # may rerun what the stored evidence does not answer
    who: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(Text())
    at: Mapped[datetime] = mapped_column(DateTime())  # UTC
    state: Mapped[str] = mapped_column(String(16))
    done: Mapped[int] = mapped_column(Integer)  # submissions graded, or students applied to
    total: Mapped[int] = mapped_column(Integer)
    source: Mapped[str] = mapped_column(String(64))  # digest of the assignment source files
    found: Mapped[dict[str, Any]] = mapped_column(JSON())
    note: Mapped[str] = mapped_column(Text())
    applied: Mapped[datetime | None] = mapped_column(DateTime())  # UTC
    applied_by: Mapped[str] = mapped_column(String(128))
