"""Checks that training happened, recomputed from the weights before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.models import parts
from autograder.expect.models.parts import Layer
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, linear_credit

CONSTANT = {"Zeros": 0.0, "Ones": 1.0}


def relative_change(before: Sequence[Array], after: Sequence[Array]) -> float:
    """Return |after - before| / max(|before|, 1e-8) over all weights, by Euclidean norm."""
    if [w.shape for w in before] != [w.shape for w in after]:
        return float("inf")
    moved = sum(float(((a - b) ** 2).sum()) for a, b in zip(after, before, strict=True))
    size = sum(float((b**2).sum()) for b in before)
    return float(np.sqrt(moved) / max(np.sqrt(size), 1e-8))


def first_values(model: Any, before: Any) -> list[Array]:
    """Return the weights before training, from a list as get_weights() returns it or a model."""
    if callable(getattr(before, "get_weights", None)):
        before = before.get_weights()
    first = [np.asarray(w, dtype=np.float64) for w in before]
    now = parts.weights_of(model)
    if [w.shape for w in first] != [w.shape for w in now]:
        raise coerce.failing(
            expected="the model of the task, with {n} weight arrays",
            got="a model with {found} weight arrays, or of other shapes",
            next="Build the model exactly as asked before you train it.",
            n=len(first),
            found=len(now),
        )
    return first


def changes_by_layer(model: Any, before: Any) -> dict[str, float]:
    """Return the relative change of each trainable layer, by name."""
    first = first_values(model, before)
    if not parts.is_keras(model):
        return _changes_in_order(model, first)
    order = parts.fact(lambda: [id(w) for w in model.weights], [])
    place = {key: i for i, key in enumerate(order)}
    changes = {}
    for layer in parts.layers_of(model):
        trainable = parts.trainable_weights(layer)
        own = [w for w in trainable if id(w) in place]
        if own:
            old = [first[place[id(w)]] for w in own]
            changes[layer.name] = relative_change(old, [_values(w) for w in own])
    return changes


def _changes_in_order(model: Any, first: list[Array]) -> dict[str, float]:
    """Return the changes of a model behind a remote, whose layers hold its weights in order."""
    now = [_values(w) for w in parts.weights_of(model)]
    changes, place = {}, 0
    for layer in parts.layers_of(model):
        count = len(parts.fact(layer.layer.get_weights, []))
        if count and parts.attribute(layer, "trainable") is True:
            here = slice(place, place + count)
            changes[layer.name] = relative_change(first[here], now[here])
        place += count
    if place != len(now):  # weights outside all layers
        return {"model": relative_change(first, now)}
    return changes


def _values(weight: Any) -> Array:
    return np.asarray(weight, dtype=np.float64)


def constants_left(layer: Layer) -> bool | None:
    """Return whether every weight that starts constant is unchanged; None if there is none."""
    untouched: list[bool] = []
    for key, attribute in (
        ("bias_initializer", "bias"),
        ("beta_initializer", "beta"),
        ("gamma_initializer", "gamma"),
    ):
        start = CONSTANT.get(parts.setting_name(layer.settings.get(key)))
        weight = parts.attribute(layer, attribute)
        if start is not None and weight is not None:
            untouched.append(bool(np.all(_values(weight) == start)))
    return all(untouched) if untouched else None


@check
def weights_moved(model: Any, before: Any = None, *, at_least: float = 1e-3) -> Verdict:
    """Check that every trainable layer's weights moved by a relative change of `at_least`.

    `before`: the weights before training, as get_weights() returned them, or a model with them.
    Without it a layer counts as untrained if its biases are all still exactly 0. Partial credit:
    the share of layers.

    >>> import keras
    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="head")])
    >>> weights_moved(net)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: trained weights in every layer
    Got: still at their first values: head
    Next: fit() was not run on this model after it was built, or the learning rate is 0.

    Catches: a model built again after fit(), a cell run in the wrong order.
    Blind to: training on the wrong data; without `before`, layers without a bias.
    """
    parts.weights_of(model)
    if before is not None:
        changes = changes_by_layer(model, before)
        still = [name for name, change in changes.items() if not at_least <= change < np.inf]
        count = len(changes)
        for weight in parts.weights_of(model):
            coerce.demand_finite(weight, "the weights")
    else:
        known = {x.name: constants_left(x) for x in parts.layers_of(model)}
        judged = {name: left for name, left in known.items() if left is not None}
        still, count = [name for name, left in judged.items() if left], len(judged)
    return decide(
        1 - len(still) / count if count else 0.0,
        expected="trained weights in every layer",
        got="still at their first values: {layers}" if count else "no layer that can be judged",
        next="fit() was not run on this model after it was built, or the learning rate is 0.",
        layers=coerce.listed(still),
    )


def loss_with(model: Any, weights: Sequence[Array], inputs: Any, targets: Any) -> float:
    """Return the model's own loss on this data with these weights, then restore the model."""
    kept = parts.weights_of(model)
    try:
        coerce.call(lambda: model.set_weights([np.asarray(w) for w in weights]), name="set_weights")
        return recomputed_loss(model, inputs, targets)
    finally:
        parts.fact(lambda: model.set_weights(kept))


