"""A network with one hidden layer that answers yes or no, in NumPy: all but its gradients.

    hidden      = tanh(x W1 + b1)
    probability = sigmoid(hidden W2 + b2)
    loss        = mean binary cross-entropy
"""

from __future__ import annotations

import numpy as np


def fresh(rng, inputs=30, hidden=8):
    """Returns new parameters drawn by `rng`: a dict of W1, b1, W2 and b2."""
    return {
        "W1": rng.normal(0, 1 / np.sqrt(inputs), (inputs, hidden)),
        "b1": rng.normal(0, 0.1, hidden),
        "W2": rng.normal(0, 1 / np.sqrt(hidden), (hidden, 1)),
        "b2": rng.normal(0, 0.1, 1),
    }


def forward(parameters, x):
    """Returns the hidden units (n, hidden) and the probabilities (n, 1) for x (n, inputs)."""
    hidden = np.tanh(x @ parameters["W1"] + parameters["b1"])
    score = hidden @ parameters["W2"] + parameters["b2"]
    return hidden, 1 / (1 + np.exp(-score))


def loss(parameters, x, y):
    """Returns the mean binary cross-entropy for the labels y (n, 1): one number."""
    _, p = forward(parameters, x)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
