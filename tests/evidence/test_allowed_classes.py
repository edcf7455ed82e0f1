"""The allow-list: every honest class passes, every way to another one is refused unbuilt."""

from __future__ import annotations

import copy
import json
import sys
import types
from typing import Any

import numpy as np
import pytest

from autograder.evidence import model_allow_list
from autograder.evidence.model_allow_list import allowed, built_in, refusals
from autograder.evidence.models import ModelRefused, describe, rebuild
from autograder.evidence.saved_work import SavedWork, Unkeepable

keras = pytest.importorskip("keras")

LAMBDA = {"function": {"class_name": "__lambda__", "config": {"value": "x"}}}


def node(module: Any, class_name: Any, config: Any = None, **more: Any) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": config or {}, **more}


BYPASSES = {
    "dotted class": node("keras", "layers.Lambda", LAMBDA),
    "dotted function": node("keras", "utils.get_file", {"fname": "x", "origin": "file:///x"}),
    "dotted in a module": node("keras.layers", "core.lambda_layer.Lambda", LAMBDA),
    "function of keras": node("keras", "ops.numpy.load"),
    "load_model": node("keras.models", "load_model", {"filepath": "x"}),
    "load_model, dotted": node("keras", "models.load_model", {"filepath": "x"}),
    "load_weights": node("keras.saving", "load_weights"),
    "utils.get_file": node("keras.utils", "get_file"),
    "unsafe deserialization": node("keras.config", "enable_unsafe_deserialization"),
    "custom_object_scope": node("keras.saving", "CustomObjectScope"),
    "file editor": node("keras.saving", "KerasFileEditor", {"filepath": "x"}),
    "Lambda": node("keras.layers", "Lambda", LAMBDA),
    "Lambda of its source": node("keras.src.layers.core.lambda_layer", "Lambda", LAMBDA),
    "TFSMLayer": node("keras.layers", "TFSMLayer", {"filepath": "x"}),
    "TorchModuleWrapper": node("keras.layers", "TorchModuleWrapper"),
    "JaxLayer": node("keras.layers", "JaxLayer"),
    "FlaxLayer": node("keras.layers", "FlaxLayer"),
    "Model": node("keras", "Model"),
    "callback": node("keras.callbacks", "CSVLogger", {"filename": "x"}),
    "exporter": node("keras.export", "ExportArchive"),
    "data set": node("keras.utils", "PyDataset"),
    "feature space": node("keras.utils", "FeatureSpace"),
    "legacy": node("keras._legacy.layers", "AlphaDropout"),
    "sklearn wrapper": node("keras.wrappers", "SKLearnClassifier"),
    "function node": node("builtins", "function", "exec"),
    "function node of keras": node("keras.utils", "function", "get_file"),
    "function of activations": node("keras.activations", "function", "relu"),
    "own function": {**node(None, "function", "own"), "registered_name": "own"},
    "map": node("keras.src.ops.core", "Map"),
    "while": node("keras.src.ops.core", "WhileLoop"),
    "operation elsewhere": node("keras.src.ops.function", "Function"),
    "module of operations": node("keras.src.ops.numpy", "np"),
    "backend": node("keras.src.ops.numpy", "backend"),
    "os": node("os", "system"),
    "builtins": node("builtins", "eval"),
    "tensorflow": node("tensorflow", "Module"),
    "hub": node("keras_hub", "Backbone"),
    "hub in keras": node("keras_cv.layers", "Lambda"),
    "module with a dot too many": node("keras.layers.", "Dense"),
    "module of no text": node(3, "Dense"),
    "no module": {"class_name": "Dense", "config": {"units": 1}},
    "no module, Lambda": {"class_name": "Lambda", "config": LAMBDA},
    "module None": node(None, "Dense", {"units": 1}),
    "class of no text": node("keras.layers", ["Lambda"]),
    "no class name": {"module": "keras.layers", "config": {}, "registered_name": "Lambda"},
    "registered": node("keras.layers", "Dense", {"units": 1}, registered_name="x>Lambda"),
    "registered as Lambda": node("keras.layers", "Dense", registered_name="Lambda"),
    "registered of no text": node("keras.layers", "Dense", registered_name=["Dense"]),
    "typespec": {**node("tensorflow", "__typespec__", []), "spec_name": "TensorSpec"},
    "lambda": {"class_name": "__lambda__", "config": {"value": "x"}},
    "dunder": {"class_name": "__import__", "config": "os"},
    "name in other letters": node("keras.layers", "Ｌambda", LAMBDA),
    "space": node("keras.layers", "Lambda ", LAMBDA),
    "vocabulary from a file": node("keras.layers", "StringLookup", {"vocabulary": "/etc/passwd"}),
    "weights from a file": node("keras.layers", "TextVectorization", {"idf_weights": "/x"}),
    "own part of another module": node("autograder.evidence.models", "OwnLoss"),
    "an object of ours": node("autograder.evidence.own_code_stubs", "NotHere"),
}

