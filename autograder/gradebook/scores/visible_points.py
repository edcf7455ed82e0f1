"""Scores as students may see them: no sum of them reveals more about hidden criteria than is shown.

Under `hidden = "verdict"`, partial credit of a hidden criterion is rounded down to quarters; under
"none" it is not shown at all. The best submission and the late penalty are then computed from the
shown points, because comparing or subtracting exact ones would reveal the rest. The recorded scores
stay exact.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nbgrader import api
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.gradebook.database.connection import reading
from autograder.gradebook.database.tables import CriterionRow, SubmissionRow
from autograder.gradebook.scores.lateness import late_penalty
from autograder.gradebook.scores.student_scores import (
    StudentScore,
    TaskScore,
    student_scores,
    task_scores,
)

STEPS = 4  # of shown partial credit
_ROUNDING = 1e-9  # tolerance for floating-point sums
DECIMALS = 6  # further decimals of a difference depend on the hidden points subtracted
Taken = Mapping[tuple[str, str, str], float]  # (submission, notebook, task): points not shown


def shown_points(points: float, max_points: float, policy: str) -> float:
    """Return the points of a hidden criterion that its student may see.

    >>> [shown_points(found, 10, "verdict") for found in (0, 0.2, 2.5, 7.4, 9.8, 10)]
    [0.0, 0.0, 2.5, 5.0, 7.5, 10.0]
    >>> shown_points(7.4, 10, "number"), shown_points(7.4, 10, "none")
    (7.4, 0.0)
    """
    if policy == "number":
        return points
    if policy == "none" or max_points <= 0:
        return 0.0
    share = min(max(points / max_points, 0.0), 1.0)
    return math.floor(share * STEPS + _ROUNDING) / STEPS * max_points


def shown_scores(
    course: Course, assignment: str, student: str | None = None
) -> tuple[StudentScore, ...]:
    """Return `student_scores` as students may see them; `submission` is the best by shown points.

    If the course counts the last submission, `submission` is the last one.
    """
    scores = student_scores(course, assignment, student)
    policy = course.feedback_of(assignment).hidden
    if policy == "number":
        return scores
    with reading(course) as session:
        taken = _not_shown(session, assignment, student, policy)
        if not taken:
            return scores
        rows = _submissions(session, assignment, student)
        known = session.scalar(select(api.Assignment).where(api.Assignment.name == assignment))
        tasks = defaultdict(list)
        for task in task_scores(course, assignment, student):
            tasks[task.student].append(task)

        def shown(score: StudentScore) -> StudentScore:
            mine = rows.get(score.student, ())
            if not mine:
                return score
            found = [_shown(course, session, known, row, tasks[row.student], taken) for row in mine]
            by_score = course.submissions.counts == "best"
            best = max(
                zip(found, mine, strict=True),
                key=lambda one: (
                    one[0][0] - one[0][1] if by_score else 0.0,
                    one[1].received,
                    one[1].id,
                ),
            )
            (points, late), row = best
            return replace(
                score, submission=row.id, received=row.received, score=points, late_penalty=late
            )

        return tuple(map(shown, scores))


def _submissions(
    session: Session, assignment: str, student: str | None
) -> dict[str, Sequence[SubmissionRow]]:
    query = select(SubmissionRow).where(SubmissionRow.assignment == assignment)
    if student is not None:
        query = query.where(SubmissionRow.student == student)
    found: dict[str, list[SubmissionRow]] = {}
    for row in session.scalars(query):
        found.setdefault(row.student, []).append(row)
    return dict(found)


def _not_shown(session: Session, assignment: str, student: str | None, policy: str) -> Taken:
    """Return the points of hidden criteria that are not shown, by submission, notebook and task."""
    query = (
        select(
            CriterionRow.submission,
            CriterionRow.notebook,
            CriterionRow.task,
            CriterionRow.points,
            CriterionRow.max_points,
        )
        .join(SubmissionRow, SubmissionRow.id == CriterionRow.submission)
        .where(SubmissionRow.assignment == assignment, CriterionRow.hidden, CriterionRow.points > 0)
    )
    if student is not None:
        query = query.where(SubmissionRow.student == student)
    taken: dict[tuple[str, str, str], float] = defaultdict(float)
    for submission, notebook, task, points, most in session.execute(query):
        rest = points - shown_points(points, most, policy)
        if rest > _ROUNDING:
            taken[submission, notebook, task] += rest
    return taken


def _shown(
    course: Course,
    session: Session,
    assignment: Any,
    row: SubmissionRow,
    tasks: Sequence[TaskScore],
    taken: Taken,
) -> tuple[float, float]:
    """Return a submission's shown points and the late penalty on them."""
    notebooks: dict[str, float] = defaultdict(float)
    for task in tasks:
        if task.manual is not None:
            points = task.manual
        else:
            found = row.tasks.get(task.notebook, {}).get(task.task, {}).get("auto") or 0.0
            rest = found - taken.get((row.id, task.notebook, task.task), 0.0)
            points = max(round(rest, DECIMALS), 0.0)
        notebooks[task.notebook] += points + (task.extra or 0.0)
    late = late_penalty(course, session, assignment, row)
    return sum(notebooks.values()), sum(late(points) for points in notebooks.values())
