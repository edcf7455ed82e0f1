"""Drawing training runs: what a network does on its training data, and on other data."""

from __future__ import annotations

import matplotlib.pyplot as plt

from autograder import translated


def curves(history, key="accuracy"):
    """Draws `key` over the epochs of one training run, for training and practice data."""
    figure, axis = plt.subplots(figsize=(5, 2.6))
    axis.plot(range(1, len(history.epoch) + 1), history.history[key], label=translated("training"))
    axis.plot(range(1, len(history.epoch) + 1), history.history[f"val_{key}"], label=translated("practice"))
    axis.set_xlabel(translated("epoch"))
    axis.set_title(translated("accuracy") if key == "accuracy" else key)
    axis.legend()
    figure.tight_layout()
    plt.show()
