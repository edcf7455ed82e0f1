"""Checks of one value: its type, shape and range, and its closeness to a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.models import parts
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, msgid

KINDS = {"float": "f", "int": "iu", "bool": "b", "complex": "c", "str": "SU"}
HALF = 0.5  # maximum credit of a nearly right value


@check
def type_is(value: Any, kind: type | str | tuple[type | str, ...], *, name: str = "") -> Verdict:
    """Check that the value is of this type, given as a class or as a class name.

    >>> type_is([1, 2], "ndarray", name="x")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: x: ndarray
    Got: x: list
    Next: Convert it, for example with np.asarray(x).

    Catches: a list where an array is required.
    Blind to: its contents.
    """
    kinds = kind if isinstance(kind, tuple) else (kind,)
    names = {parts.kind_of(value), *(c.__name__ for c in type(value).__mro__)}
    fits = any(k in names if isinstance(k, str) else issubclass(type(value), k) for k in kinds)
    label = name or "value"
    return decide(
        fits,
        expected="{name}: {want}",
        got="{name}: {found}",
        next="Convert it, for example with np.asarray({name}).",
        name=label,
        want=" / ".join(k if isinstance(k, str) else k.__name__ for k in kinds),
        found=parts.kind_of(value),
    )


def axes_right(shape: Sequence[int], want: Sequence[int | None]) -> float:
    """Return the share of axes with the wanted length; 0 if the number of axes differs.

    >>> axes_right((5, 3), (None, 4))
    0.5
    """
    if len(shape) != len(want) or not want:
        return float(tuple(shape) == tuple(want))
    right = sum(w is None or s == w for s, w in zip(shape, want, strict=True))
    return right / len(want)


@check
def shape(
    value: Any, want: Sequence[int | None], *, name: str = "", axes: Sequence[str] = ()
) -> Verdict:
    """Check that the shape is the wanted one; None allows any length; nothing is broadcast.

    Partial credit: the share of right axes, at most a half.

    >>> shape(np.zeros((5, 3)), (5, 4), name="x", axes=("rows", "features"))
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: x.shape = (5, 4)
    Got: x.shape = (5, 3); axis 1 differs (features)
    Next: Check reshape, keepdims and the batch axis.

    Catches: a lost batch axis, (n,) for (n, 1), channels first.
    Blind to: values that were reshaped where they should be transposed; use `close` for these.
    """
    found = coerce.array(value, name).shape
    share = axes_right(found, want)
    differs = [i for i, (s, w) in enumerate(zip(found, want, strict=False)) if w not in (None, s)]
    axis = differs[0] if differs else min(len(found), len(want))
    word = f" ({axes[axis]})" if axis < len(axes) else ""
    return decide(
        1.0 if share == 1 else share * HALF,
        expected="{name}.shape = {want}",
        got="{name}.shape = {found}; axis {axis} differs{word}",
        next="Check reshape, keepdims and the batch axis.",
        name=name or "value",
        want=tuple(want),
        found=found,
        axis=axis,
        word=word,
    )


@check
def dtype(value: Any, kind: str, *, name: str = "") -> Verdict:
    """Check that the elements are of this kind: "float", "int", "bool", "complex" or "str".

    >>> dtype(np.array([1, 2]), "float", name="images")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: images of type float
    Got: images of type int64
    Next: Use images.astype('float32'); labels stay whole numbers, images are floats.

    Catches: labels as floats, images as bytes, masks as probabilities.
    Blind to: the scale; use `in_range`.
    """
    if kind not in KINDS:
        raise WrongSetting(f"kind={kind!r} is none of {', '.join(KINDS)}")
    found = coerce.array(value, name)
    types = {"float": "float32", "int": "int32"}
    return decide(
        found.dtype.kind in KINDS[kind] and found.size > 0,
        expected="{name} of type {want}",
        got="{name} of type {found}" if found.size else "{name} is empty",
        next="Use {name}.astype('{cast}'); labels stay whole numbers, images are floats.",
        name=name or "value",
        want=kind,
        found=str(found.dtype),
        cast=types.get(kind, kind),
    )


@check
def finite(value: Any, *, name: str = "") -> Verdict:
    """Check that every number in the value is finite, also inside lists and dicts of arrays.

    >>> finite(np.array([1.0, np.nan]), name="loss")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: only finite numbers in loss
    Got: 1 NaN, 0 infinite; the first at (1,)
    Next: Look for log(0), a division by 0 or a learning rate that is too large.

    Catches: a loss that became NaN, log of 0.
    Blind to: finite numbers that are wrong.
    """
    parts = _parts(value, name or "value", depth=3)
    for label, part in parts:
        coerce.numbers(part, label)
    return decide(
        bool(parts),
        expected="only finite numbers in {name}",
        got="{name} is empty",
        next="Run the cell that fills {name}, then look at its length.",
        name=name or "the value",
        parts=len(parts),
    )


def _parts(value: Any, name: str, depth: int) -> list[tuple[str, Any]]:
    if depth and isinstance(value, Mapping):
        return [p for k, v in value.items() for p in _parts(v, f"{name}[{k!r:.40}]", depth - 1)]
    ragged = isinstance(value, list | tuple) and any(np.ndim(v) for v in value)
    if depth and ragged:
        return [p for i, v in enumerate(value) for p in _parts(v, f"{name}[{i}]", depth - 1)]
    return [(name, value)]


def within_tolerance(value: Array, reference: Array, rtol: float, atol: float) -> Array:
    """Return True where |value - reference| <= atol + rtol |reference|; NaN is never close.

    The rule of numpy.isclose, for arrays of equal shape only.
    """
    with np.errstate(all="ignore"):
        return np.asarray(np.abs(value - reference) <= atol + rtol * np.abs(reference))


@check
def close(
    value: Any,
    reference: Any,
    *,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    name: str = "",
    hint: str = "",
) -> Verdict:
    """Check that every number equals the reference within atol + rtol·|reference|, shapes equal.

    Partial credit: the share of close elements, at most a half.

    >>> close([1.0, 2.5], [1.0, 2.0], name="loss")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: 2 at (1,) in loss
    Got: 2.5; 1 of 2 values differ
    Next: Work out this one value by hand and compare.

    Catches: a wrong formula, a missing mean, values in another order.
    Blind to: a right value that was typed in; use `matches_reference` on drawn cases.
    """
    want = np.asarray(reference, dtype=np.float64)
    if want.size == 0 or not np.isfinite(want).all():
        raise WrongSetting("the reference must hold finite numbers")
    yes_or_no = np.asarray(reference).dtype.kind == "b"
    got = coerce.numbers(value, name, shape=want.shape, booleans=yes_or_no).astype(np.float64)
    right = within_tolerance(got, want, rtol, atol)
    worst = np.unravel_index(int(np.argmax(np.where(right, -1.0, np.abs(got - want)))), want.shape)
    index = tuple(int(i) for i in worst)
    share = float(right.mean())
    return decide(
        1.0 if right.all() else share * HALF,
        expected="{case_want} at {index} in {name}" if index else "{name} = {case_want}",
        got="{found}; {bad} of {n} values differ" if index else "{found}",
        next=hint or "Work out this one value by hand and compare.",
        score=share,
        name=name or "the value",
        case_want=float(want[index]),
        found=float(got[index]),
        index=index,
        bad=int((~right).sum()),
        n=int(right.size),
    )


@check
def in_range(value: Any, low: float, high: float, *, name: str = "") -> Verdict:
    """Check that every number lies between low and high, both included.

    >>> in_range([0, 255], 0, 1, name="images")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: images between 0 and 1
    Got: images from 0 to 255
    Next: Check the last activation or the scaling, for example / 255 or / 127.5 - 1.

    Catches: unscaled pixels, tanh outputs compared with [0, 1] images.
    Blind to: values that were only clipped to the range.
    """
    found = coerce.floats(value, name)
    smallest, largest = float(found.min()), float(found.max())
    return decide(
        low <= smallest and largest <= high,
        expected="{name} between {low} and {high}",
        got="{name} from {smallest} to {largest}",
        next="Check the last activation or the scaling, for example / 255 or / 127.5 - 1.",
        name=name or "the value",
        low=low,
        high=high,
        smallest=smallest,
        largest=largest,
    )


def spread(value: Array, axis: int) -> float:
    """Return the largest difference between two entries along the axis."""
    return float((value.max(axis=axis) - value.min(axis=axis)).max())


@check
def varies(value: Any, *, at_least: float = 1e-6, axis: int = 0, name: str = "") -> Verdict:
    """Check that different inputs give different values, by their spread along the axis.

    >>> varies(np.ones((4, 2)), name="predictions")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: different inputs give different predictions
    Got: the same predictions everywhere (spread 0)
    Next: The model may answer one class only: look at the loss, the labels and the last layer.

    Catches: a model that answers one class, a generator that ignores its noise.
    Blind to: variation that has nothing to do with the input.
    """
    found = coerce.floats(value, name)
    if found.ndim <= axis or found.shape[axis] < 2:
        raise coerce.wrong_shape(found.shape, (None,) * (axis + 1), name)
    score = spread(found, axis)
    return decide(
        score > at_least,
        expected="different inputs give different {name}",
        got="the same {name} everywhere (spread {spread})",
        next=msgid(
            "The model may answer one class only: look at the loss, the labels and the last layer."
        ),
        score=score,
        name=name or "values",
        spread=score,
    )
