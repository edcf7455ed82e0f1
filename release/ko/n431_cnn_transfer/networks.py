"""The base: the part of a network that turns a picture into features, and its pretrained weights.

The weights beside this file come from 4,200 pictures of the six common shapes, 700 of each kind,
in 22 epochs. The layer that named the six kinds was thrown away; what is left finds edges, corners
and curves, which other shapes have as well.
"""

from __future__ import annotations

from pathlib import Path

import keras
from keras import layers

WEIGHTS = Path(__file__).with_name("shapes_cnn_base.weights.h5")
FEATURES = 64


def base():
    """Returns a fresh base: pictures (n, 28, 28, 1) in, features (n, 64) out; weights are random.

    `base().load_weights(WEIGHTS)` fills in the pretrained ones. The batch norm keeps running
    averages; `momentum=0.9` lets them settle within a few hundred training steps.
    """
    network = keras.Sequential([layers.Input((28, 28, 1))], name="base")
    for filters in (16, 32, 48):
        network.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        network.add(layers.BatchNormalization(momentum=0.9))
        network.add(layers.ReLU())
        network.add(layers.MaxPooling2D())
    network.add(layers.Conv2D(FEATURES, 3, activation="relu"))
    network.add(layers.GlobalAveragePooling2D())
    return network


def pretrained():
    """Returns the weights of the pretrained base, a list of arrays."""
    network = base()
    network.load_weights(WEIGHTS)
    return network.get_weights()
