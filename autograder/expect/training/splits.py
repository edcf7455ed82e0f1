"""Checks of data splits and runs: folds, leaks, repeatability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.verdict import Verdict, WrongSetting, check, decide

THIRD = 1 / 3


def as_folds(folds: Any, rows: int) -> list[tuple[Array, Array]]:
    """Return folds as pairs of index arrays within the rows. Raises NotMet if they are invalid."""
    found = []
    for i, fold in enumerate(coerce.rows(folds, "the folds")):
        pair = coerce.rows(fold, f"fold {i}")
        if len(pair) != 2:
            raise coerce.wrong_shape((len(pair),), (2,), f"fold {i}")
        train, val = (coerce.integers(p, f"fold {i}", shape=(None,)) for p in pair)
        if min(train.min(), val.min()) < 0 or max(train.max(), val.max()) >= rows:
            raise coerce.failing(
                expected="row numbers from 0 to {top} in every fold",
                got="fold {i} goes beyond them",
                next="Use the indices that split() gives, as they are.",
                top=rows - 1,
                i=i,
            )
        found.append((train, val))
    if not found:
        raise coerce.empty("the folds")
    return found


def share_off(part: Array, labels: Array) -> float:
    """Return the largest deviation, in rows, of a part's class counts from a stratified split."""
    whole = np.bincount(labels) / len(labels)
    own = np.bincount(labels[part], minlength=len(whole))
    return float(np.abs(own - whole * len(part)).max())


@check
def folds_clean(folds: Any, labels: Any, *, n: int | None = None) -> Verdict:
    """Check that folds share no row, validate every row once, and keep the classes' shares.

    `folds`: a list of (training rows, validation rows). A class may be off by one row. Partial
    credit: a third each.

    >>> folds_clean([([0, 1], [1, 2, 3])], [0, 0, 1, 1])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: folds with no row in both parts
    Got: 1 rows are in both parts of fold 0
    Next: Use StratifiedKFold and its indices as they are.

    Catches: a shuffle between two splits, folds by slices of sorted labels.
    Blind to: rows that are copies of each other.
    """
    truth = np.asarray(labels).astype(np.int64)
    found = as_folds(folds, len(truth))
    shared = [len(np.intersect1d(train, val)) for train, val in found]
    validated = np.bincount(np.concatenate([val for _, val in found]), minlength=len(truth))
    off = [share_off(val, truth) for _, val in found]
    apart = max(shared) == 0
    complete = bool((validated == 1).all()) and (n is None or len(found) == n)
    even = max(off) <= 1.0
    worst = int(np.argmax(shared)) if not apart else int(np.argmax(off))
    demands = apart + complete + even
    return decide(
        1.0 if demands == 3 else demands * THIRD,
        expected="folds with no row in both parts"
        if not apart
        else "each row in the validation part of exactly one fold"
        if not complete
        else "the same share of each class in every fold",
        got="{shared} rows are in both parts of fold {fold}"
        if not apart
        else "{missing} rows are in none, {doubled} in several, of {folds} folds"
        if not complete
        else "fold {fold} is off by {off} rows",
        next="Use StratifiedKFold and its indices as they are.",
        shared=max(shared),
        fold=worst,
        missing=int((validated == 0).sum()),
        doubled=int((validated > 1).sum()),
        folds=len(found),
        off=max(off),
    )


def statistics(value: Any, name: str = "statistics") -> dict[str, Array]:
    """Return fitted statistics as named arrays, from an array, number, sequence or dict of these.

    Words count too: a vocabulary is compared as its sorted words.
    """
    if isinstance(value, Mapping):
        inner = {str(k): v for k, v in value.items()}
        if inner and all(isinstance(v, int) for v in inner.values()):
            return {name: np.array(sorted(inner))}
        return {k: a for key, v in inner.items() for k, a in statistics(v, key).items()}
    if isinstance(value, set | frozenset):
        return {name: np.array(sorted(map(str, value)))}
    if isinstance(value, list | tuple) and not all(np.ndim(v) == 0 for v in value):
        return {k: a for i, v in enumerate(value) for k, a in statistics(v, f"{name}[{i}]").items()}
    return {name: coerce.array(value, name)}


