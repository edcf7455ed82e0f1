"""Writing of the counting submission's scores and late penalties to nbgrader's tables.

Manual scores, extra credit and manual comments are never changed. nbgrader's SaveAutoGrades gives
the rules for what waits for manual grading.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from nbgrader import api
from sqlalchemy import Select, select

from autograder.config import Course
from autograder.errors import NotFound
from autograder.gradebook.database.connection import Gradebook, now, storable
from autograder.gradebook.database.tables import AuditRow, SubmissionRow
from autograder.gradebook.scores.lateness import Penalty, in_time, late_penalty
from autograder.gradebook.scores.student_scores import handed_in


@dataclass(frozen=True)
class AuditContext:
    """Author, action and reason of a change of scores, for the audit log."""

    who: str = "autograder"
    action: str = "graded again"
    reason: str = ""  # "": name the submission
    every: bool = False  # also log new scores where an internal error had left none


def assignment_of(book: Gradebook, name: str) -> Any:
    try:
        return book.find_assignment(name)
    except api.MissingEntry as error:
        raise NotFound(
            f"the gradebook knows no assignment {name!r}",
            way_out=f"release it first: autograder release {name}",
        ) from error


def write_scores(book: Gradebook, counting: SubmissionRow, by: AuditContext) -> None:
    with book.session.no_autoflush:  # nbgrader fills a new submission before adding it
        known = book.update_or_create_submission(
            counting.assignment, counting.student, timestamp=counting.received
        )
    comments = {
        (notebook, cell): comment
        for comment, notebook, cell in book.session.execute(_of(api.Comment, known.id))
    }
    for grade, notebook, task in book.session.execute(_of(api.Grade, known.id)).all():
        found = counting.tasks.get(notebook, {}).get(task)
        if found is None:
            continue
        known_before = by.every or grade.auto_score is not None
        if known_before and grade.auto_score != found["auto"]:
            book.session.add(_graded_again(counting, notebook, task, grade, found["auto"], by))
        if grade.manual_score is None:
            grade.needs_manual_grade = found["auto"] is None
        elif grade.auto_score != found["auto"]:
            grade.needs_manual_grade = True  # changed since the person scored it
        grade.auto_score = found["auto"]
        comment = comments.get((notebook, task))
        if comment is not None:
            comment.auto_comment = "No response." if found["untouched"] else None
    book.session.flush()


def _of(table: Any, submitted: str) -> Select[Any]:
    """Return a query for the grades or comments of a submission, with notebook and cell names."""
    return (
        select(table, api.Notebook.name, api.BaseCell.name)
        .join(api.BaseCell, api.BaseCell.id == table.cell_id)
        .join(api.SubmittedNotebook, api.SubmittedNotebook.id == table.notebook_id)
        .join(api.Notebook, api.Notebook.id == api.SubmittedNotebook.notebook_id)
        .where(api.SubmittedNotebook.assignment_id == submitted)
    )


def _graded_again(
    counting: SubmissionRow,
    notebook: str,
    task: str,
    grade: Any,
    auto: float | None,
    by: AuditContext,
) -> AuditRow:
    return AuditRow(
        at=now(),
        who=by.who,
        action=by.action,
        assignment=counting.assignment,
        student=counting.student,
        notebook=notebook,
        task=task,
        before={"auto_score": grade.auto_score},
        after={"auto_score": auto},
        reason=storable(by.reason) or f"submission {counting.id}",
    )


def write_late_penalties(book: Gradebook, counting: SubmissionRow, late: Penalty) -> None:
    book.session.flush()
    notebook = api.SubmittedNotebook
    rows = handed_in(counting.assignment, counting.student, notebook, notebook.score).join(
        notebook, notebook.assignment_id == api.SubmittedAssignment.id
    )
    for row, score in book.session.execute(rows).all():
        row.late_submission_penalty = None if late is in_time else late(score) or None
    book.session.flush()


def late_again(course: Course, book: Gradebook, assignment: str, students: Collection[str]) -> None:
    """Recompute these students' late penalties after a grader has changed scores."""
    counting = select(SubmissionRow).where(
        SubmissionRow.assignment == assignment,
        SubmissionRow.student.in_(students),
        SubmissionRow.counts,
    )
    rows = book.session.scalars(counting).all()
    known = assignment_of(book, assignment) if rows else None
    for row in rows:
        late = late_penalty(course, book.session, known, row)
        if late is not in_time:
            write_late_penalties(book, row, late)


def late_elsewhere(course: Course, book: Gradebook, counting: SubmissionRow) -> None:
    """Recompute late penalties of a student's other assignments, which share the late days."""
    if not course.late.tokens:
        return
    others = select(SubmissionRow).where(
        SubmissionRow.student == counting.student,
        SubmissionRow.counts,
        SubmissionRow.assignment != counting.assignment,
    )
    for row in book.session.scalars(others).all():
        late = late_penalty(course, book.session, assignment_of(book, row.assignment), row)
        write_late_penalties(book, row, late)