PLACES = {
    "as a layer": lambda n: n,
    "as an activation": lambda n: node(
        "keras.layers", "Dense", {"units": 1, "activation": n}, registered_name=None
    ),
    "in a wrapper": lambda n: node("keras.layers", "TimeDistributed", {"layer": n}),
    "in a build config": lambda n: node("keras.layers", "Flatten", build_config={"input_shape": n}),
    "in a nested compile config": lambda n: node(
        "keras", "Sequential", {"name": "s", "layers": []}, compile_config={"loss": n}
    ),
    "in data": lambda n: {"class_name": "__numpy__", "config": {"value": [n], "dtype": "float32"}},
    "in the arguments of a call": lambda n: node(
        "keras.layers", "Flatten", inbound_nodes=[{"args": [n], "kwargs": {"k": n}}]
    ),
}


def sequential(layer: Any) -> dict[str, Any]:
    return node("keras", "Sequential", {"name": "s", "layers": [layer]}, registered_name=None)


@pytest.fixture
def nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: Any, **__: Any) -> Any:
        pytest.fail("Keras was asked to build it")

    monkeypatch.setattr(keras.saving, "deserialize_keras_object", build)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("what", BYPASSES)
def test_a_bypass_is_refused_before_anything_is_built(what: str, place: str) -> None:
    config = sequential(PLACES[place](copy.deepcopy(BYPASSES[what])))
    with pytest.raises(ModelRefused):
        rebuild({"config": config, "compile": None}, [])
    kept = SavedWork("unet", {"model": {"config": config, "compile": None}, "w": []}, ())
    with pytest.raises(Unkeepable):
        kept.value()


@pytest.mark.parametrize("what", BYPASSES)
def test_a_bypass_in_the_compile_state_compiles_nothing(what: str) -> None:
    description, weights = describe(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]))
    bad = copy.deepcopy(BYPASSES[what])
    if not any(refusals(bad)):
        pytest.fail("not a bypass")
    for compiled in ({"loss": bad}, {"optimizer": bad}, {"metrics": [{"out": bad}]}):
        model = rebuild({**description, "compile": compiled}, weights)
        assert not model.compiled


def test_a_helper_brings_its_classes_and_nothing_that_it_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = types.ModuleType("shapes")
    code = (
        "import os, keras\nfrom keras.layers import Lambda\n"
        "class Twice(keras.layers.Layer):\n    def call(self, x):\n        return x * 2\n"
        "def half(x):\n    return x / 2\n"
    )
    exec(code, module.__dict__)
    monkeypatch.setitem(sys.modules, "shapes", module)
    own = {"shapes": module}
    for honest in (
        node("shapes", "Twice", registered_name="Twice"),
        node("shapes", "Twice", registered_name="shapes>Twice"),
        node("shapes", "function", "half", registered_name="half"),
    ):
        assert not list(refusals(honest, own))
    for other in (
        node("shapes", "Lambda"),
        node("shapes", "os"),
        node("shapes", "missing"),
        node("shapes", "half"),
        node("shapes", "function", "Twice"),
        node("shapes", "Twice", registered_name="Lambda"),
        node("shapes", "keras.layers.Lambda"),
    ):
        assert list(refusals(other, own)), other


