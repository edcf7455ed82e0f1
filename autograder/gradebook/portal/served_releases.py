"""Record of the releases that the portal served to each student, in the audit log.

There is one row for each release and student. A student who was only ever served newer releases
cannot claim an older one that was served to others.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from autograder.config import Course
from autograder.gradebook.database import audit
from autograder.gradebook.database.audit import SERVED
from autograder.gradebook.database.connection import reading
from autograder.gradebook.database.tables import AuditRow


def note(course: Course, assignment: str, student: str, number: int) -> None:
    """Record the first time that the portal serves this release to a student."""
    if number not in _numbers(course, assignment, student):
        audit.note(course, student, SERVED, assignment, {"release": number}, student=student)


def oldest(course: Course, assignment: str) -> Mapping[str, int]:
    """Return the oldest release served to each student; students served none are left out."""
    with reading(course) as session:
        rows = session.execute(
            select(AuditRow.student, AuditRow.after).where(
                AuditRow.assignment == assignment, AuditRow.action == SERVED
            )
        ).all()
    found: dict[str, int] = {}
    for student, facts in rows:
        found[student] = min(found.get(student, facts["release"]), facts["release"])
    return found


def _numbers(course: Course, assignment: str, student: str) -> set[int]:
    with reading(course) as session:
        rows = session.scalars(
            select(AuditRow.after).where(
                AuditRow.assignment == assignment,
                AuditRow.student == student,
                AuditRow.action == SERVED,
            )
        ).all()
    return {facts["release"] for facts in rows}
