"""The three numbers of the card: how close to real digits, how many kinds, how many copies.

A small network that reads digits, shipped with `expect`, sees each picture as 32 *features*: what
its last hidden layer says. Two heaps of pictures are as far apart as the features of one lie from
those of the other.
"""

from __future__ import annotations

import numpy as np

from autograder import expect

features = expect.generative.features

COPY = 0.05  # pictures closer than this to a training picture, root mean square per pixel


def report(samples, training, real):
    """Returns {"feature distance": ..., "kinds": ..., "copied": ...} for 1000 pictures."""
    samples = np.asarray(samples, float)
    classes = np.bincount(features.digit_classes(samples), minlength=10)
    return {
        "feature distance": round(distance(samples, real), 1),
        "kinds": int(np.sum(classes >= 0.02 * len(samples))),
        "copied": float(np.mean(features.nearest_rms(samples, training) < COPY)),
    }


def distance(samples, real):
    """Returns the Fréchet distance between the features of two heaps of pictures."""
    return features.frechet_distance(*(features.digit_features(x) for x in (samples, real)))
