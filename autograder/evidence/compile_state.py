"""Compile settings of a model, part by part: Keras' own parts by config, others by name.

One rejected part does not affect the others. A metric written by the student becomes "OwnMetric
NAME" (evidence/own_code_stubs.py); optimizer, loss and other metrics are kept as they are.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from autograder.evidence import own_code_stubs
from autograder.evidence.model_allow_list import known_functions, refusals

SETTINGS = ("loss_weights", "run_eagerly", "steps_per_execution")  # plain values


def compile_config(model: Any, helpers: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the arguments of `compile()` as a config; None if it was never called."""
    given = getattr(getattr(model, "_compile_config", None), "config", None)
    if not getattr(model, "compiled", False) or type(given) is not dict:
        return None
    config: dict[str, Any] = {"optimizer": _optimizer(model, given, helpers)}
    config["loss"] = _part(getattr(model, "loss", None), "Loss", helpers)
    for name in ("metrics", "weighted_metrics"):
        config[name] = _part(given.get(name), "Metric", helpers)
    return {**config, **{k: v for k in SETTINGS if _is_plain(v := given.get(k)) and v is not None}}


def own_names(config: Any) -> list[str]:
    """Return the names of the student's own parts in a compile config, as "loss focal"."""
    return [
        f"{node['class_name'].removeprefix('Own').lower()} {node['config'].get('name', '')}"
        for node in _nodes(config)
        if node.get("module") == own_code_stubs.__name__ and type(node.get("config")) is dict
    ]


def _nodes(config: Any) -> Iterator[dict[str, Any]]:
    if type(config) is dict:
        if type(config.get("class_name")) is str:
            yield config
        config = list(config.values())
    if type(config) is list:
        for inner in config:
            yield from _nodes(inner)


def _part(value: Any, kind: str, helpers: Mapping[str, Any]) -> Any:
    """Return one loss or metric as a config, or a list or dict of them by output."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return [_part(one, kind, helpers) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _part(one, kind, helpers) for name, one in value.items()}
    if (name := _known(value)) is not None:
        return name
    return _serialized(value, helpers) or own_code_stubs.node(kind, name_of(value))


def _optimizer(model: Any, given: Mapping[str, Any], helpers: Mapping[str, Any]) -> Any:
    optimizer = getattr(model, "optimizer", None)
    if type(optimizer).__name__ == "LossScaleOptimizer" and optimizer is not given["optimizer"]:
        optimizer = given["optimizer"]  # Keras adds the wrapper of mixed precision again
    if optimizer is None:
        return None
    config = _serialized(optimizer, helpers)
    if config is not None:
        return config
    rate, schedule = _rate(optimizer), vars(optimizer).get("_learning_rate")
    if callable(schedule):  # the student's own schedule, possibly in a Keras optimizer
        kinds = {kind.__name__: kind for kind in own_code_stubs.classes()}
        vars(optimizer)["_learning_rate"] = kinds["OwnSchedule"](name_of(schedule), rate)
        try:
            config = _serialized(optimizer, helpers)
        finally:
            vars(optimizer)["_learning_rate"] = schedule
        if config is not None:
            return config
    return own_code_stubs.node("Optimizer", name_of(optimizer), learning_rate=rate)


def _rate(optimizer: Any) -> float:
    with suppress(Exception):
        return float(optimizer.learning_rate.numpy())
    with suppress(Exception):
        return float(optimizer.learning_rate)
    return 0.0


def _serialized(value: Any, helpers: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the config of an object that is all built in, as JSON has it; else None."""
    import json

    import keras

    with suppress(Exception):
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(value)))
        if type(config) is dict and not any(refusals(config, helpers)):
            return config
    return None


def _known(value: Any) -> str | None:
    with suppress(TypeError):  # not hashable
        return known_functions().get(value)
    return None


def name_of(value: Any) -> str:
    """Return the student's name for their own loss, metric, schedule or optimizer."""
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType | type):
        name = value.__name__
    elif own_code_stubs.is_stand_in(value):
        name = value.name
    else:
        name = getattr(getattr(value, "func", None), "__name__", "") or type(value).__name__
    return "lambda" if name == "<lambda>" else str(name)[:60]


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(type(k) is str and _is_plain(v) for k, v in value.items())
    return value is None or type(value) in (bool, int, float, str)
