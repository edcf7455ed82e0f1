"""A GAN: one network makes pictures up, another tells them from real ones, and both learn."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import drawing
from autograder import translated

NOISE = 16  # how many random numbers a generator gets for one picture


@dataclass(eq=False)
class Gan:
    """The two networks, and an optimizer for each.

    The discriminator learns half as fast. The generator's optimizer also keeps a running average
    of its weights: the adversaries chase each other in circles, and the middle of a circle is a
    better place than any point on it.
    """

    generator: keras.Model
    discriminator: keras.Model

    def __post_init__(self):
        self.generator_optimizer = keras.optimizers.Adam(
            0.003, beta_1=0.5, use_ema=True, ema_momentum=0.98
        )
        self.discriminator_optimizer = keras.optimizers.Adam(0.0015, beta_1=0.5)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)


def noise(n):
    """Returns fresh noise (n, 16) from the normal distribution, as a tensor."""
    return tf.random.normal((n, NOISE))


def fight(gan, images, discriminator_step, generator_step, *, epochs, batch_size=64, show_every=10):
    """Trains both networks in turns, and returns their mean losses in each epoch.

    Each batch of real pictures means one step of the discriminator and one of the generator, both
    with fresh noise. In the end you see what became of the same noise every `show_every` epochs.
    """

    @tf.function(autograph=False)  # both steps become one graph, which runs many times as fast
    def turn(real):
        judged = discriminator_step(gan, real, noise(batch_size))
        forged = generator_step(gan, noise(batch_size))
        return judged, forged

    rng, always = np.random.default_rng(434), noise(12)
    losses, seen = [], []
    for epoch in range(1, epochs + 1):
        shuffled = images[rng.permutation(len(images))]
        whole = len(images) // batch_size * batch_size
        turns = [turn(batch) for batch in np.split(shuffled[:whole], whole // batch_size)]
        losses.append(np.mean(turns, axis=0))
        if epoch % show_every == 0:
            seen.extend(np.asarray(gan.generator(always)))
    gan.generator_optimizer.finalize_variable_values(gan.generator.trainable_variables)
    if seen:
        title = translated("the same noise, every {n} epochs")
        drawing.sheet(seen, columns=12, title=title.format(n=show_every))
    return dict(zip(("discriminator", "generator"), np.transpose(losses).tolist(), strict=True))


def tryout():
    """Returns a `Gan` of two tiny networks, to try a step on before it is used in earnest."""
    return Gan(
        keras.Sequential(
            [
                layers.Input((NOISE,)),
                layers.Dense(16, activation="relu"),
                layers.Dense(64, activation="tanh"),
                layers.Reshape((8, 8, 1)),
            ]
        ),
        keras.Sequential(
            [
                layers.Input((8, 8, 1)),
                layers.Flatten(),
                layers.Dense(16, activation="relu"),
                layers.Dense(1),
            ]
        ),
    )
