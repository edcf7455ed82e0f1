"""Checks of hyperparameter tuning: learning rates by epoch, a table of trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce, pictures
from autograder.expect.models import parts
from autograder.expect.training.records import record
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, short
from autograder.language import translate


def rates_of(rates: Any, epochs: int) -> list[float]:
    """Return learning rates from a list, a History's `learning_rate`, or a function of epochs."""
    if callable(rates) and not isinstance(parts.fact(lambda: rates.history), Mapping):
        return [
            coerce.number(coerce.call(rates, e, name="schedule"), "the rate") for e in range(epochs)
        ]
    inner = parts.fact(lambda: rates.history)
    columns = inner if isinstance(inner, Mapping) else rates
    if isinstance(columns, Mapping):
        key = "learning_rate" if "learning_rate" in columns else "lr"
        return [float(v) for v in record(columns, key)]
    return [float(v) for v in coerce.floats(rates, "the learning rates", shape=(None,))]


@check
def learning_rates(
    rates: Any,
    want: Sequence[float] | Callable[[int], float],
    *,
    within: float = 0.01,
    epochs: int = 10,
) -> Verdict:
    """Check that the learning rate of each epoch is the wanted one, within a hundredth.

    `rates`: a list, a History with `learning_rate` (a schedule object is never logged there), or
    the schedule as a function of the epoch, which is called. `want`: a list, or a function of the
    epoch from 0. A claim, unless `rates` is a function. Partial credit: the share of epochs.

    >>> learning_rates([0.1, 0.1], lambda epoch: 0.1 * 0.5**epoch)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: a learning rate of 0.05 in epoch 2
    Got: 0.1; 1 of 2 epochs are right
    Next: Pass the callback to fit(callbacks=[...]), or the schedule to the optimizer.

    Catches: a callback that was never passed to fit(), decay by step instead of epoch.
    Blind to: rates that training did not use.
    """
    count = epochs if callable(want) else len(want)
    found = rates_of(rates, count)
    wanted = (
        [float(want(e)) for e in range(len(found))] if callable(want) else [float(w) for w in want]
    )
    if not wanted:
        raise WrongSetting("there must be at least one epoch")
    if len(found) != len(wanted):
        raise coerce.wrong_shape((len(found),), (len(wanted),), "the learning rates")
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
        picture=lambda: pictures.curve({translate("yours"): found, translate("asked for"): wanted}),
        want=wanted[first],
        epoch=first + 1,
        found=found[first],
        right=len(wanted) - len(wrong),
        n=len(wanted),
    )


def table_rows(table: Any) -> list[dict[str, Any]]:
    """Return a table of trials as a list of dicts; columns and DataFrames are converted."""
    to_dict = parts.fact(lambda: table.to_dict)
    if callable(to_dict) and not isinstance(table, Mapping):
        table = coerce.call(lambda: to_dict("list"), name="to_dict")
    if isinstance(table, Mapping):
        columns = {str(k): coerce.rows(v, str(k)) for k, v in table.items()}
        lengths = {len(v) for v in columns.values()}
        if len(lengths) != 1:
            raise coerce.empty("the table of trials")
        return [{k: v[i] for k, v in columns.items()} for i in range(lengths.pop())]
    rows = coerce.rows(table, "the table of trials")
    if not rows or not all(isinstance(r, Mapping) for r in rows):
        raise coerce.failing(
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
    """Check that there are enough trials, each setting was varied, and the best row was chosen.

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

    Catches: the last trial chosen instead of the best, one setting tried eight times.
    Blind to: scores that were never measured, unless `retrained` is given.
    """
    rows = table_rows(table)
    scores = np.array([coerce.number(r.get(score), score) for r in rows])
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
    """Return the number of the chosen row, from its number or settings; None if there is none."""
    if isinstance(chosen, Mapping):
        asked = {str(k): short(v) for k, v in chosen.items() if str(k) in keys}
        fits = [
            i for i, r in enumerate(rows) if all(short(r.get(k)) == v for k, v in asked.items())
        ]
        return fits[0] if fits and asked else None
    number = int(coerce.integers(chosen, "the chosen row", shape=()))
    return number if 0 <= number < len(rows) else None
