"""Handwritten digits, 8 by 8 pixels, and new ones made from them.

The 1,797 pictures are scikit-learn's; nothing is downloaded. Four in five are yours to train
and practise with. The rest are kept back: no digit that grades you was written by the hand
that wrote one of your training pictures a moment before.

Every picture is *rewritten* first, as if the writer had tried once more: turned by a few
degrees, moved by a fraction of a pixel, in paler ink, on paper with a little grain.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits

TRAINING, PRACTICE = 1200, 200  # originals of each; the other 397 are kept back
SIDE = 8
PIXELS = SIDE * SIDE


def load():
    """Returns `x_train` (2400, 64), `y_train` (2400,), `x_practice` (200, 64), `y_practice` (200,).

    Pixels are floats from 0 (paper) to 1 (ink), labels are integers from 0 to 9. Each training
    original comes twice, rewritten differently.
    """
    images, labels = _originals()
    rng = np.random.default_rng(411)
    training, practice = images[:TRAINING], images[TRAINING : TRAINING + PRACTICE]
    x_train = np.concatenate([rewrite(training, rng), rewrite(training, rng)])
    y_train = np.tile(labels[:TRAINING], 2)
    x_practice = rewrite(practice, rng)
    return (
        x_train.reshape(-1, PIXELS),
        y_train,
        x_practice.reshape(-1, PIXELS),
        labels[TRAINING : TRAINING + PRACTICE],
    )


def unseen(n, rng):
    """Returns `n` digits nobody trained on: images (n, 64) and labels (n,), drawn by `rng`."""
    images, labels = _originals()
    chosen = TRAINING + PRACTICE + rng.permutation(len(labels) - TRAINING - PRACTICE)[:n]
    return rewrite(images[chosen], rng).reshape(-1, PIXELS), labels[chosen]


def a_few_of_each(per_digit, images, labels, rng):
    """Returns `per_digit` pictures of each digit, (10 * per_digit, 64), and their labels."""
    chosen = [rng.permutation(np.flatnonzero(labels == d))[:per_digit] for d in range(10)]
    chosen = np.concatenate(chosen)
    return images[chosen], labels[chosen]


def rewrite(images, rng, *, degrees=5.0, pixels=0.25, ink=(0.8, 1.0), grain=0.03):
    """Returns the pictures (n, 8, 8) once more, each written slightly differently."""
    again = np.stack([_turn_and_move(image, rng, degrees, pixels) for image in images])
    again *= rng.uniform(*ink, size=(len(images), 1, 1))
    again += rng.normal(0, grain, again.shape)
    return np.clip(again, 0, 1).astype("float32")


def _turn_and_move(image, rng, degrees, pixels):
    angle = np.deg2rad(rng.uniform(-degrees, degrees))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([SIDE - 1, SIDE - 1]) / 2
    offset = centre - turn @ centre + rng.uniform(-pixels, pixels, 2)
    return ndimage.affine_transform(image, turn, offset=offset, order=1)


def _originals():
    """All pictures (1797, 8, 8) from 0 to 1 and their labels, always in the same shuffled order."""
    data = load_digits()
    order = np.random.default_rng(1797).permutation(len(data.target))
    return (data.images[order] / 16).astype("float32"), data.target[order]
