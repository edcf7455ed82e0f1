"""Audit log of an assignment: add and read entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from autograder.config import Course
from autograder.gradebook.database.connection import now, reading, storable, writing
from autograder.gradebook.database.tables import AuditRow, SubmissionRow

SERVED = "release served"  # a download; it changes no student's data


def note(
    course: Course,
    who: str,
    action: str,
    assignment: str,
    after: Mapping[str, Any],
    *,
    before: Mapping[str, Any] | None = None,
    reason: str = "",
    student: str = "",
) -> None:
    """Add an entry: who, when, what, why."""
    with writing(course) as book:
        book.session.add(
            AuditRow(
                at=now(),
                who=who,
                action=action[:64],
                assignment=assignment,
                student=student,
                notebook="",
                task="",
                before=storable(dict(before or {})),
                after=storable(dict(after)),
                reason=storable(reason),
            )
        )


@dataclass(frozen=True)
class Change:
    """One entry; `student` is "" for a change to the whole assignment."""

    at: datetime  # UTC, without a zone
    who: str
    action: str
    student: str
    notebook: str
    task: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str


def last(course: Course, assignment: str, action: str) -> Change | None:
    """Return the latest entry of this action; None if there is none."""
    with reading(course) as session:
        row = session.scalars(
            select(AuditRow)
            .where(AuditRow.assignment == assignment, AuditRow.action == action)
            .order_by(AuditRow.id.desc())
            .limit(1)
        ).first()
        return _change(row) if row else None


def done(course: Course, assignment: str, most: int = 12) -> tuple[Change, ...]:
    """Return up to `most` changes to the whole assignment, latest first."""
    with reading(course) as session:
        rows = session.scalars(
            select(AuditRow)
            .where(AuditRow.assignment == assignment, AuditRow.student == "")
            .order_by(AuditRow.id.desc())
            .limit(most)
        ).all()
        return tuple(map(_change, rows))


def changed_at(course: Course, assignment: str) -> dict[str, datetime]:
    """Return when each student's work was last graded or changed (UTC, without a zone)."""
    graded = select(SubmissionRow.student, func.max(SubmissionRow.recorded)).where(
        SubmissionRow.assignment == assignment
    )
    changed = select(AuditRow.student, func.max(AuditRow.at)).where(
        AuditRow.assignment == assignment, AuditRow.action != SERVED
    )
    with reading(course) as session:
        found: dict[str, datetime] = {}
        for rows in (
            session.execute(graded.group_by(SubmissionRow.student)),
            session.execute(changed.group_by(AuditRow.student)),
        ):
            for student, at in rows:
                found[student] = max(at, found.get(student, at))
    return found


def changes(
    course: Course, assignment: str, student: str | None = None, action: str = ""
) -> tuple[Change, ...]:
    """Return an assignment's entries, newest first, optionally of one student or one action."""
    with reading(course) as session:
        query = select(AuditRow).where(AuditRow.assignment == assignment)
        if student is not None:
            query = query.where(AuditRow.student == student)
        if action:
            query = query.where(AuditRow.action == action)
        rows = session.scalars(query.order_by(AuditRow.at.desc(), AuditRow.id.desc())).all()
        return tuple(map(_change, rows))


def _change(row: AuditRow) -> Change:
    return Change(
        row.at,
        row.who,
        row.action,
        row.student,
        row.notebook,
        row.task,
        row.before,
        row.after,
        row.reason,
    )
