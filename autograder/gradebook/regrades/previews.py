"""Previews of regrades in the database, from request to application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from ulid import ULID

from autograder.config import Course
from autograder.errors import AutograderError, NotFound
from autograder.gradebook.database.connection import now, reading, rows_changed, storable, writing
from autograder.gradebook.database.regrade_tables import PlanRow

BUSY = ("asked", "judging", "apply", "applying")
NEXT = {"asked": "judging", "apply": "applying"}


@dataclass(frozen=True)
class Plan:
    """One preview of a regrade."""

    id: str
    assignment: str
    tasks: tuple[str, ...]
    runs: bool
    who: str
    reason: str
    at: datetime  # UTC, without a zone
    state: str
    done: int
    total: int
    source: str
    found: Mapping[str, Any]
    note: str
    applied: datetime | None
    applied_by: str

    @property
    def busy(self) -> bool:
        return self.state in BUSY


def ask(
    course: Course, assignment: str, tasks: Sequence[str], who: str, *, runs: bool = False
) -> Plan:
    """Request a preview; drop the assignment's earlier previews that were not applied.

    Raises AutograderError if a regrade of the assignment is under way.
    """
    with writing(course) as book:
        mine = PlanRow.assignment == assignment
        if book.session.scalars(select(PlanRow).where(mine, PlanRow.state.in_(BUSY))).first():
            raise AutograderError("a regrade of this assignment is under way: wait for its end")
        book.session.execute(
            update(PlanRow)
            .where(mine, PlanRow.state.in_(("ready", "failed")))
            .values(state="dropped")
        )
        row = PlanRow(
            id=str(ULID()),
            assignment=assignment,
            tasks=list(tasks),
            runs=runs,
            who=who,
            reason="",
            at=now(),
            state="asked",
            done=0,
            total=0,
            source="",
            found={},
            note="",
            applied=None,
            applied_by="",
        )
        book.session.add(row)
        return _plan(row)


def plans(course: Course, assignment: str) -> tuple[Plan, ...]:
    """Return the previews of an assignment, newest first, without dropped ones."""
    with reading(course) as session:
        rows = session.scalars(
            select(PlanRow)
            .where(PlanRow.assignment == assignment, PlanRow.state != "dropped")
            .order_by(PlanRow.id.desc())
        ).all()
        return tuple(map(_plan, rows))


def plan(course: Course, id_: str) -> Plan:
    """Return one preview; raise NotFound if there is none with this id."""
    with reading(course) as session:
        row = session.get(PlanRow, id_)
        if row is None:
            raise NotFound("there is no such preview")
        return _plan(row)


def take(course: Course) -> Plan | None:
    """Return the oldest waiting request and mark it as started; None if there is none."""
    with writing(course) as book:
        row = book.session.scalars(
            select(PlanRow).where(PlanRow.state.in_(tuple(NEXT))).order_by(PlanRow.id).limit(1)
        ).first()
        if row is None:
            return None
        row.state = NEXT[row.state]
        return _plan(row)


def any_asked(course: Course) -> bool:
    """Return True if a preview or its application is waiting; read-only."""
    with reading(course) as session:
        query = select(PlanRow.id).where(PlanRow.state.in_(tuple(NEXT))).limit(1)
        return session.scalars(query).first() is not None


def left_undone(course: Course) -> None:
    """Requeue requests left running by a killed worker."""
    with writing(course) as book:
        for before, after in NEXT.items():
            book.session.execute(update(PlanRow).where(PlanRow.state == after).values(state=before))


def tell(course: Course, id_: str, **values: Any) -> None:
    """Update a preview's progress or result."""
    with writing(course) as book:
        stored = {k: storable(v) if k in ("found", "note") else v for k, v in values.items()}
        book.session.execute(update(PlanRow).where(PlanRow.id == id_).values(**stored))


def wish_applied(course: Course, id_: str, who: str, reason: str) -> None:
    """Request that a preview be applied; raise AutograderError unless it is ready."""
    with writing(course) as book:
        done = book.session.execute(
            update(PlanRow)
            .where(PlanRow.id == id_, PlanRow.state == "ready")
            .values(state="apply", done=0, applied_by=who, reason=storable(reason))
        )
        if not rows_changed(done):
            raise AutograderError("this preview cannot be applied any more: make a new one")


def _plan(row: PlanRow) -> Plan:
    return Plan(
        row.id,
        row.assignment,
        tuple(row.tasks),
        row.runs,
        row.who,
        row.reason,
        row.at,
        row.state,
        row.done,
        row.total,
        row.source,
        row.found,
        row.note,
        row.applied,
        row.applied_by,
    )
