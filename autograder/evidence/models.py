"""Keras models across the wall: config and weights cross, and a real model is rebuilt outside.

`describe` selects the facts of a model that grading sees; `task.check()` in a notebook uses it too.
The config is checked against an allow-list (builtin.py) before anything is built from it. The
student's own parts of `compile()` cross by name (compiled.py, own.py). A model with the student's
own layers or functions is Refused: it stays in the student's process and is called there.
"""

from __future__ import annotations

import copy
import functools
import json
import sys
import types
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from autograder.evidence.compile_state import compile_config, own_names
from autograder.evidence.model_allow_list import (
    RUNNING_CODE,
    allowed,
    helper_objects,
    known_functions,
    own_parts,
    refusals,
)
from autograder.language import msgid
from autograder.nouns import fill

STUDENT_SIDE = "student_side"  # attribute of a rebuilt model: a proxy for the student's model

__all__ = [
    "STUDENT_SIDE",
    "ModelRefused",
    "describe",
    "own_parts_of",
    "rebuild",
    "refusals",
    "state",
]


class ModelRefused(ValueError):
    """A model that is not rebuilt outside; `template` and `values` give the reason."""

    def __init__(self, template: str, **values: str) -> None:
        self.template, self.values = template, values
        super().__init__(fill(template, values))


def describe(model: Any, helpers: Collection[str] = ()) -> tuple[dict[str, Any], list[Any]]:
    """Return config (JSON) and weights (arrays) of a Sequential or Functional model; else Refused.

    `helpers` names the modules of the assignment whose classes may appear.
    """
    import keras

    if type(model) not in (keras.Sequential, _functional()):
        raise ModelRefused(msgid("{kind} is a model class of your own"), kind=type(model).__name__)
    own = {name: sys.modules[name] for name in helpers if name in sys.modules}
    renamed = _demand_known(model, own)
    try:
        with warnings.catch_warnings(), _uncompiled(model):
            warnings.simplefilter("ignore")
            config = json.loads(model.to_json())
    except Exception as error:
        kind = type(error).__name__
        raise ModelRefused(msgid("its config cannot be written: {kind}"), kind=kind) from error
    config.pop("compile_config", None)
    config = _functions_by_name(config, renamed)
    if not model.built:
        _build_as_its_layers(model, config)
    _allow(config, own)
    optimizer = getattr(model, "optimizer", None)
    return {
        "config": config,
        "compile": compile_config(model, own),
        "iterations": int(optimizer.iterations) if optimizer is not None else 0,
    }, list(model.get_weights())


def own_parts_of(description: Mapping[str, Any]) -> list[str]:
    """Return the parts of a description that stand for the student's own code, as "loss focal"."""
    return own_names(description.get("compile"))


def rebuild(
    description: Mapping[str, Any], weights: list[Any], helpers: Mapping[str, Any] | None = None
) -> Any:
    """Return a real keras.Model with these weights, compiled as it was; else Refused.

    `helpers` maps the names of the assignment's own modules to the modules themselves.
    """
    import keras

    own = helpers or {}
    config, compiled = description.get("config"), description.get("compile")
    if type(config) is not dict or config.get("class_name") not in ("Sequential", "Functional"):
        raise ModelRefused(msgid("not the config of a Sequential or Functional model"))
    _allow(config, own)
    config, compiled = copy.deepcopy((config, compiled))  # Keras modifies its config
    objects = helper_objects(own)
    try:
        model = keras.saving.deserialize_keras_object(
            config, custom_objects=objects, safe_mode=True
        )
        shapes = [tuple(w.shape) for w in model.weights]
        if shapes != [tuple(w.shape) for w in weights]:
            raise ModelRefused(msgid("the weights do not fit the config"))
        model.set_weights(weights)
        _scale_as_adapted(model)
        if type(compiled) is dict and not any(refusals(compiled, own)):
            # the optimizer's slots come with fit()
            own_parts()  # registers them with Keras
            with keras.saving.custom_object_scope(objects):
                model.compile(**keras.saving.deserialize_keras_object(compiled))
            if description.get("iterations") and model.optimizer is not None:
                model.optimizer.iterations.assign(description["iterations"])
    except ModelRefused:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise ModelRefused(msgid("its config cannot be rebuilt: {kind}"), kind=kind) from error
    return model


