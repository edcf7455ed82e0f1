"""Checks of a model's behaviour: moved weights, dropout, gradients, independent samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.models import parts
from autograder.expect.models.parts import Layer
from autograder.expect.verdict import Verdict, WrongSetting, check, decide

HALF = 0.5


def layer_weights(layer: Layer) -> list[Array]:
    """Return the weights of one layer as arrays; empty if it has no readable weights."""
    found = parts.fact(lambda: [np.array(w) for w in layer.layer.get_weights()], [])
    return list(found)


def moved(before: Sequence[Array], after: Sequence[Array]) -> float:
    """Return the largest absolute change of any weight; infinite if the shapes differ."""
    if [w.shape for w in before] != [w.shape for w in after]:
        return float("inf")
    with np.errstate(all="ignore"):
        changes = [float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True) if a.size]
    return max(changes, default=0.0)


def one_step(model: Any, inputs: Any, targets: Any) -> Any:
    """Return a copy of the model after one training step. Raises NotMet if it cannot train."""
    twin = parts.trained_copy(model)
    kept = None if parts.is_keras(twin) else parts.weights_of(twin)
    coerce.call(lambda: twin.train_on_batch(inputs, targets), name="train_on_batch")
    return twin if kept is None else _Restored(twin, kept)


class _Restored:
    """Layers of an uncopyable model after a step; the model's own weights are restored."""

    def __init__(self, model: Any, kept: list[Array]) -> None:
        self.layers = [
            Layer(x.name, x.kind, x.settings, _Frozen(layer_weights(x)), x.within)
            for x in parts.layers_of(model)
        ]
        coerce.call(lambda: model.set_weights(kept), name="set_weights")


class _Frozen:
    def __init__(self, weights: list[Array]) -> None:
        self.get_weights = lambda: weights


def _layers(model: Any) -> list[Layer]:
    return model.layers if isinstance(model, _Restored) else parts.layers_of(model)


@check
def frozen(
    model: Any,
    layers: str | Sequence[str],
    inputs: Any = None,
    targets: Any = None,
    *,
    before: Mapping[str, Sequence[Any]] | Sequence[Any] | None = None,
) -> Verdict:
    """Check that no weight of these layers moves, measured by movement as well as by the flag.

    With `inputs` and `targets`, a copy of the model takes one training step. With `before` (the
    weights these layers must still have, in order or by layer name), the student's own training is
    checked too: only this finds freezing *after* fit(). Partial credit: the share of right layers.

    >>> import keras
    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="base")])
    >>> net.compile("sgd", "mse")
    >>> frozen(net, "base", np.ones((2, 4)), np.zeros((2, 3)))
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: frozen layers: base
    Got: these changed or may change: base
    Next: Set layer.trainable = False before compile() and before fit().

    Catches: a base that is trained too, freezing after compile, a rebuilt base.
    Blind to: without `before`, changes during the student's own fit().
    """
    if before is None and (inputs is None or targets is None):
        raise WrongSetting("give inputs and targets, or before=, or both")
    asked = parts.chosen(model, layers)
    wrong = {x.name for x in asked if _trainable(x)}
    if inputs is not None:
        after = {x.name: x for x in _layers(one_step(model, inputs, targets))}
        for x in asked:
            if x.name in after and moved(layer_weights(x), layer_weights(after[x.name])) > 0:
                wrong.add(x.name)
    if before is not None:
        wrong |= _changed_since(asked, before)
    return decide(
        1 - len(wrong) / len(asked),
        expected="frozen layers: {layers}",
        got="these changed or may change: {moved}",
        next="Set layer.trainable = False before compile() and before fit().",
        layers=coerce.listed([x.name for x in asked]),
        moved=coerce.listed([x.name for x in asked if x.name in wrong]),
    )


def _trainable(layer: Layer) -> bool:
    return bool(parts.trainable_weights(layer))


def _changed_since(layers: Sequence[Layer], before: Any) -> set[str]:
    if isinstance(before, Mapping):
        named = [(x, [np.asarray(w) for w in before.get(x.name, ())]) for x in layers]
    else:
        rest = [np.asarray(w) for w in before]
        named = []
        for x in layers:
            count = len(layer_weights(x))
            named.append((x, rest[:count]))
            rest = rest[count:]
    return {x.name for x, weights in named if moved(weights, layer_weights(x)) > 1e-6}


@check
def dropout_works(model: Any, inputs: Any, *, rate: float | None = None) -> Verdict:
    """Check that the output is random in training but not in inference, and that the rate is right.

    The rate is measured on the Dropout layers themselves, within 0.03. Partial credit: a half for
    each of the two sides.

    >>> import keras
    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> dropout_works(net, np.ones((2, 4)))
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: a random output only while training
    Got: spread 0 while training, 0 while predicting
    Next: Put a Dropout layer between the layers, and predict with training=False.

    Catches: no dropout, dropout that stays on when predicting, the keep rate used as drop rate.
    Blind to: other noise layers: name their kind with `layers_in_order`.
    """
    parts.demand_model(model)
    batch = np.asarray(inputs)
    training = [_called(model, batch, True) for _ in range(3)]
    predicting = [_called(model, batch, False) for _ in range(3)]
    noisy, still = (float(np.ptp(np.stack(runs), axis=0).max()) for runs in (training, predicting))
    measured = measured_rate(model) if rate is not None else None
    rate_right = rate is None or (measured is not None and abs(measured - rate) <= 0.03)
    return decide(
        ((noisy > 1e-7 and rate_right) + (still <= 1e-7)) * HALF,
        expected="a random output only while training"
        if rate_right
        else "a random output only while training, with rate={rate}",
        got="spread {noisy} while training, {still} while predicting"
        if rate_right
        else "a measured rate of {measured}",
        next="Put a Dropout layer between the layers, and predict with training=False.",
        noisy=noisy,
        still=still,
        rate=rate,
        measured=measured,
    )


