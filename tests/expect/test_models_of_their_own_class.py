"""A model of the student's own class, seen as grading sees it: through its methods only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder import expect

pytestmark = [pytest.mark.check, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


class Far:
    """A stand-in for a remote: calls and reads pass, arrays come back, the class stays away."""

    def __init__(self, value: Any) -> None:
        self.__value = value
        cls = type(value)
        self.__remote__ = {"type": f"{cls.__module__}.{cls.__qualname__}"}
        self.__name__ = getattr(value, "__name__", "")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return over(getattr(self.__value, name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return over(self.__value(*args, **kwargs))


def over(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | dict | np.ndarray):
        return value
    if isinstance(value, list | tuple):
        return type(value)(over(v) for v in value)
    if type(value).__module__.startswith("tensorflow") or hasattr(value, "assign"):
        return np.asarray(value)
    return Far(value)


X = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


@pytest.fixture
def build() -> Callable[[], Any]:
    import keras

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.base = keras.layers.Dense(8, activation="relu", name="base")
            self.head = keras.layers.Dense(1, name="head")

        def call(self, x: Any) -> Any:
            return self.head(self.base(x))

    def make() -> Any:
        keras.utils.set_random_seed(0)
        model = Own()
        model(X)
        model.compile(keras.optimizers.SGD(0.05), "mse")
        return model

    return make


def test_shapes_layers_and_sizes_are_read(build: Callable[[], Any]) -> None:
    far = Far(build())
    expect.output_shape(far, (None, 1), inputs=X)
    expect.layers_in_order(far, ["Dense(8, relu)", "Dense(1)"])
    expect.layer_setting(far, "base", units=8)
    expect.samples_independent(far, X)
    with pytest.raises(expect.NotMet):
        expect.layers_in_order(far, ["Dense(9, relu)", "Dense(1)"])


def test_a_sequential_without_an_input_is_as_right_once_it_was_fitted() -> None:
    """Unbuilt when its cell ended, so it stays on the student's side; built by a batch of 12."""
    import keras

    model = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy())
    model.fit(X, np.arange(12) % 3, batch_size=12, verbose=0)
    far = Far(model)
    expect.model_io(far, (None, 4), (None, 3))
    expect.output_shape(far, (None, 3))
    expect.loss_fits_output(far)
    with pytest.raises(expect.NotMet):
        expect.model_io(far, (None, 5), (None, 3))


def test_training_is_seen_by_weights(build: Callable[[], Any]) -> None:
    model = build()
    first = model.get_weights()
    with pytest.raises(expect.NotMet):
        expect.weights_moved(Far(model), first)
    model.fit(X, Y, epochs=40, verbose=0)
    expect.weights_moved(Far(model), first)
    expect.loss_drops(Far(model), first, X, Y)


def test_a_step_on_a_model_that_cannot_be_copied_is_taken_back(build: Callable[[], Any]) -> None:
    model = build()
    before = model.get_weights()
    with pytest.raises(expect.NotMet):
        expect.frozen(Far(model), "base", X, Y)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_what_needs_the_graph_says_so(build: Callable[[], Any]) -> None:
    for check in (
        lambda m: expect.skip_connections(m, (16,)),
        lambda m: expect.gradient_reaches(m, X, Y),
        lambda m: expect.overfits_small_batch(m, X, Y),
    ):
        with pytest.raises(expect.NotMet) as failure:
            check(Far(build()))
        assert "looking at it raises" not in str(failure.value)
