"""Choice of the submission that counts, among all of a student's recorded ones.

Submissions with the highest outcome (`nouns.Outcome`) come first, so that one that cannot be graded
never replaces one that can. Among these the course's policy selects the best or the last one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from autograder.config import Course
from autograder.gradebook.database.connection import Gradebook, reading, writing
from autograder.gradebook.database.tables import SubmissionRow
from autograder.gradebook.scores.lateness import Penalty, late_penalty
from autograder.gradebook.scores.nbgrader_scores import (
    AuditContext,
    assignment_of,
    late_elsewhere,
    write_late_penalties,
    write_scores,
)
from autograder.nouns import Outcome


@dataclass(frozen=True)
class Choice:
    """One student's submission that counts, and their newest recorded one."""

    counting: str
    newest: str


def choices(course: Course, assignment: str, students: Collection[str] = ()) -> dict[str, Choice]:
    """Return the choice for every student (or for these) under the current policy.

    Where it differs from the gradebook, because the policy was changed, update the gradebook.
    """
    with reading(course) as session:
        found: dict[str, list[SubmissionRow]] = {}
        query = select(SubmissionRow).where(SubmissionRow.assignment == assignment)
        if students:
            query = query.where(SubmissionRow.student.in_(list(students)))
        for row in session.scalars(query.order_by(SubmissionRow.id)):
            found.setdefault(row.student, []).append(row)
        chosen = {
            student: Choice(_counting(course, rows).id, rows[-1].id)
            for student, rows in found.items()
        }
        changed = [
            student
            for student, rows in found.items()
            if not any(row.counts and row.id == chosen[student].counting for row in rows)
        ]
    for student in changed:
        counting = choose_again(course, assignment, student, "c.Submissions.counts was changed")
        chosen[student] = replace(chosen[student], counting=counting)
    return chosen


def choose_again(
    course: Course, assignment: str, student: str, reason: str = "more time was given"
) -> str:
    """Choose again which submission counts; return its id, or "" if nothing is graded yet."""
    with writing(course) as book:
        mine = select(SubmissionRow).where(
            SubmissionRow.assignment == assignment, SubmissionRow.student == student
        )
        row = book.session.scalars(mine).first()
        if row is None:
            return ""
        known = assignment_of(book, assignment)
        counting = choose(course, book, known, row)
        write_scores(book, counting, AuditContext(action="chosen again", reason=reason))
        write_late_penalties(book, counting, late_penalty(course, book.session, known, counting))
        late_elsewhere(course, book, counting)
        return counting.id


# ── Policy ───────────────────────────────────────────────────────────────────────────


def choose(
    course: Course, book: Gradebook, assignment: Any, recorded: SubmissionRow
) -> SubmissionRow:
    """Choose, mark and return the submission of this student that counts."""
    book.session.flush()
    rows = book.session.scalars(
        select(SubmissionRow).where(
            SubmissionRow.assignment == recorded.assignment,
            SubmissionRow.student == recorded.student,
        )
    ).all()
    for row in rows:  # recomputed, as an extension may have been granted since
        row.total = _total(row, late_penalty(course, book.session, assignment, row))
    counting = _counting(course, rows)
    for row in rows:
        row.counts = row is counting
    book.session.flush()
    return counting


def _counting(course: Course, rows: Sequence[SubmissionRow]) -> SubmissionRow:
    """Return the submission that counts under the course's policy."""
    by_score = course.submissions.counts == "best"

    def key(row: SubmissionRow) -> tuple[int, float, datetime, str]:
        return Outcome(row.outcome).rank, row.total if by_score else 0.0, row.received, row.id

    return max(rows, key=key)


def _total(row: SubmissionRow, late: Penalty) -> float:
    notebooks = [
        sum(found["auto"] or 0.0 for found in notebook.values()) for notebook in row.tasks.values()
    ]
    return sum(points - late(points) for points in notebooks)
