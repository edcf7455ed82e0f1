"""A model is rebuilt outside with the student's weights, or refused with the reason."""

from __future__ import annotations

import json
import sys
import types
from typing import Any

import numpy as np
import pytest

from autograder.evidence.models import (
    ModelRefused,
    describe,
    own_parts_of,
    rebuild,
    refusals,
    state,
)

keras = pytest.importorskip("keras")


def functional() -> Any:
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, padding="same", activation="relu")(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Concatenate()([x, inputs]) * 2.0
    x = keras.ops.mean(x, axis=(1, 2))
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))


def sequential() -> Any:
    return keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Embedding(10, 4),
            keras.layers.GRU(3),
            keras.layers.Dense(1),
        ]
    )


def scaled_inside() -> Any:
    """A Normalization that was adapted, as students do it, within a nested model."""
    scaling = keras.layers.Normalization()
    scaling.adapt(np.random.default_rng(1).normal(5, 3, (50, 4)))
    nested = keras.Sequential([keras.Input((4,)), scaling])
    return keras.Sequential([keras.Input((4,)), nested, keras.layers.Dense(3)])


@pytest.mark.parametrize("make", [functional, sequential, scaled_inside])
def test_a_rebuilt_model_predicts_the_same(make: Any) -> None:
    model = make()
    description, weights = describe(model)
    other = rebuild(json.loads(json.dumps(description)), weights)
    inputs = np.random.default_rng(0).integers(0, 9, (3, *model.input_shape[1:]))
    assert np.array_equal(np.asarray(model(inputs)), np.asarray(other(inputs)))


def test_the_compile_state_comes_along() -> None:
    model = functional()
    model.compile(keras.optimizers.Adam(0.25), "categorical_crossentropy", metrics=["accuracy"])
    description, weights = describe(model)
    other = rebuild(json.loads(json.dumps(description)), weights)
    assert other.loss == "categorical_crossentropy"
    assert float(other.optimizer.learning_rate) == 0.25


def test_a_loss_of_the_students_own_costs_no_other_part() -> None:
    def focal(truth: Any, answer: Any) -> Any:
        return truth - answer

    model = functional()
    model.compile(keras.optimizers.SGD(0.25), focal, metrics=["accuracy"])
    description, weights = describe(model)
    assert own_parts_of(description) == ["loss focal"]
    other = rebuild(json.loads(json.dumps(description)), weights)
    assert other.loss.name == "focal"
    assert float(other.optimizer.learning_rate) == 0.25
    assert other.get_compile_config()["metrics"] == ["accuracy"]
    with pytest.raises(NotImplementedError, match="the loss focal is your own"):
        other.train_on_batch(np.ones((2, 8, 8, 1)), np.ones((2, 3)))


@pytest.mark.parametrize("make", [functional, sequential])
def test_one_description_serves_many_times(make: Any) -> None:
    description, weights = describe(make())
    again = json.dumps(description)
    rebuild(description, weights)
    assert json.dumps(description) == again


def test_frozen_layers_stay_frozen() -> None:
    model = functional()
    model.layers[1].trainable = False
    other = rebuild(*describe(model))
    assert [layer.trainable for layer in other.layers] == [la.trainable for la in model.layers]
    assert other.layers[1].trainable is False


def test_a_lambda_layer_is_refused() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda z: z)])
    with pytest.raises(ModelRefused, match="Lambda"):
        describe(model)


def test_a_subclassed_model_is_refused() -> None:
    class Own(keras.Model):  # type: ignore[misc,name-defined]
        pass

    with pytest.raises(ModelRefused, match="Own"):
        describe(Own())


def test_an_unbuilt_model_is_rebuilt_and_built_by_its_first_batch() -> None:
    other = rebuild(*describe(keras.Sequential([keras.layers.Dense(3)])))
    assert not other.built
    assert other.predict(np.ones((2, 5)), verbose=0).shape == (2, 3)


def test_layers_taken_from_another_model_bring_their_weights_before_any_call() -> None:
    reader = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])
    body = keras.Sequential(reader.layers[:-1])
    other = rebuild(*describe(body))
    assert not body.built
    assert np.array_equal(other.predict(ROWS, verbose=0), reader.layers[0](ROWS))


def test_a_class_of_the_assignments_own_module_is_allowed(monkeypatch: Any) -> None:
    module = types.ModuleType("own_layers")

    class Doubled(keras.layers.Layer):  # type: ignore[misc,name-defined]
        def call(self, x: Any) -> Any:
            return x * 2

    Doubled.__module__ = "own_layers"
    module.Doubled = Doubled  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "own_layers", module)
    model = keras.Sequential([keras.Input((2,)), Doubled(), keras.layers.Dense(1)])
    with pytest.raises(ModelRefused):
        describe(model)
    description, weights = describe(model, ["own_layers"])
    other = rebuild(json.loads(json.dumps(description)), weights, {"own_layers": module})
    ones = np.ones((1, 2), "float32")
    assert np.array_equal(np.asarray(model(ones)), np.asarray(other(ones)))


def test_weights_that_do_not_fit_are_refused() -> None:
    description, weights = describe(functional())
    with pytest.raises(ModelRefused, match="do not fit"):
        rebuild(description, weights[:-1])


@pytest.mark.parametrize(
    ("node", "why"),
    [
        ({"class_name": "Lambda", "module": "keras.layers"}, "Lambda"),
        ({"class_name": "system", "module": "os"}, "os.system"),
        ({"class_name": "function", "module": "builtins", "config": "exec"}, "function"),
        ({"class_name": "__lambda__", "config": {}}, "__lambda__"),
        ({"class_name": "Dense", "module": "keras.layers", "registered_name": "x>Y"}, "x>Y"),
        ({"class_name": 3}, "without a name"),
        ({"config": {"vocabulary": "/etc/passwd"}}, "file"),
    ],
)
def test_what_is_not_on_the_list_is_named(node: Any, why: str) -> None:
    hidden_deep = {"class_name": "Sequential", "module": "keras", "config": {"layers": [node]}}
    assert any(why in refusal for refusal in refusals(hidden_deep))


def test_a_config_that_lies_about_its_kind_is_refused() -> None:
    for config in (None, [], {"class_name": "Dense"}, {"class_name": "Sequential", "config": 3}):
        with pytest.raises(ModelRefused):
            rebuild({"config": config, "compile": None}, [])


def compiled() -> Any:
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(0.0), "mse")
    return model


ROWS = np.ones((2, 4), "float32")


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.layers[0].set_weights([w + 1 for w in m.layers[0].get_weights()]),
        lambda m: setattr(m.layers[0], "trainable", False),
        lambda m: m.compile("adam", "mae"),
        lambda m: m.train_on_batch(ROWS, np.ones((2, 1))),
        lambda m: m(ROWS, training=True),
        lambda m: setattr(m.layers[0], "activation", keras.activations.tanh),
    ],
    ids=["weights", "frozen", "compiled", "a step of size 0", "random draws", "activation"],
)
def test_what_a_check_changes_of_a_model_shows_in_its_state(change: Any) -> None:
    model = compiled()
    before = state(model)
    change(model)
    assert state(model) != before


def test_reading_a_model_leaves_its_state_as_it_was() -> None:
    model = compiled()
    before = state(model)
    model.predict(ROWS, verbose=0)
    model.evaluate(ROWS, np.ones((2, 1)), verbose=0)
    model.summary(print_fn=lambda *_: None)
    assert state(model) == before


def test_a_model_that_was_never_compiled_has_a_state_as_well() -> None:
    model = sequential()
    assert not hasattr(model, "optimizer")
    assert state(model) == state(model)
