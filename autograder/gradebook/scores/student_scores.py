"""Students' scores and manual comments from nbgrader's tables, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbgrader import api
from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.gradebook.database.connection import reading
from autograder.gradebook.database.tables import SubmissionRow
from autograder.gradebook.scores.released_tasks import LAST, place_of_tasks


@dataclass(frozen=True)
class StudentScore:
    """One student's score of an assignment: `score` before the late penalty, `total` after it."""

    student: str
    submission: str  # ULID of the submission that counts; "" if nbgrader alone graded it
    received: datetime | None  # UTC
    score: float
    max_score: float
    late_penalty: float
    needs_person: bool

    @property
    def total(self) -> float:
        return max(0.0, self.score - self.late_penalty)


@dataclass(frozen=True)
class TaskScore:
    """One student's score of a task; a manual score takes precedence over the automatic one."""

    student: str
    notebook: str
    task: str
    auto: float | None
    manual: float | None
    extra: float | None
    score: float  # manual, else automatic, else 0; plus extra credit
    max_score: float
    needs_person: bool


@dataclass(frozen=True)
class Remark:
    """A grader's comment on one cell."""

    student: str
    notebook: str
    cell: str
    text: str


def student_scores(
    course: Course, assignment: str, student: str | None = None
) -> tuple[StudentScore, ...]:
    """Return the scores of the students who submitted, ordered by student id."""
    with reading(course) as session:
        sums = _sums(session, assignment, student)
        best = session.scalar(
            select(api.Assignment.max_score).where(api.Assignment.name == assignment)
        )
        ids = _counting(session, assignment)
        rows = _lateness(session, assignment, student)
    return tuple(
        StudentScore(
            student=who,
            submission=ids.get(who, ""),
            received=when,
            score=sums.get(who, (0.0, False))[0],
            max_score=best or 0.0,
            late_penalty=penalty,
            needs_person=sums.get(who, (0.0, False))[1],
        )
        for who, when, penalty in rows
    )


def task_scores(
    course: Course, assignment: str, student: str | None = None
) -> tuple[TaskScore, ...]:
    """Return every student's score of every task, ordered by student and position in release."""
    with reading(course) as session:
        best = _max_scores(session, assignment)
        place = place_of_tasks(session, assignment)
        rows = session.execute(
            grades(
                assignment,
                student,
                api.SubmittedAssignment.student_id,
                api.Notebook.name,
                api.BaseCell.name,
                api.Grade.auto_score,
                api.Grade.manual_score,
                api.Grade.extra_credit,
                api.Grade.score,
                api.Grade.needs_manual_grade,
                api.BaseCell.id,
            )
        ).all()
    rows = sorted(rows, key=lambda row: (row[0], place.get(row[1:3], LAST), row[1:3]))
    return tuple(
        TaskScore(who, notebook, task, auto, manual, extra, score, best.get(cell, 0.0), bool(waits))
        for who, notebook, task, auto, manual, extra, score, waits, cell in rows
    )


def remarks(course: Course, assignment: str, student: str | None = None) -> tuple[Remark, ...]:
    """Return graders' comments on the cells of submissions."""
    with reading(course) as session:
        rows = session.execute(
            select(
                api.SubmittedAssignment.student_id,
                api.Notebook.name,
                api.BaseCell.name,
                api.Comment.manual_comment,
            )
            .select_from(api.Comment)
            .join(api.BaseCell, api.BaseCell.id == api.Comment.cell_id)
            .join(api.SubmittedNotebook, api.SubmittedNotebook.id == api.Comment.notebook_id)
            .join(api.Notebook, api.Notebook.id == api.SubmittedNotebook.notebook_id)
            .join(
                api.SubmittedAssignment,
                api.SubmittedAssignment.id == api.SubmittedNotebook.assignment_id,
            )
            .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
            .where(*_of(assignment, student), api.Comment.manual_comment.is_not(None))
            .order_by(api.SubmittedAssignment.student_id, api.Notebook.name, api.BaseCell.name)
        ).all()
    return tuple(Remark(*row) for row in rows if row[3].strip())


