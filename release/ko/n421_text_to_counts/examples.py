"""Three answers that somebody could have handed in, for the practice queries."""

from __future__ import annotations

import numpy as np


def three_answers(queries, articles=300):
    """Returns {"A": ..., "B": ..., "C": ...}: for each query, what a search gave back."""
    rng = np.random.default_rng(5)
    right = [number for _, number in queries]
    return {
        "A": _lists(right, articles, rng, first=0.62),
        "B": right,
        "C": _lists(right, articles, rng, first=0.94),
    }


def _lists(right, articles, rng, *, first):
    """Five numbers per query; the right one is first in this share of lists, else fourth."""
    answers = []
    for i, number in enumerate(right):
        others = [int(n) for n in rng.permutation(articles) if n != number][:4]
        others.insert(0 if i < first * len(right) else 3, number)
        answers.append(others)
    return answers
