"""One graded submission into the gradebook: all of it or nothing, and again without harm.

A person's scores, extra credit and comments are never touched; the rules for what waits for a
person are those of nbgrader's SaveAutoGrades, with one difference: recording the same thing again
does not ask for a second look at a score that a person has given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from nbgrader import api
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.errors import ConfigError, NotFound
from autograder.gradebook.connection import (
    Gradebook,
    moment,
    nbgrader_config,
    now,
    storable,
    writing,
)
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

Penalty = Callable[[float], float]  # a notebook's score -> what lateness takes from it
Found = dict[str, Any]  # {"auto": float | None, "untouched": bool}


@dataclass(frozen=True)
class Recorded:
    """What the gradebook now says of a student's assignment; `counts` if by this submission."""

    submission: str
    score: float
    max_score: float
    late_penalty: float
    needs_person: bool
    counts: bool


def record(course: Course, submission: Submission, result: Result) -> Recorded:
    """The student's score after recording; raises NotFound if the assignment is not registered.

    The submission that counts, the best or the last as the course says, is the one whose scores
    nbgrader has; every submission keeps its criterion results in our tables.
    """
    with writing(course) as book:
        assignment = _assignment(book, submission.assignment)
        book.update_or_create_student(submission.student)
        row = _submission_row(book.session, submission)
        row.tasks = _found(assignment, result, row.tasks)
        _criterion_rows(book.session, submission, result)
        counting = _choose(course, book, assignment, row)
        late = _late_penalty(course, assignment, counting)
        _scores(book, counting)
        _late_penalties(book, counting, late)
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
    assignment: Any, result: Result, before: Mapping[str, Mapping[str, Found]]
) -> dict[str, dict[str, Found]]:
    """What is known of every cell with points: the result's word, else what was known before."""
    graded = {notebook.notebook: notebook for notebook in result.notebooks}
    nothing = NotebookResult("", ())
    return {
        notebook.name: _found_in(
            notebook, graded.get(notebook.name, nothing), before.get(notebook.name, {})
        )
        for notebook in assignment.notebooks
    }


def _found_in(
    notebook: Any, graded: NotebookResult, before: Mapping[str, Found]
) -> dict[str, Found]:
    tasks = {task.grade_id: task for task in graded.tasks}
    found: dict[str, Found] = {}
    for cell in (*notebook.grade_cells, *notebook.task_cells):
        task = tasks.get(cell.name)
        if graded.broken and (task is None or task.kind is TaskKind.MANUAL):
            found[cell.name] = {"auto": 0.0, "untouched": False}  # nothing a person could read
        elif task is not None:
            points = _finite(task.points)
            auto = None if points is None else min(max(points, 0.0), cell.max_score)
            found[cell.name] = {"auto": auto, "untouched": not task.attempted}
        elif cell.name in before:
            found[cell.name] = before[cell.name]
    return found


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
        row.total = _total(row, _late_penalty(course, assignment, row))
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


def _scores(book: Gradebook, counting: SubmissionRow) -> None:
    session = book.session
    known = book.update_or_create_submission(
        counting.assignment, counting.student, timestamp=counting.received
    )
    for notebook in known.notebooks:
        found = counting.tasks.get(notebook.name, {})
        comments = {comment.name: comment for comment in notebook.comments}
        for grade in notebook.grades:
            if grade.name not in found:
                continue
            this = found[grade.name]
            if grade.manual_score is None:
                grade.needs_manual_grade = this["auto"] is None
            elif grade.auto_score != this["auto"]:
                grade.needs_manual_grade = True  # what the person saw is not what there is now
            if grade.auto_score not in {None, this["auto"]}:
                session.add(_graded_again(counting, notebook.name, grade, this["auto"]))
            grade.auto_score = this["auto"]
            comment = comments.get(grade.name)
            if comment is not None:
                comment.auto_comment = "No response." if this["untouched"] else None
    session.flush()


def _graded_again(
    counting: SubmissionRow, notebook: str, grade: Any, auto: float | None
) -> AuditRow:
    return AuditRow(
        at=now(), who="autograder", action="graded again", assignment=counting.assignment,
        student=counting.student, notebook=notebook, task=grade.name,
        before={"auto_score": grade.auto_score}, after={"auto_score": auto},
        reason=f"submission {counting.id}",
    )  # fmt: skip


def _late_penalties(book: Gradebook, counting: SubmissionRow, late: Penalty) -> None:
    known = book.find_submission(counting.assignment, counting.student)
    for notebook in known.notebooks:
        book.session.refresh(notebook, ["score"])
        notebook.late_submission_penalty = late(notebook.score) or None
    book.session.flush()


def _late_penalty(course: Course, assignment: Any, row: SubmissionRow) -> Penalty:
    """What nbgrader's plugin takes from a notebook's score for this submission's lateness."""
    seconds = _seconds_late(assignment, row)
    if seconds <= 0 or course.kind_of(row.assignment) == "sprint":
        return lambda _score: 0.0
    assign = AssignLatePenalties(config=nbgrader_config(course))
    assign.init_plugin()

    def penalty(score: float) -> float:
        try:
            found = assign.plugin_inst.late_submission_penalty(row.student, score, seconds)
        except Exception as error:
            raise ConfigError(
                f"the late-submission plugin failed: {type(error).__name__}: {error}",
                where=assign.plugin_class.__name__,
                way_out="mend its late_submission_penalty(student_id, score, total_seconds_late)",
            ) from error
        taken: float = min(max(float(found or 0.0), 0.0), max(score, 0.0))
        return taken

    return penalty


def _seconds_late(assignment: Any, row: SubmissionRow) -> float:
    if assignment.duedate is None:
        return 0.0
    extensions = [s.extension for s in assignment.submissions if s.student_id == row.student]
    due = assignment.duedate + (extensions[0] if extensions and extensions[0] else timedelta())
    late: float = (row.received - due).total_seconds()
    return max(0.0, late)


def _recorded(book: Gradebook, submission: Submission, counting: SubmissionRow) -> Recorded:
    book.session.flush()
    book.session.expire_all()
    known = book.find_submission(submission.assignment, submission.student)
    return Recorded(
        submission=submission.id,
        score=known.score,
        max_score=known.max_score,
        late_penalty=known.late_submission_penalty or 0.0,
        needs_person=bool(known.needs_manual_grade),
        counts=counting.id == submission.id,
    )


def _finite(number: float | None) -> float | None:
    return float(number) if number is not None and math.isfinite(number) else None
