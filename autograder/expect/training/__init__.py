"""Checks of training: its progress, records and data splits, and the quality of the result."""

from autograder.expect.training.progress import loss_drops, overfits_small_batch, weights_moved
from autograder.expect.training.quality import accuracy, reaches, regression_error, small_gap
from autograder.expect.training.records import (
    checkpoint_used,
    early_stopping,
    history_honest,
    loss_curve,
)
from autograder.expect.training.splits import folds_clean, no_leak, repeatable
from autograder.expect.training.tuning import learning_rates, tuning_table

__all__ = [
    "accuracy",
    "checkpoint_used",
    "early_stopping",
    "folds_clean",
    "history_honest",
    "learning_rates",
    "loss_curve",
    "loss_drops",
    "no_leak",
    "overfits_small_batch",
    "reaches",
    "regression_error",
    "repeatable",
    "small_gap",
    "tuning_table",
    "weights_moved",
]
