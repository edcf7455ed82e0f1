"""Changes of a rubric by staff; all affected scores are updated in the same transaction."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from ulid import ULID

from autograder.config import Course
from autograder.errors import AutograderError, NotFound
from autograder.gradebook.database.connection import reading, storable, writing
from autograder.gradebook.database.staff_tables import (
    MarkRow,
    RubricItemRow,
    RubricMarkRow,
    RubricRow,
)
from autograder.gradebook.marking import mark_changes
from autograder.gradebook.marking.leases import Answer
from autograder.gradebook.marking.rubric import STARTS, Rubric, rubric_of
from autograder.gradebook.scores.released_tasks import task_of
from autograder.nouns import TaskKind

MOST = 40  # items of one task


def of_task(course: Course, assignment: str, notebook: str, task: str) -> Rubric:
    """Return the rubric of one task; raise NotFound if there is no such task."""
    with reading(course) as session:
        known = task_of(session, assignment, notebook, task)
        manual = known.kind is TaskKind.MANUAL
        return rubric_of(session, assignment, notebook, task, manual=manual)


def add(course: Course, assignment: str, notebook: str, task: str, text: str, points: float) -> str:
    """Add an item at the end of a rubric and return its id.

    Raises NotFound if there is no such task, AutograderError if the rubric is full.
    """
    text = _words(text)
    with writing(course) as book:
        task_of(book.session, assignment, notebook, task)
        mine = (
            RubricItemRow.assignment == assignment,
            RubricItemRow.notebook == notebook,
            RubricItemRow.task == task,
        )
        there, last = book.session.execute(
            select(func.count(RubricItemRow.id), func.max(RubricItemRow.position)).where(*mine)
        ).one()
        if there >= MOST:
            raise AutograderError(f"this rubric has {MOST} items already")
        row = RubricItemRow(
            id=str(ULID()),
            assignment=assignment,
            notebook=notebook,
            task=task,
            position=(last or 0) + 1,
            text=text,
            points=points,
        )
        book.session.add(row)
        return row.id


def edit(
    course: Course,
    item: str,
    text: str,
    points: float,
    who: str,
    seen: tuple[str, float] | None = None,
) -> int:
    """Change an item's text and points for all answers that have it; return the number updated.

    Raises Stale if the item is no longer as `seen`.
    """
    with writing(course) as book:
        row = _item(book.session, item)
        if seen is not None and seen != (row.text, row.points):
            raise mark_changes.EditConflict(
                "somebody changed this rubric item meanwhile", way_out="look at it as it is now"
            )
        answers = _who_have(book.session, row)
        marks = mark_changes.marks_in(book.session, answers)
        row.text, row.points = _words(text), points
        book.session.flush()
        return mark_changes.follow(course, book, marks, who, f"{row.text}: {points:g}")


def remove(course: Course, item: str, who: str) -> int:
    """Delete an item, also from the answers that have it; return the number of scores updated."""
    with writing(course) as book:
        row = _item(book.session, item)
        marks = mark_changes.marks_in(book.session, _who_have(book.session, row))
        book.session.execute(delete(RubricMarkRow).where(RubricMarkRow.item == item))
        book.session.delete(row)
        book.session.flush()
        return mark_changes.follow(course, book, marks, who, f"{row.text}: removed")


def start_from(
    course: Course, assignment: str, notebook: str, task: str, start: str, who: str
) -> int:
    """Set the score that a rubric's items are added to; return the number of scores updated."""
    if start not in STARTS:
        raise NotFound(f"a rubric starts from {', '.join(STARTS)}")
    with writing(course) as book:
        key = (assignment, notebook, task)
        rows = book.session.scalars(
            select(MarkRow.student).where(
                MarkRow.assignment == assignment,
                MarkRow.notebook == notebook,
                MarkRow.task == task,
                MarkRow.written.is_not(None),
            )
        ).all()
        marks = mark_changes.marks_in(book.session, [Answer(*key, student) for student in rows])
        row = book.session.get(RubricRow, key)
        if row is None:
            row = RubricRow(assignment=assignment, notebook=notebook, task=task)
            book.session.add(row)
        row.start = start
        book.session.flush()
        return mark_changes.follow(course, book, marks, who, f"starts from {start}")


def _item(session: Session, item: str) -> RubricItemRow:
    row = session.get(RubricItemRow, item)
    if row is None:
        raise NotFound("there is no such rubric item")
    return row


def _words(text: str) -> str:
    plain: str = storable(text).strip()
    if not plain:
        raise AutograderError("a rubric item needs words")
    return plain


def _who_have(session: Session, row: RubricItemRow) -> list[Answer]:
    students = session.scalars(
        select(RubricMarkRow.student)
        .where(RubricMarkRow.item == row.id)
        .order_by(RubricMarkRow.student)
    ).all()
    return [Answer(row.assignment, row.notebook, row.task, student) for student in students]
