"""Checks of sequence models: probabilities and recurrent steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.verdict import Verdict, WrongSetting, check, decide


@check
def probabilities(value: Any, *, axis: int = -1, name: str = "") -> Verdict:
    """Check that the numbers are probabilities: none below 0, sums of 1 along the axis (± 1e-5).

    >>> probabilities([[0.5, 0.5], [1.0, 1.0]])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: each row of the probabilities sums to 1
    Got: row 1 sums to 2, the smallest value is 0.5
    Next: Apply softmax over the last axis.

    Catches: logits, softmax over the batch axis, sigmoid for several classes.
    Blind to: the wrong class having the highest probability.
    """
    found = coerce.floats(value, name or "the probabilities")
    if found.ndim == 0 or not -found.ndim <= axis < found.ndim:
        raise coerce.wrong_shape(found.shape, (None, None), name or "the probabilities")
    sums = found.sum(axis=axis).ravel()
    worst = int(np.abs(sums - 1).argmax())
    return decide(
        bool(np.abs(sums - 1).max() <= 1e-5 and found.min() >= 0),
        expected="each row of {name} sums to 1",
        got="row {row} sums to {sum}, the smallest value is {low}",
        next="Apply softmax over the last axis.",
        name=name or "the probabilities",
        row=worst,
        sum=float(sums[worst]),
        low=float(found.min()),
    )


@check
def rnn_step(
    step: Any,
    reference: Callable[..., Any],
    inputs: Any,
    state: Any,
    *weights: Any,
    atol: float = 1e-4,
) -> Verdict:
    """Check that step(x_t, state, *weights) follows the reference over all time steps.

    `inputs`: (T, batch, features); the state is an array or a tuple of arrays (h, c). Each step
    starts from the reference's state, so that one error is counted once. Partial credit: the share
    of right steps.

    >>> rnn_step(lambda x, h: h, lambda x, h: h + x, np.ones((2, 1, 1)), np.zeros((1, 1)))
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: a state that holds 1 at step 1
    Got: 0; 0 of 2 steps are right
    Next: Check each gate: which input, which weights, which activation.

    Catches: gates exchanged, tanh for sigmoid, the old state instead of the candidate.
    Blind to: errors that occur only in longer runs.
    """
    series = np.asarray(inputs)
    if series.ndim < 2 or len(series) == 0:
        raise WrongSetting("inputs have the shape (time, batch, features)")
    wrong: list[tuple[int, float, float]] = []
    for t, x in enumerate(series):
        returned = coerce.call(step, x, state, *weights, name=coerce.function(step))
        want = reference(x, state, *weights)
        worst = _worst_state(_states(returned, "the state"), _states(want, "the state"))
        if not worst[0] <= atol:
            wrong.append((t + 1, worst[1], worst[2]))
        state = want
    t, value, found = wrong[0] if wrong else (0, 0.0, 0.0)
    share = 1 - len(wrong) / len(series)
    return decide(
        share,
        expected="a state that holds {case_want} at step {t}",
        got="{found}; {right} of {n} steps are right",
        next="Check each gate: which input, which weights, which activation.",
        score=share,
        case_want=value,
        t=t,
        found=found,
        right=len(series) - len(wrong),
        n=len(series),
    )


def _states(value: Any, name: str) -> list[Array]:
    if isinstance(value, tuple | list) and len(value) and np.ndim(value[0]) >= 2:
        return [coerce.floats(v, name) for v in value]
    return [coerce.floats(value, name)]


def _worst_state(found: list[Array], want: list[Array]) -> tuple[float, float, float]:
    """Return the largest difference, the wanted value there and the found value."""
    if [f.shape for f in found] != [w.shape for w in want]:
        raise coerce.wrong_shape(found[0].shape, want[0].shape, "the state")
    differences = [float(np.abs(f - w).max()) for f, w in zip(found, want, strict=True)]
    i = int(np.argmax(differences))
    place = int(np.abs(found[i] - want[i]).argmax())
    return differences[i], float(want[i].flat[place]), float(found[i].flat[place])
