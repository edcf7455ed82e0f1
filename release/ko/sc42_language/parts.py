"""The sound parts of the translator: positions, masks, residual connections."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable(package="parts")
class Positions(layers.Layer):
    """Adds sine positions to embedded rows (n, T, width), T at most 32."""

    def build(self, shape):
        width = shape[-1]
        rates = 10000.0 ** (-2 * np.arange(width // 2) / width)
        angles = np.arange(32)[:, np.newaxis] * rates
        woven = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(32, width)
        self.table = ops.convert_to_tensor(woven.astype("float32"))

    def call(self, rows):
        return rows + self.table[: ops.shape(rows)[1]]

    def compute_output_shape(self, shape):
        return shape


def embedded(ids, size, width):
    """Returns ids (n, T) below `size` as vectors (n, T, width), their places added."""
    return Positions()(layers.Embedding(size, width)(ids))


def not_padding(ids):
    """Returns the mask (n, 1, T) of ids (n, T): True where an id is not 0 and may be seen."""
    return ops.expand_dims(ops.not_equal(ids, 0), 1)


def add_and_norm(rows, more):
    """Returns rows + more, scaled to mean 0 and variance 1 at each place.

    The sum is a *residual connection*: what was there goes on, and only the change is learnt.
    """
    return layers.LayerNormalization()(layers.Add()([rows, more]))


def feed_forward(rows, width):
    """Returns the rows after two dense layers at each place by itself, added and normed."""
    hidden = layers.Dense(2 * width, activation="relu")(rows)
    return add_and_norm(rows, layers.Dense(width)(hidden))
