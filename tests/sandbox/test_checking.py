"""The clean process: what one criterion does to a value, the next one does not see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.criteria.running import Missing
from autograder.evidence.codec import Encoder
from autograder.evidence.models import describe
from autograder.sandbox.checking_process.main import Value, Values
from autograder.sandbox.checking_process.remote import Link

keras = pytest.importorskip("keras")


def crossed(value: Any) -> Value:
    """A value as it comes over the wall."""

    def stranger(model: Any, encoder: Encoder) -> dict[str, Any]:
        description, weights = describe(model)
        return {"model": description, "w": [encoder.array(w) for w in weights]}

    encoder = Encoder(stranger)
    node = encoder.node(value)
    return node, [memoryview(bytes(b)) for b in encoder.buffers]


def net() -> Any:
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


@pytest.fixture
def values() -> Values:
    def nobody(*_: Any) -> Any:
        raise AssertionError("nothing is asked")

    made = {"model": crossed(net()), "scores": crossed([1, 2])}
    return Values(made, {"lost": "undefined"}, Link(nobody, {}))


def test_a_model_that_was_only_looked_at_is_not_rebuilt(values: Values) -> None:
    first = values("model")
    first.predict(np.ones((1, 2)), verbose=0)
    values.renew()
    assert values("model") is first


def test_a_model_that_a_criterion_changed_is_rebuilt_for_the_next(values: Values) -> None:
    first = values("model")
    weights = [w.copy() for w in first.get_weights()]
    first.set_weights([w + 1 for w in weights])
    values.renew()
    second = values("model")
    assert second is not first
    assert [w.tolist() for w in second.get_weights()] == [w.tolist() for w in weights]


def test_a_list_that_a_criterion_changed_is_as_it_came_for_the_next(values: Values) -> None:
    values("scores").append(3)
    values.renew()
    assert values("scores") == [1, 2]


def test_a_name_that_did_not_come_is_missing_with_the_reason(values: Values) -> None:
    with pytest.raises(Missing) as missing:
        values("lost")
    assert missing.value.because == "undefined"
