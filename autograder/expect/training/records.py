"""Checks of what a student's own record of training says, held against the weights where it can be.

A record (History, a table, logged rates) is a claim: anyone can write it by hand. The checks named
in `expect.CLAIMS` rest on nothing else and are no proof of quality.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autograder.expect import pictures, read
from autograder.expect.models import behaviour, parts
from autograder.expect.read import Array
from autograder.expect.training.progress import recomputed_loss
from autograder.expect.training.quality import metric_of
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, linear_credit, short

HALF = 0.5


def record(history: Any, key: str) -> Array:
    """One column of a History, a dict of lists, or a list, as floats; not met if missing."""
    inner = parts.fact(lambda: history.history)
    columns = inner if isinstance(inner, Mapping) else history
    if isinstance(columns, Mapping):
        if key not in columns:
            raise read.failing(
                expected="a history with {key}",
                got="a history with {found}",
                next="Keep what fit() returns, and pass validation_data if {key} needs it.",
                key=key,
                found=read.listed([str(k) for k in columns]) or "nothing",
            )
        columns = columns[key]
    return read.floats(columns, key, shape=(None,))


@check
def loss_curve(
    history: Any, *, at_most: float = 0.5, key: str = "loss", epochs: int | None = None
) -> Verdict:
    """Whether the recorded curve ends at `at_most` times its first value, over so many epochs.

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
    """The value that a history's column should end with: the loss or the accuracy, computed now."""
    if key.removeprefix("val_") in ("accuracy", "acc", "sparse_categorical_accuracy"):
        return metric_of(model, inputs, targets, "accuracy")
    return recomputed_loss(model, inputs, targets)


