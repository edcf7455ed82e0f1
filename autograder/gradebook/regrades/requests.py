"""Regrade requests for staff: list them and answer them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timezone

from sqlalchemy import select, update

from autograder.config import Course
from autograder.errors import AutograderError, NotFound
from autograder.gradebook.database.connection import now, reading, rows_changed, storable, writing
from autograder.gradebook.database.portal_tables import RegradeRow
from autograder.gradebook.database.tables import AuditRow

STATES = ("granted", "declined")


@dataclass(frozen=True)
class Asked:
    """One regrade request, and its answer if there is one; times are aware, UTC."""

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
    answered_by: str
    answered: datetime | None


def asked(course: Course, assignment: str = "", *, open_only: bool = False) -> tuple[Asked, ...]:
    """Return the requests of an assignment ("": all), open ones first, oldest first."""
    with reading(course) as session:
        query = select(RegradeRow)
        if assignment:
            query = query.where(RegradeRow.assignment == assignment)
        if open_only:
            query = query.where(RegradeRow.state == "open")
        rows = session.scalars(query.order_by(RegradeRow.state != "open", RegradeRow.at)).all()
        return tuple(map(_asked, rows))


def one(course: Course, assignment: str, id_: str) -> Asked:
    """Return one request; raise NotFound if the assignment has none with this id."""
    with reading(course) as session:
        row = session.get(RegradeRow, id_)
        if row is None or row.assignment != assignment:
            raise NotFound("there is no such request")
        return _asked(row)


def answer(course: Course, ids: Collection[str], state: str, text: str, who: str) -> int:
    """Give open requests the same answer; return their number.

    Raises AutograderError if one of them is already answered.
    """
    with writing(course) as book:
        rows = book.session.scalars(select(RegradeRow).where(RegradeRow.id.in_(ids))).all()
        done = book.session.execute(
            update(RegradeRow)
            .where(RegradeRow.id.in_(ids), RegradeRow.state == "open")
            .values(state=state, answer=storable(text), answered_by=who, answered=now())
        )
        if rows_changed(done) != len(set(ids)):
            raise AutograderError("somebody has answered meanwhile: load the page again")
        for row in rows:
            book.session.add(
                AuditRow(
                    at=now(),
                    who=who,
                    action=f"request {state}",
                    assignment=row.assignment,
                    student=row.student,
                    notebook=row.notebook,
                    task=row.task,
                    before={"asked": row.text},
                    after={"answer": storable(text)},
                    reason="",
                )
            )
        return len(rows)


def _asked(row: RegradeRow) -> Asked:
    return Asked(
        row.id,
        row.assignment,
        row.student,
        row.submission,
        row.notebook,
        row.task,
        row.text,
        row.at.replace(tzinfo=timezone.utc),
        row.state,
        row.answer,
        row.answered_by,
        row.answered.replace(tzinfo=timezone.utc) if row.answered else None,
    )
