"""Wrong solutions in transfer learning and in the steps of a GAN, trained for real."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from autograder import expect
from tests.expect.trained import caught, wrong

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

SIZE = 16


def drawing(kind: int, rng: Any) -> np.ndarray:
    """One noisy picture: 0-5 to learn from, 6-9 new ones made of the same strokes."""
    strokes = ((0,), (1,), (2,), (3,), (0, 1), (2, 3), (0, 2), (1, 2), (0, 3), (1, 3))[kind]
    y, x = np.mgrid[:SIZE, :SIZE] - rng.integers(5, 11, (2, 1, 1))
    lines = (np.abs(y), np.abs(x), np.abs(y - x), np.abs(y + x))
    near = np.max([(lines[s] <= 1) & (np.maximum(abs(y), abs(x)) <= 4) for s in strokes], axis=0)
    return near * rng.uniform(0.6, 1.0) + rng.normal(0, 0.15, (SIZE, SIZE))


def pictures(kinds: range, each: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(kinds)), each)
    images = np.stack([drawing(kinds[label], rng) for label in labels])[..., None]
    return images.astype("float32"), labels


def base() -> Any:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 1)),
            layers.Conv2D(12, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(24, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
        ],
        name="base",
    )


@cache
def pretrained() -> list[np.ndarray]:
    import keras

    keras.utils.set_random_seed(0)
    inner = base()
    model = keras.Sequential([inner, keras.layers.Dense(6, "softmax")])
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    model.fit(*pictures(range(6), 150, 1), epochs=15, batch_size=32, verbose=0)
    weights: list[np.ndarray] = inner.get_weights()
    return weights


@cache
def transferred(mistake: str = "") -> Any:
    """A head on the base, trained on six pictures of each of four new kinds."""
    import keras

    keras.utils.set_random_seed(1)
    inner = base()
    if mistake != "never loaded":
        inner.set_weights(pretrained())
    inner.trainable = mistake in ("not frozen", "after compile")
    model = keras.Sequential([inner, keras.layers.Dense(4, "softmax")])
    model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    if mistake == "after compile":
        model.train_on_batch(*pictures(range(6, 10), 1, 9))  # fit() had been tried once before
        inner.trainable = False
    model.fit(*pictures(range(6, 10), 6, 2), epochs=40, batch_size=8, verbose=0)
    return model


def right(mistake: str = "") -> float:
    images, labels = pictures(range(6, 10), 50, 3)
    answers = expect.predictions(transferred(mistake), images).argmax(axis=1)
    return float((answers == labels).mean())


def test_a_right_transfer_is_met() -> None:
    images, labels = pictures(range(6, 10), 50, 3)
    model = transferred()
    answers = expect.predictions(model, images)
    expect.transfer_gain(answers, labels, at_least=0.6, scratch=right("never loaded"))
    expect.frozen(model, "base", images[:8], labels[:8], before=pretrained())


@wrong("freezing after compile()")
def test_freezing_after_compile_is_caught_by_movement_and_not_by_the_flag() -> None:
    late = transferred("after compile")
    assert not late.get_layer("base").trainable  # the flag says frozen
    assert right("after compile") > 0.5  # and the answers look fine
    caught(expect.frozen, late, "base", before=pretrained())


@wrong("a base that was not frozen")
def test_a_base_trained_along_is_caught() -> None:
    images, labels = pictures(range(6, 10), 4, 4)
    model = transferred("not frozen")
    caught(expect.frozen, model, "base", images, labels)
    caught(expect.frozen, model, "base", before=pretrained())


@wrong("a base whose weights were never loaded")
def test_a_base_whose_weights_were_never_loaded_is_caught() -> None:
    images, labels = pictures(range(6, 10), 50, 3)
    model = transferred("never loaded")
    expect.frozen(model, "base", images[:8], labels[:8])  # frozen it is
    answers = expect.predictions(model, images)
    caught(expect.transfer_gain, answers, labels, at_least=0.6, scratch=right("never loaded"))
    caught(expect.frozen, model, "base", before=pretrained())


# ── One step of the generator ────────────────────────────────────────────────────────


@wrong("GAN: the wrong sign in the generator's step")
@pytest.mark.parametrize("label", [1.0, 0.0])
def test_a_generator_step_is_met_only_if_it_calls_its_fakes_real(label: float) -> None:
    import keras
    import tensorflow as tf
    from keras import layers

    keras.utils.set_random_seed(0)
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(16, "relu"), layers.Dense(8)])
    critic = keras.Sequential([keras.Input((8,)), layers.Dense(16, "relu"), layers.Dense(1)])
    optimizer = keras.optimizers.Adam(1e-3)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    noise = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")

    def step(batch: Any) -> None:
        with tf.GradientTape() as tape:
            judged = critic(generator(noise[: len(batch)]))
            cost = loss(tf.fill(tf.shape(judged), label), judged)
        gradients = tape.gradient(cost, generator.trainable_variables)
        optimizer.apply_gradients(zip(gradients, generator.trainable_variables, strict=True))

    real = np.ones((64, 8), "float32")
    if label:
        expect.generator_step_helps(step, real, generator, critic, noise)
    else:
        caught(expect.generator_step_helps, step, real, generator, critic, noise)
