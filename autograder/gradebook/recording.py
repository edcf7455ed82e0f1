"""One graded submission into the gradebook: all of it or nothing, and again without harm.

A person's scores, extra credit and comments are never touched; the rules for what waits for a
person are those of nbgrader's SaveAutoGrades, with one difference: recording the same thing again
does not ask for a second look at a score that a person has given.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from nbgrader import api
from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.errors import NotFound
from autograder.gradebook.connection import (
    Gradebook,
    moment,
    now,
    storable,
    writing,
)
from autograder.gradebook.lateness import Penalty, in_time, late_penalty
from autograder.gradebook.scores import handed_in
from autograder.gradebook.tables import AuditRow, CriterionRow, SubmissionRow
from autograder.nouns import (
    CriterionResult,
    NotebookResult,
    Result,
    Submission,
    TaskKind,
    TaskResult,
    criterion_id,
)

Found = dict[str, Any]  # {"auto": float | None, "untouched": bool}


@dataclass(frozen=True)
class Recorded:
    """What the gradebook now says of a student's assignment; `counts` if by this submission."""

    submission: str
    counting: str
    score: float
    max_score: float
    late_penalty: float
    needs_person: bool
    counts: bool


@dataclass(frozen=True)
class By:
    """Who lets scores be recorded, and why: for the audit of what changes by it."""

    who: str = "autograder"
    action: str = "graded again"
    reason: str = ""  # "": the submission
    every: bool = False  # also a score where there was none, because of a fault of ours


GRADER = By()


def record(course: Course, submission: Submission, result: Result) -> Recorded:
    """The student's score after recording; raises NotFound if the assignment is not registered.

    The submission that counts, the best or the last as the course says, is the one whose scores
    nbgrader has; every submission keeps its criterion results in our tables.
    """
    with writing(course) as book:
        return put(course, book, submission, result, GRADER)


def put(
    course: Course, book: Gradebook, submission: Submission, result: Result, by: By
) -> Recorded:
    """The same within a transaction of whoever calls."""
    assignment = _assignment(book, submission.assignment)
    book.update_or_create_student(submission.student)
    row = _submission_row(book.session, submission)
    row.tasks = _found(book.session, result, row.tasks)
    _criterion_rows(book.session, submission, result)
    counting = _choose(course, book, assignment, row)
    late = late_penalty(course, book.session, assignment, counting)
    _scores(book, counting, by)
    _late_penalties(book, counting, late)
    _late_elsewhere(course, book, counting)
    return _recorded(book, submission, counting)


def _assignment(book: Gradebook, name: str) -> Any:
    try:
        return book.find_assignment(name)
    except api.MissingEntry as error:
        raise NotFound(
            f"the gradebook knows no assignment {name!r}",
            way_out=f"release it first: autograder release {name}",
        ) from error


# ── Our tables ───────────────────────────────────────────────────────────────────────


def _submission_row(session: Session, submission: Submission) -> SubmissionRow:
    row = session.get(SubmissionRow, submission.id) or SubmissionRow(
        id=submission.id,
        assignment=submission.assignment,
        student=submission.student,
        counts=False,
        total=0.0,
        tasks={},
    )
    row.received, row.sha256 = moment(submission.received), submission.sha256
    row.release, row.recorded = submission.release, now()
    session.add(row)
    return row


def _found(
    session: Session, result: Result, before: Mapping[str, Mapping[str, Found]]
) -> dict[str, dict[str, Found]]:
    """What is known of every cell with points: the result's word, else what was known before."""
    graded = {notebook.notebook: notebook for notebook in result.notebooks}
    found: dict[str, dict[str, Found]] = {}
    for table in (api.GradeCell, api.TaskCell):
        cells = session.execute(
            select(api.Notebook.name, table.name, table.max_score)
            .join(api.Notebook, api.Notebook.id == table.notebook_id)
            .join(api.Assignment, api.Assignment.id == api.Notebook.assignment_id)
            .where(api.Assignment.name == result.assignment)
        )
        for notebook, name, most in cells:
            known = before.get(notebook, {}).get(name)
            this = _found_of(graded.get(notebook), name, most) or known
            if this is not None:
                found.setdefault(notebook, {})[name] = this
    return found


