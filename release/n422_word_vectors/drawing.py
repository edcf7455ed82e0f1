"""Word vectors on paper."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np


def on_a_plane(vectors, groups):
    """Draws the words of each group {name: [word, ...]} on the plane in which they differ most."""
    words = [word for group in groups.values() for word in group]
    rows = np.array([np.asarray(vectors[w]) / np.linalg.norm(vectors[w]) for w in words])
    rows = rows - rows.mean(axis=0)
    places = rows @ np.linalg.svd(rows, full_matrices=False)[2][:2].T
    figure, axis = plt.subplots(figsize=(7, 4))
    start = 0
    for name, group in groups.items():
        own = places[start : start + len(group)]
        axis.scatter(own[:, 0], own[:, 1], label=name)
        for word, (x, y) in zip(group, own, strict=True):
            axis.annotate(word, (x, y), fontsize=8)
        start += len(group)
    axis.legend(fontsize=8)
    figure.tight_layout()
    plt.show()
