"""Checks of a model's settings: loss, compile state, regularisers and initial weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.models import parts
from autograder.expect.models.parts import Layer
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, short

CATEGORICAL = {"categoricalcrossentropy", "sparsecategoricalcrossentropy", "kldivergence"}
BINARY = {"binarycrossentropy", "binaryfocalcrossentropy"}
REGRESSION = {
    "meansquarederror",
    "mse",
    "meanabsoluteerror",
    "mae",
    "huber",
    "logcosh",
    "meanabsolutepercentageerror",
    "meansquaredlogarithmicerror",
    "poisson",
}


def loss_of(model: Any) -> tuple[str, bool]:
    """Return the model's loss in lower case without underscores, and whether it expects logits."""
    loss = parts.fact(lambda: model.loss)
    many = list(loss.values()) if isinstance(loss, dict) else loss
    if isinstance(many, list | tuple):
        each = {_one_loss(one) for one in many}
        return each.pop() if len(each) == 1 else (", ".join(sorted(n for n, _ in each)), False)
    return _one_loss(loss)


def _one_loss(loss: Any) -> tuple[str, bool]:
    settings = parts.fact(lambda: dict(loss.get_config()), {})
    logits = bool(settings.get("from_logits")) if type(settings) is dict else False
    kind = parts.kind_of(loss)
    if kind == "OwnLoss":  # stand-in for a loss of the student's own, under its name
        kind = parts.fact(lambda: str(loss.name), kind)
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", "") or kind
    return str(name).lower().replace("_", ""), logits


def last_layer(model: Any) -> Layer:
    """Return the last layer that computes values; reshaping and similar layers are skipped."""
    layers = parts.layers_of(model)
    passive = {"Reshape", "Flatten", "Permute", "Cropping2D", "Dropout", "Rescaling"}
    for layer in reversed(layers):
        if layer.kind not in passive:
            return layer
    raise coerce.failing(
        expected="a model with layers",
        got="no layers",
        next="Add the layers the task asks for, then look at model.summary().",
    )


def output_wanted(loss: str, logits: bool, outputs: int | None) -> tuple[str, ...] | None:
    """Return the activations that fit a loss with this many outputs; None for an unknown loss."""
    if loss in CATEGORICAL:
        return () if outputs == 1 else ("linear",) if logits else ("softmax",)
    if loss in BINARY:
        return ("linear",) if logits else ("sigmoid",)
    if loss in REGRESSION:
        return ("linear", "sigmoid", "tanh", "relu")
    if loss in {"hinge", "squaredhinge"}:
        return ("linear", "tanh")
    return None


@check
def loss_fits_output(model: Any) -> Verdict:
    """Check that the last activation is the one that the compiled loss expects.

    softmax + categorical, sigmoid + binary, none + from_logits=True, no softmax for regression; a
    categorical loss on a single output never fits.

    >>> import keras
    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    >>> net.compile(loss="mse")
    >>> loss_fits_output(net)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: a linear or bounded output for the loss mse
    Got: a softmax output
    Next: Pair softmax with categorical, sigmoid with binary, none with from_logits=True.

    Catches: sigmoid on ten classes, logits given to a loss for probabilities, softmax on one unit.
    Blind to: labels of the wrong kind (one-hot for sparse): use `overfits_small_batch`.
    """
    parts.demand_model(model)
    loss, logits = loss_of(model)
    found = last_layer(model).activation
    shapes = parts.output_shapes(model)
    wanted = output_wanted(_bare(loss), logits, shapes[0][-1] if shapes and shapes[0] else None)
    if parts.fact(lambda: model.loss) is None:
        raise coerce.failing(
            expected="a compiled model",
            got="a model without a loss",
            next="Call model.compile(optimizer=..., loss=...) before fit().",
        )
    return decide(
        wanted is not None and found in wanted,
        expected="a loss that Keras knows by name"
        if wanted is None
        else "a {want} output for the loss {loss}"
        if wanted
        else "more than one output for the loss {loss}",
        got="the loss {loss}" if wanted is None else "a {found} output",
        next="Pair softmax with categorical, sigmoid with binary, none with from_logits=True.",
        want=" / ".join(wanted or ()) if len(wanted or ()) < 3 else "linear or bounded",
        loss=loss + (" (from_logits=True)" if logits else ""),
        found=found,
    )


