"""Previews and regrades requested on staff pages; the worker does them one at a time."""

from __future__ import annotations

import time

from autograder.config import Course
from autograder.errors import AutograderError
from autograder.gradebook.database.connection import now
from autograder.gradebook.regrades import previews
from autograder.gradebook.regrades.previews import Plan
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.regrade.applying import apply
from autograder.steps.regrade.previewing import Preview, preview

TOLD_SECONDS = 0.5


def regrade_next(course: Course, workers: Workers) -> bool:
    """Do the next waiting preview or regrade; return False if there was none.

    A failure is recorded in its plan.
    """
    plan = previews.take(course)
    if plan is None:
        return False
    try:
        if plan.state == "judging":
            _preview(course, plan, workers)
        else:
            _apply(course, plan, workers)
    except AutograderError as error:
        way_out = f" {error.way_out}" if error.way_out else ""
        previews.tell(course, plan.id, state="failed", note=f"{error.fact}.{way_out}")
    except Exception as error:
        previews.tell(course, plan.id, state="failed", note=f"{type(error).__name__}: {error}")
        raise
    return True


def _preview(course: Course, plan: Plan, workers: Workers) -> None:
    found = preview(
        course,
        plan.assignment,
        workers,
        tasks=plan.tasks,
        runs=plan.runs,
        progress=_Teller(course, plan).tell,
    )
    previews.tell(course, plan.id, state="ready", source=found.source, found=found.as_json())


def _apply(course: Course, plan: Plan, workers: Workers) -> None:
    apply(
        course,
        Preview.from_json(plan.found),
        workers,
        who=plan.applied_by,
        reason=plan.reason,
        progress=_Teller(course, plan).tell,
    )
    previews.tell(course, plan.id, state="applied", applied=now())


class _Teller:
    """Recorder of a plan's progress, at most every `TOLD_SECONDS`."""

    def __init__(self, course: Course, plan: Plan) -> None:
        self._course, self._plan, self._told = course, plan, 0.0

    def tell(self, done: int, total: int) -> None:
        if done == total or time.monotonic() - self._told > TOLD_SECONDS:
            previews.tell(self._course, self._plan.id, done=done, total=total)
            self._told = time.monotonic()
