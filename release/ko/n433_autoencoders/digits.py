"""Handwritten digits, as different pens and scanners would have left them.

The pictures are scikit-learn's 1,797 digits of 8 by 8 pixels. Each is moved by a fraction of a
pixel and gets a little grain, so no two scans of a digit are the same. 1,000 are for training and
300 for practice. The other 497 are kept back: they are scanned afresh to grade you.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits

TRAINING, PRACTICE = 1000, 300
NOISE = 0.3  # standard deviation of the noise that `noisy` adds


def load():
    """Returns `x_train` (1000, 64), `y_train` (1000,), `x_practice` (300, 64), `y_practice` (300,).

    Pixels are floats from 0 (paper) to 1 (ink), labels are integers from 0 to 9.
    """
    images, labels = _originals()
    images = _scanned(images, np.random.default_rng(433))
    practice = slice(TRAINING, TRAINING + PRACTICE)
    return images[:TRAINING], labels[:TRAINING], images[practice], labels[practice]


def unseen(n, rng):
    """Returns `n` digits (n, 64) that `load` keeps back, scanned by `rng`, and labels (n,)."""
    images, labels = _originals()
    chosen = TRAINING + PRACTICE + rng.permutation(len(labels) - TRAINING - PRACTICE)[:n]
    return _scanned(images[chosen], rng), labels[chosen]


def noisy(images, rng):
    """Returns the pictures with strong noise drawn by the NumPy generator `rng`, from 0 to 1.

    Paper cannot get whiter than white nor ink blacker than black: what leaves the range is cut off.
    """
    return np.clip(images + rng.normal(0, NOISE, images.shape), 0, 1).astype("float32")


def _originals():
    """All pictures (1797, 64) from 0 to 1 and their labels, always in the same shuffled order."""
    data = load_digits()
    order = np.random.default_rng(4331).permutation(len(data.target))
    return (data.data[order] / 16).astype("float32"), data.target[order]


def _scanned(images, rng):
    """Each picture moved by up to a fifth of a pixel, with a little grain."""
    moved = [
        ndimage.shift(image.reshape(8, 8), rng.uniform(-0.2, 0.2, 2), order=1) for image in images
    ]
    grained = np.stack(moved).reshape(-1, 64) + rng.normal(0, 0.03, (len(images), 64))
    return np.clip(grained, 0, 1).astype("float32")
