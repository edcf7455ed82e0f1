"""Three answers that somebody could have handed in, for the practice text."""

from __future__ import annotations

import numpy as np

LETTERS = 32


def three_answers(targets):
    """Returns {"A": ..., "B": ..., "C": ...}: one is good enough, two are not.

    Each holds the probabilities of the next letter; `targets` (n, 50) are the true ones.
    """
    rng = np.random.default_rng(423)
    doubtful = np.clip(rng.lognormal(np.log(1 / 6.5), 0.8, targets.shape), 0.002, 0.95)
    certain = np.where(rng.random(targets.shape) < 0.7, 0.98, 0.0001)
    rivals = (targets + rng.integers(1, LETTERS, targets.shape)) % LETTERS
    return {
        "A": _answer(doubtful, targets, rivals),
        "B": _answer(doubtful, targets, rivals)[:, -1],
        "C": _answer(certain, targets, rivals),
    }


def _answer(probability, targets, rivals):
    """Probabilities (n, 50, 32): so much for the true letter, a third of the rest for a rival."""
    rest = (1 - probability)[..., np.newaxis]
    answer = np.repeat(rest * 2 / 3 / (LETTERS - 2), LETTERS, axis=-1)
    np.put_along_axis(answer, rivals[..., np.newaxis], rest / 3, axis=-1)
    np.put_along_axis(answer, targets[..., np.newaxis], probability[..., np.newaxis], axis=-1)
    return answer
