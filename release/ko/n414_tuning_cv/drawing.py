"""Drawing digits, folds, and a table of trials as a map."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from autograder import translated


def row(images, titles):
    """Draws pictures (n, 64) in one row, a title above each."""
    figure, axes = plt.subplots(1, len(images), figsize=(0.8 * len(images), 1.2))
    for axis, image, title in zip(axes, images, titles, strict=True):
        axis.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axis.set_title(str(title))
        axis.axis("off")
    figure.tight_layout()
    plt.show()


def folds(pairs, labels):
    """Draws one line per fold: training rows in grey, validation rows in their label's colour."""
    figure, axis = plt.subplots(figsize=(8, 0.35 * len(pairs) + 0.8))
    for i, (training, validation) in enumerate(pairs):
        axis.scatter(training, np.full(len(training), i), c="lightgrey", marker="|")
        axis.scatter(
            validation, np.full(len(validation), i), c=np.asarray(labels)[validation],
            cmap="brg", vmin=0, vmax=max(2, np.max(labels)), marker="|", s=90,
        )
    names = [translated("fold {i}").format(i=i) for i in range(len(pairs))]
    axis.set_yticks(range(len(pairs)), names)
    axis.set_ylim(len(pairs) - 0.5, -0.5)
    axis.set_xlabel(translated("row"))
    figure.tight_layout()
    plt.show()


def table(rows, chosen=None):
    """Draws val_accuracy as a map, units across and learning rates down; `chosen` gets a frame."""
    units = sorted({row["units"] for row in rows})
    rates = sorted({row["learning_rate"] for row in rows})
    scores = np.full((len(rates), len(units)), np.nan)
    for row in rows:
        scores[rates.index(row["learning_rate"]), units.index(row["units"])] = row["val_accuracy"]
    figure, axis = plt.subplots(figsize=(0.9 * len(units) + 1.4, 0.5 * len(rates) + 1))
    axis.imshow(scores, cmap="Greens", vmin=0, vmax=1.2, aspect="auto")
    for (i, j), score in np.ndenumerate(scores):
        axis.text(j, i, "" if np.isnan(score) else f"{score:.2f}", ha="center", va="center")
    if chosen is not None:
        corner = units.index(chosen["units"]) - 0.47, rates.index(chosen["learning_rate"]) - 0.47
        axis.add_patch(plt.Rectangle(corner, 0.94, 0.94, fill=False, edgecolor="red", linewidth=2))
    axis.set_xticks(range(len(units)), units)
    axis.set_yticks(range(len(rates)), rates)
    axis.set_xlabel(translated("units"))
    axis.set_ylabel(translated("learning rate"))
    figure.tight_layout()
    plt.show()
