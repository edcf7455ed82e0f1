"""The parts of networks that this day takes for granted."""

from __future__ import annotations

import keras
from keras import layers

import grid


def convolutions(x, filters):
    """Returns the feature maps x after two rounds of 3×3 convolution, batch norm and leaky ReLU.

    Height and width stay as they are. `momentum=0.9` lets the running averages of the batch norm
    settle within our few hundred training steps; the usual 0.99 needs some thousand. The ReLU is
    a *leaky* one: with so few feature maps, plain zeros could make one kind look like background.
    """
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.LeakyReLU(0.1)(x)
    return x


def falling(start, *, pictures, batch_size, epochs):
    """Returns an Adam optimizer whose learning rate falls from `start` to 0 along a cosine.

    Large steps at first, small ones at the end: the last epochs settle instead of jumping about.
    """
    steps = epochs * -(-pictures // batch_size)
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(start, steps))


def detector():
    """Returns a fresh one-shot detector: pictures (n, 32, 32, 1) in, raw grids (n, 4, 4, 8) out.

    Three rounds of pooling make one output cell of 8 by 8 pixels. The outputs are raw numbers;
    `grid.probabilities` turns them into numbers from 0 to 1.
    """
    picture = layers.Input((grid.PICTURE, grid.PICTURE, 1))
    x = picture
    for filters in (8, 16, 32):
        x = layers.MaxPooling2D()(convolutions(x, filters))
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    return keras.Model(picture, layers.Conv2D(grid.NUMBERS, 1)(x))
