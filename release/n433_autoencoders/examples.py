"""Three sets of rebuilt digits that somebody could have handed in."""

from __future__ import annotations

import numpy as np


def three_answers(images, labels):
    """Returns {"A": ..., "B": ..., "C": ...}: pictures (n, 64) that are to be `images` rebuilt."""
    return {
        "A": _typical(images, labels),
        "B": _by_components(images, 16),
        "C": np.clip(_by_components(images, 24), 0, 1),
    }


def _typical(images, labels):
    """For every digit the mean of all digits with its label: each 3 is the same 3."""
    means = np.stack([images[labels == label].mean(axis=0) for label in range(10)])
    return means[labels]


def _by_components(images, components):
    """Rebuilt from as many principal components. Nothing keeps the pixels between 0 and 1."""
    mean = images.mean(axis=0)
    directions = np.linalg.svd(images - mean, full_matrices=False)[2][:components]
    return mean + (images - mean) @ directions.T @ directions
