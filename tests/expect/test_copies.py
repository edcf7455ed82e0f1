"""The copy that a check trains predicts what the student's model predicts."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.expect.models import parts

keras = pytest.importorskip("keras")


def test_a_copy_scales_as_the_adapted_normalization_of_the_model_does() -> None:
    rows = np.random.default_rng(0).normal(5, 3, (50, 4))
    scaling = keras.layers.Normalization()
    scaling.adapt(rows)
    model = keras.Sequential([keras.Input((4,)), scaling, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    copy = parts.trained_copy(model)
    assert np.array_equal(np.asarray(copy(rows)), np.asarray(model(rows)))
