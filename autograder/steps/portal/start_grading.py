"""Grading started by staff: submissions are queued, and progress is reported.

The worker of `autograder serve` grades the queue; nothing is graded twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from autograder.config import Course
from autograder.errors import AutograderError
from autograder.gradebook.database import audit
from autograder.gradebook.database.connection import now
from autograder.gradebook.portal import queue
from autograder.gradebook.scores import overview
from autograder.language import translate
from autograder.steps.assignments import released_number, require_assignment
from autograder.steps.grading.collect import submissions, unrecorded

STARTED = "grading started"


@dataclass(frozen=True)
class Batch:
    """One grading run started by staff."""

    who: str
    at: datetime  # aware, UTC
    total: int
    done: int
    failed: int
    running: int
    left: timedelta | None  # None before the first is done, and at the end

    @property
    def over(self) -> bool:
        return self.done + self.failed >= self.total


def start(course: Course, assignment: str, who: str, *, everything: bool = False) -> int:
    """Queue all submissions, or only those not graded yet, and return their number.

    Not graded yet is every stored submission without an outcome, even if it is not the newest, and
    every one that a fault of the autograder left undecided. Raises AutograderError if there is
    nothing to grade, or if the assignment was never released.
    """
    require_assignment(course, assignment)
    if not released_number(course, assignment):
        raise AutograderError(
            translate("It was never released."), way_out=f"autograder release {assignment}"
        )
    _, errors = overview.graded_ids(course, assignment)
    lying = {one.id: one.student for one in submissions(course, assignment)}
    new = {one.id: one.student for one in unrecorded(course, assignment)}
    again = {id_: who for id_, who in lying.items() if everything or id_ in errors}
    chosen = [(student, id_) for id_, student in sorted({**new, **again}.items())]
    if not chosen:
        raise AutograderError(
            translate("Nothing is left to grade.") if lying else translate("Nothing is handed in.")
        )
    audit.note(course, who, STARTED, assignment, {"submissions": len(chosen)})
    return queue.enqueue_all(course, assignment, chosen)


def batch(course: Course, assignment: str) -> Batch | None:
    """Return the grading started last, with its progress; None if there was none."""
    last = audit.last(course, assignment, STARTED)
    if last is None:
        return None
    states = queue.states_since(course, assignment, last.at)
    done, total = states.get("done", 0), sum(states.values())
    busy = states.get("running", 0) + states.get("waiting", 0)
    left = (now() - last.at) / done * busy if done and busy else None
    at = last.at.replace(tzinfo=timezone.utc)
    return Batch(last.who, at, total, done, states.get("failed", 0), states.get("running", 0), left)