def moved_by(before: Array, after: Array) -> float:
    """Return the distance of two fitted statistics; infinite for other shapes or other words."""
    if before.shape != after.shape or before.dtype.kind != after.dtype.kind:
        return float("inf")
    if before.dtype.kind in "SU":
        return float("inf") if (before != after).any() else 0.0
    with np.errstate(all="ignore"):
        change = np.abs(after.astype(np.float64) - before.astype(np.float64))
    return float(change.max()) if change.size and not np.isnan(change).any() else float("inf")


@check
def no_leak(fit: Any, train: Any, validation: Any, *, name: str = "statistics") -> Verdict:
    """Check that fitted statistics do not change when only validation rows change.

    `fit(train, validation)` returns the fitted statistics (mean and scale, a vocabulary); it is
    called again with marked validation rows (numbers shifted by 1000, texts replaced), and once
    with other training rows, which must change something.

    >>> leaky = lambda train, val: np.concatenate([train, val]).mean(axis=0)
    >>> no_leak(leaky, np.zeros((3, 1)), np.ones((1, 1)), name="mean")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: mean fitted on training rows only
    Got: changing validation rows moved mean by 250
    Next: Call fit on the training part, transform on both.

    Catches: a scaler or a vocabulary fitted on all rows.
    Blind to: leaks through rows that are in both parts: use `folds_clean`.
    """
    if len(train) == 0 or len(validation) == 0:
        raise WrongSetting("both parts need rows")
    first = statistics(coerce.call(fit, train, validation, name="fit"), name)
    again = statistics(coerce.call(fit, train, marked(validation), name="fit"), name)
    other = statistics(coerce.call(fit, marked(train), validation, name="fit"), name)
    if not first or any(a.size == 0 for a in first.values()):
        raise coerce.empty(name)
    moves = {k: moved_by(a, again[k]) if k in again else float("inf") for k, a in first.items()}
    worst = max(moves, key=lambda key: moves[key])
    fitted = any(k not in other or moved_by(a, other[k]) > 0 for k, a in first.items())
    return decide(
        moves[worst] <= 1e-9 and fitted,
        expected="{name} fitted on training rows only",
        got="changing validation rows moved {statistic} by {moved}"
        if moves[worst] > 1e-9
        else "changing training rows moved nothing",
        next="Call fit on the training part, transform on both.",
        name=name,
        statistic=worst,
        moved=moves[worst],
    )


def marked(rows: Any) -> Any:
    """Return the rows with every value changed: numbers + 1000, texts replaced by a new word."""
    if isinstance(rows, np.ndarray) and rows.dtype.kind in "biuf":
        return rows.astype(np.float64) + 1000.0
    return [
        "unheardof" if isinstance(r, str) else ["unheardof"] if isinstance(r, list) else marked(r)
        for r in rows
    ]


@check
def repeatable(train: Any, *, seed: int = 0, other: int = 1) -> Verdict:
    """Check that train(seed) gives the same result twice, and a different one with another seed.

    The result is a number, an array, or a list of arrays such as weights. Costs three trainings, on
    one machine: results of different machines are never compared. Partial credit: a half each.

    >>> repeatable(lambda seed: 1.0)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: another result for seed 1 than for seed 0
    Got: 1 and 1
    Next: Call keras.utils.set_random_seed(seed) first inside the function.

    Catches: a seed that is ignored, or set after the weights were drawn.
    Blind to: results on other machines, which may differ.
    """
    if seed == other:
        raise WrongSetting("the two seeds must differ")
    first, second, third = (
        _result(coerce.call(train, s, name="train")) for s in (seed, seed, other)
    )
    same, differs = _alike(first, second), not _alike(first, third)
    return decide(
        (same + differs) / 2,
        expected="another result for seed {other} than for seed {seed}"
        if same
        else "the same result twice for seed {seed}",
        got="{first} and {second}",
        next="Call keras.utils.set_random_seed(seed) first inside the function.",
        seed=seed,
        other=other,
        first=_shown(first),
        second=_shown(third if same else second),
    )


def _result(value: Any) -> list[Array]:
    if isinstance(value, list | tuple) and any(np.ndim(v) for v in value):
        return [coerce.floats(v, "the result") for v in value]
    return [coerce.floats(value, "the result")]


def _alike(a: Sequence[Array], b: Sequence[Array]) -> bool:
    return len(a) == len(b) and all(
        x.shape == y.shape and bool((x == y).all()) for x, y in zip(a, b, strict=True)
    )


def _shown(result: Sequence[Array]) -> float:
    return float(sum(a.sum() for a in result))
