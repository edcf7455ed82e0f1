"""Runs of the solution and of mistakes with other seeds and hidden draws, with their scores.

Resumable: each run's scores are on disk before the next run is taken. The notebook file is not
changed.
"""

from __future__ import annotations

import ast
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.config import Course
from autograder.engine.pool import run_all
from autograder.errors import Fault
from autograder.evidence.store import Store
from autograder.language import in_words
from autograder.nouns import Assignment, Mistake, Notebook, Status, Task
from autograder.steps.assignments import load_assignment
from autograder.steps.authoring.calibrate.record import CHECK, REFERENCE, Entry, Record, Score
from autograder.steps.authoring.calibrate.report import CalibrationReport, CalibrationRow, Joint
from autograder.steps.authoring.calibrate.reseeding import Reseeded
from autograder.steps.authoring.calibrate.threshold_summary import as_entry, joint, problems, summed
from autograder.steps.authoring.validate.thresholds import (
    FILE,
    Threshold,
    code_of,
    files_of,
    measured_with,
    thresholds,
)
from autograder.steps.authoring.validate.variants import Variants, hand_in
from autograder.steps.grading.grade import judge_of
from autograder.steps.grading.pipeline.grader import Grader
from autograder.steps.grading.pipeline.workers import Workers

RUNS, MISTAKE_RUNS = 30, 5
UNUSED = 100_000  # the first seed of a check
DRAWS = 1_000_000  # grading never uses draws from this number on
Show = Callable[[str], None]


@dataclass(frozen=True)
class _Job:
    """One run to make."""

    variants: Variants
    entry: Entry
    thresholds: tuple[Threshold, ...]
    who: str  # REFERENCE, CHECK or the mistake's name
    mistake: Mistake | None
    seed: int

    @property
    def name(self) -> str:
        return f"{self.thresholds[0].task.grade_id}, {self.who}, seed {self.seed}"


def calibrate(
    course: Course,
    assignment: str,
    *,
    runs: int = RUNS,
    mistake_runs: int = MISTAKE_RUNS,
    check: int = 0,
    tasks: Sequence[str] = (),
    jobs: int = 0,
    sandbox: bool = True,
    progress: Show = lambda _: None,
    workers: Workers | None = None,
) -> CalibrationReport:
    """Measure right answers and mistakes; report what each threshold may demand.

    `check` also runs the solution with that many seeds which the bounds were not computed from.
    """
    started = time.monotonic()
    source = load_assignment(course, assignment)
    record = Record(source)
    found = [
        (threshold, entry, variants)
        for variants in map(Variants, source.notebooks)
        for threshold, entry in _entries(source, variants, record)
    ]
    wanted = [
        job
        for job in _jobs(found, runs, mistake_runs, check)
        if not tasks or job.thresholds[0].task.grade_id in tasks
    ]
    todo = [job for job in wanted if not job.entry.has(job.who, job.seed)]
    faults: list[str] = []
    at_once = jobs or course.grading.jobs or os.cpu_count() or 1
    if todo:
        with ExitStack() as stack:
            # on an interrupt the workers end first: they may still write into the folder
            scratch = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            hired = workers or stack.enter_context(Workers(sandbox=sandbox, parallel=at_once))
            judge = _judge(course, source, hired, Path(scratch))
            faults = list(_measure(judge, todo, record, at_once, progress))
    rows = [summed(threshold, entry) for threshold, entry, _ in found]
    for row, (_, entry, _) in zip(rows, found, strict=True):
        if row.bound is not None:
            entry.criteria[row.criterion] = as_entry(row)
    if found:
        record.save()
    return CalibrationReport(
        assignment=assignment,
        file=str(source.path / FILE),
        rows=tuple(rows),
        joint=tuple(_joints(source, found, rows)),
        ran=len(todo) - len(faults),
        reused=len(wanted) - len(todo),
        problems=(*faults, *(line for row in rows for line in problems(row))),
        notes=tuple(record.dropped),
        versions=measured_with(),
        seconds=time.monotonic() - started,
    )


# ── Runs to make ─────────────────────────────────────────────────────────────────────


def _entries(
    source: Assignment, variants: Variants, record: Record
) -> Iterator[tuple[Threshold, Entry]]:
    """Yield each threshold of a notebook with its task's entry, criteria in order."""
    many = list(thresholds(variants))
    files = files_of(source)
    for key in dict.fromkeys(one.key for one in many):
        here = [one for one in many if one.key == key]
        code = code_of(variants, here[0].task, [one.criterion for one in here])
        entry = record.open(key, code=code, files=files)
        for one in here:
            yield one, entry