def state(model: Any) -> tuple[Any, ...]:
    """Return everything of a model that a check can change: config, compile state, variables.

    Variables include the states of random layers, so a call in training mode counts as a change.
    """
    iterations = getattr(getattr(model, "optimizer", None), "iterations", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warns of a loss without a name
        config = model.to_json()
    return config, int(iterations), [v.numpy().tobytes() for v in model.variables]


def _scale_as_adapted(model: Any) -> None:
    """Make adapted Normalization layers use their weights; set_weights alone does not (tested)."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            _scale_as_adapted(layer)
        elif isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def _allow(config: Any, helpers: Mapping[str, Any]) -> None:
    for refusal in refusals(config, helpers):
        raise ModelRefused(msgid("it holds {what}, which is not a built-in layer"), what=refusal)


# ── Origin of classes and functions, which a config does not record ──────────────────


def _demand_known(model: Any, helpers: Mapping[str, Any]) -> dict[str, str]:
    """Return the written name of each function in the layers; Refused if one is the student's.

    A config holds names only: a `softmax` of the student's own would come back as Keras' own.
    """
    import keras

    renamed: dict[str, str] = {}
    helper_own = set(helper_objects(helpers).values())
    for layer in model._flatten_layers(include_self=False):
        kind = type(layer)
        if kind.__name__ in RUNNING_CODE and _of_keras(kind):
            raise ModelRefused(msgid("{kind} layers run code of your own"), kind=kind.__name__)
        if kind not in allowed() | helper_own and not _of_keras(kind):
            raise ModelRefused(msgid("{kind} is a layer class of your own"), kind=kind.__name__)
        for function in () if isinstance(layer, keras.Model) else _functions_of(layer):
            known = known_functions().get(function)
            if known is None and function not in helper_own:
                raise ModelRefused(
                    msgid("{layer} uses the function {function} of your own"),
                    layer=str(layer.name)[:60],
                    function=_name(function),
                )
            if known is not None:
                renamed[keras.saving.get_registered_name(function)] = known
    return renamed


def _functions_of(layer: Any) -> Iterator[Any]:
    """Yield the functions passed to a layer, such as its activation."""
    for name, value in vars(layer).items():
        plain = isinstance(value, types.FunctionType | types.BuiltinFunctionType)
        given = plain and ("activation" in name or not _of_keras(value))
        if given or isinstance(value, functools.partial):
            yield value


def _of_keras(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).split(".")[0] == "keras"


def _name(function: Any) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return "lambda" if name == "<lambda>" else str(name)[:60]


def _functions_by_name(config: Any, renamed: Mapping[str, str]) -> Any:
    """Return the config with known functions written by their name, as Keras writes its own."""
    if type(config) is list:
        return [_functions_by_name(one, renamed) for one in config]
    if type(config) is not dict:
        return config
    if config.get("class_name") == "function" and config.get("config") in renamed:
        return renamed[config["config"]]
    return {key: _functions_by_name(value, renamed) for key, value in config.items()}


@contextmanager
def _uncompiled(model: Any) -> Iterator[None]:
    """Omit compile states from configs written inside the block, also of nested models."""
    import keras

    models = [x for x in model._flatten_layers() if isinstance(x, keras.Model)]
    states = [(one, one.compiled) for one in models]
    for one in models:
        vars(one)["compiled"] = False
    try:
        yield
    finally:
        for one, compiled in states:
            vars(one)["compiled"] = compiled


def _build_as_its_layers(model: Any, config: dict[str, Any]) -> None:
    """Add the first layer's input shape to the config of an unbuilt Sequential of built layers."""
    layers = list(getattr(model, "_layers", ()))
    if not layers or not all(layer.built for layer in layers):
        return
    built = layers[0].get_build_config() or {}
    shape = built.get("input_shape")
    if isinstance(shape, list | tuple) and all(n is None or type(n) is int for n in shape):
        config["config"]["build_input_shape"] = [None, *shape[1:]]


def _functional() -> type:
    from keras.src.models.functional import Functional

    return Functional  # type: ignore[no-any-return]
