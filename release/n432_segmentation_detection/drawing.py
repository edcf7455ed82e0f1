"""Drawing pictures of shapes with masks as colours and boxes as frames."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle

from autograder import translated

KINDS = ("background", "circle", "square", "triangle")
COLOURS = ("black", "tab:orange", "tab:cyan", "tab:pink")


def row(images, *, masks=None, boxes=None, titles=()):
    """Draws pictures (n, 32, 32, 1) in one row; masks (n, 32, 32) lie over them in colour.

    `boxes` has for each picture rows (kind, y1, x1, y2, x2) or (kind, score, y1, x1, y2, x2).
    """
    n = len(images)
    figure, axes = plt.subplots(1, n, figsize=(1.6 * n, 1.8), squeeze=False)
    for k, axis in enumerate(axes[0]):
        axis.imshow(np.squeeze(images[k]), cmap="gray", vmin=0, vmax=1)
        axis.axis("off")
        if masks is not None:
            _colour(axis, masks[k])
        if boxes is not None:
            _frame(axis, boxes[k])
        if len(titles):
            axis.set_title(str(titles[k]), fontsize=9)
    figure.tight_layout()
    plt.show()


def curves(history):
    """Draws the loss over the epochs of one training run."""
    figure, axis = plt.subplots(figsize=(5, 2.4))
    for key, label in (("loss", translated("training")), ("val_loss", translated("practice"))):
        if key in history.history:
            axis.plot(range(1, len(history.epoch) + 1), history.history[key], label=label)
    axis.set_xlabel(translated("epoch"))
    axis.set_ylabel(translated("loss"))
    axis.legend()
    figure.tight_layout()
    plt.show()


def _colour(axis, mask):
    seen = np.ma.masked_equal(mask, 0)
    axis.imshow(seen, cmap=ListedColormap(COLOURS[1:]), vmin=1, vmax=3, alpha=0.55)


def _frame(axis, boxes):
    for kind, *numbers in boxes:
        y1, x1, y2, x2 = numbers[-4:]
        frame = Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, fill=False, linewidth=2)
        frame.set_edgecolor(COLOURS[int(kind)])
        axis.add_patch(frame)
