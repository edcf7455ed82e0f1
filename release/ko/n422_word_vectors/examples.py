"""Three answers that somebody could have handed in, for 200 practice reviews."""

from __future__ import annotations

import numpy as np


def three_answers(labels):
    """Returns {"A": ..., "B": ..., "C": ...}: one is good enough, two are not."""
    rng = np.random.default_rng(6)
    return {
        "A": _probabilities(labels, mistakes=6, rng=rng),
        "B": _probabilities(labels, mistakes=6, rng=rng) * 12 - 6,
        "C": _probabilities(labels, mistakes=44, rng=rng),
    }


def _probabilities(labels, *, mistakes, rng):
    """Numbers (n, 1) from 0 to 1, on the right side of 0.5 but for so many."""
    sides = labels.copy()
    wrong = rng.permutation(len(labels))[:mistakes]
    sides[wrong] = 1 - sides[wrong]
    return np.where(sides, rng.uniform(0.6, 0.99, len(labels)), rng.uniform(0.01, 0.4, len(labels)))[
        :, np.newaxis
    ]
