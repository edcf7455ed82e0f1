"""The audit of an assignment: what somebody did to it as a whole, and when what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from autograder.config import Course
from autograder.gradebook.connection import now, reading, storable, writing
from autograder.gradebook.tables import AuditRow, SubmissionRow


def note(
    course: Course, who: str, action: str, assignment: str, after: Mapping[str, Any],
    *, before: Mapping[str, Any] | None = None, reason: str = "", student: str = "",
) -> None:  # fmt: skip
    """Adds the line: who, when, what, why."""
    with writing(course) as book:
        book.session.add(
            AuditRow(
                at=now(), who=who, action=action[:64], assignment=assignment, student=student,
                notebook="", task="", before=storable(dict(before or {})),
                after=storable(dict(after)), reason=storable(reason),
            )
        )  # fmt: skip


@dataclass(frozen=True)
class Done:
    """What somebody did to an assignment as a whole."""

    at: datetime  # UTC, without a zone
    who: str
    action: str
    after: Mapping[str, Any]
    reason: str


def last(course: Course, assignment: str, action: str) -> Done | None:
    """When this was done last, by whom; None if it never was."""
    with reading(course) as session:
        row = session.scalars(
            select(AuditRow)
            .where(AuditRow.assignment == assignment, AuditRow.action == action)
            .order_by(AuditRow.id.desc())
            .limit(1)
        ).first()
        return Done(row.at, row.who, row.action, row.after, row.reason) if row else None


def of_student(
    course: Course, assignment: str, student: str, action: str
) -> tuple[Done, ...]:  # fmt: skip
    """Every time this was done to what is one student's."""
    with reading(course) as session:
        rows = session.scalars(
            select(AuditRow).where(
                AuditRow.assignment == assignment,
                AuditRow.student == student,
                AuditRow.action == action,
            )
        )
        return tuple(Done(r.at, r.who, r.action, r.after, r.reason) for r in rows)


def done(course: Course, assignment: str, most: int = 12) -> tuple[Done, ...]:
    """What was done to it as a whole, the latest first."""
    with reading(course) as session:
        rows = session.scalars(
            select(AuditRow)
            .where(AuditRow.assignment == assignment, AuditRow.student == "")
            .order_by(AuditRow.id.desc())
            .limit(most)
        ).all()
        return tuple(Done(r.at, r.who, r.action, r.after, r.reason) for r in rows)


def changed_at(course: Course, assignment: str) -> dict[str, datetime]:
    """When something of each student's was graded or changed last (UTC, without a zone)."""
    with reading(course) as session:
        found: dict[str, datetime] = {}
        for table, when in ((SubmissionRow, SubmissionRow.recorded), (AuditRow, AuditRow.at)):
            rows = session.execute(
                select(table.student, func.max(when))
                .where(table.assignment == assignment)
                .group_by(table.student)
            )
            for student, at in rows:
                found[student] = max(at, found.get(student, at))
    return found
