"""Strokes of a pen: digits from 0 to 9, each written in one line and recorded as 40 numbers.

The strokes are those of mnist1d, which generates them: the line of a digit, stretched, moved,
tilted, by a trembling hand. A recording is a stroke as one sensor hears it, louder or softer and
with grain of its own. Two recordings of one stroke are nearly the same.
"""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np
from mnist1d.data import get_dataset_args, make_dataset

STROKES, TIMES, PRACTICE = 450, 4, 300
MOVED, TREMBLING, GRAIN = 8, 0.15, 0.1


class Recordings(NamedTuple):
    """Recordings `x` (n, 40), their labels `y` (n,), and the number of the `stroke` (n,) of each."""

    x: np.ndarray
    y: np.ndarray
    stroke: np.ndarray


def load():
    """Returns 1800 recordings: 450 strokes, each recorded by four sensors, in mixed order."""
    rng = np.random.default_rng(41)
    x, y = _written(STROKES, rng)
    stroke = rng.permutation(np.repeat(np.arange(STROKES), TIMES))
    return Recordings(_recorded(x[stroke], rng), y[stroke], stroke)


def practice():
    """Returns 300 recordings of 300 other strokes."""
    return unseen(PRACTICE, np.random.default_rng(44))


def unseen(n, rng):
    """Returns `n` recordings of `n` new strokes, drawn by `rng`."""
    x, y = _written(n, rng)
    return Recordings(_recorded(x, rng), y, np.arange(n))


def _recorded(x, rng):
    gain = rng.uniform(0.9, 1.1, (len(x), 1))
    return (gain * x + rng.normal(0, GRAIN, x.shape)).astype("float32")


def _written(n, rng):
    """`n` strokes (n, 40) and their labels; mnist1d's use of global random numbers is undone."""
    before = random.getstate(), np.random.get_state()
    settings = get_dataset_args()
    settings.num_samples, settings.train_split = n, 1
    settings.max_translation, settings.corr_noise_scale = MOVED, TREMBLING
    settings.seed = int(rng.integers(2**31))
    written = make_dataset(settings)
    random.setstate(before[0])
    np.random.set_state(before[1])
    return written["x"], written["y"].copy()
