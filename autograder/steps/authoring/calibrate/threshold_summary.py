"""Summary of scores: what they allow to demand, and how fair the notebook's threshold is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from autograder.steps.authoring.calibrate.record import CHECK, REFERENCE, Entry, Score
from autograder.steps.authoring.calibrate.report import CalibrationRow, Joint, Rate, Separation
from autograder.steps.authoring.calibrate.tolerance import (
    Bound,
    any_of,
    bound_of,
    expected_failure,
    failure_bound,
    from_scale,
    interval,
    rounded,
)
from autograder.steps.authoring.validate.thresholds import Threshold

LEAST = 3  # fewest scores for a summary


def summed(threshold: Threshold, entry: Entry) -> CalibrationRow:
    """Summarise the scores of an entry for one threshold."""
    name = threshold.criterion.name
    runs = entry.of(REFERENCE, name)
    first = [run[0] for run in runs]
    scores = [s for s in first if s is not None]
    row = CalibrationRow(
        threshold.notebook,
        threshold.task.grade_id,
        name,
        threshold.setting,
        threshold.value,
        threshold.criterion.retry,
        len(runs),
        len(first) - len(scores),
    )
    if len(scores) < LEAST:
        return row
    size = threshold.criterion.settings.get("n")
    examples = size if type(size) is int and size > 0 else 1000
    wrong = [s for one in threshold.task.mistakes for run in entry.of(one.name, name) for s in run]
    others = [s for s in wrong if s is not None]
    bound = bound_of(scores, threshold.value, threshold.sign, examples, others)
    proposed = rounded(bound.bound, threshold.sign, bound.scale)
    checks = entry.of(CHECK, name)
    return CalibrationRow(
        **{k: getattr(row, k) for k in row.__dataclass_fields__ if k not in _LATER},
        scale=bound.scale,
        mean=from_scale(bound.scale)(bound.mean),
        worst=bound.worst,
        bound=bound.bound,
        proposed=proposed,
        failed=_rate([not _passes(threshold, run) for run in runs]),
        expected=_expected(bound, threshold, runs),
        at_most=failure_bound(bound.distance(threshold.value), bound.n),
        checked=_rate([not _passes(threshold, run) for run in checks]) if checks else None,
        mistakes=tuple(_separations(threshold, entry, proposed)),
    )


_LATER = {
    "scale",
    "mean",
    "worst",
    "bound",
    "proposed",
    "failed",
    "expected",
    "at_most",
    "checked",
    "mistakes",
}


def _passes(threshold: Threshold, attempts: Sequence[Score]) -> bool:
    return any(threshold.met_by(score) for score in attempts)


def _rate(happened: Sequence[bool]) -> Rate:
    count, of = sum(happened), len(happened)
    return Rate(count, of, interval(count, of))


def _expected(bound: Bound, threshold: Threshold, runs: Sequence[Sequence[Score]]) -> float:
    pairs = [
        (run[0], run[1])
        for run in runs
        if len(run) > 1 and run[0] is not None and run[1] is not None
    ]
    return expected_failure(bound, threshold.value, pairs)


def _separations(threshold: Threshold, entry: Entry, proposed: float) -> Iterator[Separation]:
    nearest = max if threshold.sign > 0 else min
    for mistake in threshold.task.mistakes:
        if threshold.criterion.name not in mistake.fails:
            continue
        runs = entry.of(mistake.name, threshold.criterion.name)
        if not runs:
            continue
        scores = [score for run in runs for score in run if score is not None]
        best = nearest(scores) if scores else None
        reaches = best is not None and threshold.sign * (best - proposed) >= 0
        caught = _rate([not _passes(threshold, run) for run in runs])
        yield Separation(mistake.name, len(runs), best, caught, not reaches)


def as_entry(row: CalibrationRow) -> dict[str, Any]:
    """Return the part of a row that calibration.json stores beside the scores."""
    return {
        "setting": row.setting,
        "threshold": row.threshold,
        "scale": row.scale,
        "n": row.n,
        "mean": _short(row.mean),
        "worst": row.worst,
        "bound": _short(row.bound),
        "proposed": row.proposed,
        "false_failures": row.failed and [row.failed.count, row.failed.of],
        "expected_false_failures": _short(row.expected),
        "at_most_false_failures": _short(row.at_most),
        "checked": row.checked and [row.checked.count, row.checked.of],
        "mistakes": {
            m.mistake: {
                "runs": m.runs,
                "best": m.best,
                "caught": m.caught.count,
                "separable": m.separable,
            }
            for m in row.mistakes
        },
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")


def joint(
    notebook: str, found: Sequence[tuple[Threshold, Entry]], rows: Sequence[CalibrationRow]
) -> Joint | None:
    """Return the probability that a right answer fails any threshold of the notebook.

    Return None unless it is known for every threshold.
    """
    known = [row for row in rows if row.expected is not None and row.at_most is not None]
    if not known or len(known) < len(rows):
        return None
    seeds = set.intersection(*({*entry.scores.get(REFERENCE, {})} for _, entry in found))
    lost = [
        any(
            not _passes(threshold, entry.scores[REFERENCE][seed][threshold.criterion.name])
            for threshold, entry in found
        )
        for seed in sorted(seeds)
    ]
    return Joint(
        notebook,
        any_of([row.expected for row in known if row.expected is not None]),
        min(1.0, sum(row.at_most for row in known if row.at_most is not None)),
        _rate(lost),
    )


def problems(row: CalibrationRow) -> Iterator[str]:
    """Yield the findings that an author must act upon."""
    name = f"{row.notebook}, {row.name}"
    if row.silent:
        yield f"{name}: the solution gave no number in {row.silent} of {row.n} runs"
    if row.bound is None or row.proposed is None:
        return
    sign = 1 if row.setting == "at_least" else -1
    if sign * (row.threshold - row.bound) > 0:
        yield (
            f"{name}: {row.setting}={row.threshold:g} is stricter than {row.bound:.4g}, what all"
            f" but 0.1 % of right answers reach; {row.proposed:g} is proposed"
        )
    for one in row.mistakes:
        if not one.separable:
            yield (
                f"{name}: {one.mistake} is not separable: it reached {one.best:.4g}, past the"
                f" proposed {row.proposed:g}; it needs another criterion"
            )
        elif one.caught.count < one.caught.of:
            yield (
                f"{name}: {one.mistake} passed {one.caught.of - one.caught.count} of"
                f" {one.caught.of} times at {row.threshold:g}; {row.proposed:g} is proposed"
            )