def _found_of(graded: NotebookResult | None, name: str, most: float) -> Found | None:
    if graded is None:
        return None
    task = next((task for task in graded.tasks if task.grade_id == name), None)
    if graded.broken and (task is None or task.kind is TaskKind.MANUAL):
        return {"auto": 0.0, "untouched": False}  # nothing that a person could read
    if task is None:
        return None
    points = _finite(task.points)
    auto = None if points is None else min(max(points, 0.0), most)
    return {"auto": auto, "untouched": not task.attempted}


def _choose(
    course: Course, book: Gradebook, assignment: Any, recorded: SubmissionRow
) -> SubmissionRow:
    """The submission of this student that counts, marked so; it was another one, maybe."""
    book.session.flush()
    rows = book.session.scalars(
        select(SubmissionRow).where(
            SubmissionRow.assignment == recorded.assignment,
            SubmissionRow.student == recorded.student,
        )
    ).all()
    for row in rows:  # anew each time: an extension may have been granted since
        row.total = _total(row, late_penalty(course, book.session, assignment, row))
    by_score = course.submissions.counts == "best"
    counting = max(rows, key=lambda r: (r.total if by_score else 0.0, r.received, r.id))
    for row in rows:
        row.counts = row is counting
    book.session.flush()
    return counting


def _total(row: SubmissionRow, late: Penalty) -> float:
    notebooks = [
        sum(found["auto"] or 0.0 for found in notebook.values()) for notebook in row.tasks.values()
    ]
    return sum(points - late(points) for points in notebooks)


def _criterion_rows(session: Session, submission: Submission, result: Result) -> None:
    for notebook in result.notebooks:
        for task in notebook.tasks:
            session.execute(
                delete(CriterionRow).where(
                    CriterionRow.submission == submission.id,
                    CriterionRow.notebook == notebook.notebook,
                    CriterionRow.task == task.grade_id,
                )
            )
            session.add_all(
                _criterion_row(submission, notebook, task, position, criterion)
                for position, criterion in enumerate(task.criteria)
            )
    session.flush()


def _criterion_row(
    submission: Submission,
    notebook: NotebookResult,
    task: TaskResult,
    position: int,
    criterion: CriterionResult,
) -> CriterionRow:
    name = criterion_id(submission.assignment, notebook.notebook, task.grade_id, criterion.name)
    message = criterion.message
    return CriterionRow(
        submission=submission.id,
        criterion=name,
        notebook=notebook.notebook,
        task=task.grade_id,
        position=position,
        demand=storable(criterion.demand),
        hidden=criterion.hidden,
        status=str(criterion.status),
        points=_finite(criterion.points) or 0.0,
        max_points=criterion.max_points,
        score=_finite(criterion.score),
        attempts=criterion.attempts,
        error=storable(criterion.error)[:128],
        message=storable(
            {
                "expected": message.expected,
                "got": message.got,
                "next": message.next,
                "values": dict(message.values),
            }
        ),
        run=notebook.run,
    )


# ── nbgrader's tables ────────────────────────────────────────────────────────────────


def _scores(book: Gradebook, counting: SubmissionRow, by: By) -> None:
    with book.session.no_autoflush:  # nbgrader fills a new submission in before it adds it
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
            grade.needs_manual_grade = True  # what the person saw is not what there is now
        grade.auto_score = found["auto"]
        comment = comments.get((notebook, task))
        if comment is not None:
            comment.auto_comment = "No response." if found["untouched"] else None
    book.session.flush()


