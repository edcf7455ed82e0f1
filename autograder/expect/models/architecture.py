"""Checks of a model's architecture: shapes, order of layers, settings and size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograder.expect import coerce
from autograder.expect.models import parts
from autograder.expect.models.parts import Layer
from autograder.expect.verdict import NotMet, Verdict, WrongSetting, check, decide

Shape = Sequence[int | None]
HALF = 0.5


def answered_shape(model: Any, inputs: Any) -> tuple[int | None, ...]:
    """Return the shape of the model's output for a batch, with None as its batch axis."""
    answer = parts.predictions(model, inputs)
    first = answer[0] if isinstance(answer, list) else answer
    return (None, *first.shape[1:])


def stated_shape(model: Any) -> tuple[int | None, ...] | None:
    """Return the output shape that the model states, without a call; None if it is unknown."""
    shapes = parts.output_shapes(model)
    return shapes[0] if shapes else None


@check
def output_shape(model: Any, want: Shape, *, inputs: Any = None) -> Verdict:
    """Check that the model's output has this shape (batch axis None), as stated and in one call.

    `inputs`: a batch for models that do not know their input shape. Costs one prediction.

    >>> import keras
    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> output_shape(net, (None, 10))
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: output (None, 10)
    Got: output (None, 3)
    Next: Check the units or filters of the last layer, and what comes before it.

    Catches: one output for ten classes, a mask of the wrong size, a missing Flatten.
    Blind to: the last activation; use `loss_fits_output` or `in_range`.
    """
    parts.demand_model(model)
    shapes = parts.input_shapes(model)
    batch = inputs if inputs is not None else parts.trial_inputs(model, shapes) if shapes else None
    if batch is None:
        raise _unbuilt()
    found = answered_shape(model, batch)
    stated = stated_shape(model)
    agrees = stated is None or coerce.fits(_numbers_of(stated, found), want)
    return decide(
        coerce.fits(found, want) and agrees,
        expected="output {want}",
        got="output {found}",
        next="Check the units or filters of the last layer, and what comes before it.",
        want=tuple(want),
        found=found,
    )


def _numbers_of(stated: Shape, found: Shape) -> tuple[int, ...]:
    """Return the stated shape with axes of any length filled in from a real output."""
    if len(stated) != len(found):
        return tuple(a or 0 for a in stated)
    return tuple(f or 0 if s is None else s for s, f in zip(stated, found, strict=True))


def _unbuilt() -> Exception:
    return coerce.failing(
        expected="a model that knows its input shape",
        got="a model that has not been built",
        next="Begin with keras.Input(shape=...), or call the model once on a batch.",
    )


@check
def model_io(model: Any, inputs: Shape, outputs: Shape) -> Verdict:
    """Check that the model maps batches of one shape to batches of the other (batch axis None).

    One real call on zeros decides. Partial credit: a half if only one of the two is right.

    >>> import keras
    >>> net = keras.Sequential([keras.Input((64,)), keras.layers.Dense(1)])
    >>> model_io(net, (None, 64), (None, 10))
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: input (None, 64) → output (None, 10)
    Got: input (None, 64) → output (None, 1)
    Next: Check Input(shape=...) and the units or filters of the last layer.

    Catches: (8, 8) given where 64 numbers are required, one output for ten classes.
    Blind to: the layers between input and output.
    """
    parts.demand_model(model)
    stated = parts.input_shapes(model)
    found_in = stated[0] if stated else tuple(inputs)
    right_in = len(found_in) == len(inputs) and all(
        s is None or s == w for s, w in zip(found_in, inputs, strict=True)
    )
    trial = tuple(inputs) if right_in else found_in
    try:
        found_out = answered_shape(model, parts.trial_inputs(model, [trial]))
    except NotMet:
        found_out = stated_shape(model) or ()
    right_out = coerce.fits(found_out, outputs)
    return decide(
        (right_in + right_out) * HALF,
        expected="input {want_in} → output {want_out}",
        got="input {found_in} → output {found_out}",
        next="Check Input(shape=...) and the units or filters of the last layer.",
        want_in=tuple(inputs),
        want_out=tuple(outputs),
        found_in=found_in,
        found_out=found_out,
    )


@check
def param_count(
    model: Any, *, at_least: int | None = None, at_most: int | None = None, which: str = "all"
) -> Verdict:
    """Check that the number of parameters is in the range; `which`: all, trainable or frozen.

    >>> import keras
    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="head")])
    >>> param_count(net, at_most=10)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: at most 10 parameters (all)
    Got: 15
    Next: head holds 100 % of them; start there.

    Catches: a Dense layer on a flattened image, a model too small to learn.
    Blind to: where the parameters are.
    """
    if which not in ("all", "trainable", "frozen"):
        raise WrongSetting(f"which={which!r} is none of all, trainable, frozen")
    if at_least is None and at_most is None:
        raise WrongSetting("give at_least=, at_most= or both")
    layers = parts.chosen(model, "*")
    counts = {x.name: _size(x, which) for x in layers}
    found = sum(counts.values())
    biggest = max(counts, key=lambda name: counts[name])
    return decide(
        (at_least is None or found >= at_least) and (at_most is None or found <= at_most),
        expected="at least {at_least} and at most {at_most} parameters ({which})"
        if at_least is not None and at_most is not None
        else "at most {at_most} parameters ({which})"
        if at_least is None
        else "at least {at_least} parameters ({which})",
        got="{found}",
        next="{biggest} holds {share} % of them; start there.",
        score=float(found),
        at_least=at_least,
        at_most=at_most,
        which=which,
        found=found,
        biggest=biggest,
        share=round(100 * counts[biggest] / max(found, 1)),
    )


def _size(layer: Layer, which: str) -> int:
    lists = {"all": "weights", "trainable": "trainable_weights", "frozen": "non_trainable_weights"}
    weights = parts.fact(lambda: list(getattr(layer.layer, lists[which])), [])
    return sum(math.prod(int(a) for a in w.shape) for w in weights)
