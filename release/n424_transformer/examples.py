"""Three answers that somebody could have handed in, for 100 practice numbers."""

from __future__ import annotations

import numpy as np


def three_answers(numbers):
    """Returns {"A": ..., "B": ..., "C": ...}, lists of strings: one is good enough, two are not."""
    rng = np.random.default_rng(424)
    return {
        "A": [f"{number:,}" for number in numbers],
        "B": _with_wrong_digits(numbers, wrong=3, rng=rng),
        "C": _with_wrong_digits(numbers, wrong=9, rng=rng),
    }


def _with_wrong_digits(numbers, *, wrong, rng):
    """The numbers as strings; in so many of them one digit is another."""
    answers = [str(number) for number in numbers]
    for i in rng.permutation(len(answers))[:wrong]:
        place = int(rng.integers(len(answers[i])))
        other = (int(answers[i][place]) + int(rng.integers(1, 9))) % 10
        answers[i] = answers[i][:place] + str(other) + answers[i][place + 1 :]
    return answers
