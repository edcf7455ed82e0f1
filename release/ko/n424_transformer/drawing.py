"""Transformers on paper: positions, masks, and training."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np


def grids(**arrays):
    """Draws each array (rows, columns) as a grid, True and large numbers dark, by its name."""
    figure, axes = plt.subplots(1, len(arrays), figsize=(3.2 * len(arrays), 2.4), squeeze=False)
    for axis, (name, array) in zip(axes[0], arrays.items(), strict=True):
        axis.imshow(np.asarray(array, float), cmap="Blues", aspect="auto")
        axis.set_title(name, fontsize=9)
        axis.tick_params(labelsize=7)
    figure.tight_layout()
    plt.show()
