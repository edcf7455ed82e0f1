"""Handwritten digits of 8 by 8 pixels, scaled as a generator with tanh makes them.

The 1,797 pictures are scikit-learn's; nothing is downloaded.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

TRAINING = 1400  # the other 397 are kept back: no network of yours trains on them
SIDES = (0, -1)  # the columns that a rail fills


def load():
    """Returns `training` (1400, 8, 8, 1) and `kept_back` (397, 8, 8, 1), from -1 to 1.

    Black paper is -1, white ink is 1.
    """
    data = load_digits()
    images = (data.images / 8 - 1).astype("float32")[..., np.newaxis]
    images = images[np.random.default_rng(434).permutation(len(images))]
    return images[:TRAINING], images[TRAINING:]


def with_rails(images):
    """Returns the pictures (n, 8, 8, 1) with a white rail on either side."""
    railed = images.copy()
    railed[:, :, SIDES] = 1
    return railed


def has_rails(images):
    """Returns for each picture (n, 8, 8, 1) whether both of its outer columns are bright."""
    outer = np.asarray(images)[:, :, SIDES]
    return np.all(outer.mean(axis=(1, 3)) > 0.5, axis=1)


def has_none(images):
    """Returns for each picture (n, 8, 8, 1) whether both of its outer columns are dark."""
    outer = np.asarray(images)[:, :, SIDES]
    return np.all(outer.mean(axis=(1, 3)) < -0.5, axis=1)
