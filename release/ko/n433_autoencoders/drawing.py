"""Drawing digits in rows, training runs, and scores that tell the known from the strange."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from autograder import translated


def rows(named):
    """Draws each entry of {name: pictures (n, 64)} as one row, dark ink on white paper."""
    n = max(len(pictures) for pictures in named.values())
    size = (0.8 * n + 0.9, 0.9 * len(named))
    _, axes = plt.subplots(len(named), n, figsize=size, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for line, (name, pictures) in zip(axes, named.items(), strict=True):
        for axis, picture in zip(line, np.asarray(pictures), strict=False):
            axis.imshow(picture.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        line[0].text(-1.5, 3.5, _titled(name), ha="right", va="center", fontsize=9)
    plt.show()


def curve(history):
    """Draws the loss over the epochs of one training run."""
    figure, axis = plt.subplots(figsize=(5, 2.2))
    axis.plot(range(1, len(history.epoch) + 1), history.history["loss"])
    axis.set_xlabel(translated("epoch"))
    axis.set_ylabel(translated("loss"))
    figure.tight_layout()
    plt.show()


def known_and_strange(scores, strange, threshold):
    """Draws how the scores (n,) of known and of strange digits (n, booleans) are spread."""
    scores, strange = np.asarray(scores), np.asarray(strange, bool)
    bins = np.linspace(0, np.quantile(scores, 0.99), 40)
    figure, axis = plt.subplots(figsize=(5, 2.4))
    axis.hist(scores[~strange], bins, alpha=0.7, label=translated("known"))
    axis.hist(scores[strange], bins, alpha=0.7, label=translated("strange"))
    axis.axvline(threshold, color="black", linestyle="--", label=translated("threshold"))
    axis.set_xlabel(translated("anomaly score"))
    axis.legend()
    figure.tight_layout()
    plt.show()


def _titled(name):
    """Returns the name of a row in the notebook's language if it is known here."""
    titles = {
        "training": translated("training"),
        "practice": translated("practice"),
        "given": translated("given"),
        "rebuilt": translated("rebuilt"),
        "denoised": translated("denoised"),
        "truth": translated("truth"),
        "faded": translated("faded"),
        "morphed": translated("morphed"),
    }
    return titles.get(name, name)
