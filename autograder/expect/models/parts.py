"""Facts about a Keras model: its layers, settings, shapes, weights and outputs.

A model is a real `keras.Model`, or a remote of one whose class is the student's own. Of a remote,
only the results of its methods are known; facts that it cannot give raise NotMet.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.errors import Fault
from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.handover import Proxy
from autograder.expect.verdict import NotMet, short

ACTIVATION_LAYERS = {"ReLU": "relu", "Softmax": "softmax", "LeakyReLU": "leaky_relu", "ELU": "elu"}
WRITTEN_BY_TENSORFLOW = {"softmax_v2": "softmax", "log_softmax_v2": "log_softmax", "swish": "silu"}
UNNAMED = 32  # stands for an axis of any length in a trial run of a model


@dataclass(frozen=True)
class Layer:
    """One layer: its name, class and settings, and the layer object."""

    name: str
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    layer: Any = None
    within: tuple[str, ...] = ()  # names of the nested models that contain it

    @property
    def activation(self) -> str:
        """The activation by name: "linear" if there is none."""
        if self.kind in ACTIVATION_LAYERS:
            return ACTIVATION_LAYERS[self.kind]
        return setting_name(self.settings.get("activation")) or "linear"


def setting_name(value: Any) -> str:
    """Return a setting as the word a student writes: "relu", "he_normal", "Adam"."""
    if type(value) is dict:
        if value.get("class_name") == "__lambda__":
            return "lambda"
        own = (
            value.get("module") == "autograder.evidence.own_code_stubs"
            and type(value["config"]) is dict
        )
        if own or value.get("class_name") == "function":
            return setting_name(value["config"].get("name") if own else value.get("config"))
        return setting_name(value.get("class_name") or value.get("config"))
    if isinstance(value, str):
        return WRITTEN_BY_TENSORFLOW.get(value, value)
    return setting_name(str(getattr(value, "__name__", ""))) if callable(value) else ""


def is_keras(model: Any) -> bool:
    """Return whether this is a real keras.Model, without importing Keras."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, keras.Model)


def demand_model(model: Any) -> Any:
    """Return the model. Raises NotMet if it is not a model."""
    try:
        looks_so = is_keras(model) or callable(getattr(model, "get_weights", None))
    except (Fault, KeyboardInterrupt):
        raise
    except BaseException:
        looks_so = False
    if not looks_so:
        raise coerce.failing(
            expected="a Keras model",
            got="{found}",
            next="Assign the model itself to this name, not what fit() or predict() returns.",
            found=_named(model),
        )
    return model


def _named(value: Any) -> str:
    """Name a value that is not a model, in words equal in the notebook and behind the wall."""
    if not isinstance(value, Proxy):
        return short(value)
    return str(getattr(value, "__name__", "")) or "an object of your own"


def fact(get: Callable[[], Any], otherwise: Any = None) -> Any:
    """Return the result of `get`, or `otherwise` if the model cannot give it."""
    try:
        return get()
    except (Fault, KeyboardInterrupt):
        raise
    except BaseException:
        return otherwise


def kind_of(value: Any) -> str:
    """Return the name of a value's class; for a remote, of the class on the student's side."""
    node = getattr(value, "__remote__", None)
    named = str(node.get("type", "")) if isinstance(node, Mapping) else ""
    return named.rpartition(".")[2] or type(value).__name__


def settings_of(layer: Any) -> dict[str, Any]:
    """Return a layer's settings from its get_config(); empty if it has none."""
    found = fact(lambda: dict(layer.get_config()), {})
    return found if type(found) is dict else {}


def own_parts(model: Any) -> list[str]:
    """Return the student's own parts of a compiled model by name: "loss focal"."""
    compiled = fact(model.get_compile_config, None) if is_keras(model) else None
    return [
        f"{node['class_name'].removeprefix('Own').lower()} {node['config'].get('name', '')}"
        for node in _nodes(compiled)
        if node.get("module") == "autograder.evidence.own_code_stubs"
    ]


def where_it_trains(model: Any) -> Any:
    """Return the model that can train: the student's own one if its loss or optimizer is own
    code.
    """
    if all(part.startswith("metric ") for part in own_parts(model)):
        return model
    return vars(model).get("student_side", model)


def _nodes(config: Any) -> Iterator[dict[str, Any]]:
    if type(config) is dict:
        if "class_name" in config and type(config.get("config")) is dict:
            yield config
        config = list(config.values())
    for inner in config if isinstance(config, list | tuple) else ():
        yield from _nodes(inner)


def layers_of(model: Any, within: tuple[str, ...] = ()) -> list[Layer]:
    """Return every layer in the model's order, with nested models opened and inputs left out."""
    demand_model(model)
    layers = fact(lambda: list(model.layers), [])
    found: list[Layer] = []
    for layer in layers:
        if is_keras(layer):
            found += layers_of(layer, (*within, str(layer.name)))
        elif kind_of(layer) != "InputLayer":
            found.append(Layer(str(layer.name), kind_of(layer), settings_of(layer), layer, within))
    return found


def attribute(layer: Layer, name: str) -> Any:
    """Return an attribute of the layer object, such as "kernel"; None if it is missing."""
    return fact(lambda: getattr(layer.layer, name))


def trainable_weights(layer: Layer) -> list[Any]:
    """Return the layer's weights that training may change."""
    found = fact(lambda: list(layer.layer.trainable_weights), [])
    return list(found)


