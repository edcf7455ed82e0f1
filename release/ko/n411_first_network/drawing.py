"""Drawing digits, side by side, with what was read below them."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from autograder import translated


def row(images, titles=(), right=None):
    """Draws pictures (n, 64) in one row; a title is green where `right` says so, else red."""
    n = len(images)
    figure, axes = plt.subplots(1, n, figsize=(0.9 * n, 1.2), squeeze=False)
    for k, axis in enumerate(axes[0]):
        axis.imshow(np.reshape(images[k], (8, 8)), cmap="gray_r", vmin=0, vmax=1)
        axis.axis("off")
        if len(titles):
            colour = "black" if right is None else ("green" if right[k] else "red")
            axis.set_title(str(titles[k]), color=colour)
    figure.tight_layout()
    plt.show()


def curves(history):
    """Draws loss and accuracy over the epochs of one training run."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.6))
    for axis, key in zip(axes, ("loss", "accuracy"), strict=True):
        axis.plot(history.history[key], label=translated("training"))
        if f"val_{key}" in history.history:
            axis.plot(history.history[f"val_{key}"], label=translated("practice"))
        axis.set_xlabel(translated("epoch"))
        axis.set_title(translated("loss") if key == "loss" else translated("accuracy"))
        axis.legend()
    figure.tight_layout()
    plt.show()
