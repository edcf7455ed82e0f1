"""Recording of a graded submission in the gradebook, in one transaction; repeating it is safe.

Manual scores, extra credit and manual comments are never changed. nbgrader's SaveAutoGrades gives
the rules for what waits for manual grading, with one difference: recording the same result again
does not ask for a second look at a manual score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbgrader import api
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.gradebook.database.connection import (
    Gradebook,
    moment,
    now,
    reading,
    storable,
    writing,
)
from autograder.gradebook.database.portal_tables import QueueRow
from autograder.gradebook.database.tables import CriterionRow, SubmissionRow
from autograder.gradebook.scores.counting_submission import choose
from autograder.gradebook.scores.lateness import late_penalty
from autograder.gradebook.scores.nbgrader_scores import (
    AuditContext,
    assignment_of,
    late_elsewhere,
    write_late_penalties,
    write_scores,
)
from autograder.gradebook.scores.student_scores import handed_in
from autograder.nouns import (
    CriterionResult,
    NotebookResult,
    Outcome,
    Result,
    Submission,
    TaskResult,
    criterion_id,
)

Found = dict[str, Any]  # {"auto": float | None, "untouched": bool}


@dataclass(frozen=True)
class Recorded:
    """A student's score after recording; `counts` if this submission is the one that counts."""

    submission: str
    counting: str
    score: float
    max_score: float
    late_penalty: float
    needs_person: bool
    counts: bool


GRADER = AuditContext()


def record(course: Course, submission: Submission, result: Result, digest: str = "") -> Recorded:
    """Record a graded submission and return the student's score.

    nbgrader's tables get the scores of the submission that counts (choosing.py); our tables keep
    the criterion results of every submission. `digest` identifies the recorded result for the next
    grading. Raises NotFound if the assignment is not registered.
    """
    with writing(course) as book:
        return put(course, book, submission, result, GRADER, digest)


def put(
    course: Course,
    book: Gradebook,
    submission: Submission,
    result: Result,
    by: AuditContext,
    digest: str = "",
) -> Recorded:
    """Record inside the caller's transaction."""
    assignment = assignment_of(book, submission.assignment)
    book.update_or_create_student(submission.student)
    row = _submission_row(book.session, submission)
    row.tasks, row.digest = _found(book.session, result, row.tasks), digest
    row.outcome = str(_outcome(row, result))
    _criterion_rows(book.session, submission, result)
    _no_longer_failed(book.session, submission)
    counting = choose(course, book, assignment, row)
    late = late_penalty(course, book.session, assignment, counting)
    write_scores(book, counting, by)
    write_late_penalties(book, counting, late)
    late_elsewhere(course, book, counting)
    return _recorded(book, submission, counting)


# ── Our tables ───────────────────────────────────────────────────────────────────────


def _submission_row(session: Session, submission: Submission) -> SubmissionRow:
    row = session.get(SubmissionRow, submission.id) or SubmissionRow(
        id=submission.id,
        assignment=submission.assignment,
        student=submission.student,
        counts=False,
        total=0.0,
        tasks={},
        outcome=str(Outcome.BROKEN),
        first_recorded=now(),
    )
    row.received, row.sha256 = moment(submission.received), submission.sha256
    row.release, row.recorded = submission.release, now()
    session.add(row)
    return row


def _found(
    session: Session, result: Result, before: Mapping[str, Mapping[str, Found]]
) -> dict[str, dict[str, Found]]:
    """Return the result of every cell with points: the new one, else the one recorded before."""
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
    if task is None:
        return {"auto": None, "untouched": False} if graded.broken else None  # null: needs a person
    points = _finite(task.points)
    auto = None if points is None else min(max(points, 0.0), most)
    return {"auto": auto, "untouched": not task.attempted}


def _outcome(row: SubmissionRow, result: Result) -> Outcome:
    """Return the outcome of a full result; for a regrade of some tasks, never lower than before."""
    judged = {(n.notebook, t.grade_id) for n in result.notebooks for t in n.tasks}
    whole = judged >= {(notebook, task) for notebook, tasks in row.tasks.items() for task in tasks}
    before = Outcome.BROKEN if whole else Outcome(row.outcome)
    return max(before, result.outcome, key=lambda outcome: outcome.rank)


def _no_longer_failed(session: Session, submission: Submission) -> None:
    session.execute(
        update(QueueRow)
        .where(QueueRow.submission == submission.id, QueueRow.state == "failed")
        .values(state="done", note="")
    )


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


def _recorded(book: Gradebook, submission: Submission, counting: SubmissionRow) -> Recorded:
    book.session.flush()
    known = api.SubmittedAssignment
    sums = handed_in(
        submission.assignment,
        submission.student,
        known.score,
        known.max_score,
        known.late_submission_penalty,
        known.needs_manual_grade,
    )
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


def digest_of(course: Course, submission: str) -> str | None:
    """Return the digest of a submission's recorded result, "" if a regrade or an earlier version
    recorded it; None if nothing is recorded.
    """
    with reading(course) as session:
        row = session.get(SubmissionRow, submission)
        return row.digest if row else None


def _finite(number: float | None) -> float | None:
    return float(number) if number is not None and math.isfinite(number) else None