@check
def compiled_as(
    model: Any,
    *,
    loss: str | tuple[str, ...] | None = None,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    metrics: Sequence[str] | None = None,
) -> Verdict:
    """Check that the model was compiled with these settings; names are Keras', case is ignored.

    Partial credit: an equal share for each setting that is asked for.

    >>> import keras
    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> net.compile(optimizer="sgd", loss="mse")
    >>> compiled_as(net, optimizer="adam")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: optimizer = adam
    Got: optimizer = sgd
    Next: Call compile(optimizer=...) again; the last compile counts.

    Catches: a default learning rate, a missing metric.
    Blind to: whether fit() ran after this compile.
    """
    parts.demand_model(model)
    asked: list[tuple[str, Any, Any, bool]] = []
    if loss is not None:
        found = loss_of(model)[0]
        names = (loss,) if isinstance(loss, str) else loss
        asked.append(("loss", " / ".join(names), found, _bare(found) in [_bare(n) for n in names]))
    if optimizer is not None:
        optimizer_now = parts.fact(lambda: model.optimizer)
        own = "none" if optimizer_now is None else _bare(_optimizer_name(optimizer_now))
        asked.append(("optimizer", optimizer, own, own == _bare(optimizer)))
    if learning_rate is not None:
        rate = learning_rate_of(model)
        right = rate is not None and math.isclose(rate, learning_rate, rel_tol=1e-3)
        asked.append(("learning_rate", learning_rate, rate, right))
    if metrics is not None:
        kept = metric_names(model)
        missing = [m for m in metrics if not any(_bare(m) in _bare(k) for k in kept)]
        asked.append(("metrics", ", ".join(metrics), ", ".join(kept) or "none", not missing))
    if not asked:
        raise WrongSetting("name at least one of loss, optimizer, learning_rate, metrics")
    wrong = [a for a in asked if not a[3]]
    setting, want, shown, _ = wrong[0] if wrong else asked[0]
    return decide(
        1 - len(wrong) / len(asked),
        expected="{setting} = {want}",
        got="{setting} = {found}",
        next="Call compile({setting}=...) again; the last compile counts.",
        setting=setting,
        want=short(want),
        found=short(shown),
    )


def _bare(name: str) -> str:
    bare = name.lower().replace("_", "").replace(" ", "")
    return SHORT.get(bare, bare)


SHORT = {
    "mse": "meansquarederror",
    "mae": "meanabsoluteerror",
    "mape": "meanabsolutepercentageerror",
    "msle": "meansquaredlogarithmicerror",
    "bce": "binarycrossentropy",
    "kld": "kldivergence",
    "acc": "accuracy",
}


def learning_rate_of(model: Any) -> float | None:
    """Return the optimizer's current learning rate; None if it cannot be read."""
    found = parts.fact(lambda: float(np.asarray(model.optimizer.learning_rate)))
    return found if type(found) is float else None


def metric_names(model: Any) -> list[str]:
    """Return the names of the metrics that the model was compiled with."""
    config = parts.fact(model.get_compile_config, None)
    return list(_names_in(config.get("metrics"))) if type(config) is dict else []


def _names_in(metrics: Any) -> Iterator[str]:
    if isinstance(metrics, dict) and "class_name" not in metrics:
        metrics = list(metrics.values())
    if isinstance(metrics, list | tuple):
        for one in metrics:
            yield from _names_in(one)
    elif name := parts.setting_name(metrics):
        yield name


def _optimizer_name(optimizer: Any) -> str:
    kind = parts.kind_of(optimizer)
    return parts.fact(lambda: str(optimizer.name), kind) if kind == "OwnOptimizer" else kind


# ── Regularisers and initial weights ─────────────────────────────────────────────────


def penalty(layer: Layer, l1: float, l2: float) -> float:
    """Return l1 Σ|w| + l2 Σw² over the layer's kernel (as keras.regularizers.L1L2)."""
    kernel = parts.fact(lambda: np.asarray(layer.layer.kernel, dtype=np.float64))
    if kernel is None:
        return math.nan
    return float(l1 * np.abs(kernel).sum() + l2 * (kernel**2).sum())


def penalty_added(layer: Layer) -> float:
    """Return the layer's current addition to the loss: the sum of its regularisation losses."""
    losses = parts.fact(lambda: [float(np.asarray(x)) for x in layer.layer.losses], [])
    return float(sum(losses)) if isinstance(losses, list) else 0.0


