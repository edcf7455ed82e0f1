"""How much a leak can be worth: a good score for predicting what nobody can predict.

The labels are coin tosses and the 2,000 columns are noise, so the true accuracy of any classifier
is 0.50. Still, of 2,000 columns a few go with 60 tosses by luck. Whoever picks those few before
making folds has looked at the validation rows, and finds the luck again there.
"""

from __future__ import annotations

import numpy as np

import network

ROWS, COLUMNS, KEPT, FOLDS = 60, 2000, 20, 3


def coin_tosses(rng):
    """Returns two mean accuracies: columns picked on all rows, and inside each fold."""
    x = rng.normal(size=(ROWS, COLUMNS))
    tosses = np.tile([0, 1], ROWS // 2)
    before = _best_columns(x, tosses)
    leaky, honest = [], []
    for i in range(FOLDS):
        validation = np.arange(ROWS) // 2 % FOLDS == i
        inside = _best_columns(x[~validation], tosses[~validation])
        leaky.append(_accuracy(x[:, before], tosses, validation))
        honest.append(_accuracy(x[:, inside], tosses, validation))
    return np.mean(leaky), np.mean(honest)


def _best_columns(x, labels):
    """The columns whose means differ most between the two labels."""
    difference = np.abs(x[labels == 0].mean(axis=0) - x[labels == 1].mean(axis=0))
    return np.argsort(difference)[-KEPT:]


def _accuracy(x, labels, validation):
    found = network.nearest_mean(x[~validation], labels[~validation], x[validation])
    return np.mean(found == labels[validation])
