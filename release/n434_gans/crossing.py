"""A CycleGAN: two generators that take pictures across, one each way, and their two critics."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import drawing
from autograder import translated


def translator():
    """Returns a fresh generator: pictures (n, 8, 8, 1) in, pictures of the same shape out."""
    return keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(1, 3, padding="same", activation="tanh"),
        ]
    )


def critic():
    """Returns a fresh discriminator: pictures (n, 8, 8, 1) in, one score (n, 1) out."""
    x = picture = layers.Input((8, 8, 1))
    for filters in (16, 32):
        x = layers.LeakyReLU(0.2)(layers.Conv2D(filters, 4, strides=2, padding="same")(x))
    return keras.Model(picture, layers.Dense(1)(layers.Dropout(0.3)(layers.Flatten()(x))))


def train(there, back, a, b, extra_loss, *, epochs=10, batch_size=25):
    """Trains `there` (a to b) and `back` (b to a), each against a critic of its own.

    The critics are trained towards 1 for real pictures and 0 for translated ones, by squared
    error; the generators towards 1 for theirs, plus `extra_loss(there, back, a, b)`. Returns the
    mean losses of generators and critics in each epoch.
    """
    critic_a, critic_b = critic(), critic()
    ours = there.trainable_variables + back.trainable_variables
    theirs = critic_a.trainable_variables + critic_b.trainable_variables
    steps = epochs * (min(len(a), len(b)) // batch_size)
    our_optimizer = _falling(0.006, steps, ours)
    their_optimizer = _falling(0.003, steps, theirs)

    @tf.function(autograph=False)
    def turn(a, b):
        with tf.GradientTape() as tape:
            as_b, as_a = there(a, training=True), back(b, training=True)
            believed = _off(critic_b(as_b, training=True), 1) + _off(
                critic_a(as_a, training=True), 1
            )
            our_loss = believed + extra_loss(there, back, a, b)
        our_optimizer.apply(tape.gradient(our_loss, ours), ours)
        with tf.GradientTape() as tape:
            real = _off(critic_b(b, training=True), 1) + _off(critic_a(a, training=True), 1)
            fake = _off(critic_b(as_b, training=True), 0) + _off(critic_a(as_a, training=True), 0)
            their_loss = real + fake
        their_optimizer.apply(tape.gradient(their_loss, theirs), theirs)
        return our_loss, their_loss

    rng, losses = np.random.default_rng(434), []
    for _ in range(epochs):
        batches = zip(_batches(a, batch_size, rng), _batches(b, batch_size, rng), strict=False)
        losses.append(np.mean([turn(*pair) for pair in batches], axis=0))
    drawing.row(there(a[:6]), back(b[:6]), title=translated("A → B, B → A"))
    return dict(zip(("generators", "critics"), np.transpose(losses).tolist(), strict=True))


def _falling(start, steps, variables):
    """An Adam optimizer whose learning rate falls along a cosine, ready for these variables."""
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(start, steps), beta_1=0.5
    )
    optimizer.build(variables)
    return optimizer


def _off(scores, target):
    """The mean squared distance of scores from 1 or 0."""
    return tf.reduce_mean(tf.square(scores - target))


def _batches(images, size, rng):
    """The pictures in random order, in whole batches."""
    whole = len(images) // size * size
    return np.split(images[rng.permutation(len(images))[:whole]], whole // size)
