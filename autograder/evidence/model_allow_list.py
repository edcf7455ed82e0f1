"""The allow-list of a model's config: classes that Keras exports, found as Keras finds them.

A name is resolved to the class that Keras would instantiate and allowed by identity. Names with
dots, functions, unknown `registered_name`s, nodes without a module (Keras reads those by other
rules), and everything that runs code or reads files are rejected before anything is built.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from autograder.evidence import own_code_stubs

MODULES = (
    "keras",
    "keras.layers",
    "keras.initializers",
    "keras.regularizers",
    "keras.constraints",
    "keras.losses",
    "keras.metrics",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.models",
    "keras.dtype_policies",
)
OPERATIONS = tuple(
    f"keras.src.ops.{name}" for name in ("core", "image", "linalg", "math", "nn", "numpy")
)
MODELS = {
    ("keras.src.models.functional", "Functional"),
    ("keras.src.models.sequential", "Sequential"),
    ("keras", "Sequential"),
    ("keras.models", "Sequential"),
    ("keras", "Functional"),
}
DATA = frozenset(
    {
        "__keras_tensor__",
        "__tensor__",
        "__numpy__",
        "__bytes__",
        "__ellipsis__",
        "__slice__",
    }
)
RUNNING_CODE = frozenset(
    {
        "Lambda",
        "TFSMLayer",
        "TorchModuleWrapper",
        "JaxLayer",
        "FlaxLayer",
        "Model",
        "Map",
        "Scan",
        "AssociativeScan",
        "WhileLoop",
        "ForiLoop",
        "Cond",
        "Switch",
        "VectorizedMap",
        "Operation",
    }
)
FILES = ("vocabulary", "idf_weights")  # Keras reads a string here as a file name
DEPTH_CAP, NODES_CAP = 60, 200_000


def refusals(config: Any, helpers: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Yield everything in a config that is not on the allow-list, one phrase each.

    `helpers` maps the names of the assignment's own modules to the modules.
    """
    stack, seen = [(config, 0)], 0
    while stack:
        node, depth = stack.pop()
        seen += 1
        if depth > DEPTH_CAP or seen > NODES_CAP:
            yield "a config too deep or too large"
            return
        if type(node) in (list, tuple):
            stack += [(x, depth + 1) for x in node]
        elif type(node) is dict:
            if "class_name" in node or "registered_name" in node:
                yield from _refusal(node, helpers or {})
            for key in FILES:
                if type(node.get(key)) is str:
                    yield f"{key} read from a file"
            stack += [(x, depth + 1) for x in node.values()]


def _refusal(node: dict[str, Any], helpers: Mapping[str, Any]) -> Iterator[str]:
    name, module = node.get("class_name"), node.get("module")
    registered = node.get("registered_name")
    if type(name) is not str:
        yield "a class without a name"
    elif name in DATA:
        return
    elif module is not None and type(module) is not str:
        yield f"{name} of no module"
    elif module is not None and module in helpers and _helper_object(node, helpers[module]):
        return
    elif not name.isidentifier() or module is None:
        yield f"a {name}"
    elif module not in helpers and name == "function":
        yield f"a function {str(node.get('config'))[:60]}"
    elif built_in(module, name) is None:
        yield f"a {name}" if name in RUNNING_CODE else f"{module}.{name}"
    elif registered not in (
        None,
        own_code_stubs.registered_name(name) if module == own_code_stubs.__name__ else name,
    ):
        yield f"a registered {str(registered)[:60]}"


def built_in(module: str, name: str) -> type | None:
    """Return the class that Keras makes of this module and name; None if it is not allowed."""
    from keras.src.api_export import get_symbol_from_name

    if (module, name) in MODELS:
        found = _functional() if name == "Functional" else _keras().Sequential
    elif module in OPERATIONS:
        found = vars(importlib.import_module(module)).get(name)
    elif module in MODULES:
        found = get_symbol_from_name(f"{module}.{name}")
        if found is None:
            found = vars(importlib.import_module(module)).get(name)
    else:
        found = own_parts().get(name) if module == own_code_stubs.__name__ else None
    return found if isinstance(found, type) and found in allowed() else None