def classes_of(module: str) -> list[type]:
    found = [v for v in vars(sys.modules[f"keras.{module}"]).values() if isinstance(v, type)]
    return [v for v in found if v.__name__ not in model_allow_list.RUNNING_CODE]


HONEST = [
    "layers",
    "initializers",
    "regularizers",
    "constraints",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "dtype_policies",
]


@pytest.mark.parametrize("module", HONEST)
def test_every_class_that_keras_exports_is_allowed_by_the_name_it_is_saved_under(
    module: str,
) -> None:
    from keras.src.saving.serialization_lib import serialize_with_public_class

    classes = classes_of(module)
    assert len(classes) > 3
    abstract = {"Layer", "InputSpec", "Wrapper", "GPTQConfig"}
    for kind in classes:
        if kind.__name__ in abstract:
            continue
        saved = serialize_with_public_class(kind, {})
        assert built_in(saved["module"], saved["class_name"]) is kind, kind
        assert not list(refusals(saved)), kind


def test_no_allowed_class_runs_code_or_is_a_model_of_another_kind() -> None:
    names = {kind.__name__ for kind in allowed()}
    assert not names & model_allow_list.RUNNING_CODE
    models = {kind.__name__ for kind in allowed() if issubclass(kind, keras.Model)}
    assert models == {"Sequential", "Functional"}


def test_operations_of_a_functional_graph_are_allowed() -> None:
    x = keras.Input((4, 4, 2))
    ops = keras.ops
    y = ops.relu(x * 2.0 - 1.0) / (ops.sqrt(ops.square(x)) + 1.0)
    y = ops.concatenate([y, ops.max(y, axis=-1, keepdims=True), x[..., :1]], axis=-1)
    y = ops.cast(ops.transpose(y, (0, 2, 1, 3)), "float32")
    y = ops.image.resize(y, (2, 2))
    y = ops.softmax(ops.reshape(y, (-1, 16)))
    y = ops.einsum("bi,bj->bij", y, y)
    model = keras.Model(x, ops.norm(y, axis=-1))
    other = rebuild(*describe(model))
    batch = np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype("float32")
    np.testing.assert_allclose(model(batch), other(batch), rtol=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: keras.layers.TextVectorization(vocabulary=["a", "b"]),
        lambda n: keras.layers.Bidirectional(keras.layers.LSTM(2)),
        lambda n: keras.layers.RNN([keras.layers.GRUCell(2), keras.layers.LSTMCell(2)]),
        lambda n: keras.layers.Dense(
            2,
            activation=keras.layers.LeakyReLU(0.1),
            kernel_initializer=keras.initializers.HeNormal(seed=1),
            kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2),
            kernel_constraint=keras.constraints.MaxNorm(2),
            dtype="mixed_bfloat16",
        ),
        lambda n: keras.layers.SpectralNormalization(keras.layers.Dense(2)),
        lambda n: keras.layers.MultiHeadAttention(2, 2),
    ],
    ids=["text", "bidirectional", "cells", "settings", "wrapper", "attention"],
)
def test_layers_with_parts_of_their_own_kind_are_rebuilt(make: Any) -> None:
    layer = make(0)
    if isinstance(layer, keras.layers.TextVectorization):
        model = keras.Sequential([keras.Input((), dtype="string"), layer])
    elif isinstance(layer, keras.layers.MultiHeadAttention):
        x = keras.Input((3, 4))
        model = keras.Model(x, layer(x, x))
    else:
        model = keras.Sequential([keras.Input((3, 4)), layer])
    other = rebuild(json.loads(json.dumps(describe(model)[0])), describe(model)[1])
    assert [type(x) for x in other.layers] == [type(x) for x in model.layers]
