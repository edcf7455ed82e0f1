"""Digits to tune with, and digits that nobody tuned with.

The pictures are scikit-learn's 1,797 handwritten digits, each moved by a fraction of a pixel and
scanned again in 17 levels of grey. 450 are for training and tuning, the others are kept back.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits

TRAINING = 450


def load():
    """Returns `x` (450, 64), floats from 0 (paper) to 1 (ink), and `y` (450,), labels 0 to 9."""
    images, labels = _originals()
    rng = np.random.default_rng(414)
    return _moved(images[:TRAINING], rng), labels[:TRAINING]


def unseen(n, rng):
    """Returns `n` digits that are not among those of `load`, and their labels, drawn by `rng`."""
    images, labels = _originals()
    chosen = TRAINING + rng.permutation(len(labels) - TRAINING)[:n]
    return _moved(images[chosen], rng), labels[chosen]


def _moved(images, rng):
    """The pictures (n, 8, 8) moved by up to a quarter of a pixel, as rows (n, 64)."""
    moved = [ndimage.shift(image, rng.uniform(-0.25, 0.25, 2), order=1) for image in images]
    return (np.round(16 * np.stack(moved)) / 16).astype("float32").reshape(-1, 64)


def _originals():
    """All pictures (1797, 8, 8) from 0 to 1 and their labels, always in the same shuffled order."""
    data = load_digits()
    order = np.random.default_rng(4140).permutation(len(data.target))
    return data.images[order] / 16, data.target[order]
