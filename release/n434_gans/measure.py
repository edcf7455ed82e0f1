"""The three numbers of the card: how close to real digits, how many kinds, how many copies.

A small network that reads digits, 98 % of them correctly, sees each picture as 32 *features*: the
activations of its last hidden layer. Its weights come with this notebook. Two heaps of pictures are
as far apart as the features of one lie from those of the other, by mean and by spread.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

with np.load(Path(__file__).with_name("digit_reader.npz")) as kept:
    LAYERS = [(kept[f"w{i}"].astype(float), kept[f"b{i}"].astype(float)) for i in range(3)]

COPY = 0.05  # pictures closer than this to a training picture, root mean square per pixel
KIND = 0.02  # the share of the pictures that makes a kind count


def report(samples, training, real):
    """Returns {"feature distance": ..., "kinds": ..., "copied": ...} for pictures (n, 8, 8, 1)."""
    return {
        "feature distance": round(distance(samples, real), 1),
        "kinds": int(np.sum(np.bincount(read(samples)) >= KIND * len(samples))),
        "copied": float(np.mean(nearest(samples, training) < COPY)),
    }


def features(images):
    """Returns the 32 features of each picture, (n, 32)."""
    hidden = np.reshape(images, (len(images), 64)).astype(float)
    for weights, bias in LAYERS[:-1]:
        hidden = np.maximum(hidden @ weights + bias, 0)
    return hidden


def read(images):
    """Returns the digit that the network takes each picture for, (n,)."""
    weights, bias = LAYERS[-1]
    return (features(images) @ weights + bias).argmax(axis=1)


def distance(samples, real):
    """Returns the Fréchet distance between the features of two heaps of pictures.

    With means m and covariances S it is |m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^½); the last trace is
    the sum of the square roots of the eigenvalues of S1 S2.
    """
    a, b = features(samples), features(real)
    covariances = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    shared = np.linalg.eigvals(covariances[0] @ covariances[1]).real.clip(min=0)
    spread = np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.sqrt(shared).sum()
    return float(np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2) + max(spread, 0))


def nearest(samples, training):
    """Returns how far each picture is from the nearest training picture, (n,)."""
    a, b = (np.reshape(x, (len(x), 64)).astype(float) for x in (samples, training))
    squares = (a**2).sum(axis=1)[:, np.newaxis] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.sqrt(squares.min(axis=1).clip(min=0) / 64)
