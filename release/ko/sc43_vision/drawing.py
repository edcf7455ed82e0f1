"""Drawing pictures of cells, and masks as colours."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

from autograder import translated

PARTS = ListedColormap(["black", "steelblue", "gold"])  # ground, body, nucleus


def row(images, titles=()):
    """Draws pictures (n, height, width, 1) in one row, from 0 (black) to 1 (white)."""
    _row(images, titles, cmap="gray", vmin=0, vmax=1)


def masks(found):
    """Draws masks (n, height, width) in one row: ground black, body blue, nucleus yellow."""
    _row(found, (), cmap=PARTS, vmin=0, vmax=2)


def _row(images, titles, **how):
    figure, axes = plt.subplots(1, len(images), figsize=(1.1 * len(images), 1.4), squeeze=False)
    for k, axis in enumerate(axes[0]):
        axis.imshow(np.squeeze(images[k]), **how)
        axis.axis("off")
        if len(titles):
            axis.set_title(_titled(titles[k]), fontsize=9)
    figure.tight_layout()
    plt.show()


def _titled(title):
    """Returns the name of a kind of cell in the notebook's language; another title as it is."""
    kinds = {
        "resting": translated("resting"),
        "dividing": translated("dividing"),
        "dying": translated("dying"),
    }
    return kinds.get(title, str(title))
