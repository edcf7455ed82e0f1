"""Judge recorded submissions again by the current source, from evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from autograder import gradebook
from autograder.config import Course
from autograder.engine.pool import run_all
from autograder.errors import Fault, NotFound
from autograder.evidence.results import as_json
from autograder.evidence.store import digest as bytes_digest
from autograder.gradebook.database.connection import storable
from autograder.gradebook.scores import overview
from autograder.nouns import Assignment, CriterionResult, Result, Status, Submission, criterion_id
from autograder.steps.grading.collect import shelf_of
from autograder.steps.grading.grade import judge_of
from autograder.steps.grading.pipeline.grader import GradedSubmission
from autograder.steps.grading.pipeline.workers import Workers

NOTHING = "none"  # state of a criterion that is new or was removed
Turns = dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Again:
    """One submission judged again; `why_not` says why its result must not be recorded."""

    submission: Submission
    judged: GradedSubmission | None
    result: Result | None
    turns: Turns  # criterion id -> status before and now, of those with any change
    points_move: bool
    why_not: str = ""


def digest(source: Assignment) -> str:
    """Return a digest of the assignment's notebooks and files, which judging depends on."""
    names = [f"{notebook.name}.ipynb" for notebook in source.notebooks]
    files = [*names, *source.files, *source.hidden_files]
    return bytes_digest(*(f"{n}\0".encode() + (source.path / n).read_bytes() for n in files))


def must_have(source: Assignment, tasks: Collection[str]) -> None:
    """Raise `NotFound` if the assignment lacks one of the tasks."""
    known = {task.grade_id for notebook in source.notebooks for task in notebook.tasks}
    for task in tasks:
        if task not in known:
            raise NotFound(
                f"{source.name} has no task {task!r}",
                way_out=f"its tasks: {', '.join(sorted(known))}",
            )


def judge_again(
    course: Course,
    source: Assignment,
    workers: Workers,
    chosen: Iterable[tuple[str, str]],
    tasks: Collection[str] = (),
    *,
    runs: bool = False,
) -> Iterator[Again]:
    """Judge each (student, submission) again; yield them as they finish.

    With `runs`, a submission runs again if the record of its run does not answer a question.
    """
    judge, shelf = judge_of(course, source, workers), shelf_of(course, source.name)
    before = _before(course, source.name)

    def again(one: tuple[str, str]) -> Again:
        kept = shelf.read(*one)
        if kept is None:
            gone = Submission(one[1], source.name, one[0], course.root, "", "", 0)
            return Again(gone, None, None, {}, points_move=False, why_not="its files are gone")
        submission = shelf.submission(kept)
        return _compared(submission, judge.judge(submission, may_run=runs), before, tasks)

    threads = ThreadPoolExecutor(workers.parallel)
    try:
        for done in run_all(threads, again, chosen, at_once=workers.parallel):
            if done.value is None:
                raise done.error or Fault("nothing was judged")
            yield done.value
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def recorded(course: Course, assignment: str) -> tuple[tuple[str, str], ...]:
    """Return the (student, submission) pairs to judge again: all submissions if the best counts."""
    every = course.submissions.counts == "best"
    return overview.recorded(course, assignment, all_of_them=every)


# ── Comparison with the record ───────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Known:
    task: tuple[str, str]
    status: str
    points: float
    message: Mapping[str, Any]


Before = Mapping[str, Mapping[str, _Known]]  # submission -> criterion id


def _before(course: Course, assignment: str) -> Before:
    found: dict[str, dict[str, _Known]] = {}
    for one in gradebook.criterion_scores(course, assignment, all_submissions=True):
        known = _Known((one.notebook, one.task), str(one.status), one.points, as_json(one.message))
        found.setdefault(one.submission, {})[one.criterion] = known
    return found


def _compared(
    submission: Submission, judged: GradedSubmission, before: Before, tasks: Collection[str]
) -> Again:
    result = _only(judged.result, tasks)
    was, now = before.get(submission.id, {}), _now(result)
    again = {known.task for known in now.values()}
    gone = {name: one for name, one in was.items() if one.task in again and name not in now}
    turns: Turns = {name: (one.status, NOTHING) for name, one in gone.items()}
    moved = any(one.points for one in gone.values())
    for name, one in now.items():
        old = was.get(name)
        if old is None or (old.status, old.points, old.message) != (
            one.status,
            one.points,
            one.message,
        ):
            turns[name] = (old.status if old else NOTHING, one.status)
            moved = moved or old is None or (old.status, old.points) != (one.status, one.points)
    return Again(submission, judged, result, turns, moved, _why_not(judged, turns))


def _now(result: Result) -> dict[str, _Known]:
    return {
        criterion_id(result.assignment, notebook.notebook, task.grade_id, one.name): _known(
            (notebook.notebook, task.grade_id), one
        )
        for notebook in result.notebooks
        for task in notebook.tasks
        for one in task.criteria
    }


def _known(task: tuple[str, str], one: CriterionResult) -> _Known:
    return _Known(task, str(one.status), one.points, storable(as_json(one.message)))


def _why_not(judged: GradedSubmission, turns: Turns) -> str:
    if judged.waiting == ("new",):
        return "its evidence is gone: it would have to run again"
    if judged.waiting:
        asks = ", ".join(judged.waiting)
        return f"it would have to run again: {asks} asks something that the record does not answer"
    errors = [n for n, states in turns.items() if states[1] == Status.ERROR]
    if errors:
        return f"a fault of ours: {errors[0].rpartition('/')[2]} could not be decided"
    return ""


def _only(result: Result, tasks: Collection[str]) -> Result:
    """Return the result without other tasks, whose recorded results stay."""
    if not tasks:
        return result
    notebooks = tuple(
        replace(n, tasks=tuple(t for t in n.tasks if t.grade_id in tasks)) for n in result.notebooks
    )
    return replace(result, notebooks=tuple(n for n in notebooks if n.tasks))
