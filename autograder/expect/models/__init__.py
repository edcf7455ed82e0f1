"""Checks of a model: architecture, layer graph, settings and behaviour."""

from autograder.expect.models.architecture import model_io, output_shape, param_count
from autograder.expect.models.behaviour import (
    dropout_works,
    frozen,
    gradient_reaches,
    samples_independent,
)
from autograder.expect.models.graph import skip_connections
from autograder.expect.models.layers import layer_setting, layers_in_order
from autograder.expect.models.parts import predictions
from autograder.expect.models.saving import saves_and_loads
from autograder.expect.models.settings import (
    compiled_as,
    initializer,
    loss_fits_output,
    regularized,
)

__all__ = [
    "compiled_as",
    "dropout_works",
    "frozen",
    "gradient_reaches",
    "initializer",
    "layer_setting",
    "layers_in_order",
    "loss_fits_output",
    "model_io",
    "output_shape",
    "param_count",
    "predictions",
    "regularized",
    "samples_independent",
    "saves_and_loads",
    "skip_connections",
]
