"""Checks of a student's own training record, compared with the weights where possible.

A record (History, a table, logged rates) is a claim: it can be written by hand. The checks named in
`expect.CLAIMS` have no other source and are no proof of quality.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autograder.expect import coerce, pictures
from autograder.expect.coerce import Array
from autograder.expect.models import parts, saving
from autograder.expect.training.progress import recomputed_loss
from autograder.expect.training.quality import metric_of
from autograder.expect.verdict import Verdict, check, decide, linear_credit

HALF = 0.5


def record(history: Any, key: str) -> Array:
    """Return one column of a History, a dict of lists, or a list, as floats. Raises NotMet."""
    inner = parts.fact(lambda: history.history)
    columns = inner if isinstance(inner, Mapping) else history
    if isinstance(columns, Mapping):
        if key not in columns:
            raise coerce.failing(
                expected="a history with {key}",
                got="a history with {found}",
                next="Keep what fit() returns, and pass validation_data if {key} needs it.",
                key=key,
                found=coerce.listed([str(k) for k in columns]) or "nothing",
            )
        columns = columns[key]
    return coerce.floats(columns, key, shape=(None,))


@check
def loss_curve(
    history: Any, *, at_most: float = 0.5, key: str = "loss", epochs: int | None = None
) -> Verdict:
    """Check that the recorded curve ends at `at_most` times its first value, after `epochs` epochs.

    A claim: only the student vouches for it. Use `loss_drops` for points. Partial credit: linear
    from no change; a wrong number of epochs halves it.

    >>> loss_curve({"loss": [2.0, 1.9, 1.8]}, at_most=0.5)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: a loss of at most 1 at the end (0.5 of the first)
    Got: 1.8 after 3 epochs (the first was 2), by your own record
    Next: Plot the curve: flat means a learning rate that is too small, jumping one too large.

    Catches: training that diverged or never began, too few epochs.
    Blind to: a record written by hand.
    """
    curve = record(history, key)
    first, last = float(curve[0]), float(curve[-1])
    ratio = last / first if first > 0 else float("nan")
    credit = linear_credit(ratio, at_most=at_most, partial_from=1.0)
    enough = epochs is None or len(curve) == epochs
    return decide(
        credit if enough else credit * HALF,
        expected="a {key} of at most {want} at the end ({share} of the first)"
        if enough
        else "{epochs} epochs",
        got="{last} after {n} epochs (the first was {first}), by your own record",
        next="Plot the curve: flat means a learning rate that is too small, jumping one too large.",
        score=ratio,
        picture=partial(pictures.curve, {key: curve.tolist()}, at_most * first),
        key=key,
        want=at_most * first,
        share=at_most,
        epochs=epochs,
        last=last,
        n=len(curve),
        first=first,
    )


def recomputed(model: Any, key: str, inputs: Any, targets: Any) -> float:
    """Return the current loss or accuracy, the value that a history's column should end with."""
    if key.removeprefix("val_") in ("accuracy", "acc", "sparse_categorical_accuracy"):
        return metric_of(model, inputs, targets, "accuracy")
    return recomputed_loss(model, inputs, targets)


def apart(found: float, want: float) -> float:
    """Return the relative difference of a recorded value from the recomputed one."""
    return abs(found - want) / max(abs(want), 1e-3)


@check
def history_honest(
    history: Any,
    model: Any,
    inputs: Any,
    targets: Any,
    *,
    key: str = "val_loss",
    within: float = 0.02,
) -> Verdict:
    """Check that the record ends with the value that the saved weights give on the same data.

    `key`: "val_loss" or "val_accuracy" with the validation data (or "loss" with training data,
    where dropout and the running mean over an epoch require a wide `within`).

    Catches: a history edited by hand, a model saved from another run.
    Blind to: early epochs of the record; a model that restored its best weights: use
    `early_stopping`.
    """
    curve = record(history, key)
    want = recomputed(model, key, inputs, targets)
    found = float(curve[-1])
    return decide(
        apart(found, want) <= within,
        expected="a history that ends with {key} {want} (recomputed from your saved weights)",
        got="{found} is written in it",
        next="Run fit() again and save the model in the same cell.",
        score=apart(found, want),
        key=key,
        want=want,
        found=found,
    )


def stopping_epoch(curve: Array, maximise: bool = False) -> int:
    """Return the best epoch of a curve, counted from 1 (the first if several are equal)."""
    return int(curve.argmax() if maximise else curve.argmin()) + 1


@check
def early_stopping(
    history: Any,
    model: Any,
    inputs: Any,
    targets: Any,
    *,
    patience: int,
    monitor: str = "val_loss",
    within: float = 0.02,
) -> Verdict:
    """Check that training stopped `patience` epochs after the best one and restored its weights.

    The second half is recomputed: the model must give the best recorded value on the validation
    data. Partial credit: a half each.

    Catches: restore_best_weights left out, patience on the wrong curve, training to the end.
    Blind to: a record written by hand that ends right; min_delta other than 0.
    """
    curve = record(history, monitor)
    best = stopping_epoch(curve, maximise="acc" in monitor)
    best_value = float(curve[best - 1])
    now = recomputed(model, monitor, inputs, targets)
    stopped = len(curve) == best + patience
    restored = apart(now, best_value) <= within
    return decide(
        (stopped + restored) * HALF,
        expected="a stop {patience} epochs after the best (epoch {best}), with its weights",
        got="{ran} epochs; your weights give {monitor} {now}, the best was {best_value}",
        next="EarlyStopping(patience={patience}, restore_best_weights=True) with validation_data.",
        picture=partial(pictures.curve, {monitor: curve.tolist()}, best_value),
        patience=patience,
        best=best,
        ran=len(curve),
        monitor=monitor,
        now=now,
        best_value=best_value,
    )


@check
def checkpoint_used(
    model: Any,
    history: Any,
    inputs: Any,
    targets: Any,
    *,
    monitor: str = "val_loss",
    within: float = 0.01,
) -> Verdict:
    """Check that the saved model (a file or a model loaded from it) gives the best recorded value.

    Partial credit: a half if the file opens.

    Catches: the last epoch's weights saved instead of the best, a file from another run.
    Blind to: the origin of the file.
    """
    if isinstance(model, str | Path):
        path = Path(model)
        opened, problem = saving.loaded(path) if path.is_file() else (None, "")
        if opened is None:
            raise coerce.failing(
                expected="a model file {file}",
                got="{found}" if problem else "no file {file}",
                next="ModelCheckpoint(save_best_only=True), then load it before you evaluate.",
                file=path.name,
                found=problem,
            )
        model = opened
        parts.fact(lambda: model.compile(loss=_loss_named_by(model, targets)))
    curve = record(history, monitor)
    best = float(curve[stopping_epoch(curve, "acc" in monitor) - 1])
    now = recomputed(model, monitor, inputs, targets)
    return decide(
        1.0 if apart(now, best) <= within else HALF,
        expected="a saved model with {monitor} {want}, the best of your record",
        got="{monitor} {found}",
        next="ModelCheckpoint(save_best_only=True), then load it before you evaluate.",
        score=now,
        monitor=monitor,
        want=best,
        found=now,
    )


def _loss_named_by(model: Any, targets: Any) -> str:
    """Return the loss that fits the output of a model loaded without its compile state."""
    shapes = parts.output_shapes(model)
    units = shapes[0][-1] if shapes else 1
    whole = np.asarray(targets).dtype.kind in "iu"
    if units == 1:
        return "binary_crossentropy" if whole else "mse"
    return "sparse_categorical_crossentropy" if whole else "categorical_crossentropy"
