"""Checks of attention: its weights, masks, positions, and dependence on the inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.models import parts
from autograder.expect.verdict import Verdict, WrongSetting, check, decide

THIRD = 1 / 3


QUARTER = 0.25


def change(a: Array, b: Array) -> float:
    """Return the largest absolute difference of two outputs; infinite if their shapes differ."""
    return float(np.abs(a - b).max()) if a.shape == b.shape else float("inf")


@check
def order_matters(model: Any, a: Any, b: Any, *, at_least: float = 1e-4) -> Verdict:
    """Check that the output changes when the same words come in another order.

    `a` and `b`: two batches of the same tokens, ordered differently.

    Catches: attention without positions, a bag of words where order is required.
    Blind to: a change for the worse.
    """
    first, second = np.asarray(a), np.asarray(b)
    if first.shape != second.shape or (np.sort(first, axis=1) != np.sort(second, axis=1)).any():
        raise WrongSetting("a and b must hold the same tokens in another order")
    differs = change(parts.one_answer(model, first), parts.one_answer(model, second))
    return decide(
        at_least <= differs < np.inf,
        expected="another answer for another word order",
        got="the same answer for {case_a} and {case_b} (it changes by {change})",
        next="Add positions (an embedding, or sine waves) before attention.",
        score=differs,
        case_a=first[0].tolist(),
        case_b=second[0].tolist(),
        change=differs,
    )


@check
def attention_rows(weights: Any, *, mask: Any = None, name: str = "") -> Verdict:
    """Check that attention weights are at least 0, sum to 1 over the keys, and are 0 where masked.

    `weights`: (..., queries, keys); `mask`: True where a key may be seen, broadcast to it. A row
    whose keys are all masked is left out. Partial credit: a third each.

    >>> attention_rows([[0.5, 0.5]], mask=[[True, False]])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: attention rows with sum 1, and 0 at masked places
    Got: a row sum of 1, a masked weight of 0.5
    Next: Add -1e9 at masked places before softmax over the key axis.

    Catches: a mask that is added after softmax, softmax over the queries.
    Blind to: attention to the wrong keys.
    """
    found = coerce.floats(weights, name or "the attention weights")
    if found.ndim < 2:
        raise coerce.wrong_shape(found.shape, (None, None), name or "the attention weights")
    allowed = np.ones(found.shape, bool) if mask is None else np.asarray(mask, dtype=bool)
    allowed = np.broadcast_to(allowed, found.shape)
    open_rows = allowed.any(axis=-1)
    if not open_rows.any():
        raise WrongSetting("the mask leaves no key to any row")
    sums = found.sum(axis=-1)[open_rows]
    leaked = np.abs(np.where(allowed, 0, found))[open_rows]
    worst = float(sums[np.abs(sums - 1).argmax()])
    positive, whole = float(found.min()) >= 0, abs(worst - 1) <= 1e-4
    closed = float(leaked.max()) < 1e-6
    right = positive + whole + closed
    return decide(
        1.0 if right == 3 else right * THIRD,
        expected="attention rows with sum 1, and 0 at masked places",
        got="a row sum of {sum}, a masked weight of {leak}" if positive else "a weight of {low}",
        next="Add -1e9 at masked places before softmax over the key axis.",
        sum=worst,
        leak=float(leaked.max()),
        low=float(found.min()),
    )


def exchanged_after(batch: Array, position: int) -> Array:
    """Return the batch with its tokens from `position` on swapped between samples, or reversed."""
    changed = batch.copy()
    later = batch[:, position:]
    other = np.roll(later, 1, axis=0) if len(batch) > 1 else later[:, ::-1]
    changed[:, position:] = np.where(
        (other == later).all(axis=1, keepdims=True), later[:, ::-1], other
    )
    return changed


@check
def no_peeking(
    model: Any, inputs: Any, *, position: int, which: int = -1, atol: float = 1e-4
) -> Verdict:
    """Check that outputs before `position` stay equal when only later tokens change.

    `inputs`: a batch (n, T), or a list of batches as the model takes them, of which number `which`
    is changed. Tokens from `position` on are swapped between samples. The output is (n, T, ...).

    Catches: a missing causal mask (teacher-forced accuracy 0.9998, free-running 0.0).
    Blind to: leaks that training has closed by chance: try several positions.
    """
    batches = [np.asarray(b) for b in inputs] if isinstance(inputs, list | tuple) else None
    own = batches[which] if batches is not None else np.asarray(inputs)
    if own.ndim < 2 or not 0 < position < own.shape[1]:
        raise WrongSetting("position must lie inside the sequence")
    other = exchanged_after(own, position)
    if (other == own).all():
        raise WrongSetting("the samples are alike after this position; give others")
    if batches is None:
        pair: list[Any] = [own, other]
    else:
        place = which % len(batches)
        pair = [batches, [*batches[:place], other, *batches[place + 1 :]]]
    before, after = (parts.one_answer(model, x) for x in pair)
    if before.ndim < 2 or before.shape[:2] != own.shape[:2] or before.shape != after.shape:
        raise coerce.wrong_shape(before.shape, (*own.shape[:2], None), "the answer of the model")
    moved = change(before[:, :position], after[:, :position])
    return decide(
        moved <= atol,
        expected="positions before {position} do not depend on later words",
        got="they change by {change} when only later words change",
        next="use_causal_mask=True in the decoder's self-attention.",
        score=moved,
        position=position,
        change=moved,
    )


@check
def pad_invariant(model: Any, inputs: Any, padded: Any, *, atol: float = 1e-4) -> Verdict:
    """Check that the same sentences with more padding get the same output.

    `inputs` and `padded` are batches (or lists of batches) of the same sentences. Outputs per word
    are compared over the words of the shorter one.

    Catches: a padding mask that is missing in one attention layer, a mean over padding.
    Blind to: models that take one length only.
    """
    short_answer, long_answer = (parts.one_answer(model, x) for x in (inputs, padded))
    if short_answer.ndim > 2:
        long_answer = long_answer[:, : short_answer.shape[1]]
    moved = change(short_answer, long_answer)
    return decide(
        moved <= atol,
        expected="the same answer with more padding",
        got="the answer moves by {change}",
        next="mask_zero=True, or pass the padding mask to every attention layer.",
        score=moved,
        change=moved,
    )


@check
def uses_source(
    model: Any, inputs: Any, other_source: Any, *, which: int = 0, at_least: float = 1e-4
) -> Verdict:
    """Check that the output changes when only the source (input number `which`) changes.

    `inputs`: the list of batches that the model takes.

    Catches: cross-attention that looks at the target, an encoder that is not connected.
    Blind to: poor use of the source; use `translates`.
    """
    batches = [np.asarray(b) for b in inputs]
    other = list(batches)
    other[which] = np.asarray(other_source)
    if other[which].shape != batches[which].shape or (other[which] == batches[which]).all():
        raise WrongSetting("other_source must differ from the source, and have its shape")
    differs = change(parts.one_answer(model, batches), parts.one_answer(model, other))
    return decide(
        at_least <= differs < np.inf,
        expected="an answer that depends on the source",
        got="the same scores for {case_a} and {case_b} (they change by {change})",
        next="Cross-attention: query = decoder, key = value = the encoder's output.",
        score=differs,
        case_a=batches[which][0].tolist(),
        case_b=other[which][0].tolist(),
        change=differs,
    )


def sine_positions(length: int, width: int) -> Array:
    """Return sin(p / 10000^(2i/d)) on even columns, cos on odd ones. Vaswani et al. 2017.

    >>> sine_positions(2, 2).round(3)
    array([[0.   , 1.   ],
           [0.841, 0.54 ]])
    """
    rates = 10000.0 ** (-2 * np.arange((width + 1) // 2) / width)
    angles = np.arange(length)[:, None] * rates
    found = np.zeros((length, width))
    found[:, 0::2] = np.sin(angles)
    found[:, 1::2] = np.cos(angles)[:, : width // 2]
    return found


@check
def positions(encoding: Any, *, length: int, width: int) -> Verdict:
    """Check that an array (length, width) is the sine encoding of positions.

    Sine in even columns and cosine in odd ones, or all sines before all cosines. Partial credit: a
    quarter each for shape, range, distinct rows, values.

    >>> positions(np.zeros((4, 2)), length=4, width=2)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: 1 at position 0, column 1
    Got: 0; 2 of 4 properties hold
    Next: sin on even columns, cos on odd ones, with the rate 1 / 10000^(2i/d).

    Catches: sin and cos exchanged, a rate per column instead of per pair.
    Blind to: learnt positions: use `order_matters`.
    """
    found = coerce.floats(encoding, "the encoding")
    if found.ndim == 3 and len(found) == 1:
        found = found[0]
    if found.shape != (length, width):
        raise coerce.wrong_shape(found.shape, (length, width), "the encoding")
    woven = sine_positions(length, width)
    halves = np.concatenate([woven[:, 0::2], woven[:, 1::2]], axis=1)
    want = min((woven, halves), key=lambda w: float(np.abs(found - w).max()))
    in_range = float(np.abs(found).max()) <= 1 + 1e-6
    distinct = len(np.unique(found.round(6), axis=0)) == length
    equal = bool(np.abs(found - want).max() <= 1e-4)
    right = 1 + in_range + distinct + equal
    row, column = np.unravel_index(int(np.abs(found - want).argmax()), want.shape)
    return decide(
        1.0 if equal and distinct else right * QUARTER,
        expected="{want} at position {row}, column {column}",
        got="{found}; {right} of {n} properties hold",
        next="sin on even columns, cos on odd ones, with the rate 1 / 10000^(2i/d).",
        score=right / 4,
        want=float(want[row, column]),
        row=int(row),
        column=int(column),
        found=float(found[row, column]),
        right=right,
        n=4,
    )
