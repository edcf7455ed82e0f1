"""Checks of training: that it happened, honestly, without leaks, and how good the result is."""

from autograder.expect.training.progress import loss_drops, overfits_small_batch, weights_moved
from autograder.expect.training.quality import accuracy, reaches, regression_error, small_gap

__all__ = [
    "accuracy",
    "loss_drops",
    "overfits_small_batch",
    "reaches",
    "regression_error",
    "small_gap",
    "weights_moved",
]
