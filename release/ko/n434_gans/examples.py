"""Four heaps of 1000 pictures that somebody could have handed in."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def four_answers(training, kept_back):
    """Returns four heaps (1000, 8, 8, 1) under "A", "B", "C" and "D": one is good enough."""
    rng = np.random.default_rng(17)
    return {
        "A": training[rng.integers(0, len(training), 1000)],
        "B": _moved(kept_back, rng),
        "C": _one_kind(kept_back, rng),
        "D": np.clip(_moved(kept_back, rng) + rng.normal(0, 0.9, (1000, 8, 8, 1)), -1, 1),
    }


def _moved(images, rng):
    """The pictures, moved by parts of a pixel."""
    chosen = images[rng.integers(0, len(images), 1000)]
    shifts = rng.uniform(-0.4, 0.4, (1000, 2))
    moved = [
        ndimage.shift(image, (*shift, 0), order=1, cval=-1.0)
        for image, shift in zip(chosen, shifts, strict=True)
    ]
    return np.stack(moved)


def _one_kind(images, rng):
    """One picture, a thousand times, with a little grain."""
    grain = rng.normal(0, 0.08, (1000, 8, 8, 1))
    return np.clip(images[np.zeros(1000, int)] + grain, -1, 1)