def apart(found: float, want: float) -> float:
    """The relative difference of a recorded value from the recomputed one."""
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
    """Whether the record ends with the value that the saved weights give on the same data.

    `key`: "val_loss" or "val_accuracy" with the validation data (or "loss" with training data,
    where dropout and the running mean over an epoch ask for a wide `within`).

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
    """The best epoch of a curve, counted from 1 (the first of equals)."""
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
    """Whether training stopped `patience` epochs after the best one, with its weights restored.

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
    """Whether the saved model (a file or the model loaded from it) gives the best recorded value.

    Partial credit: a half if the file opens.

    Catches: the last epoch's weights saved in place of the best, a file from another run.
    Blind to: how the file came to be.
    """
    if isinstance(model, str | Path):
        path = Path(model)
        opened, problem = behaviour.loaded(path) if path.is_file() else (None, "no such file")
        if opened is None:
            raise read.failing(
                expected="a model file {file}",
                got="{found}",
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
    """The loss that fits the output, for a model that was loaded without its compile state."""
    shapes = parts.output_shapes(model)
    units = shapes[0][-1] if shapes else 1
    whole = np.asarray(targets).dtype.kind in "iu"
    if units == 1:
        return "binary_crossentropy" if whole else "mse"
    return "sparse_categorical_crossentropy" if whole else "categorical_crossentropy"


# ── Schedules ────────────────────────────────────────────────────────────────────────


def rates_of(rates: Any, epochs: int) -> list[float]:
    """Learning rates from a list, a History's `learning_rate`, or a function of the epoch."""
    if callable(rates) and not isinstance(parts.fact(lambda: rates.history), Mapping):
        return [
            read.number(read.call(rates, e, name="schedule"), "the rate") for e in range(epochs)
        ]
    inner = parts.fact(lambda: rates.history)
    columns = inner if isinstance(inner, Mapping) else rates
    if isinstance(columns, Mapping):
        key = "learning_rate" if "learning_rate" in columns else "lr"
        return [float(v) for v in record(columns, key)]
    return [float(v) for v in read.floats(rates, "the learning rates", shape=(None,))]


@check
def learning_rates(
    rates: Any,
    want: Sequence[float] | Callable[[int], float],
    *,
    within: float = 0.01,
    epochs: int = 10,
) -> Verdict:
    """Whether the learning rate of each epoch is the one wanted, within a hundredth.

    `rates`: a list, a History with `learning_rate` (a schedule object is never logged there), or
    the schedule as a function of the epoch, which is called. `want`: a list, or a function of the
    epoch from 0. A claim, unless `rates` is a function. Partial credit: the share of epochs.

    >>> learning_rates([0.1, 0.1], lambda epoch: 0.1 * 0.5**epoch)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: a learning rate of 0.05 in epoch 2
    Got: 0.1; 1 of 2 epochs are right
    Next: Pass the callback to fit(callbacks=[...]), or the schedule to the optimizer.

    Catches: a callback that was never passed to fit(), decay by step in place of epoch.
    Blind to: whether the rates were used.
    """
    count = epochs if callable(want) else len(want)
    found = rates_of(rates, count)
    wanted = (
        [float(want(e)) for e in range(len(found))] if callable(want) else [float(w) for w in want]
    )
    if not wanted:
        raise WrongSetting("there must be at least one epoch")
    if len(found) != len(wanted):
        raise read.wrong_shape((len(found),), (len(wanted),), "the learning rates")
    wrong = [
        i
        for i, (f, w) in enumerate(zip(found, wanted, strict=True))
        if not abs(f - w) <= within * abs(w)
    ]
    first = wrong[0] if wrong else 0
    return decide(
        1 - len(wrong) / len(wanted),
        expected="a learning rate of {want} in epoch {epoch}",
        got="{found}; {right} of {n} epochs are right",
        next="Pass the callback to fit(callbacks=[...]), or the schedule to the optimizer.",
        picture=partial(pictures.curve, {"yours": found, "asked for": wanted}),
        want=wanted[first],
        epoch=first + 1,
        found=found[first],
        right=len(wanted) - len(wrong),
        n=len(wanted),
    )


# ── Tuning ───────────────────────────────────────────────────────────────────────────


def table_rows(table: Any) -> list[dict[str, Any]]:
    """A table of trials, a list of dicts: from such, a dict of columns, or a DataFrame."""
    to_dict = parts.fact(lambda: table.to_dict)
    if callable(to_dict) and not isinstance(table, Mapping):
        table = read.call(lambda: to_dict("list"), name="to_dict")
    if isinstance(table, Mapping):
        columns = {str(k): read.rows(v, str(k)) for k, v in table.items()}
        lengths = {len(v) for v in columns.values()}
        if len(lengths) != 1:
            raise read.empty("the table of trials")
        return [{k: v[i] for k, v in columns.items()} for i in range(lengths.pop())]
    rows = read.rows(table, "the table of trials")
    if not rows or not all(isinstance(r, Mapping) for r in rows):
        raise read.failing(
            expected="a table of trials: a list of dicts, or a DataFrame",
            got="{found}",
            next="Append one dict per trial: the settings and the validation score.",
            found=short(table),
        )
    return [{str(k): v for k, v in r.items()} for r in rows]


@check
def tuning_table(
    table: Any,
    chosen: Any,
    *,
    at_least: int = 8,
    score: str = "val_accuracy",
    best: str = "max",
    settings: Sequence[str] | None = None,
    retrained: float | None = None,
    within: float = 0.05,
) -> Verdict:
    """Whether there are enough trials, each setting was varied, and the best row was chosen.

    `chosen`: the chosen settings as a dict, or the row's number. `retrained`: the score of the
    retrained model, recomputed by you; it must lie within `within` of the chosen row's. Without it
    the table is a claim. Partial credit: a share each.

    >>> tuning_table(
    ...     [{"lr": 0.1, "val_accuracy": 0.9}, {"lr": 0.01, "val_accuracy": 0.8}], 1, at_least=2
    ... )
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: the best of at least 2 trials chosen (row 0: 0.9)
    Got: 2 trials, chosen is row 1
    Next: Sort the table by the validation score; use the test data only once, at the end.

    Catches: the last trial chosen in place of the best, one setting tried eight times.
    Blind to: scores that were never measured, unless `retrained` is given.
    """
    rows = table_rows(table)
    scores = np.array([read.number(r.get(score), score) for r in rows])
    place = int(scores.argmax() if best == "max" else scores.argmin())
    keys = list(settings) if settings is not None else [k for k in rows[0] if k != score]
    varied = bool(keys) and all(len({short(r.get(k)) for r in rows}) >= 2 for k in keys)
    picked = chosen_row(rows, chosen, keys)
    is_best = picked is not None and bool(scores[picked] == scores[place])
    demands = [len(rows) >= at_least, varied, is_best]
    if retrained is not None:
        demands.append(picked is not None and abs(retrained - float(scores[picked])) <= within)
    return decide(
        sum(demands) / len(demands),
        expected="the best of at least {n} trials chosen (row {place}: {want})",
        got="{found_n} trials, chosen is row {picked}"
        if varied
        else "{found_n} trials; not every setting has two values, chosen is row {picked}",
        next="Sort the table by the validation score; use the test data only once, at the end."
        if retrained is None or all(demands[:3]) is False
        else "Train the final model again with exactly the chosen settings.",
        score=float(scores[place]),
        n=at_least,
        place=place,
        want=float(scores[place]),
        found_n=len(rows),
        picked="none of them" if picked is None else str(picked),
    )


def chosen_row(rows: Sequence[Mapping[str, Any]], chosen: Any, keys: Sequence[str]) -> int | None:
    """The number of the row that was chosen, by number or by its settings; None if none."""
    if isinstance(chosen, Mapping):
        asked = {str(k): short(v) for k, v in chosen.items() if str(k) in keys}
        fits = [
            i for i, r in enumerate(rows) if all(short(r.get(k)) == v for k, v in asked.items())
        ]
        return fits[0] if fits and asked else None
    number = int(read.integers(chosen, "the chosen row", shape=()))
    return number if 0 <= number < len(rows) else None