def _jobs(
    found: Sequence[tuple[Threshold, Entry, Variants]], runs: int, mistake_runs: int, check: int
) -> Iterator[_Job]:
    """Yield every run to make: per task the reference, then each mistake, then the check."""
    groups: dict[str, list[tuple[Threshold, Entry, Variants]]] = {}
    for one in found:
        groups.setdefault(one[0].key, []).append(one)
    for many in groups.values():
        here = tuple(threshold for threshold, _, _ in many)
        _, entry, variants = many[0]
        for seed in range(1, runs + 1):
            yield _Job(variants, entry, here, REFERENCE, None, seed)
        names = {threshold.criterion.name for threshold in here}
        for mistake in here[0].task.mistakes:
            if names & set(mistake.fails):
                for seed in range(1, mistake_runs + 1):
                    yield _Job(variants, entry, here, mistake.name, mistake, seed)
        for seed in range(UNUSED, UNUSED + check):
            yield _Job(variants, entry, here, CHECK, None, seed)


def _joints(
    source: Assignment,
    found: Sequence[tuple[Threshold, Entry, Variants]],
    rows: Sequence[CalibrationRow],
) -> Iterator[Joint]:
    for notebook in source.notebooks:
        here = [(t, entry) for t, entry, _ in found if t.notebook == notebook.name]
        one = joint(notebook.name, here, [r for r in rows if r.notebook == notebook.name])
        if one is not None:
            yield one


# ── Running ──────────────────────────────────────────────────────────────────────────


def _measure(
    judge: Grader, todo: Sequence[_Job], record: Record, at_once: int, show: Show
) -> Iterator[str]:
    """Make the runs and record their scores; yield an error message for each failed run."""
    threads = ThreadPoolExecutor(at_once)
    try:
        ended = run_all(threads, lambda job: _scores(judge, job), todo, at_once=at_once)
        for count, done in enumerate(ended, 1):
            job = done.item
            if done.value is None:
                if not isinstance(done.error, Fault):
                    raise done.error or RuntimeError(job.name)
                yield f"{job.name}: {done.error}"
            else:
                job.entry.add(job.who, job.seed, done.value)
                record.save()
            show(f"{count} of {len(todo)}: {job.name}")
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _scores(judge: Grader, job: _Job) -> dict[str, list[Score]]:
    """Return each criterion's score at the first attempt, and at the second where it allows one."""
    rewrite = Reseeded(job.seed)
    ids = [(t.task.grade_id, t.criterion.name) for t in job.thresholds]
    if job.mistake is None:
        variant = job.variants.solved(ids, rewrite=rewrite)
    else:
        variant = job.variants.mistaken(job.mistake, criteria=ids, rewrite=rewrite)
    found: dict[str, list[Score]] = {t.criterion.name: [] for t in job.thresholds}
    for attempt in (0, 1):
        again = [t for t in job.thresholds if attempt == 0 or t.criterion.retry]
        if not again:
            break
        outcome = hand_in(judge, variant, draw=DRAWS + 2 * job.seed + attempt)
        if outcome.timed_out:
            raise Fault("out of time", way_out="run it again with fewer jobs at a time")
        for threshold in again:
            result = outcome.criteria.get((threshold.task.grade_id, threshold.criterion.name))
            if result is None or result.status is Status.ERROR:
                said = f": {in_words(result.message)[1]}" if result else ""
                raise Fault(f"{threshold.criterion.name} could not be judged{said}")
            found[threshold.criterion.name].append(result.score)
    return found


def _judge(course: Course, source: Assignment, workers: Workers, scratch: Path) -> Grader:
    """Return a judge without second attempts, whose evidence is stored in `scratch`."""
    once = replace(source, notebooks=tuple(map(_once, source.notebooks)))
    usual = judge_of(course, source, workers)
    return Grader(course, once, usual.release, usual.students, usual.checkers, Store(scratch))


def _once(notebook: Notebook) -> Notebook:
    return replace(notebook, tasks=tuple(map(_without_retry, notebook.tasks)))


def _without_retry(task: Task) -> Task:
    if not any(criterion.retry for criterion in task.criteria):
        return task
    tree = ast.parse(task.code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call):
                    decorator.keywords = [k for k in decorator.keywords if k.arg != "retry"]
    criteria = tuple(replace(criterion, retry=False) for criterion in task.criteria)
    return replace(task, code=ast.unparse(tree), criteria=criteria)
