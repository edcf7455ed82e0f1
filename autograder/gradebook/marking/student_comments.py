"""Staff feedback stored outside nbgrader's comments: rubric items and line comments."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.gradebook.database.connection import reading
from autograder.gradebook.database.staff_tables import LineCommentRow, RubricItemRow, RubricMarkRow
from autograder.gradebook.scores.student_scores import Remark
from autograder.language import translate
from autograder.nouns import fill


def for_students(course: Course, assignment: str, student: str | None = None) -> tuple[Remark, ...]:
    """Return applied rubric items and the line comments shown to students.

    Each is returned as a comment on its task.
    """
    with reading(course) as session:
        return (*_items(session, assignment, student), *_lines(session, assignment, student))


def _items(session: Session, assignment: str, student: str | None) -> Iterator[Remark]:
    query = (
        select(RubricItemRow, RubricMarkRow.student)
        .join(RubricMarkRow, RubricMarkRow.item == RubricItemRow.id)
        .where(RubricItemRow.assignment == assignment)
        .order_by(RubricMarkRow.student, RubricItemRow.position, RubricItemRow.id)
    )
    if student is not None:
        query = query.where(RubricMarkRow.student == student)
    for row, who in session.execute(query).all():
        text = translate("{points} points: {item}")
        values = {"points": f"{row.points:+g}".replace("-", "−"), "item": row.text}
        yield Remark(who, row.notebook, row.task, fill(text, values))


def _lines(session: Session, assignment: str, student: str | None) -> Iterator[Remark]:
    query = (
        select(LineCommentRow)
        .where(LineCommentRow.assignment == assignment, LineCommentRow.shown)
        .order_by(LineCommentRow.student, LineCommentRow.cell, LineCommentRow.line)
    )
    if student is not None:
        query = query.where(LineCommentRow.student == student)
    for row in session.scalars(query).all():
        text = translate("{cell}, line {line}: {text}")
        values = {"cell": row.cell, "line": row.line, "text": row.text}
        yield Remark(row.student, row.notebook, row.task, fill(text, values))