def _called(model: Any, batch: Array, training: bool) -> Array:
    answer = coerce.call(lambda: model(batch, training=training), name="the model")
    return coerce.floats(answer, "the answer of the model")


def measured_rate(model: Any) -> float | None:
    """Return the share of ones that the model's first Dropout layer sets to 0; None without one."""
    for layer in parts.layers_of(model):
        if layer.kind == "Dropout":
            return _zeros_made(layer)
    return None


def _zeros_made(layer: Layer) -> float | None:
    ones = np.ones((1, 20000), "float32")
    answer = parts.fact(lambda: np.asarray(layer.layer(ones, training=True)))
    return None if answer is None else float((answer == 0).mean())


def gradients_by_weight(model: Any, inputs: Any, targets: Any) -> dict[str, float]:
    """Return the largest absolute gradient entry of the loss by trainable weight; NaN if none."""
    import keras
    import tensorflow as tf

    own = any(part.startswith("loss ") for part in parts.own_parts(model))
    loss = _any_direction if own else keras.losses.get(_only(model.loss))
    with tf.GradientTape() as tape:
        answer = model(inputs, training=True)
        value = tf.reduce_mean(loss(tf.convert_to_tensor(targets), answer))
    found = tape.gradient(value, [v.value for v in model.trainable_variables])
    return {
        v.path: float("nan")
        if g is None
        else float(np.abs(np.asarray(tf.convert_to_tensor(g))).max())
        for v, g in zip(model.trainable_variables, found, strict=True)
    }


def _only(loss: Any) -> Any:
    """Return the single loss inside a list or dict; other losses are returned as they are."""
    many = list(loss.values()) if isinstance(loss, Mapping) else loss
    return many[0] if isinstance(many, list | tuple) and len(many) == 1 else loss


def _any_direction(_: Any, answer: Any) -> Any:
    """Return a substitute for a loss that cannot be computed here: the output times fixed noise."""
    direction = np.random.default_rng(0).normal(size=answer.shape[1:])
    return answer * direction.astype(answer.dtype.name)


@check
def gradient_reaches(model: Any, inputs: Any, targets: Any) -> Verdict:
    """Check that the loss gives every trainable weight a finite gradient that is not all zero.

    Costs one forward and one backward pass on the batch. Partial credit: the share of weights.

    Catches: a layer that is not connected to the loss, dead ReLUs, argmax inside the model.
    Blind to: gradients that are tiny; models of a class of the student's own. A loss of the
    student's own is not computed: whether a weight reaches the output decides then.
    """
    if not parts.is_keras(parts.demand_model(model)):
        raise coerce.failing(
            expected="a model of Keras' own layers",
            got="a model of a class of your own",
            next="Build it with keras.Sequential or keras.Model(inputs, outputs).",
        )
    if not getattr(model, "loss", None):
        raise coerce.failing(
            expected="a compiled model",
            got="a model without a loss",
            next="Call model.compile(optimizer=..., loss=...) before fit().",
        )
    sizes = coerce.call(lambda: gradients_by_weight(model, inputs, targets), name="the gradient")
    bad = [name for name, size in sizes.items() if not (np.isfinite(size) and size > 0)]
    return decide(
        1 - len(bad) / len(sizes) if sizes else 0.0,
        expected="a gradient at every weight",
        got="none at {weights}" if sizes else "no trainable weights",
        next="These are not connected to the loss, or a ReLU in front of them is dead.",
        weights=coerce.listed(bad),
    )


@check
def samples_independent(model: Any, inputs: Any, *, atol: float = 1e-4) -> Verdict:
    """Check that each sample gets the same output alone as in a batch (in inference).

    Costs one prediction per sample, at most four.

    Catches: a reshape that mixes the batch axis, a mean over the batch, training=True.
    Blind to: models that take only batches of one size.
    """
    batch = np.asarray(inputs)[:4]
    if len(batch) < 2:
        raise WrongSetting("give at least two samples")
    together = parts.one_answer(model, batch)
    changes = []
    for i in range(len(batch)):
        alone = parts.one_answer(model, batch[i : i + 1])
        equal_shapes = alone.shape[1:] == together.shape[1:] and len(together) == len(batch)
        changes.append(float(np.abs(alone[0] - together[i]).max()) if equal_shapes else np.inf)
    worst = int(np.argmax(changes))
    return decide(
        changes[worst] <= atol,
        expected="each sample predicted on its own",
        got="the answer to sample {i} changes by {change} with its neighbours",
        next="Look for a reshape that mixes the batch axis, or for training=True.",
        score=changes[worst],
        i=worst,
        change=changes[worst],
    )