@cache
def allowed() -> frozenset[type]:
    """Return every class that may appear in a config, by identity."""
    keras = _keras()
    from keras.src.api_export import REGISTERED_NAMES_TO_OBJS
    from keras.src.ops.operation import Operation

    kinds = (
        keras.Layer,
        keras.Initializer,
        keras.Regularizer,
        keras.constraints.Constraint,
        keras.Loss,
        keras.Metric,
        keras.Optimizer,
        keras.optimizers.schedules.LearningRateSchedule,
        keras.DTypePolicy,
        keras.dtype_policies.DTypePolicyMap,
        getattr(keras.optimizers, "OptimizerMap", keras.Optimizer),
    )
    exported = {
        found
        for name, found in REGISTERED_NAMES_TO_OBJS.items()
        if isinstance(found, type)
        and name.rpartition(".")[0] in MODULES
        and issubclass(found, kinds)
        and not issubclass(found, keras.Model)
    }
    joined = {
        found
        for module in OPERATIONS
        for found in vars(importlib.import_module(module)).values()
        if isinstance(found, type) and issubclass(found, Operation) and found.__module__ == module
    }
    named = {found for found in exported | joined if found.__name__ not in RUNNING_CODE}
    return frozenset(named | {keras.Sequential, _functional()} | set(own_parts().values()))


def helper_objects(helpers: Mapping[str, Any]) -> dict[str, Any]:
    """Return classes and functions of the assignment's own modules, by name and registered name."""
    return {
        name: value
        for module in helpers.values()
        for key, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__
        for name in {key, f"{module.__name__}>{key}", _keras().saving.get_registered_name(value)}
    }


def _helper_object(node: dict[str, Any], module: Any) -> Any:
    """Return the class or function of a helper module that Keras makes of a node, else None."""
    name = node["config"] if node["class_name"] == "function" else node["class_name"]
    objects = helper_objects({module.__name__: module})
    if type(name) is not str or name not in objects:
        return None
    registered, found = node.get("registered_name"), objects[name]
    same = registered in (None, name, "function") or objects.get(str(registered)) is found
    wanted = types.FunctionType if node["class_name"] == "function" else type
    return found if same and isinstance(found, wanted) else None


# ── Parts of a model that are the student's own: known by name, never run ────────────


@cache
def own_parts() -> dict[str, type]:
    """Return the classes that stand for a student's own loss, metric, optimizer and schedule."""
    return {kind.__name__: kind for kind in own_code_stubs.classes()}


@cache
def known_functions() -> dict[Any, str]:
    """Return functions that a name can replace: Keras' own, and TensorFlow's with equal values."""
    import sys

    keras = _keras()
    known: dict[Any, str] = {}
    for module in (keras.activations, keras.losses, keras.metrics):
        for name, value in vars(module).items():
            if isinstance(value, types.FunctionType) and name not in _NO_VALUES:
                known.setdefault(value, value.__name__)
    for name in (
        "relu",
        "relu6",
        "sigmoid",
        "softmax",
        "softplus",
        "softsign",
        "tanh",
        "elu",
        "selu",
        "silu",
        "leaky_relu",
        "log_softmax",
    ):
        known.setdefault(getattr(keras.ops, name), name)
    tf = sys.modules.get("tensorflow")
    for keras_name, names in _TENSORFLOW.items() if tf is not None else ():
        for name in names:
            found: Any = tf
            for part in name.split("."):
                found = getattr(found, part, None)
            if found is not None:
                known.setdefault(found, keras_name)
    return known


_NO_VALUES = ("get", "serialize", "deserialize")
_TENSORFLOW = {
    "softmax": ("nn.softmax",),
    "log_softmax": ("nn.log_softmax",),
    "relu": ("nn.relu",),
    "relu6": ("nn.relu6",),
    "sigmoid": ("nn.sigmoid", "sigmoid", "math.sigmoid"),
    "tanh": ("nn.tanh", "tanh", "math.tanh"),
    "elu": ("nn.elu",),
    "selu": ("nn.selu",),
    "silu": ("nn.silu", "nn.swish"),
    "gelu": ("nn.gelu",),
    "leaky_relu": ("nn.leaky_relu",),
    "softplus": ("nn.softplus", "math.softplus"),
    "softsign": ("nn.softsign", "math.softsign"),
    "exponential": ("exp", "math.exp"),
    "linear": ("identity",),
}


def _keras() -> Any:
    import keras

    return keras


def _functional() -> type:
    from keras.src.models.functional import Functional

    return Functional  # type: ignore[no-any-return]