def chosen(model: Any, which: str | Sequence[str]) -> list[Layer]:
    """Return the layers of these names or classes. Raises NotMet if there is none.

    "*" is every layer with weights; the name of a nested model is every layer in it.
    """
    wanted = [which] if isinstance(which, str) else list(which)
    found = [x for x in layers_of(model) if _wanted(x, wanted)]
    if not found:
        raise coerce.failing(
            expected="a layer {want}",
            got="{found}",
            next="Compare with model.summary(); names and classes must be spelt exactly so.",
            want=" / ".join(wanted),
            found=kinds_of(model),
        )
    return found


def _wanted(layer: Layer, wanted: Sequence[str]) -> bool:
    if layer.kind in wanted or layer.name in wanted or set(layer.within) & set(wanted):
        return True
    return "*" in wanted and bool(fact(lambda: layer.layer.weights, []))


def kinds_of(model: Any) -> str:
    """Return the classes of all layers as one line."""
    return coerce.listed([x.kind for x in layers_of(model)], most=12) or "no layers"


def weights_of(model: Any, name: str = "the model") -> list[Array]:
    """Return the weights as arrays in the model's order. Raises NotMet if it has none yet."""
    demand_model(model)
    found = fact(lambda: [coerce.array(w, name) for w in model.get_weights()], [])
    if not found:
        raise coerce.failing(
            expected="a model that has been built",
            got="a model without weights",
            next="Begin with an Input layer, or call the model once on a batch.",
        )
    return list(found)


def input_shapes(model: Any) -> list[tuple[int | None, ...]]:
    """Return the shape of each input with batch axis None; empty if it is unknown.

    A model without an Input states the size of its first batch, but any other size is allowed.
    """
    shapes = fact(lambda: [tuple(t.shape) for t in model.inputs], None)
    if not shapes:
        shape = fact(lambda: tuple(model.input_shape), ())
        shapes = list(shape) if shape and isinstance(shape[0], tuple) else [shape] if shape else []
    return [(None, *shape[1:]) for shape in shapes]


def output_shapes(model: Any) -> list[tuple[int | None, ...]]:
    """Return the shape of each output as the model states it; empty if it is unknown."""
    shapes = fact(lambda: [tuple(t.shape) for t in model.outputs], None)
    return list(shapes) if shapes else []


def trial_inputs(model: Any, shapes: Sequence[Sequence[int | None]], n: int = 2) -> Any:
    """Return a batch of zeros of these shapes, in the types that the model requires."""
    types = fact(lambda: [str(t.dtype) for t in model.inputs], [])
    batches = [
        np.zeros((n, *(UNNAMED if a is None else a for a in shape[1:])), _numpy_type(types, i))
        for i, shape in enumerate(shapes)
    ]
    return batches[0] if len(batches) == 1 else batches


def _numpy_type(types: Sequence[str], i: int) -> str:
    return "int32" if i < len(types) and "int" in types[i] else "float32"


def predictions(model: Any, inputs: Any, *, name: str = "the model") -> Any:
    """Return the model's output in inference, as an array or a list of arrays.

    Real Keras models predict without a progress bar; other objects are called. Raises NotMet if the
    model raises an error.
    """
    if is_keras(model):
        answer = coerce.call(lambda: model.predict(inputs, batch_size=128, verbose=0), name=name)
    else:
        answer = _answer(model, inputs, name)
    if isinstance(answer, list | tuple) and len(answer) and np.ndim(answer[0]) > 1:
        return [coerce.array(a, name) for a in answer]
    return coerce.array(answer, name)


def _answer(model: Any, inputs: Any, name: str) -> Any:
    predict = fact(lambda: getattr(model, "predict", None))
    if not callable(predict):
        return coerce.call(model, inputs, name=name)
    if not callable(model):
        return coerce.call(predict, inputs, name=name)
    try:
        return coerce.call(model, inputs, name=name)
    except NotMet:
        return coerce.call(predict, inputs, name=name)


def one_answer(model: Any, inputs: Any, *, name: str = "the model") -> Array:
    """Return the model's only output as finite floats."""
    answer = predictions(model, inputs, name=name)
    if isinstance(answer, list):
        answer = answer[0]
    return coerce.floats(answer, f"the answer of {name}")


def trained_copy(model: Any) -> Any:
    """Return a copy with the same weights, loss and optimizer settings, for training.

    A model that cannot be copied (a class of the student's own) is returned itself. A model
    compiled with a loss or optimizer of the student's own is returned as the object on the
    student's side.
    """
    demand_model(model)
    if not is_keras(model):
        return model
    if (elsewhere := where_it_trains(model)) is not model:
        return elsewhere

    def copy() -> Any:
        import keras

        twin = keras.models.clone_model(model)
        twin.set_weights(model.get_weights())
        for layer in layers_of(twin):
            if layer.kind == "Normalization":
                layer.layer.finalize_state()  # an adapted layer does not follow set_weights
        optimizer = model.optimizer
        twin.compile(optimizer=type(optimizer).from_config(optimizer.get_config()), loss=model.loss)
        return twin

    if getattr(model, "optimizer", None) is None or getattr(model, "loss", None) is None:
        raise coerce.failing(
            expected="a compiled model",
            got="a model without compile()",
            next="Call model.compile(optimizer=..., loss=...) before fit().",
        )
    return fact(copy, model)
