"""The network of the first two days, in NumPy, and a learner that needs no training at all.

Tuning trains many networks: eight settings on three folds are 24. This one takes a tenth of a
second. It is the network of n411 (one hidden layer, ReLU, softmax) with the Adam of n412, and has
the two methods that scikit-learn's tools ask for, `fit` and `predict`.
"""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

EPOCHS, BATCH = 20, 32


class Network(ClassifierMixin, BaseEstimator):
    """A classifier with `units` hidden units that learns with Adam's `learning_rate`."""

    def __init__(self, units=16, learning_rate=0.003, seed=0):
        self.units = units
        self.learning_rate = learning_rate
        self.seed = seed

    def fit(self, x, y):
        """Trains fresh weights for 20 epochs in batches of 32; returns the network itself."""
        rng = np.random.default_rng(self.seed)
        self.classes_, targets = np.unique(y, return_inverse=True)
        self.weights_ = _first_weights(x.shape[1], self.units, len(self.classes_), rng)
        adam = _Adam(self.weights_, self.learning_rate)
        for _ in range(EPOCHS):
            order = rng.permutation(len(x))
            for start in range(0, len(x), BATCH):
                rows = order[start : start + BATCH]
                adam.step(self.weights_, _gradients(self.weights_, x[rows], targets[rows]))
        return self

    def predict(self, x):
        """Returns one label per row of `x`."""
        _, probabilities = _forward(self.weights_, x)
        return self.classes_[probabilities.argmax(axis=1)]


def nearest_mean(x_train, y_train, x_new):
    """Labels each row of `x_new` with the class whose mean training row is nearest to it."""
    classes = np.unique(y_train)
    means = np.stack([x_train[y_train == c].mean(axis=0) for c in classes])
    distances = ((x_new[:, np.newaxis] - means[np.newaxis]) ** 2).sum(axis=2)
    return classes[distances.argmin(axis=1)]


def _first_weights(inputs, units, classes, rng):
    return [
        rng.normal(0, np.sqrt(2 / inputs), (inputs, units)),
        np.zeros(units),
        rng.normal(0, np.sqrt(1 / units), (units, classes)),
        np.zeros(classes),
    ]


def _forward(weights, x):
    W1, b1, W2, b2 = weights
    hidden = np.maximum(x @ W1 + b1, 0)
    scores = hidden @ W2 + b2
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return hidden, exponentials / exponentials.sum(axis=1, keepdims=True)


def _gradients(weights, x, targets):
    """Gradients of the mean cross-entropy, in the order of the weights."""
    hidden, probabilities = _forward(weights, x)
    d_scores = (probabilities - np.eye(probabilities.shape[1])[targets]) / len(x)
    d_hidden = (d_scores @ weights[2].T) * (hidden > 0)
    return [x.T @ d_hidden, d_hidden.sum(axis=0), hidden.T @ d_scores, d_scores.sum(axis=0)]


class _Adam:
    def __init__(self, weights, learning_rate):
        self.learning_rate = learning_rate
        self.steps = 0
        self.means = [np.zeros_like(w) for w in weights]
        self.squares = [np.zeros_like(w) for w in weights]

    def step(self, weights, gradients):
        self.steps += 1
        for w, g, m, v in zip(weights, gradients, self.means, self.squares, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            mean, square = m / (1 - 0.9**self.steps), v / (1 - 0.999**self.steps)
            w -= self.learning_rate * mean / (np.sqrt(square) + 1e-7)
