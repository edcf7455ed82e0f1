"""Released assignments, their tasks and their criteria, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.errors import NotFound
from autograder.gradebook.database.connection import reading
from autograder.gradebook.database.tables import ReleaseRow
from autograder.nouns import TaskKind

LAST = 1 << 30  # the place of a task that the newest release does not have


@dataclass(frozen=True)
class ReleasedTask:
    """One task of the newest release."""

    notebook: str
    task: str
    points: float
    kind: TaskKind
    answers: tuple[str, ...] = ()  # its answer cells


def assignments(course: Course) -> tuple[str, ...]:
    """Return the names of the assignments with a registered release, sorted."""
    with reading(course) as session:
        query = select(ReleaseRow.assignment).distinct().order_by(ReleaseRow.assignment)
        return tuple(session.scalars(query).all())


def tasks(course: Course, assignment: str) -> tuple[ReleasedTask, ...]:
    """Return the tasks of the newest release in order; empty if it was never released."""
    with reading(course) as session:
        return _released(session, assignment)


def task_of(session: Session, assignment: str, notebook: str, task: str) -> ReleasedTask:
    """Return one task of the newest release, using the caller's session.

    Raises NotFound if the release has no such task.
    """
    for one in _released(session, assignment):
        if (one.notebook, one.task) == (notebook, task):
            return one
    raise NotFound(f"{assignment} has no task {task!r}")


def _released(session: Session, assignment: str) -> tuple[ReleasedTask, ...]:
    row = session.scalars(_newest(assignment)).first()
    return tuple(
        ReleasedTask(
            one["notebook"],
            one["task"],
            one["points"],
            TaskKind(one["kind"]),
            tuple(one.get("answers", ())),
        )
        for one in (row.tasks if row else ())
    )


def demands(course: Course, assignment: str, release: int = 0) -> Mapping[str, Mapping[str, Any]]:
    """Return the criteria of a release by criterion id; 0 is the newest release.

    Each has `demand` with its {settings}, `sentence`, `points`, `hidden` and `settings`. Return an
    empty dict if the release is unknown.
    """
    with reading(course) as session:
        query = _newest(assignment)
        if release:
            query = query.where(ReleaseRow.number == release)
        row = session.scalars(query).first()
        return dict(row.demands) if row else {}


def place_of_tasks(session: Session, assignment: str) -> dict[Any, int]:
    """Return the position of each (notebook, task) in the newest release, from 0."""
    row = session.scalars(_newest(assignment)).first()
    tasks = row.tasks if row else []
    return {(task["notebook"], task["task"]): place for place, task in enumerate(tasks)}


def _newest(assignment: str) -> Select[Any]:
    query = select(ReleaseRow).where(ReleaseRow.assignment == assignment)
    return query.order_by(ReleaseRow.number.desc()).limit(1)
