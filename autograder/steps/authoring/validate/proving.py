"""Check an author's claims about right and wrong answers, for one assignment or all.

The solution gets full marks and the untouched release gets none. Each mistake fails exactly the
criteria it names and loses no point of another task. Every criterion is failed by a mistake. The
release leaks nothing, limits hold, thresholds are within their calibration, and translations are
complete.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from autograder.config import Course
from autograder.errors import AuthoringErrors, AutograderError
from autograder.notebook.release.leaks import leaks
from autograder.notebook.release.stripping import student_notebook
from autograder.nouns import Assignment, Limits, Usage
from autograder.steps.assignments import load_assignment
from autograder.steps.authoring.release_checks import Proved, proved
from autograder.steps.authoring.validate import thresholds as of_thresholds
from autograder.steps.authoring.validate.claims import claimed
from autograder.steps.authoring.validate.literals import given_away
from autograder.steps.authoring.validate.mistakes import (
    Known,
    known_mistakes,
    solution_under_draws,
    try_mistakes,
)
from autograder.steps.authoring.validate.mutants import try_mutants
from autograder.steps.authoring.validate.report import (
    Spent,
    Tried,
    Validated,
    ValidationReport,
    ValidationRow,
)
from autograder.steps.authoring.validate.thresholds import ThresholdState
from autograder.steps.authoring.validate.translations import translated
from autograder.steps.authoring.validate.variants import Variants, outdated
from autograder.steps.grading.grade import judge_of
from autograder.steps.grading.pipeline.grader import Grader
from autograder.steps.grading.pipeline.workers import Workers

GOAL_SECONDS = 90.0  # longest acceptable run of one notebook on two cores
GOAL_MB = 2048.0
SHARE = 0.5  # largest share of a limit that the solution should use

Show = Callable[[str], None]


@dataclass(frozen=True)
class _How:
    """Options of one validation."""

    slow: bool
    whole: bool
    draws: int
    at_once: int
    show: Show


def validate(
    course: Course,
    assignments: Sequence[str] = (),
    *,
    slow: bool = False,
    whole: bool = False,
    draws: int = 0,
    jobs: int = 0,
    sandbox: bool = True,
    progress: Show = lambda _: None,
    workers: Workers | None = None,
) -> ValidationReport:
    """Validate these assignments, or all of the course if none is named.

    `slow` also trains the mistakes tagged slow. `whole` runs every mistake's notebook from end to
    end, even cells that the mistake cannot have changed. `draws` also judges solution and mistakes
    under that many other hidden draws. Earlier runs are reused.
    """
    every = sorted(p.name for p in course.source.glob("*/") if any(p.glob("*.ipynb")))
    at_once = jobs or course.grading.jobs or os.cpu_count() or 1
    how = _How(slow, whole, draws, at_once, progress)
    with ExitStack() as stack:
        hired = workers or stack.enter_context(Workers(sandbox=sandbox, parallel=at_once))
        found = tuple(_validated(course, name, hired, how) for name in assignments or every)
        return ValidationReport(found, str(hired.tier), hired.notes)


def _validated(course: Course, name: str, workers: Workers, how: _How) -> Validated:
    started = time.monotonic()
    try:
        source = load_assignment(course, name)
    except AutograderError as error:
        if not (course.source / name).is_dir():
            raise
        spent = time.monotonic() - started
        return Validated(name, (), (), 0, (), _each(error), (), spent)
    judge = judge_of(course, source, workers)
    how.show(f"{name}: the solution and the untouched release")
    reference = _proved(judge)
    tried, left_out = _mistakes(judge, how)
    mutated = [try_mutants(judge, n, how.show) for n in source.notebooks]
    standings = dict(_standings(source))
    rows = tuple(_rows(source, reference, tried, left_out, standings))
    breaches = [
        *reference.complaints,
        *(line for one in tried for line in one.differences),
        *(line for n in source.notebooks for line in solution_under_draws(judge, n, how.draws)),
        *(line for one in mutated for line in one.breaches),
        *_never_failed(rows),
        *_leaks(source),
        *(line for one in standings.values() for line in one.breaches),
    ]
    notes = [
        *claimed(source),
        *(line for one in mutated for line in one.notes),
        *given_away(source),
        *_budgets(reference, course.limits(name)),
        *(line for one in standings.values() for line in one.notes),
    ]
    unsaid, remarks = translated(course, source)
    breaches += unsaid
    notes += remarks
    spent_by = tuple(Spent(n.notebook, n.usage) for n in reference.solution.result.notebooks)
    return Validated(
        name,
        rows,
        tuple(tried),
        len(left_out),
        spent_by,
        tuple(dict.fromkeys(breaches)),
        tuple(dict.fromkeys(notes)),
        time.monotonic() - started,
    )


def _each(error: AutograderError) -> tuple[str, ...]:
    """Return the authoring errors that an exception holds, each with its way out."""
    errors = error.errors if isinstance(error, AuthoringErrors) else (error,)
    return tuple(map(str, errors))


def _proved(judge: Grader) -> Proved:
    reference = proved(judge)
    old = [outdated(judge, one) for one in (reference.solution, reference.untouched)]
    return proved(judge) if any(old) else reference


def _mistakes(judge: Grader, how: _How) -> tuple[list[Tried], list[Known]]:
    """Return the outcome of every mistake, and the slow mistakes that were not run."""
    every = [(n, known_mistakes(n)) for n in judge.assignment.notebooks]
    left_out = [m for _, many in every for m in many if m.mistake.slow and not how.slow]
    total = sum(len(many) for _, many in every) - len(left_out)
    tried: list[Tried] = []
    count = 0

    def done(one: Tried) -> None:
        nonlocal count
        count += 1
        how.show(f"{judge.assignment.name}: mistake {count} of {total}, {one.task}/{one.mistake}")

    for notebook, many in every:
        chosen = [m for m in many if how.slow or not m.mistake.slow]
        tried += try_mistakes(
            judge,
            notebook,
            chosen,
            whole=how.whole,
            draws=how.draws,
            at_once=how.at_once,
            done=done,
        )
    return tried, left_out


# ── Report rows ──────────────────────────────────────────────────────────────────────


def _rows(
    source: Assignment,
    reference: Proved,
    tried: Sequence[Tried],
    left_out: Sequence[Known],
    standings: dict[tuple[str, str, str], ThresholdState],
) -> Iterator[ValidationRow]:
    for notebook in reference.solution.result.notebooks:
        for task in notebook.tasks:
            for criterion in task.criteria:
                name = f"{task.grade_id}/{criterion.name}"
                here = [t for t in tried if t.notebook == notebook.notebook]
                stood = standings.get((notebook.notebook, task.grade_id, criterion.name))
                yield ValidationRow(
                    notebook=notebook.notebook,
                    task=task.grade_id,
                    criterion=criterion.name,
                    points=criterion.max_points,
                    hidden=criterion.hidden,
                    solution=str(criterion.status),
                    score=criterion.score,
                    caught=tuple(t.mistake for t in here if name in t.named and name in t.failed),
                    waiting=tuple(
                        m.mistake.name
                        for m in left_out
                        if criterion.name in m.fails.get(task.grade_id, ())
                        and _has(source, notebook.notebook, m)
                    ),
                    threshold=stood.words if stood else "",
                )


def _has(source: Assignment, notebook: str, known: Known) -> bool:
    return any(
        known.mistake in task.mistakes
        for one in source.notebooks
        if one.name == notebook
        for task in one.tasks
    )


def _never_failed(rows: Sequence[ValidationRow]) -> Iterator[str]:
    for row in rows:
        if not row.caught and not row.waiting:
            yield (
                f"{row.notebook}, task {row.task}: nothing shows that {row.criterion} can fail;"
                " add a mistake that fails it"
            )


def _standings(source: Assignment) -> Iterator[tuple[tuple[str, str, str], ThresholdState]]:
    entries = of_thresholds.read_calibration(source)
    files = of_thresholds.files_of(source)
    for notebook in source.notebooks:
        variants = Variants(notebook)
        by_task: dict[str, list[of_thresholds.Threshold]] = {}
        for one in of_thresholds.thresholds(variants):
            by_task.setdefault(one.key, []).append(one)
        for key, many in by_task.items():
            code = of_thresholds.code_of(variants, many[0].task, [t.criterion for t in many])
            for one in many:
                place = (notebook.name, one.task.grade_id, one.criterion.name)
                yield place, of_thresholds.standing(one, entries.get(key), code=code, files=files)


# ── Leaks and budgets ────────────────────────────────────────────────────────────────


def _leaks(source: Assignment) -> Iterator[str]:
    released = {n.name: student_notebook(n, "", {}) for n in source.notebooks}
    files = {name: (source.path / name).read_bytes() for name in source.files}
    for leak in leaks(source, released, files):
        yield f"the release leaks: {leak}"


def _budgets(reference: Proved, limits: Limits) -> Iterator[str]:
    for notebook in reference.solution.result.notebooks:
        used = notebook.usage
        yield from (f"{notebook.notebook}: {line}" for line in _over(used, limits))


def _over(used: Usage, limits: Limits) -> Iterator[str]:
    if used.cpu_seconds > GOAL_SECONDS * 2 or used.wall_seconds > GOAL_SECONDS:
        yield (
            f"the solution took {used.wall_seconds:.0f} s ({used.cpu_seconds:.0f} CPU s), more"
            f" than the goal of {GOAL_SECONDS:.0f} s on two cores"
        )
    if used.memory_mb > GOAL_MB:
        yield f"the solution used {used.memory_mb:.0f} MB, more than the goal of {GOAL_MB:.0f} MB"
    for what, share in (
        ("CPU seconds", used.cpu_seconds / limits.cpu_seconds),
        ("memory", used.memory_mb / limits.memory_mb),
    ):
        if share > SHARE:
            yield f"the solution uses {share:.0%} of the limit of {what}: slower answers may hit it"
