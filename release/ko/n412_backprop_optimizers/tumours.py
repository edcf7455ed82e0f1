"""569 tumours, 30 measurements each: benign or malignant (scikit-learn's breast cancer data)."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_breast_cancer

TRAINING = 400


def load():
    """Returns x_train (400, 30), y_train (400, 1), x_practice (169, 30), y_practice (169, 1).

    Every measurement is standardised by the mean and spread of the training part. Labels are 1.0
    for malignant, 0.0 for benign.
    """
    data = load_breast_cancer()
    order = np.random.default_rng(412).permutation(len(data.target))
    x, y = data.data[order], 1.0 - data.target[order, np.newaxis]
    x = (x - x[:TRAINING].mean(axis=0)) / x[:TRAINING].std(axis=0)
    return x[:TRAINING], y[:TRAINING], x[TRAINING:], y[TRAINING:]


def remeasured(x, rng):
    """Returns the same tumours measured once more: each number is off by a tenth of its spread."""
    return x + rng.normal(0, 0.1, x.shape)