@check
def regularized(
    model: Any,
    layers: str | Sequence[str] = "*",
    *,
    l1: float | None = None,
    l2: float | None = None,
) -> Verdict:
    """Check that each of these layers adds a penalty to the loss, of the given strength if any.

    The penalty is compared with l1 Σ|w| + l2 Σw² over the layer's kernel. Partial credit: the share
    of layers.

    >>> import keras
    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="hidden")])
    >>> regularized(net, "hidden")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: hidden adds a penalty to the loss
    Got: penalty 0; 0 of 1 layers are regularised
    Next: Pass kernel_regularizer=keras.regularizers.L2(...) to it, and compile again.

    Catches: a regulariser given to the wrong layer, a strength ten times off.
    Blind to: the effect on overfitting; use `small_gap`.
    """
    wrong: list[tuple[str, float, float]] = []
    found = [x for x in parts.chosen(model, layers) if hasattr(x.layer, "kernel") or layers != "*"]
    for layer in found:
        added = penalty_added(layer)
        want = penalty(layer, l1 or 0.0, l2 or 0.0)
        exact = l1 is not None or l2 is not None
        right = math.isclose(added, want, rel_tol=1e-3, abs_tol=1e-9) if exact else added > 0
        if not (right and added > 0):
            wrong.append((layer.name, want, added))
    name, want, added = wrong[0] if wrong else ("", 0.0, 0.0)
    return decide(
        1 - len(wrong) / len(found) if found else 0.0,
        expected="{layer} adds a penalty to the loss"
        if l1 is None and l2 is None
        else "{layer} adds the penalty {want} to the loss",
        got="penalty {added}; {right} of {n} layers are regularised",
        next="Pass kernel_regularizer=keras.regularizers.L2(...) to it, and compile again.",
        layer=name,
        want=want,
        added=added,
        right=len(found) - len(wrong),
        n=len(found),
    )


VARIANCES: dict[str, Callable[[int, int], float]] = {
    "he": lambda fan_in, _: 2 / fan_in,
    "glorot": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "lecun": lambda fan_in, _: 1 / fan_in,
}


def theoretical_std(want: str, fan_in: int, fan_out: int) -> float:
    """Return the standard deviation of the weights that an initialiser draws.

    Variances: He 2/fan_in, Glorot 2/(fan_in+fan_out), LeCun 1/fan_in. He et al. 2015, Glorot and
    Bengio 2010; "he_normal" and "he_uniform" have the same one.

    >>> theoretical_std("he_normal", 50, 10)
    0.2
    """
    rule = VARIANCES.get(want.lower().split("_")[0])
    if rule is None:
        raise WrongSetting(f"{want!r} is none of he, glorot, lecun (_normal or _uniform)")
    return math.sqrt(rule(fan_in, fan_out))


def kernel_std(model: Any, name: str) -> tuple[float, int, int]:
    """Return standard deviation, fan-in and fan-out of one layer's kernel."""
    layer = parts.chosen(model, name)[0]
    kernel = coerce.floats(parts.fact(lambda: layer.layer.kernel), f"the kernel of {layer.name}")
    field = math.prod(kernel.shape[:-2]) if kernel.ndim > 2 else 1
    fan_in, fan_out = kernel.shape[-2] * field, kernel.shape[-1] * field
    return float(kernel.std()), fan_in, fan_out


@check
def initializer(
    build: Callable[[], Any], layers: str, want: str, *, builds: int = 5, within: float = 0.1
) -> Verdict:
    """Check that fresh models start with weights of the spread that an initialiser gives.

    `build` returns a new model. The mean standard deviation over several builds is compared with
    theory (variances: He 2/fan_in, Glorot 2/(fan_in+fan_out), LeCun 1/fan_in) within a tenth.

    Catches: Glorot left as the default where He is required, all zeros, weights of size 1.
    Blind to: normal against uniform; a layer too small for its spread to be measured.
    """
    stds, fans = [], (1, 1)
    for _ in range(builds):
        std, *rest = kernel_std(coerce.call(build, name="build"), layers)
        stds.append(std)
        fans = (rest[0], rest[1])
    found = float(np.mean(stds))
    theory = theoretical_std(want, *fans)
    return decide(
        abs(found - theory) <= within * theory and float(np.ptp(stds)) > 0,
        expected="weights with a standard deviation near {theory} ({want})",
        got="{found}",
        next="Write kernel_initializer='{want}' where you create the layer.",
        score=found,
        theory=theory,
        want=want,
        found=found,
    )
