"""Drawing pictures from -1 (black) to 1 (white), and losses over the epochs."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from autograder import translated


def row(*groups, title=""):
    """Draws groups of pictures (n, 8, 8, 1) in one row, with a gap between the groups."""
    columns = sum(len(group) for group in groups) + len(groups) - 1
    figure, axes = plt.subplots(1, columns, figsize=(0.75 * columns, 1.1), squeeze=False)
    figure.set_facecolor("lightsteelblue")  # neither black nor white, so that edges show
    for axis in axes[0]:
        axis.axis("off")
    place = 0
    for group in groups:
        for image in np.asarray(group):
            axes[0][place].imshow(np.squeeze(image), cmap="gray", vmin=-1, vmax=1)
            place += 1
        place += 1
    figure.suptitle(title, fontsize=9)
    plt.show()


def sheet(images, *, columns=16, title=""):
    """Draws pictures (n, 8, 8, 1) close together, so many in a row, as one sheet."""
    images = np.asarray(images, float)
    rows = len(images) // columns
    page = np.full((9 * rows - 1, 9 * columns - 1), np.nan)
    for k, image in enumerate(images[: rows * columns]):
        y, x = 9 * (k // columns), 9 * (k % columns)
        page[y : y + 8, x : x + 8] = np.squeeze(image)
    figure, axis = plt.subplots(figsize=(0.5 * columns, 0.5 * rows + 0.3))
    figure.set_facecolor("lightsteelblue")
    axis.imshow(page, cmap="gray", vmin=-1, vmax=1)
    axis.axis("off")
    axis.set_title(title, fontsize=9)
    plt.show()


def curves(losses):
    """Draws the losses of both sides, {"name": one number per epoch}."""
    figure, axis = plt.subplots(figsize=(5, 2.4))
    for name, values in losses.items():
        axis.plot(range(1, len(values) + 1), values, label=name)
    axis.set_xlabel(translated("epoch"))
    axis.set_ylabel(translated("loss"))
    axis.legend()
    figure.tight_layout()
    plt.show()
