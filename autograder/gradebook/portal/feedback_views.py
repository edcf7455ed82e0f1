"""Record of when students first opened their feedback."""

from __future__ import annotations

from datetime import datetime

from autograder.config import Course
from autograder.gradebook.database.connection import now, reading, writing
from autograder.gradebook.database.staff_tables import SeenRow


def note(course: Course, assignment: str, student: str) -> None:
    """Record the first time that a student opens the feedback of an assignment."""
    if first_seen(course, assignment, student) is None:
        with writing(course) as book:
            if book.session.get(SeenRow, (assignment, student)) is None:
                book.session.add(SeenRow(assignment=assignment, student=student, at=now()))


def first_seen(course: Course, assignment: str, student: str) -> datetime | None:
    """Return when a student first opened the feedback (UTC), or None if they have not."""
    with reading(course) as session:
        row = session.get(SeenRow, (assignment, student))
        return row.at if row else None
