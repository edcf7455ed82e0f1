"""When students opened their feedback."""

from __future__ import annotations

from datetime import datetime

from autograder.config import Course
from autograder.gradebook.connection import now, reading, writing
from autograder.gradebook.staff_tables import SeenRow


def note(course: Course, assignment: str, student: str) -> None:
    """Keeps that a student has opened the feedback of an assignment: the first time."""
    if first_seen(course, assignment, student) is None:
        with writing(course) as book:
            if book.session.get(SeenRow, (assignment, student)) is None:
                book.session.add(SeenRow(assignment=assignment, student=student, at=now()))


def first_seen(course: Course, assignment: str, student: str) -> datetime | None:
    """When a student first opened the feedback (UTC); None if they have not."""
    with reading(course) as session:
        row = session.get(SeenRow, (assignment, student))
        return row.at if row else None