def _of(table: Any, submitted: str) -> Select[Any]:
    """The grades or comments of one submitted assignment, with the names of notebook and cell."""
    return (
        select(table, api.Notebook.name, api.BaseCell.name)
        .join(api.BaseCell, api.BaseCell.id == table.cell_id)
        .join(api.SubmittedNotebook, api.SubmittedNotebook.id == table.notebook_id)
        .join(api.Notebook, api.Notebook.id == api.SubmittedNotebook.notebook_id)
        .where(api.SubmittedNotebook.assignment_id == submitted)
    )


def _graded_again(
    counting: SubmissionRow, notebook: str, task: str, grade: Any, auto: float | None, by: By
) -> AuditRow:
    return AuditRow(
        at=now(), who=by.who, action=by.action, assignment=counting.assignment,
        student=counting.student, notebook=notebook, task=task,
        before={"auto_score": grade.auto_score}, after={"auto_score": auto},
        reason=storable(by.reason) or f"submission {counting.id}",
    )  # fmt: skip


def _late_penalties(book: Gradebook, counting: SubmissionRow, late: Penalty) -> None:
    book.session.flush()
    notebook = api.SubmittedNotebook
    rows = handed_in(counting.assignment, counting.student, notebook, notebook.score).join(
        notebook, notebook.assignment_id == api.SubmittedAssignment.id
    )
    for row, score in book.session.execute(rows).all():
        row.late_submission_penalty = None if late is in_time else late(score) or None
    book.session.flush()


def late_again(course: Course, book: Gradebook, assignment: str, students: Collection[str]) -> None:
    """Takes off for lateness anew, after a person has changed scores."""
    counting = select(SubmissionRow).where(
        SubmissionRow.assignment == assignment, SubmissionRow.student.in_(students),
        SubmissionRow.counts,
    )  # fmt: skip
    rows = book.session.scalars(counting).all()
    known = _assignment(book, assignment) if rows else None
    for row in rows:
        late = late_penalty(course, book.session, known, row)
        if late is not in_time:
            _late_penalties(book, row, late)


def _late_elsewhere(course: Course, book: Gradebook, counting: SubmissionRow) -> None:
    """Takes off for lateness anew where this student's late days went to other work."""
    if not course.late.tokens:
        return
    others = select(SubmissionRow).where(
        SubmissionRow.student == counting.student, SubmissionRow.counts,
        SubmissionRow.assignment != counting.assignment,
    )  # fmt: skip
    for row in book.session.scalars(others).all():
        late = late_penalty(course, book.session, _assignment(book, row.assignment), row)
        _late_penalties(book, row, late)


def choose_again(course: Course, assignment: str, student: str) -> str:
    """The submission that counts after more time was given; "" if nothing is graded yet."""
    with writing(course) as book:
        mine = select(SubmissionRow).where(
            SubmissionRow.assignment == assignment, SubmissionRow.student == student
        )
        row = book.session.scalars(mine).first()
        if row is None:
            return ""
        known = _assignment(book, assignment)
        counting = _choose(course, book, known, row)
        _scores(book, counting, By(action="chosen again", reason="more time was given"))
        _late_penalties(book, counting, late_penalty(course, book.session, known, counting))
        _late_elsewhere(course, book, counting)
        return counting.id


def _recorded(book: Gradebook, submission: Submission, counting: SubmissionRow) -> Recorded:
    book.session.flush()
    known = api.SubmittedAssignment
    sums = handed_in(
        submission.assignment, submission.student,
        known.score, known.max_score, known.late_submission_penalty, known.needs_manual_grade,
    )  # fmt: skip
    score, max_score, penalty, needs_person = book.session.execute(sums).one()
    return Recorded(
        submission=submission.id,
        counting=counting.id,
        score=score,
        max_score=max_score,
        late_penalty=penalty or 0.0,
        needs_person=bool(needs_person),
        counts=counting.id == submission.id,
    )


def _finite(number: float | None) -> float | None:
    return float(number) if number is not None and math.isfinite(number) else None
