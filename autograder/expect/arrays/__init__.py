"""Checks of plain values and functions, without any model."""

from autograder.expect.arrays.code import code_uses
from autograder.expect.arrays.functions import (
    fast_enough,
    holds_property,
    input_unchanged,
    matches_reference,
    signature,
)
from autograder.expect.arrays.gradients import gradient_close
from autograder.expect.arrays.values import close, dtype, finite, in_range, shape, type_is, varies

__all__ = [
    "close",
    "code_uses",
    "dtype",
    "fast_enough",
    "finite",
    "gradient_close",
    "holds_property",
    "in_range",
    "input_unchanged",
    "matches_reference",
    "shape",
    "signature",
    "type_is",
    "varies",
]
