"""Keras models across the wall: config and weights go over, outside a real model is rebuilt.

The config is walked against an allow-list before anything is made of it: built-in layers,
initializers and the like, and classes of the assignment's own helper modules; no Lambda, no
foreign module, nothing that reads a file.
"""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import Any

MODULES = frozenset(
    f"keras.{name}" for name in (
        "layers", "initializers", "regularizers", "constraints", "activations", "losses",
        "metrics", "optimizers", "optimizers.schedules", "models", "dtype_policies",
    )
) | {"keras", "builtins", "keras.src.models.functional", "keras.src.models.sequential"}  # fmt: skip
OPERATIONS = "keras.src.ops."
REFUSED = frozenset({
    "Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "function", "__lambda__",
    "__typespec__", "Hub", "KerasLayer", "partial",
})  # fmt: skip
FILES = ("vocabulary", "idf_weights")  # a string here would be read as a file's name
CONFIG_CAP = 4 << 20


class Refused(ValueError):
    """A model that is not rebuilt outside; the message says because of what."""


def describe(model: Any, helpers: Collection[str] = ()) -> tuple[dict[str, Any], list[Any]]:
    """Config (JSON) and weights (arrays) of a Sequential or Functional model; else Refused.

    `helpers` names the modules of the assignment whose classes may appear.
    """
    import keras

    if type(model) not in (keras.Sequential, _functional()):
        raise Refused(f"{type(model).__name__} is not a Sequential or Functional model")
    if not model.built:
        raise Refused("the model is not built yet: it has no input shape")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a lambda as loss: the model is sent uncompiled
            config = json.loads(model.to_json())
    except Exception as error:
        raise Refused(f"its config cannot be written: {type(error).__name__}") from error
    compiled = config.pop("compile_config", None)
    _allow(config, helpers)
    optimizer = getattr(model, "optimizer", None)
    return {
        "config": config,
        "compile": compiled if compiled and not list(refusals(compiled, helpers)) else None,
        "iterations": int(optimizer.iterations) if optimizer is not None else 0,
    }, list(model.get_weights())


def rebuild(
    description: Mapping[str, Any], weights: list[Any], helpers: Mapping[str, Any] | None = None
) -> Any:
    """A real keras.Model with these weights, compiled as it was; else Refused.

    `helpers` maps the names of the assignment's own modules to the modules themselves.
    """
    import keras

    own = helpers or {}
    config, compiled = description.get("config"), description.get("compile")
    if type(config) is not dict or config.get("class_name") not in ("Sequential", "Functional"):
        raise Refused("not the config of a Sequential or Functional model")
    _allow(config, own)
    config, compiled = copy.deepcopy((config, compiled))  # Keras takes apart what it is given
    objects = dict(_classes(own))
    try:
        model = keras.saving.deserialize_keras_object(
            config, custom_objects=objects, safe_mode=True
        )
        shapes = [tuple(w.shape) for w in model.weights]
        if shapes != [tuple(w.shape) for w in weights]:
            raise Refused("the weights do not fit the config")
        model.set_weights(weights)
        _scale_as_adapted(model)
        if type(compiled) is dict and not list(refusals(compiled, own)):
            with keras.saving.custom_object_scope(objects):  # the optimizer's slots come with fit()
                model.compile(**keras.saving.deserialize_keras_object(compiled))
            if description.get("iterations") and model.optimizer is not None:
                model.optimizer.iterations.assign(description["iterations"])
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"its config cannot be rebuilt: {type(error).__name__}") from error
    return model


def _scale_as_adapted(model: Any) -> None:
    """Makes adapted Normalization layers use their weights: set_weights alone does not (tried)."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            _scale_as_adapted(layer)
        elif isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def state(model: Any) -> tuple[Any, ...]:
    """All that a check can change of a model, to be compared: config, compile state, variables.

    Variables include the states of random layers, so a call in training mode counts as a change.
    """
    iterations = getattr(getattr(model, "optimizer", None), "iterations", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a loss that has no name
        config = model.to_json()
    return config, int(iterations), [v.numpy().tobytes() for v in model.variables]


def refusals(config: Any, helpers: Collection[str] = ()) -> Iterator[str]:
    """Everything in a config that is not on the allow-list, one sentence each."""
    stack, seen = [(config, 0)], 0
    while stack:
        node, depth = stack.pop()
        seen += 1
        if depth > 60 or seen > 200_000:
            yield "a config too deep or too large"
            return
        if type(node) is list:
            stack += [(x, depth + 1) for x in node]
        elif type(node) is dict:
            if "class_name" in node:
                yield from _class_refusal(node, helpers)
            for key in FILES:
                if type(node.get(key)) is str:
                    yield f"{key} read from a file"
            stack += [(x, depth + 1) for x in node.values()]


def _class_refusal(node: dict[str, Any], helpers: Collection[str]) -> Iterator[str]:
    name, module = node.get("class_name"), node.get("module")
    if type(name) is not str or (module is not None and type(module) is not str):
        yield "a class without a name"
    elif module in helpers:
        return
    elif name in REFUSED:
        yield f"a {name}"
    elif name.startswith("__"):  # __tuple__, __tensor__, __numpy__, ...: plain data
        return
    elif module is not None and module not in MODULES and not module.startswith(OPERATIONS):
        yield f"{module}.{name}"
    elif node.get("registered_name") not in (None, name):
        yield f"a registered {node.get('registered_name')}"


def _allow(config: Any, helpers: Collection[str]) -> None:
    for refusal in refusals(config, helpers):
        raise Refused(f"it holds {refusal}, which is not a built-in layer")


def _classes(helpers: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for module in helpers.values():
        for name, value in vars(module).items():
            if callable(value) and getattr(value, "__module__", "") == module.__name__:
                yield name, value
                yield f"{module.__name__}>{name}", value


def _functional() -> type:
    from keras.src.models.functional import Functional

    return Functional  # type: ignore[no-any-return]
