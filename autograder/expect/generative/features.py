"""The shipped digit network in NumPy, and distances between sets of images in its features."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from autograder.expect.coerce import Array
from autograder.expect.verdict import WrongSetting

ASSET = Path(__file__).parents[1] / "assets" / "digit_features.npz"
LAYERS = 3


@lru_cache(maxsize=1)
def _weights() -> list[tuple[Array, Array]]:
    with np.load(ASSET, allow_pickle=False) as kept:
        return [
            (kept[f"w{i}"].astype(np.float64), kept[f"b{i}"].astype(np.float64))
            for i in range(LAYERS)
        ]


def digit_pixels(images: Array, low: float, high: float) -> Array:
    """Return 8 × 8 images as rows of 64 numbers, scaled from [low, high] to [-1, 1]."""
    flat = images.reshape(len(images), -1)
    if flat.shape[1] != 64 or not high > low:
        raise WrongSetting("the shipped extractor sees 8 × 8 images in [low, high]; give features=")
    return np.asarray((flat - low) / (high - low) * 2 - 1)


def digit_features(images: Array, low: float = -1.0, high: float = 1.0) -> Array:
    """Return the 32 activations before the shipped network's last layer, shape (n, 32)."""
    hidden = digit_pixels(images, low, high)
    for weights, bias in _weights()[:-1]:
        hidden = np.maximum(hidden @ weights + bias, 0)
    return hidden


def digit_classes(images: Array, low: float = -1.0, high: float = 1.0) -> Array:
    """Return the digit that the shipped network predicts for each image, shape (n,)."""
    weights, bias = _weights()[-1]
    return np.asarray((digit_features(images, low, high) @ weights + bias).argmax(axis=1))


def frechet_distance(a: Array, b: Array) -> float:
    """Return the Fréchet distance of two sets of features (n, d). Heusel et al. 2017.

    The distance is |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½). The trace of the root is the sum of the
    roots of the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric, so that no complex root appears.

    >>> frechet_distance(np.array([[0.0], [2.0]]), np.array([[3.0], [5.0]]))
    9.0
    """
    gap = a.mean(axis=0) - b.mean(axis=0)
    first, second = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    inner = np.linalg.eigvalsh(root @ second @ root)
    trace = np.trace(first) + np.trace(second) - 2 * np.sqrt(np.clip(inner, 0, None)).sum()
    return float(max(gap @ gap + trace, 0.0))


def mean_pair_distance(images: Array, most: int = 300) -> float:
    """Return the mean Euclidean distance between two images, over at most `most` of them."""
    flat = images.reshape(len(images), -1)
    chosen = flat[np.unique(np.linspace(0, len(flat) - 1, min(most, len(flat))).astype(int))]
    squares = (chosen**2).sum(axis=1)
    distances = np.sqrt(np.clip(squares[:, None] + squares - 2 * chosen @ chosen.T, 0, None))
    count = len(chosen) * (len(chosen) - 1)
    return float(distances.sum() / count) if count else 0.0


def nearest_rms(images: Array, others: Array) -> Array:
    """Return each image's root mean squared difference to the nearest other image, shape (n,)."""
    a, b = images.reshape(len(images), -1), others.reshape(len(others), -1)
    found = np.empty(len(a))
    b_squares = (b**2).sum(axis=1)
    for start in range(0, len(a), 256):
        part = a[start : start + 256]
        rough = b_squares[None] - 2 * part @ b.T
        nearest = b[rough.argmin(axis=1)]
        found[start : start + 256] = np.sqrt(((part - nearest) ** 2).mean(axis=1))
    return found


def is_inverted_digit(images: Array) -> Array:
    """Return True for images in [-1, 1] that are dark on light: their mean is above 0."""
    return np.asarray(images.reshape(len(images), -1).mean(axis=1) > 0)
