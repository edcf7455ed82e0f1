"""Drawing pictures of shapes with what is said about them, feature maps, and training runs."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from autograder import translated


def row(images, titles=(), truth=()):
    """Draws pictures (n, h, w) or (n, h, w, 1) in a row; a title unlike its truth is red."""
    n = len(images)
    figure, axes = plt.subplots(1, n, figsize=(1.25 * n, 1.6), squeeze=False)
    for k, axis in enumerate(axes[0]):
        axis.imshow(np.squeeze(images[k]), cmap="gray")
        axis.axis("off")
        if len(titles):
            wrong = len(truth) and titles[k] != truth[k]
            axis.set_title(_titled(titles[k]), fontsize=9, color="tab:red" if wrong else "black")
    figure.tight_layout()
    plt.show()


def curves(histories, key="accuracy"):
    """Draws `key` over the epochs for each training run of {name: history}."""
    figure, axis = plt.subplots(figsize=(5, 2.4))
    for name, history in histories.items():
        axis.plot(range(1, len(history.epoch) + 1), history.history[key], label=name)
    axis.set_xlabel(translated("epoch"))
    axis.set_ylabel(translated("accuracy") if key == "accuracy" else key)
    axis.legend()
    figure.tight_layout()
    plt.show()


def _titled(title):
    """Returns a title in the notebook's language if it is known here, otherwise as it is."""
    titles = {
        "disc": translated("disc"),
        "triangle": translated("triangle"),
        "cross": translated("cross"),
        "ring": translated("ring"),
        "frame": translated("frame"),
        "half disc": translated("half disc"),
        "corner": translated("corner"),
        "bar": translated("bar"),
        "picture": translated("picture"),
        "edges": translated("edges"),
    }
    return titles.get(title, str(title))
