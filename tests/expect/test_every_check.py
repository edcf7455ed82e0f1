"""One table over all checks: a right answer is met, wrong ones are not, hostile ones never are."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder import expect
from autograder.expect.text.attention import sine_positions
from autograder.expect.text.tokens import tfidf_matrix
from autograder.expect.vision.boxes import suppressed
from autograder.expect.vision.convolution import convolved_size, correlated
from autograder.expect.vision.masks import dice_coefficient, mask_iou

pytestmark = [
    pytest.mark.check,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 4)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
IMAGES = RNG.random((40, 8, 8)) * 2 - 1
OTHER = RNG.random((40, 8, 8)) * 2 - 1
TOKENS = RNG.integers(1, 9, (6, 5))


@cache
def keras() -> Any:
    import keras

    return keras


@cache
def net(trained: bool = True, units: int = 1, activation: str = "sigmoid") -> Any:
    k = keras()
    k.utils.set_random_seed(1)
    model = k.Sequential(
        [
            k.Input((4,)),
            k.layers.Dense(
                8,
                activation="relu",
                kernel_initializer="he_normal",
                name="hidden",
                kernel_regularizer=k.regularizers.L2(0.01),
            ),
            k.layers.Dropout(0.5),
            k.layers.Dense(units, activation=activation, name="head"),
        ]
    )
    model.compile(k.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    if trained:
        model.fit(X, Y, epochs=30, verbose=0)
    return model


@cache
def plain_net() -> Any:
    k = keras()
    model = k.Sequential([k.Input((4,)), k.layers.Dense(4, name="only")])
    model.compile("sgd", "mse")
    return model


@cache
def frozen_net() -> Any:
    k = keras()
    base = k.layers.Dense(4, name="base")
    base.trainable = False
    model = k.Sequential([k.Input((4,)), base, k.layers.Dense(1, name="top")])
    model.compile("sgd", "mse")
    return model


@cache
def unet(skip: bool = True) -> Any:
    k = keras()
    i = k.Input((16, 16, 1))
    a = k.layers.Conv2D(4, 3, padding="same")(i)
    b = k.layers.Conv2D(4, 3, padding="same")(k.layers.MaxPooling2D()(a))
    up = k.layers.UpSampling2D()(b)
    top = k.layers.Concatenate()([up, a if skip else up])
    return k.Model(i, k.layers.Conv2D(2, 1, activation="softmax")(top))


@cache
def attention(causal: bool = True, positional: bool = True) -> Any:
    k = keras()
    k.utils.set_random_seed(0)
    i = k.Input((5,), dtype="int32")
    x = k.layers.Embedding(10, 8)(i)
    if positional:
        x = k.layers.Reshape((5, 8))(k.layers.Dense(40)(k.layers.Flatten()(x)) if not causal else x)
    x = k.layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=causal)
    return k.Model(i, k.layers.Dense(10)(x))


@cache
def translator(uses: bool = True) -> Any:
    k = keras()
    s, t = k.Input((5,), dtype="int32"), k.Input((5,), dtype="int32")
    e, d = (k.layers.Embedding(10, 8)(z) for z in (s, t))
    return k.Model([s, t], k.layers.Dense(10)(d + e if uses else d + 0 * e))


def masked_mean(tokens: Any) -> Any:
    tokens = np.asarray(tokens)
    kept = (tokens != 0)[..., None]
    return (np.eye(10)[tokens] * kept).sum(1) / kept.sum(1)


class Gan:
    """Two one-weight networks and honest steps."""

    def __init__(self) -> None:
        self.g, self.d = [np.ones(2)], [np.ones(2)]

    def g_step(self, batch: Any) -> None:
        self.g = [self.g[0] + 0.1]

    def both(self, batch: Any) -> None:
        self.g, self.d = [self.g[0] + 0.1], [self.d[0] + 0.1]

    def none(self, batch: Any) -> None:
        pass

    def make(self, noise: Any) -> Any:
        return np.asarray(noise) * 0 + self.g[0].sum()


def separate(step: str) -> Any:
    gan = Gan()
    return expect.steps_separate(
        getattr(gan, step), X, moves=lambda: gan.g, stays=lambda: gan.d, which="generator"
    )


def helps(sign: int) -> Any:
    gan = Gan()
    judge = lambda images: sign * np.asarray(images)  # noqa: E731
    return expect.generator_step_helps(gan.g_step, X, gan.make, judge, X)


@dataclass(frozen=True)
class Example:
    right: Callable[[], Any]
    wrong: tuple[Callable[[], Any], ...]
    hostile: tuple[Callable[[Any], Any], ...]
    allowed: Callable[[Any], bool] = lambda value: False


e = expect
DOCS = [["a", "b", "a"], ["b", "c"]]
COLUMNS = {"a": 0, "b": 1, "c": 2}
VECTORS = {"king": [1.0, 1, 0], "man": [1.0, 0, 0], "woman": [0, 0, 1.0], "queen": [0.0, 1, 1]}
HISTORY = {"loss": [1.0, 0.5, 0.2], "val_loss": [1.0, 0.5, 0.6, 0.7]}
FOLDS = [(np.array([0, 1]), np.array([2, 3])), (np.array([2, 3]), np.array([0, 1]))]
LABELS = np.array([0, 1, 0, 1])
TABLE = [{"lr": r, "units": u, "val_accuracy": r + u} for r in (0.1, 0.2) for u in (0.3, 0.4)]
BOXES = np.array([[0, 0, 4, 4.0], [0, 1, 4, 5.0], [8, 8, 9, 9.0]])
SCORES = np.array([0.9, 0.8, 0.7])
PAIR = (RNG.random((4, 4)) < 0.5, RNG.random((4, 4)) < 0.5)


def number(value: Any) -> bool:
    return type(value) in (int, float)


EXAMPLES: dict[str, Example] = {
    "type_is": Example(
        lambda: e.type_is(np.ones(2), "ndarray"),
        (lambda: e.type_is([1], np.ndarray),),
        (lambda v: e.type_is(v, "Nothing"),),
    ),
    "shape": Example(
        lambda: e.shape(np.ones((2, 3)), (None, 3)),
        (
            lambda: e.shape(np.ones((3,)), (1, 3)),
            lambda: e.shape(np.ones((2, 1)), (2, 3)),
            lambda: e.shape(1.0, (None,)),
        ),
        (lambda v: e.shape(v, (7, 7)),),
    ),
    "dtype": Example(
        lambda: e.dtype([1.0], "float"),
        (lambda: e.dtype([1], "float"), lambda: e.dtype([], "float")),
        (lambda v: e.dtype(v, "float"),),
        allowed=lambda v: np.asarray(v).dtype.kind == "f" and np.asarray(v).size > 0,
    ),
    "finite": Example(
        lambda: e.finite({"a": [1.0], "b": [np.ones(2), np.ones(3)]}),
        (
            lambda: e.finite([1.0, np.nan]),
            lambda: e.finite([np.ones(2), np.full(3, np.inf)]),
            lambda: e.finite([]),
        ),
        (lambda v: e.finite({"a": v, "b": [v, np.nan]}),),
    ),
    "close": Example(
        lambda: e.close([1, 2], [1.0, 2.0]),
        (
            lambda: e.close([[1], [2]], [1.0, 2.0]),
            lambda: e.close(1.0, [1.0, 1.0]),
            lambda: e.close([1.0, np.nan], [1.0, 2.0]),
        ),
        (lambda v: e.close(v, [123.0, 4.0]),),
    ),
    "in_range": Example(
        lambda: e.in_range([0.0, 1.0], 0, 1),
        (lambda: e.in_range([0, 2], 0, 1), lambda: e.in_range([np.nan], 0, 1)),
        (lambda v: e.in_range(v, 5000, 5001),),
    ),
    "varies": Example(
        lambda: e.varies([1.0, 2.0]),
        (lambda: e.varies(np.ones(3)), lambda: e.varies([1.0])),
        (lambda v: e.varies(v, at_least=1e9),),
    ),
    "signature": Example(
        lambda: e.signature(lambda x, y: 0, ("x", "y")),
        (lambda: e.signature(lambda y, x: 0, ("x", "y")),),
        (lambda v: e.signature(v, ("never",)),),
    ),
    "matches_reference": Example(
        lambda: e.matches_reference(np.abs, abs, [(-1.0,), (2.0,)]),
        (
            lambda: e.matches_reference(lambda x: x, abs, [(-1.0,), (2.0,)]),
            lambda: e.matches_reference(
                lambda x: np.full((1, 2), 1.0), lambda x: np.ones(2), [(1,)]
            ),
            lambda: e.matches_reference(lambda x: float("nan"), abs, [(1,)]),
        ),
        (
            lambda v: e.matches_reference(v, lambda x: {"never": 1}, [(1,)]),
            lambda v: e.matches_reference(lambda x: v, lambda x: (1.25, "q"), [(1,)]),
        ),
    ),
    "holds_property": Example(
        lambda: e.holds_property(abs, lambda y, x: y >= 0, [(-1,)], says="abs(x) >= 0"),
        (lambda: e.holds_property(lambda x: x, lambda y, x: y >= 0, [(-1,)], says="y >= 0"),),
        (
            lambda v: e.holds_property(v, lambda y, x: y == 77, [(1,)], says="never"),
            lambda v: e.holds_property(
                lambda x: v, lambda y, x: y + 1 == 78.5, [(1,)], says="never"
            ),
        ),
    ),
    "input_unchanged": Example(
        lambda: e.input_unchanged(np.sort, np.array([2, 1])),
        (lambda: e.input_unchanged(lambda a: a.sort(), np.array([2, 1])),),
        (lambda v: e.input_unchanged(v, np.array([2, 1])),),
        allowed=callable,
    ),
    "fast_enough": Example(
        lambda: e.fast_enough(abs, 1, seconds=1),
        (lambda: e.fast_enough(abs, 1, seconds=-1),),
        (lambda v: e.fast_enough(v, 1, seconds=-1),),
    ),
    "gradient_close": Example(
        lambda: e.gradient_close({"w": [2.0, 4]}, lambda p: (p["w"] ** 2).sum(), {"w": [1.0, 2]}),
        (
            lambda: e.gradient_close(
                {"w": [1.0, 2]}, lambda p: (p["w"] ** 2).sum(), {"w": [1.0, 2]}
            ),
            lambda: e.gradient_close({}, lambda p: 0.0, {"w": [1.0]}),
        ),
        (
            lambda v: e.gradient_close(v, lambda p: p["w"].sum() * 33, {"w": [1.0]}),
            lambda v: e.gradient_close({"w": v}, lambda p: p["w"].sum() * 33, {"w": [1.0, 2.0]}),
            lambda v: e.gradient_close({"w": [33.0]}, v, {"w": [1.0]}),
        ),
    ),
    "code_uses": Example(
        lambda: e.code_uses("np.dot(a, b)", require=["dot"], forbid=["for"]),
        (
            lambda: e.code_uses("for i in x: pass", forbid=["for"]),
            lambda: e.code_uses("(", forbid=["x"]),
        ),
        (lambda v: e.code_uses(v, require=["never_named"]),),
    ),
    "contract": Example(
        lambda: e.contract({"a": 1, "b": " Pass "}, {"a": 1.0, "b": "pass"}),
        (
            lambda: e.contract({"a": 2, "b": "pass"}, {"a": 1.0, "b": "pass"}),
            lambda: e.contract({"a": True}, {"a": 1}),
        ),
        (
            lambda v: e.contract(v, {"a": 123}),
            lambda v: e.contract({"a": v}, {"a": 123}),
            lambda v: e.contract({"a": v}, {"a": "never"}),
            lambda v: e.contract({"a": v}, {"a": (1, 77)}),
        ),
    ),
    "answer_saved": Example(
        lambda: e.answer_saved(np.ones(3), kind="array"),
        (
            lambda: e.answer_saved("nowhere.npy", kind="array"),
            lambda: e.answer_saved("", kind="text"),
        ),
        (lambda v: e.answer_saved(v, kind="model"), lambda v: e.answer_saved(v, kind="file")),
    ),
    "time_budget": Example(
        lambda: e.time_budget({"cpu_seconds": 5, "memory_mb": 10}, cpu_seconds=9, memory_mb=20),
        (
            lambda: e.time_budget(10, cpu_seconds=9),
            lambda: e.time_budget(float("nan"), cpu_seconds=9),
        ),
        (lambda v: e.time_budget(v, cpu_seconds=-5),),
    ),
    "output_shape": Example(
        lambda: e.output_shape(net(), (None, 1)),
        (lambda: e.output_shape(net(), (None, 2)),),
        (lambda v: e.output_shape(v, (None, 1)),),
    ),
    "model_io": Example(
        lambda: e.model_io(net(), (None, 4), (None, 1)),
        (
            lambda: e.model_io(net(), (None, 5), (None, 1)),
            lambda: e.model_io(net(), (None, 4), (None,)),
        ),
        (lambda v: e.model_io(v, (None, 4), (None, 1)),),
    ),
    "layers_in_order": Example(
        lambda: e.layers_in_order(net(), ["Dense(8, relu)", "...", "Dense(1, sigmoid)"]),
        (
            lambda: e.layers_in_order(net(), ["Dense(8, relu)", "Dense(1)"]),
            lambda: e.layers_in_order(net(), ["...", "Conv2D", "..."]),
        ),
        (lambda v: e.layers_in_order(v, ["Dense"]),),
    ),
    "layer_setting": Example(
        lambda: e.layer_setting(net(), "hidden", units=8, activation="relu"),
        (
            lambda: e.layer_setting(net(), "Dense", units=8),
            lambda: e.layer_setting(net(), "x", units=8),
        ),
        (lambda v: e.layer_setting(v, "Dense", units=8),),
    ),
    "param_count": Example(
        lambda: e.param_count(net(), at_least=49, at_most=49),
        (lambda: e.param_count(net(), at_most=48), lambda: e.param_count(net(), at_least=50)),
        (lambda v: e.param_count(v, at_least=0),),
    ),
    "loss_fits_output": Example(
        lambda: e.loss_fits_output(net()),
        (lambda: e.loss_fits_output(net(False, 2, "softmax")), lambda: e.loss_fits_output(unet())),
        (lambda v: e.loss_fits_output(v),),
    ),
    "compiled_as": Example(
        lambda: e.compiled_as(
            net(),
            loss="binary_crossentropy",
            optimizer="Adam",
            learning_rate=0.05,
            metrics=["accuracy"],
        ),
        (
            lambda: e.compiled_as(net(), learning_rate=0.5),
            lambda: e.compiled_as(unet(), optimizer="adam"),
        ),
        (lambda v: e.compiled_as(v, optimizer="adam"),),
    ),
    "regularized": Example(
        lambda: e.regularized(net(), "hidden", l2=0.01),
        (lambda: e.regularized(net(), "hidden", l2=0.1), lambda: e.regularized(net(), "head")),
        (lambda v: e.regularized(v),),
    ),
    "initializer": Example(
        lambda: e.initializer(
            lambda: keras().Sequential(
                [keras().Input((300,)), keras().layers.Dense(200, kernel_initializer="he_normal")]
            ),
            "Dense",
            "he_normal",
        ),
        (
            lambda: e.initializer(
                lambda: keras().Sequential([keras().Input((300,)), keras().layers.Dense(200)]),
                "Dense",
                "he_normal",
            ),
        ),
        (
            lambda v: e.initializer(v, "Dense", "he_normal"),
            lambda v: e.initializer(lambda: v, "*", "he"),
        ),
    ),
    "frozen": Example(
        lambda: e.frozen(frozen_net(), "base", X, Y),
        (
            lambda: e.frozen(frozen_net(), "top", X, Y),
            lambda: e.frozen(frozen_net(), "base", before=[X]),
        ),
        (lambda v: e.frozen(v, "base", X, Y),),
    ),
    "dropout_works": Example(
        lambda: e.dropout_works(net(), X, rate=0.5),
        (lambda: e.dropout_works(plain_net(), X), lambda: e.dropout_works(net(), X, rate=0.2)),
        (lambda v: e.dropout_works(v, X),),
    ),
    "gradient_reaches": Example(
        lambda: e.gradient_reaches(plain_net(), X, X),
        (lambda: e.gradient_reaches(unet(), X, X),),
        (lambda v: e.gradient_reaches(v, X, X),),
    ),
    "samples_independent": Example(
        lambda: e.samples_independent(net(), X),
        (lambda: e.samples_independent(lambda x: np.asarray(x) - np.mean(x, 0), X),),
        (lambda v: e.samples_independent(v, X), lambda v: e.samples_independent(lambda x: v, X)),
    ),
    "saves_and_loads": Example(
        lambda: e.saves_and_loads(net(), X),
        (lambda: e.saves_and_loads("nowhere.keras"),),
        (lambda v: e.saves_and_loads(v),),
    ),
    "skip_connections": Example(
        lambda: e.skip_connections(unet(), (16,)),
        (lambda: e.skip_connections(unet(False), (16,)), lambda: e.skip_connections(net(), (4,))),
        (lambda v: e.skip_connections(v, (16,)),),
    ),
    "weights_moved": Example(
        lambda: e.weights_moved(net(), net(False)),
        (
            lambda: e.weights_moved(net(False), net(False)),
            lambda: e.weights_moved(net(False)),
            lambda: e.weights_moved(net(), plain_net()),
        ),
        (lambda v: e.weights_moved(v), lambda v: e.weights_moved(v, [np.ones(2)])),
    ),
    "loss_drops": Example(
        lambda: e.loss_drops(net(), net(False), X, Y, at_most=0.7),
        (lambda: e.loss_drops(net(False), net(False), X, Y),),
        (lambda v: e.loss_drops(v, [np.ones(2)], X, Y),),
    ),
    "loss_curve": Example(
        lambda: e.loss_curve(HISTORY, at_most=0.5, epochs=3),
        (
            lambda: e.loss_curve(HISTORY, epochs=4),
            lambda: e.loss_curve({"loss": [1, float("nan")]}),
            lambda: e.loss_curve({"loss": []}),
        ),
        (lambda v: e.loss_curve(v), lambda v: e.loss_curve({"loss": v}, at_most=0.01)),
    ),
    "reaches": Example(
        lambda: e.reaches(0.95, at_least=0.9),
        (lambda: e.reaches(0.5, at_least=0.9), lambda: e.reaches(float("nan"), at_most=0.9)),
        (lambda v: e.reaches(v, at_least=99.0, baseline=50.0),),
    ),
    "accuracy": Example(
        lambda: e.accuracy(np.eye(2)[LABELS], LABELS, at_least=1.0),
        (
            lambda: e.accuracy(1 - LABELS, LABELS, at_least=0.9),
            lambda: e.accuracy([0], LABELS, at_least=0.1),
            lambda: e.accuracy(LABELS * np.nan, LABELS, at_least=0.0),
        ),
        (lambda v: e.accuracy(v, np.array([5, 6, 7, 8, 9]), at_least=0.5),),
    ),
    "regression_error": Example(
        lambda: e.regression_error([1.0, 2.0], [1.0, 2.0], at_most=0.1),
        (
            lambda: e.regression_error([[1.0], [2.0]], [1.0, 2.0], at_most=9),
            lambda: e.regression_error([1.0, np.nan], [1.0, 2.0], at_most=9),
        ),
        (lambda v: e.regression_error(v, [100.0, 200.0, 300.0], at_most=0.1),),
    ),
    "overfits_small_batch": Example(
        lambda: e.overfits_small_batch(plain_net(), X[:4], X[:4] * 2, steps=400),
        (lambda: e.overfits_small_batch(plain_net(), X[:4], X[:4] * 2, steps=1),),
        (lambda v: e.overfits_small_batch(v, X[:4], X[:4]),),
    ),
    "small_gap": Example(
        lambda: e.small_gap(net(), (X, Y), (X, Y), at_most=0.1),
        (lambda: e.small_gap(net(), (X, Y), (X, 1 - Y), at_most=0.1),),
        (lambda v: e.small_gap(v, (X, Y), (X, 1 - Y), at_most=0.01),),
    ),
    "history_honest": Example(
        lambda: e.history_honest({"val_accuracy": [1.0]}, lambda x: Y, X, Y, key="val_accuracy"),
        (lambda: e.history_honest({"val_accuracy": [0.3]}, lambda x: Y, X, Y, key="val_accuracy"),),
        (
            lambda v: e.history_honest(v, net(), X, Y),
            lambda v: e.history_honest({"val_loss": [0.1]}, v, X, Y),
        ),
    ),
    "early_stopping": Example(
        lambda: e.early_stopping(
            {"val_accuracy": [0.5, 1.0, 0.9]}, lambda x: Y, X, Y, patience=1, monitor="val_accuracy"
        ),
        (
            lambda: e.early_stopping(
                {"val_accuracy": [0.5, 1.0]}, lambda x: Y, X, Y, patience=1, monitor="val_accuracy"
            ),
            lambda: e.early_stopping(
                {"val_accuracy": [0.5, 1.0, 0.9]},
                lambda x: 1 - Y,
                X,
                Y,
                patience=1,
                monitor="val_accuracy",
            ),
        ),
        (lambda v: e.early_stopping(v, net(), X, Y, patience=3),),
    ),
    "checkpoint_used": Example(
        lambda: e.checkpoint_used(
            lambda x: Y, {"val_accuracy": [1.0, 0.5]}, X, Y, monitor="val_accuracy"
        ),
        (
            lambda: e.checkpoint_used("nowhere.keras", HISTORY, X, Y),
            lambda: e.checkpoint_used(
                lambda x: 1 - Y, {"val_accuracy": [1.0]}, X, Y, monitor="val_accuracy"
            ),
        ),
        (
            lambda v: e.checkpoint_used(v, HISTORY, X, Y),
            lambda v: e.checkpoint_used(net(), v, X, Y),
        ),
    ),
    "learning_rates": Example(
        lambda: e.learning_rates(lambda epoch: 0.1 * 0.5**epoch, lambda epoch: 0.1 * 0.5**epoch),
        (
            lambda: e.learning_rates([0.1, 0.1], [0.1, 0.05]),
            lambda: e.learning_rates([0.1], [0.1, 0.05]),
        ),
        (lambda v: e.learning_rates(v, [0.1, 0.05]),),
    ),
    "folds_clean": Example(
        lambda: e.folds_clean(FOLDS, LABELS, n=2),
        (
            lambda: e.folds_clean([([0, 1, 2], [2, 3])], LABELS),
            lambda: e.folds_clean(FOLDS[:1], LABELS),
        ),
        (lambda v: e.folds_clean(v, LABELS), lambda v: e.folds_clean([(v, v)], LABELS)),
    ),
    "no_leak": Example(
        lambda: e.no_leak(lambda a, b: (a.mean(0), a.std(0)), X, X),
        (
            lambda: e.no_leak(lambda a, b: np.concatenate([a, b]).mean(0), X, X),
            lambda: e.no_leak(lambda a, b: 1.0, X, X),
            lambda: e.no_leak(lambda a, b: {w for t in a + b for w in t}, DOCS, [["z"]]),
        ),
        (lambda v: e.no_leak(v, X, X), lambda v: e.no_leak(lambda a, b: v, X, X)),
    ),
    "repeatable": Example(
        lambda: e.repeatable(lambda seed: np.random.default_rng(seed).random(3)),
        (lambda: e.repeatable(lambda seed: 1.0), lambda: e.repeatable(lambda seed: RNG.random())),
        (lambda v: e.repeatable(v), lambda v: e.repeatable(lambda seed: v)),
    ),
    "tuning_table": Example(
        lambda: e.tuning_table(TABLE, {"lr": 0.2, "units": 0.4}, at_least=4),
        (
            lambda: e.tuning_table(TABLE, 0, at_least=4),
            lambda: e.tuning_table(TABLE, 3),
            lambda: e.tuning_table(TABLE[:1] * 9, 0),
            lambda: e.tuning_table(TABLE, 3, at_least=4, retrained=9),
        ),
        (lambda v: e.tuning_table(v, 0), lambda v: e.tuning_table(TABLE[1:], v, at_least=3)),
    ),
    "tokens_match": Example(
        lambda: e.tokens_match(str.split, [("a b", ["a", "b"])]),
        (lambda: e.tokens_match(list, [("a b", ["a", "b"])]),),
        (
            lambda v: e.tokens_match(v, [("a b", ["never"])]),
            lambda v: e.tokens_match(lambda t: v, [("a", ["n"])]),
        ),
    ),
    "roundtrip": Example(
        lambda: e.roundtrip(list, "".join, ["abc"]),
        (lambda: e.roundtrip(sorted, "".join, ["cba"]),),
        (
            lambda v: e.roundtrip(v, "".join, ["cba"]),
            lambda v: e.roundtrip(list, lambda x: v, ["cba"]),
        ),
    ),
    "vocab_from_train": Example(
        lambda: e.vocab_from_train({"<pad>": 0, "<unk>": 1, "a": 2}, DOCS, [["z"]]),
        (
            lambda: e.vocab_from_train(["<pad>", "z", "a"], DOCS, [["z"]]),
            lambda: e.vocab_from_train({"a": 5, "b": 6, "c": 7}, DOCS, [[]]),
        ),
        (lambda v: e.vocab_from_train(v, DOCS, [["z"]]),),
    ),
    "padded": Example(
        lambda: e.padded([[1, 2, 0], [3, 0, 0]], 3, originals=[[1, 2], [3]]),
        (lambda: e.padded([[0, 1, 2]], 3), lambda: e.padded([[1, 2]], 3)),
        (lambda v: e.padded(v, 9),),
    ),
    "tfidf": Example(
        lambda: e.tfidf(tfidf_matrix(DOCS, COLUMNS), DOCS, COLUMNS),
        (
            lambda: e.tfidf(np.ones((2, 3)), DOCS, COLUMNS),
            lambda: e.tfidf(np.ones((2, 1)), DOCS, COLUMNS),
        ),
        (lambda v: e.tfidf(v, DOCS, COLUMNS), lambda v: e.tfidf(np.ones((2, 3)), DOCS, v)),
    ),
    "closer_than": Example(
        lambda: e.closer_than(VECTORS, [("queen", "woman", "man")], at_least=1),
        (
            lambda: e.closer_than(VECTORS, [("queen", "man", "woman")], at_least=1),
            lambda: e.closer_than({}, [("queen", "man", "woman")], at_least=1),
        ),
        (
            lambda v: e.closer_than(v, [("q", "m", "w")], at_least=1),
            lambda v: e.closer_than(lambda w: v, [("q", "m", "w")], at_least=1),
        ),
    ),
    "analogies": Example(
        lambda: e.analogies(VECTORS, [("man", "king", "woman", "queen")], at_least=1),
        (lambda: e.analogies(VECTORS, [("man", "king", "woman", "x")], at_least=1),),
        (
            lambda v: e.analogies(v, [("a", "b", "c", "d")], at_least=1),
            lambda v: e.analogies({"a": v, "b": v, "c": v}, [("a", "b", "c", "d")], at_least=1),
        ),
    ),
    "unseen_words": Example(
        lambda: e.unseen_words(lambda w: [len(w), 1.0], ["a", "bb"], size=2),
        (
            lambda: e.unseen_words(lambda w: [1.0, 1.0], ["a", "bb"], size=2),
            lambda: e.unseen_words({}.__getitem__, ["a"], size=2),
        ),
        (
            lambda v: e.unseen_words(v, ["a", "b"], size=77),
            lambda v: e.unseen_words(lambda w: v, ["a"], size=77),
        ),
    ),
    "skipgram_pairs": Example(
        lambda: e.skipgram_pairs([("a", "b"), ("b", "a")], ["a", "b"], 1),
        (
            lambda: e.skipgram_pairs([("a", "b")], ["a", "b"], 1),
            lambda: e.skipgram_pairs([("a", "b"), ("b", "a"), ("a", "a")], ["a", "b"], 1),
        ),
        (
            lambda v: e.skipgram_pairs(v, ["a", "b"], 1),
            lambda v: e.skipgram_pairs([v], ["a", "b"], 1),
        ),
    ),
    "pretraining_helps": Example(
        lambda: e.pretraining_helps(LABELS, LABELS * 0, LABELS, at_least=0.4),
        (lambda: e.pretraining_helps(LABELS, LABELS, LABELS, at_least=0.1),),
        (lambda v: e.pretraining_helps(v, LABELS * 0, np.array([5, 6, 7, 8]), at_least=0.4),),
    ),
    "probabilities": Example(
        lambda: e.probabilities([[0.5, 0.5]]),
        (lambda: e.probabilities([[2.0, -1.0]]), lambda: e.probabilities([[0.5, 0.4]])),
        (lambda v: e.probabilities(v),),
        allowed=lambda v: np.isclose(np.asarray(v, float).sum(-1), 1).all(),
    ),
    "rnn_step": Example(
        lambda: e.rnn_step(
            lambda x, h: h + x, lambda x, h: h + x, np.ones((3, 2, 2)), np.zeros((2, 2))
        ),
        (
            lambda: e.rnn_step(
                lambda x, h: h - x, lambda x, h: h + x, np.ones((3, 2, 2)), np.zeros((2, 2))
            ),
            lambda: e.rnn_step(
                lambda x, h: 1.0, lambda x, h: h + x, np.ones((3, 2, 2)), np.zeros((2, 2))
            ),
        ),
        (
            lambda v: e.rnn_step(v, lambda x, h: h + 3, np.ones((3, 2, 2)), np.zeros((2, 2))),
            lambda v: e.rnn_step(
                lambda x, h: v, lambda x, h: h + 3, np.ones((3, 2, 2)), np.zeros((2, 2))
            ),
        ),
    ),
    "order_matters": Example(
        lambda: e.order_matters(lambda t: np.asarray(t)[:, :1], TOKENS, TOKENS[:, ::-1]),
        (lambda: e.order_matters(masked_mean, TOKENS, TOKENS[:, ::-1]),),
        (
            lambda v: e.order_matters(v, TOKENS, TOKENS[:, ::-1]),
            lambda v: e.order_matters(lambda t: v, TOKENS, TOKENS[:, ::-1]),
        ),
    ),
    "attention_rows": Example(
        lambda: e.attention_rows([[1.0, 0.0], [0.5, 0.5]], mask=[[True, False], [True, True]]),
        (
            lambda: e.attention_rows([[0.5, 0.5]], mask=[[True, False]]),
            lambda: e.attention_rows([[1.5, -0.5]]),
        ),
        (lambda v: e.attention_rows(v),),
    ),
    "no_peeking": Example(
        lambda: e.no_peeking(attention(), TOKENS, position=3),
        (lambda: e.no_peeking(attention(False), TOKENS, position=3),),
        (
            lambda v: e.no_peeking(v, TOKENS, position=3),
            lambda v: e.no_peeking(lambda t: v, TOKENS, position=3),
        ),
    ),
    "pad_invariant": Example(
        lambda: e.pad_invariant(masked_mean, TOKENS, np.pad(TOKENS, ((0, 0), (0, 2)))),
        (
            lambda: e.pad_invariant(
                lambda t: np.mean(t, 1), TOKENS, np.pad(TOKENS, ((0, 0), (0, 2)))
            ),
        ),
        (lambda v: e.pad_invariant(v, TOKENS, TOKENS * 2),),
        allowed=callable,
    ),
    "uses_source": Example(
        lambda: e.uses_source(translator(), [TOKENS, TOKENS], TOKENS[::-1]),
        (lambda: e.uses_source(translator(False), [TOKENS, TOKENS], TOKENS[::-1]),),
        (lambda v: e.uses_source(v, [TOKENS, TOKENS], TOKENS[::-1]),),
    ),
    "positions": Example(
        lambda: e.positions(sine_positions(9, 4), length=9, width=4),
        (
            lambda: e.positions(np.zeros((9, 4)), length=9, width=4),
            lambda: e.positions(sine_positions(9, 4)[:, ::-1], length=9, width=4),
        ),
        (lambda v: e.positions(v, length=9, width=4),),
    ),
    "perplexity": Example(
        lambda: e.perplexity([[[0.9, 0.1]]], [[0]], at_most=1.2),
        (
            lambda: e.perplexity([[[0.1, 0.9]]], [[0]], at_most=1.2),
            lambda: e.perplexity([[[0.0, 1.0]]], [[0]], at_most=1.2),
            lambda: e.perplexity([[[9.0, 9.0]]], [[0]], at_most=1.2, from_logits=False),
        ),
        (lambda v: e.perplexity(v, np.zeros((2, 3), int), at_most=1.2),),
    ),
    "translates": Example(
        lambda: e.translates(lambda s: [x.upper() for x in s], [("a", "A")], at_least=1),
        (
            lambda: e.translates(list, [("a", "A")], at_least=1),
            lambda: e.translates(lambda s: [], [("a", "A")], at_least=1),
        ),
        (
            lambda v: e.translates(v, [("a", "A")], at_least=1),
            lambda v: e.translates(lambda s: v, [("a", "A")], at_least=1),
        ),
    ),
    "bleu": Example(
        lambda: e.bleu(["a b c d e"], ["a b c d e"], at_least=1),
        (
            lambda: e.bleu(["e d c b a"], ["a b c d e"], at_least=0.5),
            lambda: e.bleu([], ["a"], at_least=0.5),
        ),
        (lambda v: e.bleu(v, ["a b c d e"], at_least=0.5),),
    ),
    "generated_text": Example(
        lambda: e.generated_text(
            ["a fat cat sat on a mat that day"], "that day a cat sat on the mat of", longest_copy=20
        ),
        (lambda: e.generated_text(["a b"], "a b c d"), lambda: e.generated_text([], "a b c d")),
        (lambda v: e.generated_text(v, "a b c d", at_least_length=1000),),
    ),
    "conv_output_size": Example(
        lambda: e.conv_output_size(convolved_size, [(28, 3, 2, "valid"), (28, 3, 2, "same")]),
        (lambda: e.conv_output_size(lambda n, k, s, p: n // s, [(29, 3, 2, "same")]),),
        (
            lambda v: e.conv_output_size(v, [(28, 3, 2, "valid")]),
            lambda v: e.conv_output_size(lambda *a: v, [(28, 3, 2, "valid")]),
        ),
    ),
    "convolution": Example(
        lambda: e.convolution(correlated, [(IMAGES[0], IMAGES[1][:3, :3])]),
        (
            lambda: e.convolution(
                lambda i, k: correlated(i, k[::-1, ::-1]), [(IMAGES[0], IMAGES[1][:3, :3])]
            ),
        ),
        (
            lambda v: e.convolution(v, [(IMAGES[0], IMAGES[1][:3, :3])]),
            lambda v: e.convolution(lambda i, k: v, [(IMAGES[0], IMAGES[1][:3, :3])]),
        ),
    ),
    "transfer_gain": Example(
        lambda: e.transfer_gain(LABELS, LABELS, at_least=0.9, scratch=LABELS * 0),
        (lambda: e.transfer_gain(LABELS, LABELS, at_least=0.9, scratch=1.0),),
        (lambda v: e.transfer_gain(v, np.array([5, 6, 7, 8]), at_least=0.9, scratch=0.1),),
    ),
    "mask_valid": Example(
        lambda: e.mask_valid(np.zeros((2, 4, 4), int), shape=(None, 4, 4), classes=2),
        (
            lambda: e.mask_valid(np.zeros((2, 4, 4)), shape=(None, 4, 4), classes=2),
            lambda: e.mask_valid(np.full((2, 4, 4), 2), shape=(None, 4, 4), classes=2),
        ),
        (lambda v: e.mask_valid(v, shape=(None, 4, 4), classes=2),),
    ),
    "mean_iou": Example(
        lambda: e.mean_iou([[[0, 1]]], [[[0, 1]]], at_least=1),
        (lambda: e.mean_iou([[[1, 0]]], [[[0, 1]]], at_least=1),),
        (lambda v: e.mean_iou(v, [[[0, 1]]], at_least=0.5),),
    ),
    "dice_iou_agree": Example(
        lambda: e.dice_iou_agree(dice_coefficient, mask_iou, [PAIR]),
        (lambda: e.dice_iou_agree(mask_iou, mask_iou, [PAIR]),),
        (lambda v: e.dice_iou_agree(v, v, [PAIR]),),
    ),
    "instances": Example(
        lambda: e.instances([[1, 0, 2]], [[5, 0, 6]]),
        (lambda: e.instances([[1, 0, 1]], [[5, 0, 6]]),),
        (lambda v: e.instances(v, [[5, 0, 6]]),),
    ),
    "box_iou": Example(
        lambda: e.box_iou(lambda a, b: float(suppressed_iou(a, b)), [(BOXES[0], BOXES[1])]),
        (lambda: e.box_iou(lambda a, b: 1.0, [(BOXES[0], BOXES[1])]),),
        (lambda v: e.box_iou(v, [(BOXES[0], BOXES[1])]),),
    ),
    "nms": Example(
        lambda: e.nms(suppressed, [(BOXES, SCORES)]),
        (lambda: e.nms(lambda b, s, t: [0, 1, 2], [(BOXES, SCORES)]),),
        (
            lambda v: e.nms(v, [(BOXES, SCORES)]),
            lambda v: e.nms(lambda b, s, t: v, [(BOXES, SCORES)]),
        ),
    ),
    "boxes_valid": Example(
        lambda: e.boxes_valid(BOXES, (10, 10)),
        (lambda: e.boxes_valid(BOXES, (4, 4)), lambda: e.boxes_valid([], (4, 4))),
        (lambda v: e.boxes_valid(v, (10, 10)),),
    ),
    "mean_average_precision": Example(
        lambda: e.mean_average_precision([[(1, 0.5, 0, 0, 4, 4)]], [[(1, 0, 0, 4, 4)]], at_least=1),
        (
            lambda: e.mean_average_precision([[]], [[(1, 0, 0, 4, 4)]], at_least=0.5),
            lambda: e.mean_average_precision([], [[(1, 0, 0, 4, 4)]], at_least=0.5),
        ),
        (
            lambda v: e.mean_average_precision(v, [[(1, 0, 0, 4, 4)]], at_least=0.5),
            lambda v: e.mean_average_precision([[v]], [[(1, 0, 0, 4, 4)]], at_least=0.5),
        ),
    ),
    "reconstructs": Example(
        lambda: e.reconstructs(IMAGES * 0.9, IMAGES, at_most=0.3),
        (
            lambda: e.reconstructs(IMAGES * 0, IMAGES, at_most=0.3),
            lambda: e.reconstructs(IMAGES[:1], IMAGES, at_most=0.3),
        ),
        (lambda v: e.reconstructs(v, IMAGES, at_most=0.3),),
    ),
    "latent_size": Example(
        lambda: e.latent_size(
            lambda x: np.asarray(x).reshape(len(x), 64),
            lambda z: z,
            lambda x: np.asarray(x).reshape(len(x), 64),
            IMAGES,
            64,
        ),
        (
            lambda: e.latent_size(
                lambda x: np.asarray(x).reshape(len(x), 64)[:, :8],
                lambda z: np.tile(z, 8),
                lambda x: x,
                IMAGES,
                8,
            ),
        ),
        (lambda v: e.latent_size(v, v, v, IMAGES, 8),),
    ),
    "interpolates": Example(
        lambda: e.interpolates(
            np.linspace(IMAGES[0], IMAGES[1], 5), lambda x: x, lambda z: z, IMAGES[0], IMAGES[1]
        ),
        (
            lambda: e.interpolates(
                np.stack([IMAGES[0]] * 5), lambda x: x, lambda z: z, IMAGES[0], IMAGES[1]
            ),
        ),
        (lambda v: e.interpolates(v, lambda x: x, lambda z: z, IMAGES[0], IMAGES[1]),),
    ),
    "psnr": Example(
        lambda: e.psnr(IMAGES, IMAGES, at_least=50),
        (lambda: e.psnr(OTHER, IMAGES, at_least=20),),
        (lambda v: e.psnr(v, IMAGES, at_least=5),),
    ),
    "denoises": Example(
        lambda: e.denoises(IMAGES, IMAGES + 0.3 * OTHER, IMAGES, at_least=3),
        (lambda: e.denoises(IMAGES + 0.3 * OTHER, IMAGES + 0.3 * OTHER, IMAGES, at_least=3),),
        (lambda v: e.denoises(v, IMAGES + 0.3 * OTHER, IMAGES, at_least=3),),
    ),
    "flags_anomalies": Example(
        lambda: e.flags_anomalies(
            [0.1, 0.9, 0.2, 0.8],
            LABELS,
            at_least=0.9,
            threshold=0.5,
            normal_scores=[0.5] * 9,
            f1_at_least=0.9,
        ),
        (
            lambda: e.flags_anomalies([0.9, 0.1, 0.8, 0.2], LABELS, at_least=0.9),
            lambda: e.flags_anomalies(
                [0.1, 0.9, 0.2, 0.8], LABELS, at_least=0.9, threshold=0.1, normal_scores=[0.5, 0.6]
            ),
        ),
        (lambda v: e.flags_anomalies(v, LABELS, at_least=1.1),),
    ),
    "generator_output": Example(
        lambda: e.generator_output(
            lambda z: np.tanh(np.asarray(z) * 9).reshape(-1, 2, 2), X, (None, 2, 2)
        ),
        (
            lambda: e.generator_output(lambda z: np.ones((16, 2, 2)), X, (None, 2, 2)),
            lambda: e.generator_output(lambda z: np.tanh(np.asarray(z) * 9), X, (None, 2, 2)),
            lambda: e.generator_output(
                lambda z: (np.tanh(np.asarray(z) * 9) / 2 + 0.5).reshape(-1, 2, 2), X, (None, 2, 2)
            ),
        ),
        (
            lambda v: e.generator_output(v, X, (None, 2, 2)),
            lambda v: e.generator_output(lambda z: v, X, (None, 2, 2)),
        ),
    ),
    "diverse": Example(
        lambda: e.diverse(OTHER, IMAGES, kinds=2, classify=lambda x: np.arange(len(x)) % 2),
        (lambda: e.diverse(np.stack([IMAGES[0]] * 40), IMAGES),),
        (lambda v: e.diverse(v, IMAGES),),
    ),
    "not_copied": Example(
        lambda: e.not_copied(OTHER, IMAGES),
        (lambda: e.not_copied(IMAGES[:5], IMAGES), lambda: e.not_copied([], IMAGES)),
        (lambda v: e.not_copied(v, IMAGES),),
        allowed=lambda v: np.shape(v) == (2, 8, 8, 1),
    ),
    "feature_distance": Example(
        lambda: e.feature_distance(IMAGES, IMAGES, at_most=1),
        (lambda: e.feature_distance(IMAGES * 0.1, IMAGES, at_most=1),),
        (lambda v: e.feature_distance(v, IMAGES, at_most=1),),
    ),
    "really_translated": Example(
        lambda: e.really_translated(np.ones((2, 4, 4)), lambda x: x.mean((1, 2)) > 0, at_least=1),
        (
            lambda: e.really_translated(
                -np.ones((2, 4, 4)), lambda x: x.mean((1, 2)) > 0, at_least=1
            ),
        ),
        (lambda v: e.really_translated(v, lambda x: x.mean(axis=(1, 2)) > 55, at_least=1),),
    ),
    "balanced_fight": Example(
        lambda: e.balanced_fight([1, 1, -1.0], [1, -1, -1.0]),
        (lambda: e.balanced_fight([1.0], [-1.0]),),
        (lambda v: e.balanced_fight(v, [-1.0]), lambda v: e.balanced_fight([1.0], v)),
        allowed=lambda v: np.isfinite(np.asarray(v, float)).all() and np.asarray(v).size > 0,
    ),
    "steps_separate": Example(
        lambda: separate("g_step"),
        (lambda: separate("both"), lambda: separate("none")),
        (
            lambda v: e.steps_separate(v, X, moves=lambda: [X], stays=lambda: [X]),
            lambda v: e.steps_separate(lambda b: None, X, moves=v, stays=lambda: [X]),
        ),
    ),
    "generator_step_helps": Example(
        lambda: helps(1),
        (lambda: helps(-1),),
        (
            lambda v: e.generator_step_helps(v, X, lambda z: z, lambda x: x, X),
            lambda v: e.generator_step_helps(lambda b: 0, X, v, lambda x: x, X),
        ),
    ),
    "cycle_back": Example(
        lambda: e.cycle_back(lambda x: -x, lambda x: -x, IMAGES, OTHER, at_most=0.1),
        (lambda: e.cycle_back(lambda x: -x, lambda x: x, IMAGES, OTHER, at_most=0.1),),
        (
            lambda v: e.cycle_back(v, v, IMAGES, OTHER, at_most=0.1),
            lambda v: e.cycle_back(lambda x: v, lambda x: v, IMAGES, OTHER, at_most=0.1),
        ),
    ),
    "identity_kept": Example(
        lambda: e.identity_kept(lambda x: x, IMAGES, at_most=0.1),
        (lambda: e.identity_kept(lambda x: -x, IMAGES, at_most=0.1),),
        (lambda v: e.identity_kept(v, IMAGES, at_most=0.1),),
    ),
}


def suppressed_iou(a: Any, b: Any) -> float:
    from autograder.expect.vision.boxes import box_overlaps

    return float(box_overlaps(np.asarray(a)[None], np.asarray(b)[None])[0, 0])


CHECKS = sorted(
    name
    for name in expect.__all__
    if inspect.isfunction(fn := getattr(expect, name)) and hasattr(fn, "__wrapped__")
)


def test_the_table_holds_every_check() -> None:
    assert sorted(EXAMPLES) == CHECKS
    assert len(CHECKS) >= 90


@pytest.mark.parametrize("name", CHECKS)
def test_a_right_answer_is_met_by(name: str) -> None:
    assert EXAMPLES[name].right().met


@pytest.mark.parametrize("name", CHECKS)
def test_a_wrong_answer_is_not_met_by(name: str) -> None:
    for i, wrong in enumerate(EXAMPLES[name].wrong):
        with pytest.raises(expect.NotMet) as failure:
            wrong()
        verdict = failure.value.verdict
        assert 0.0 <= verdict.credit < 1.0, i
        assert verdict.message.expected, i
        assert verdict.message.got, i
        assert verdict.message.next, i
        words = str(failure.value)
        assert not re.search(r"\{\w+\}", words), words  # every placeholder has a value
        assert "looking at it raises" not in words, (
            f"wrong answer {i} is not judged but breaks: {words}"
        )


@pytest.mark.parametrize("name", CHECKS)
def test_no_hostile_value_is_met_or_gets_out_of(name: str, never_met) -> None:
    for call in EXAMPLES[name].hostile:
        never_met(call, EXAMPLES[name].allowed)


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.complex_numbers()
)
VALUES = st.one_of(
    hnp.arrays(
        st.sampled_from(["f4", "f8", "i8", "u1", "?", "c16", "U3", "O"]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.tuples(inner, inner)
            | st.dictionaries(st.sampled_from(["loss", "val_loss", "a", "w"]), inner, max_size=3)
        ),
        max_leaves=8,
    ),
)


@pytest.mark.parametrize("name", CHECKS)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=VALUES)
def test_credit_stays_between_0_and_1_and_nan_never_passes(name: str, value: Any) -> None:
    for call in EXAMPLES[name].hostile:
        try:
            found = call(value)
        except expect.NotMet as failure:
            found = failure.verdict
        assert 0.0 <= found.credit <= 1.0
        assert str(expect.NotMet(found))
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and np.isnan(value).any():
            assert not found.met or name in ("shape", "type_is", "dtype", "input_unchanged")


def test_claims_are_checks() -> None:
    assert set(CHECKS) >= expect.CLAIMS