def recomputed_loss(model: Any, inputs: Any, targets: Any) -> float:
    """Return the model's compiled loss on this data in inference, computed now."""
    trains = parts.where_it_trains(model)
    kept = parts.weights_of(trains) if trains is not model else None
    if kept is not None:
        trains.set_weights(model.get_weights())
    try:
        evaluated = coerce.call(
            lambda: trains.evaluate(inputs, targets, verbose=0), name="evaluate"
        )
    finally:
        if kept is not None:
            trains.set_weights(kept)
    first = evaluated[0] if isinstance(evaluated, list | tuple) and evaluated else evaluated
    return coerce.number(first, "the loss")


@check
def loss_drops(
    model: Any,
    before: Any,
    inputs: Any,
    targets: Any,
    *,
    at_most: float = 0.5,
    partial_from: float = 1.0,
) -> Verdict:
    """Check that the loss fell to `at_most` times its first value, both recomputed from weights.

    `before`: the weights before training (a list or a model). Partial credit: linear in the ratio.

    Catches: a learning rate far off, training that diverged, a curve that was written by hand.
    Blind to: overfitting: use unseen data in `accuracy`.
    """
    if not 0 < at_most < partial_from:
        raise WrongSetting("0 < at_most < partial_from")
    parts.demand_model(model)
    first = loss_with(model, first_values(model, before), inputs, targets)
    last = recomputed_loss(model, inputs, targets)
    ratio = last / first if first > 0 else float("nan")
    return decide(
        linear_credit(ratio, at_most=at_most, partial_from=partial_from),
        expected="a final loss of at most {want} ({share} of the first)",
        got="{last} (the first was {first})",
        next="Try a learning rate 10 times smaller and 10 times larger before anything else.",
        score=ratio,
        want=at_most * first,
        share=at_most,
        last=last,
        first=first,
    )


@check
def overfits_small_batch(
    model: Any, inputs: Any, targets: Any, *, steps: int = 200, at_most: float = 0.05
) -> Verdict:
    """Check that a copy of the model memorises a few samples within `steps` training steps.

    The copy starts from new weights drawn by the model's own initialisers. Costs `steps` training
    steps on the given batch (8 samples are enough).

    Catches: a loss that does not fit the output, a learning rate far off, labels of another shape.
    Blind to: masks that are not aligned, merged classes: these are memorised too.
    """
    parts.demand_model(model)
    twin = parts.trained_copy(model)
    if not parts.is_keras(model) or twin is model:
        raise coerce.failing(
            expected="a model that can be copied",
            got="a model of a class of your own",
            next="Build it with keras.Sequential or keras.Model(inputs, outputs).",
        )
    losses = coerce.call(
        lambda: _learnt_by_heart(model, twin, inputs, targets, steps), name="train_on_batch"
    )
    ratio = losses[1] / losses[0] if losses[0] > 0 else float("nan")
    return decide(
        bool(ratio <= at_most),
        expected="{n} samples learnt by heart within {steps} steps (loss at most {want})",
        got="a loss of still {last} (the first was {first})",
        next="The loss and the output do not fit together, or the learning rate is far off.",
        score=ratio,
        n=len(np.asarray(targets)),
        steps=steps,
        want=at_most * losses[0],
        last=losses[1],
        first=losses[0],
    )


def _learnt_by_heart(
    model: Any, twin: Any, inputs: Any, targets: Any, steps: int
) -> tuple[float, float]:
    import keras

    keras.utils.set_random_seed(0)
    fresh = keras.models.clone_model(model)
    kept = None if parts.is_keras(twin) else parts.weights_of(twin)
    twin.set_weights(fresh.get_weights())
    try:
        first = recomputed_loss(twin, inputs, targets)
        for _ in range(steps):
            twin.train_on_batch(inputs, targets)
        return first, recomputed_loss(twin, inputs, targets)
    finally:
        if kept is not None:
            twin.set_weights(kept)
