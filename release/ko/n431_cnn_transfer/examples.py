"""Three answers that somebody could have handed in for the new shapes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Answer(NamedTuple):
    """What a network says about practice pictures, and a few weights of its base."""

    predicted: np.ndarray  # (n,) labels
    base_before: np.ndarray  # (8,) some weights of the base, as they were loaded
    base_after: np.ndarray  # (8,) the same weights after training


def three_answers(labels):
    """Returns {"A": ..., "B": ..., "C": ...} for these labels (n,) of practice pictures."""
    rng = np.random.default_rng(431)
    base = rng.normal(0, 0.1, 8).round(3)
    return {
        "A": Answer(_right(labels, 0.46, rng), base, base),
        "B": Answer(_right(labels, 0.72, rng), base, base + rng.normal(0, 0.004, 8).round(4)),
        "C": Answer(_right(labels, 0.68, rng), base, base),
    }


def _right(labels, share, rng):
    """Labels of which this share is right."""
    wrong = rng.permutation(len(labels))[: round((1 - share) * len(labels))]
    answer = labels.copy()
    answer[wrong] = (answer[wrong] + rng.integers(1, 4, len(wrong))) % 4
    return answer
