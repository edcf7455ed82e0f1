"""Check that each mistake, submitted as an answer, fails exactly the criteria its author names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from autograder.engine.pool import run_all
from autograder.language import in_words
from autograder.nouns import Mistake, Notebook, Status
from autograder.steps.authoring.validate.report import Tried
from autograder.steps.authoring.validate.variants import Outcome, Variant, Variants, hand_in
from autograder.steps.grading.pipeline.grader import Grader

DRAWS = 2_000_000  # grading never uses draws from this number on


@dataclass(frozen=True)
class Known:
    """A mistake, merged over all tasks that share its answer."""

    mistake: Mistake
    fails: Mapping[str, tuple[str, ...]]  # criterion names by task

    @property
    def task(self) -> str:
        return self.mistake.task


def known_mistakes(notebook: Notebook) -> list[Known]:
    """Return the mistakes of a notebook in order, each once."""
    found: dict[tuple[str, str], Known] = {}
    for task in notebook.tasks:
        for mistake in task.mistakes:
            key = (mistake.answer, mistake.name)
            before = found[key].fails if key in found else {}
            first = found[key].mistake if key in found else mistake
            found[key] = Known(first, {**before, task.grade_id: mistake.fails})
    return list(found.values())


def try_mistakes(
    judge: Grader,
    notebook: Notebook,
    chosen: Sequence[Known],
    *,
    whole: bool,
    draws: int,
    at_once: int,
    done: Callable[[Tried], None],
) -> list[Tried]:
    """Return the outcome of each chosen mistake, in order. Grader faults appear as differences.

    Each mistake must end the same under `draws` other hidden draws.
    """
    variants = Variants(notebook)
    made = [(one, variants.mistaken(one.mistake, whole=whole)) for one in chosen]
    outcomes: dict[int, Tried] = {}
    order = {id(one): place for place, (one, _) in enumerate(made)}
    alone: list[tuple[Known, Variant]] = []

    def keep(one: Known, variant: Variant, outcome: Outcome) -> None:
        outcomes[order[id(one)]] = tried = _tried(notebook, one, variant, outcome, drawn[id(one)])
        done(tried)

    drawn: dict[int, list[Outcome]] = {}

    def ended(made: tuple[Known, Variant]) -> Outcome:
        one, variant = made
        drawn[id(one)] = under_other_draws(judge, notebook, variant, draws)
        return hand_in(judge, variant)

    threads = ThreadPoolExecutor(at_once)
    try:
        for end in run_all(threads, ended, made, at_once=at_once):
            if end.value is None:
                raise end.error or RuntimeError("a mistake ended without an outcome")
            if end.value.timed_out and at_once > 1:
                alone.append(end.item)
            else:
                keep(*end.item, end.value)
        for one, variant in alone:
            keep(one, variant, hand_in(judge, variant, afresh=True))
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    return [outcomes[place] for place in sorted(outcomes)]


def _tried(
    notebook: Notebook,
    one: Known,
    variant: Variant,
    outcome: Outcome,
    drawn: Sequence[Outcome],
) -> Tried:
    wanted = _expected(notebook, one)
    label = f"{notebook.name}, mistake {one.mistake.name} of {one.task}"
    failed = [
        f"{task}/{name}"
        for (task, name), c in outcome.criteria.items()
        if c.status is Status.FAILED
    ]
    used = outcome.evidence.usage.cpu_seconds if outcome.evidence else 0.0
    return Tried(
        notebook=notebook.name,
        task=one.task,
        mistake=one.mistake.name,
        named=tuple(f"{task}/{name}" for task, names in one.fails.items() for name in names),
        failed=tuple(failed),
        judged=len(outcome.criteria),
        left_out=len(variant.left_out),
        cpu_seconds=round(used, 2),
        ran=outcome.ran,
        differences=(
            *_differences(label, one.fails, wanted, outcome),
            *_of_draws(label, one.fails, wanted, drawn),
        ),
    )


def _expected(notebook: Notebook, one: Known) -> dict[tuple[str, str], Status]:
    """Return the expected status of every criterion.

    Named criteria fail; those that come after a criterion that did not pass are not run.
    """
    wanted: dict[tuple[str, str], Status] = {}
    for task in notebook.tasks:
        for criterion in task.criteria:
            before = [wanted.get((task.grade_id, name)) for name in criterion.after]
            status = Status.PASSED
            if any(s is not None and s is not Status.PASSED for s in before):
                status = Status.NOT_RUN
            elif criterion.name in one.fails.get(task.grade_id, ()):
                status = Status.FAILED
            wanted[task.grade_id, criterion.name] = status
    return wanted


def _of_draws(
    label: str,
    fails: Collection[str],
    wanted: Mapping[tuple[str, str], Status],
    drawn: Sequence[Outcome],
) -> Iterator[str]:
    """Yield the differences that appear under other hidden draws, each with its count."""
    seen = Counter(
        line for outcome in drawn for line in _differences(label, fails, wanted, outcome)
    )
    for line, count in seen.items():
        yield f"{line} (under {count} of {len(drawn)} other hidden draws)"


def solution_under_draws(judge: Grader, notebook: Notebook, draws: int) -> Iterator[str]:
    """Yield the criteria that the solution does not pass under other hidden draws."""
    every = {(t.grade_id, c.name) for t in notebook.tasks for c in t.criteria}
    wanted = dict.fromkeys(every, Status.PASSED)
    drawn = under_other_draws(judge, notebook, Variants(notebook).solved(every), draws)
    yield from _of_draws(f"{notebook.name}, the solution", (), wanted, drawn)


def under_other_draws(
    judge: Grader, notebook: Notebook, variant: Variant, draws: int
) -> list[Outcome]:
    """Return the variant's outcomes under `draws` other hidden draws; [] if nothing is drawn."""
    drawing = {(t.grade_id, c.name) for t in notebook.tasks for c in t.criteria if c.draws}
    if not drawing & variant.criteria:
        return []
    return [hand_in(judge, variant, draw=DRAWS + number) for number in range(draws)]


def _differences(
    label: str,
    fails: Collection[str],
    wanted: Mapping[tuple[str, str], Status],
    outcome: Outcome,
) -> Iterator[str]:
    for (task, name), status in wanted.items():
        found = outcome.criteria.get((task, name))
        if found is None:  # the mistake cannot have changed it
            if status is Status.FAILED:
                yield f"{label}: it should fail {name}, but cannot change what {name} looks at"
            continue
        if found.status is status:
            continue
        expected, got, _ = in_words(found.message)
        where = name if task in fails else f"{name} of task {task}"
        if found.status is Status.PASSED:
            score = "" if found.score is None else f" (score {found.score:.4g})"
            yield f"{label}: it should fail {where}, but passes{score}"
        elif status is Status.PASSED:
            yield (
                f"{label}: it also ends {where} as {found.status}. Expected: {expected}. Got: {got}"
            )
        else:
            yield f"{label}: {where} ends as {found.status}, not as {status}. Got: {got}"