def _of(assignment: str, student: str | None) -> Sequence[Any]:
    where = [api.Assignment.name == assignment]
    if student is not None:
        where.append(api.SubmittedAssignment.student_id == student)
    return where


def handed_in(assignment: str, student: str, *columns: Any) -> Select[Any]:
    """Return a query for columns of nbgrader's row of one student's submitted assignment."""
    return (
        select(*columns)
        .select_from(api.SubmittedAssignment)
        .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
        .where(*_of(assignment, student))
    )


def grades(assignment: str, student: str | None, *columns: Any) -> Select[Any]:
    """Return a query for columns of all grades of an assignment, or of one student's.

    It selects grades by cell and by submitted notebook, because nbgrader indexes only those two,
    and the table also holds a year's grades of other assignments.
    """
    of_it = _notebooks(assignment)
    cells = select(api.BaseCell.id).where(api.BaseCell.notebook_id.in_(of_it))
    query = (
        select(*columns)
        .select_from(api.Grade)
        .join(api.BaseCell, api.BaseCell.id == api.Grade.cell_id)
        .join(api.SubmittedNotebook, api.SubmittedNotebook.id == api.Grade.notebook_id)
        .join(api.Notebook, api.Notebook.id == api.SubmittedNotebook.notebook_id)
        .join(
            api.SubmittedAssignment,
            api.SubmittedAssignment.id == api.SubmittedNotebook.assignment_id,
        )
        .where(api.Grade.cell_id.in_(cells))
    )
    if student is None:
        return query
    notebooks = select(api.SubmittedNotebook.id).where(
        api.SubmittedNotebook.notebook_id.in_(of_it),
        api.SubmittedNotebook.assignment_id.in_(
            handed_in(assignment, student, api.SubmittedAssignment.id)
        ),
    )
    return query.where(api.Grade.notebook_id.in_(notebooks))


def _notebooks(assignment: str) -> Select[Any]:
    return select(api.Notebook.id).join(api.Assignment).where(api.Assignment.name == assignment)


def _lateness(session: Session, assignment: str, student: str | None) -> Sequence[Any]:
    """Return (student, time of arrival, late penalty) rows, ordered by student id."""
    one, notebook = api.SubmittedAssignment, api.SubmittedNotebook
    of_it = and_(notebook.assignment_id == one.id, notebook.notebook_id.in_(_notebooks(assignment)))
    return session.execute(
        select(
            one.student_id,
            one.timestamp,
            func.coalesce(func.sum(notebook.late_submission_penalty), 0.0),
        )
        .join(api.Assignment, api.Assignment.id == one.assignment_id)
        .outerjoin(notebook, of_it)
        .where(*_of(assignment, student))
        .group_by(one.id, one.student_id, one.timestamp)
        .order_by(one.student_id)
    ).all()


def _sums(session: Session, assignment: str, student: str | None) -> dict[str, tuple[float, bool]]:
    """Return each student's points before late penalties; True if any wait for manual grading."""
    who, waits = api.SubmittedAssignment.student_id, api.Grade.needs_manual_grade
    sums = func.sum(api.Grade.score), func.sum(case((waits, 1), else_=0))
    rows = session.execute(grades(assignment, student, who, *sums).group_by(who)).all()
    return {student: (points or 0.0, bool(waiting)) for student, points, waiting in rows}


def _counting(session: Session, assignment: str) -> dict[str, str]:
    rows = session.execute(
        select(SubmissionRow.student, SubmissionRow.id).where(
            SubmissionRow.assignment == assignment, SubmissionRow.counts
        )
    ).all()
    return {row.student: row.id for row in rows}


def _max_scores(session: Session, assignment: str) -> dict[str, float]:
    """Return maximum points by cell id."""
    found: dict[str, float] = {}
    for table in (api.GradeCell, api.TaskCell):
        rows = session.execute(
            select(table.id, table.max_score)
            .join(api.Notebook, api.Notebook.id == table.notebook_id)
            .join(api.Assignment, api.Assignment.id == api.Notebook.assignment_id)
            .where(api.Assignment.name == assignment)
        ).all()
        found.update({row.id: row.max_score for row in rows})
    return found
