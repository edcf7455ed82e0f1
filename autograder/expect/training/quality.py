"""Checks of quality on unseen data: always recomputed, never taken from a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograder.expect import coerce, pictures
from autograder.expect.coerce import Array
from autograder.expect.models import parts
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, linear_credit, msgid


def as_labels(predictions: Any, n: int, name: str = "the predictions") -> Array:
    """Return predictions as n class numbers: whole numbers, scores (n, k), or probabilities (n, 1).

    Scores become classes by argmax, probabilities by > 0.5. Floats (n,) or (n, 1) are probabilities
    of class 1 unless they are all whole.
    """
    found = coerce.numbers(predictions, name, booleans=True)
    if len(found.shape) == 0 or found.shape[0] != n:
        raise coerce.wrong_shape(found.shape, (n,), name)
    if found.ndim == 2 and found.shape[1] > 1:
        return np.asarray(found.argmax(axis=1), dtype=np.int64)
    if found.shape not in ((n,), (n, 1)):
        raise coerce.wrong_shape(found.shape, (n,), name)
    flat = found.reshape(n)
    if flat.dtype.kind == "f" and not np.all(flat == np.round(flat)):
        return (flat > 0.5).astype(np.int64)
    return coerce.integers(flat, name, booleans=True)


def share_right(predicted: Array, labels: Array) -> float:
    """Return the share of correctly predicted labels."""
    return float((predicted == labels).mean())


def error_of(predictions: Array, targets: Array, kind: str) -> float:
    """Return the mean squared (mse), root mean squared (rmse) or mean absolute (mae) error."""
    difference = predictions - targets
    if kind == "mae":
        return float(np.abs(difference).mean())
    squared = float((difference**2).mean())
    return squared**0.5 if kind == "rmse" else squared


ERRORS = ("mse", "rmse", "mae")


def _got(baseline: float | None, usual: Sequence[float] | None) -> str:
    if baseline is not None and usual is not None:
        return msgid("{found}; guessing gives {baseline}, right solutions score {low} to {high}")
    if baseline is not None:
        return msgid("{found}; guessing gives {baseline}")
    if usual is not None:
        return msgid("{found}; right solutions score {low} to {high}")
    return msgid("{found}")


@check
def reaches(
    value: Any,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    partial_from: float | None = None,
    metric: str = "accuracy",
    baseline: float | None = None,
    usual: tuple[float, float] | None = None,
    hint: str = "",
) -> Verdict:
    """Check that a metric that you recomputed on unseen data is at or past its threshold.

    `baseline`: the metric of guessing; `usual`: the calibrated range of right solutions. Both are
    shown. Partial credit: linear from `partial_from` (default: the baseline).

    >>> reaches(0.62, at_least=0.93, baseline=0.1)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: accuracy at least 0.93 on data you have not seen
    Got: 0.62; guessing gives 0.1
    Next: Compare with your training data: both low is too little training, one is overfitting.

    Catches: too little training, the wrong model kept.
    Blind to: structural mistakes that cost little: add a check of the structure beside it.
    """
    found = coerce.number(value, metric)
    start = baseline if partial_from is None else partial_from
    return decide(
        linear_credit(found, at_least=at_least, at_most=at_most, partial_from=start),
        expected="{metric} at least {want} on data you have not seen"
        if at_least is not None
        else "{metric} at most {want} on data you have not seen",
        got=_got(baseline, usual),
        next=hint
        or msgid(
            "Compare with your training data: both low is too little training, one is overfitting."
        ),
        score=found,
        metric=metric,
        want=at_least if at_least is not None else at_most,
        found=found,
        baseline=baseline,
        low=usual[0] if usual else None,
        high=usual[1] if usual else None,
    )


@check
def accuracy(
    predictions: Any,
    labels: Any,
    *,
    at_least: float,
    partial_from: float | None = None,
    baseline: float | None = None,
    usual: tuple[float, float] | None = None,
    hint: str = "",
) -> Verdict:
    """Check that the share of right predictions reaches `at_least`.

    Predictions: scores (n, k), probabilities of class 1 (n,) or (n, 1), or class numbers (n,).
    Labels: (n,) class numbers or (n, k) one-hot. The baseline is the most frequent class unless
    given; partial credit is linear from it, or from `partial_from`.

    >>> accuracy([0, 0, 1, 0], [0, 1, 1, 2], at_least=0.9)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: accuracy at least 0.9
    Got: 0.5; guessing gives 0.5
    Next: Look at the confusion matrix: which classes are taken for which?

    Catches: too little training, labels out of step with the images.
    Blind to: a missing hidden activation, unscaled inputs on easy data: add `layers_in_order`.
    """
    truth = np.asarray(labels)
    if truth.ndim == 2 and truth.shape[1] > 1:
        truth = truth.argmax(axis=1)
    truth = truth.reshape(-1).astype(np.int64)
    if truth.size == 0 or truth.min() < 0:
        raise WrongSetting("the labels must be class numbers 0, 1, ...")
    found = as_labels(predictions, len(truth))
    score = share_right(found, truth)
    guess = float(np.bincount(truth).max() / len(truth)) if baseline is None else baseline
    start = partial_from if partial_from is not None else guess if guess < at_least else None
    legal = int(found.min()) >= 0 and int(found.max()) < 100
    return decide(
        linear_credit(score, at_least=at_least, partial_from=start),
        expected="accuracy at least {want}",
        got=_got(guess, usual),
        next=hint or msgid("Look at the confusion matrix: which classes are taken for which?"),
        score=score,
        picture=partial(pictures.confusion, found, truth) if legal else None,
        want=at_least,
        found=score,
        baseline=guess,
        low=usual[0] if usual else None,
        high=usual[1] if usual else None,
    )


@check
def regression_error(
    predictions: Any,
    targets: Any,
    *,
    at_most: float,
    kind: str = "mse",
    partial_from: float | None = None,
    baseline: float | None = None,
    usual: tuple[float, float] | None = None,
    hint: str = "",
) -> Verdict:
    """Check that the error (mse, rmse or mae) is at most `at_most`, the shapes being equal.

    The baseline is the error of always answering the targets' mean, unless given.

    >>> regression_error([0.0, 2.0], [1.0, 1.0], at_most=0.5, kind="mae", baseline=2.0)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: mae at most 0.5
    Got: 1; guessing gives 2
    Next: Check the scaling of inputs and targets, then train longer.

    Catches: targets that were scaled and never scaled back, (n,) against (n, 1).
    Blind to: large errors on a few samples, if kind is mae.
    """
    if kind not in ERRORS:
        raise WrongSetting(f"kind={kind!r} is none of {', '.join(ERRORS)}")
    want = np.asarray(targets, dtype=np.float64)
    found = coerce.floats(predictions, "the predictions", shape=want.shape)
    score = error_of(found, want, kind)
    guess = error_of(np.full_like(want, want.mean()), want, kind) if baseline is None else baseline
    start = partial_from if partial_from is not None else guess if guess > at_most else None
    return decide(
        linear_credit(score, at_most=at_most, partial_from=start),
        expected="{metric} at most {want}",
        got=_got(guess, usual),
        next=hint or msgid("Check the scaling of inputs and targets, then train longer."),
        score=score,
        metric=kind,
        want=at_most,
        found=score,
        baseline=guess,
        low=usual[0] if usual else None,
        high=usual[1] if usual else None,
    )


Metric = Callable[[Any, Any], float]


def metric_of(model: Any, inputs: Any, targets: Any, metric: str | Metric) -> float:
    """Return a metric of the model's predictions: "accuracy", an error, or a function of both."""
    answer = parts.predictions(model, inputs)
    if callable(metric):
        return float(metric(answer, targets))
    if metric == "accuracy":
        labels = np.asarray(targets)
        labels = labels.argmax(axis=1) if labels.ndim == 2 and labels.shape[1] > 1 else labels
        return share_right(as_labels(answer, len(labels)), labels.reshape(-1))
    if metric in ERRORS:
        wanted = np.asarray(targets, dtype=np.float64)
        return error_of(
            coerce.floats(answer, "the predictions", shape=wanted.shape), wanted, metric
        )
    raise WrongSetting(f"metric={metric!r} is none of accuracy, {', '.join(ERRORS)}, a function")


@check
def small_gap(
    model: Any,
    train: tuple[Any, Any],
    unseen: tuple[Any, Any],
    *,
    at_most: float,
    metric: str | Metric = "accuracy",
) -> Verdict:
    """Check that training and unseen data score nearly alike, with a gap of at most `at_most`.

    `train` and `unseen` are (inputs, targets). Gap: train - unseen for accuracy or a function of
    (predictions, targets), unseen - train for errors. Partial credit: linear from twice the gap.

    Catches: overfitting that the metric alone hides.
    Blind to: a model that is bad on both: add `accuracy`.
    """
    seen = metric_of(model, *train, metric)
    new = metric_of(model, *unseen, metric)
    gap = new - seen if metric in ERRORS else seen - new
    return decide(
        linear_credit(gap, at_most=at_most, partial_from=2 * at_most),
        expected="a gap of at most {want} between training and unseen data",
        got="training {seen}, unseen {new}: a gap of {gap}",
        next="Add dropout or L2, or stop earlier.",
        score=gap,
        want=at_most,
        seen=seen,
        new=new,
        gap=gap,
    )
