"""Few digits, some of them mislabelled: what a network is tempted to learn by heart.

The pictures are scikit-learn's 1,797 handwritten digits. Only 300 are for training, and 45 of
those carry a wrong label, as labels written by tired people do. The practice digits are labelled
correctly. The remaining ones are kept back; they are moved and grained before they grade you.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits

TRAINING, PRACTICE, WRONG = 300, 300, 45


def load():
    """Returns `x_train` (300, 64), `y_train` (300,), `x_practice` (300, 64), `y_practice` (300,).

    Pixels are floats from 0 (paper) to 1 (ink), labels are integers from 0 to 9.
    """
    images, labels = _originals()
    y_train = labels[:TRAINING].copy()
    y_train[:WRONG] = (y_train[:WRONG] + np.random.default_rng(413).integers(1, 10, WRONG)) % 10
    practice = slice(TRAINING, TRAINING + PRACTICE)
    return images[:TRAINING], y_train, images[practice], labels[practice]


def unseen(n, rng):
    """Returns `n` correctly labelled digits that are not among those of `load`, drawn by `rng`."""
    images, labels = _originals()
    chosen = TRAINING + PRACTICE + rng.permutation(len(labels) - TRAINING - PRACTICE)[:n]
    moved = [
        ndimage.shift(image.reshape(8, 8), rng.uniform(-0.2, 0.2, 2), order=1)
        for image in images[chosen]
    ]
    grained = np.stack(moved).reshape(-1, 64) + rng.normal(0, 0.03, (len(chosen), 64))
    return np.clip(grained, 0, 1).astype("float32"), labels[chosen]


def _originals():
    """All pictures (1797, 64) from 0 to 1 and their labels, always in the same shuffled order."""
    data = load_digits()
    order = np.random.default_rng(4131).permutation(len(data.target))
    return (data.data[order] / 16).astype("float32"), data.target[order]
