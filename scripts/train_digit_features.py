"""Trains the tiny digit network that `expect.feature_distance` and `expect.diverse` see through.

    python scripts/train_digit_features.py   # writes expect/assets/digit_features.npz

A 64-64-32-10 network of ReLU layers on scikit-learn's 8 × 8 digits, scaled to [-1, 1]: the first
1400 images train it, the other 397 measure it. Weights are kept as float32; evaluating them needs
NumPy only. Written by scikit-learn 1.9.1; a new run differs in the last digits at most.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

ASSET = Path(__file__).parents[1] / "autograder" / "expect" / "assets" / "digit_features.npz"
TRAINED_ON = 1400


def train() -> dict[str, np.ndarray]:
    """The weights by name: w0, b0, w1, b1, w2, b2."""
    digits = load_digits()
    images = (digits.images / 8 - 1).reshape(-1, 64)
    network = MLPClassifier((64, 32), max_iter=300, random_state=0)
    network.fit(images[:TRAINED_ON], digits.target[:TRAINED_ON])
    right = network.score(images[TRAINED_ON:], digits.target[TRAINED_ON:])
    print(f"right on {len(images) - TRAINED_ON} unseen digits: {right:.3f}")
    layers = zip(network.coefs_, network.intercepts_, strict=True)
    return {
        name: values.astype(np.float32)
        for i, (weights, bias) in enumerate(layers)
        for name, values in ((f"w{i}", weights), (f"b{i}", bias))
    }


if __name__ == "__main__":
    ASSET.parent.mkdir(exist_ok=True)
    np.savez_compressed(ASSET, **train())
    print(f"{ASSET.name}: {ASSET.stat().st_size / 1024:.0f} KB")
