"""Wrong solutions that students really hand in, trained for real: the check that catches each.

Right solutions, trained beside them, are met by the same checks. Small on purpose: a few CPU
seconds a training, thresholds with room for another machine.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from autograder import expect
from autograder.expect.generative import features
from autograder.expect.vision.boxes import suppressed
from tests.expect.trained import caught, wrong

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


# ── Segmentation ─────────────────────────────────────────────────────────────────────

SIZE = 24


def shapes(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, list[list[tuple[int, ...]]]]:
    """Noisy images with one to two shapes, class masks (1 disc, 2 square), boxes."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n, SIZE, SIZE, 1), "float32")
    masks = np.zeros((n, SIZE, SIZE), "int32")
    boxes: list[list[tuple[int, ...]]] = []
    yy, xx = np.mgrid[:SIZE, :SIZE]
    for i in range(n):
        images[i, ..., 0] = rng.uniform(0.0, 0.3)
        rows: list[tuple[int, ...]] = []
        for _ in range(int(rng.integers(1, 3))):
            kind, r = int(rng.integers(1, 3)), int(rng.integers(3, 6))
            cy, cx = (int(v) for v in rng.integers(r, SIZE - r, 2))
            disc = (yy - cy) ** 2 + (xx - cx) ** 2 <= r * r
            square = (abs(yy - cy) <= r) & (abs(xx - cx) <= r)
            shape = disc if kind == 1 else square
            if (masks[i][shape] > 0).any():
                continue
            images[i, shape, 0] = rng.uniform(0.6, 1.0)
            masks[i][shape] = kind
            rows.append((kind, cy - r, cx - r, cy + r + 1, cx + r + 1))
        boxes.append(rows)
    return images + rng.normal(0, 0.08, images.shape).astype("float32"), masks, boxes


def unet(skip: bool = True, momentum: float = 0.9) -> Any:
    import keras
    from keras import layers

    def block(x: Any, filters: int) -> Any:
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization(momentum=momentum)(x))
        return x

    i = keras.Input((SIZE, SIZE, 1))
    first = block(i, 8)
    second = block(layers.MaxPooling2D()(first), 16)
    bottom = block(layers.MaxPooling2D()(second), 32)
    up = layers.Conv2DTranspose(16, 2, strides=2)(bottom)
    up = block(layers.Concatenate()([up, second]) if skip else up, 16)
    up = layers.Conv2DTranspose(8, 2, strides=2)(up)
    up = block(layers.Concatenate()([up, first]) if skip else up, 8)
    return keras.Model(i, layers.Conv2D(3, 1, activation="softmax")(up))


SLOW_MOMENTUM = "BatchNorm with momentum 0.99 in a short run"
EPOCHS = {"one epoch of training": 1, SLOW_MOMENTUM: 3}


@cache
def segmenter(mistake: str = "") -> Any:
    import keras

    keras.utils.set_random_seed(0)
    images, masks, _ = shapes(300, 1)
    if mistake == "classes merged into one":
        masks = (masks > 0).astype("int32")
    if mistake == "masks shifted against the images":
        masks = np.roll(masks, 5, axis=2)
    model = unet(momentum=0.99 if mistake == SLOW_MOMENTUM else 0.9)
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    model.fit(images, masks, batch_size=16, epochs=EPOCHS.get(mistake, 8), verbose=0)
    return model


def test_a_right_unet_is_met() -> None:
    images, masks, _ = shapes(100, 2)
    answer = expect.predictions(segmenter(), images)
    expect.mean_iou(answer, masks, at_least=0.80, floor=0.60)
    expect.skip_connections(segmenter(), (24, 12))
    expect.loss_fits_output(segmenter())
    expect.gradient_reaches(segmenter(), images[:8], masks[:8])


@wrong("one epoch of training", "classes merged into one", "masks shifted against the images")
@pytest.mark.parametrize(
    "mistake",
    ["one epoch of training", "classes merged into one", "masks shifted against the images"],
)
def test_mean_iou_catches(mistake: str) -> None:
    images, masks, _ = shapes(100, 2)
    answer = expect.predictions(segmenter(mistake), images)
    verdict = caught(expect.mean_iou, answer, masks, at_least=0.80, floor=0.60)
    assert verdict.score is not None
    assert verdict.score < 0.7


@wrong("one epoch of training")
def test_one_epoch_looks_good_by_pixel_accuracy() -> None:
    images, masks, _ = shapes(100, 2)
    answer = expect.predictions(segmenter("one epoch of training"), images)
    expect.accuracy(answer.reshape(-1, 3), masks.reshape(-1), at_least=0.75)
    caught(expect.mean_iou, answer, masks, at_least=0.80)


@wrong("BatchNorm with momentum 0.99 in a short run")
def test_a_slow_batchnorm_is_caught_by_its_setting_and_by_mean_iou() -> None:
    images, masks, _ = shapes(100, 2)
    expect.layer_setting(segmenter(), "BatchNormalization", momentum=0.9)
    slow = segmenter(SLOW_MOMENTUM)
    caught(expect.layer_setting, slow, "BatchNormalization", momentum=0.9)
    caught(expect.mean_iou, expect.predictions(slow, images), masks, at_least=0.80)


@wrong("a U-Net without skip connections")
def test_a_unet_without_skips_is_caught_by_its_graph() -> None:
    assert caught(expect.skip_connections, unet(skip=False), (24, 12)).credit == 0.0


# ── Detection ────────────────────────────────────────────────────────────────────────

GRID = 6
CELL = SIZE / GRID


def encoded(boxes: list[list[tuple[int, ...]]]) -> np.ndarray:
    target = np.zeros((len(boxes), GRID, GRID, 7), "float32")
    for i, rows in enumerate(boxes):
        for kind, y1, x1, y2, x2 in rows:
            cy, cx = (y1 + y2) / 2, (x1 + x2) / 2
            gy, gx = int(cy // CELL), int(cx // CELL)
            target[i, gy, gx, :5] = (
                1,
                cy / CELL - gy,
                cx / CELL - gx,
                (y2 - y1) / SIZE,
                (x2 - x1) / SIZE,
            )
            target[i, gy, gx, 4 + kind] = 1
    return target


@cache
def detector() -> Any:
    import keras
    from keras import layers, ops

    keras.utils.set_random_seed(0)
    i = keras.Input((SIZE, SIZE, 1))
    x = i
    for filters in (12, 24):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    model = keras.Model(i, layers.Conv2D(7, 1, activation="sigmoid")(x))

    def loss(true: Any, answer: Any) -> Any:
        there = true[..., 0]
        object_ = ops.binary_crossentropy(there, answer[..., 0])
        rest = ops.sum(ops.square(true[..., 1:] - answer[..., 1:]), -1)
        return ops.mean(ops.sum(object_ + 5 * there * rest, axis=(1, 2)))

    images, _, boxes = shapes(700, 3)
    model.compile(keras.optimizers.Adam(4e-3), loss)
    model.fit(images, encoded(boxes), batch_size=32, epochs=14, verbose=0)
    return model


def decoded(
    answers: np.ndarray, *, offset: bool = True, swap: bool = False, nms: bool = True
) -> Any:
    found = []
    for answer in answers:
        rows = []
        for gy, gx in zip(*np.where(answer[..., 0] > 0.1), strict=True):
            score, dy, dx, h, w, *classes = answer[gy, gx]
            cy, cx = ((gy + dy) * CELL, (gx + dx) * CELL) if offset else (dy * CELL, dx * CELL)
            box = (cy - h * SIZE / 2, cx - w * SIZE / 2, cy + h * SIZE / 2, cx + w * SIZE / 2)
            box = (box[1], box[0], box[3], box[2]) if swap else box
            rows.append((1 + int(np.argmax(classes)), float(score), box))
        if nms and rows:
            kept = suppressed(np.array([r[2] for r in rows]), np.array([r[1] for r in rows]), 0.5)
            rows = [rows[i] for i in kept]
        found.append(rows)
    return found


@wrong("boxes decoded without the offset of their cell", "x and y exchanged in boxes")
def test_a_right_detector_is_met_and_its_decoding_mistakes_are_caught() -> None:
    images, _, boxes = shapes(120, 4)
    answers = expect.predictions(detector(), images)
    right = expect.mean_average_precision(decoded(answers), boxes, at_least=0.60)
    assert right.met
    no_offset = decoded(answers, offset=False)
    assert caught(expect.mean_average_precision, no_offset, boxes, at_least=0.60).credit < 0.3
    swapped = decoded(answers, swap=True)
    assert caught(expect.mean_average_precision, swapped, boxes, at_least=0.60).credit < 0.8


@wrong("no suppression of overlapping boxes")
def test_a_missing_suppression_costs_little_map_and_is_caught_by_nms() -> None:
    images, _, boxes = shapes(120, 4)
    answers = expect.predictions(detector(), images)
    scores = [
        expect.mean_average_precision(decoded(answers, nms=n), boxes, at_least=0.05).score
        for n in (True, False)
    ]
    assert scores[0] is not None
    assert scores[1] is not None
    assert scores[1] > scores[0] - 0.15  # the metric alone hardly sees it
    cases = [(np.array([[0, 0, 8, 8], [0, 1, 8, 9.0]]), np.array([0.9, 0.8]))]
    caught(expect.nms, lambda b, s, t: list(range(len(b))), cases)


# ── Generated digits ─────────────────────────────────────────────────────────────────


@cache
def real_digits() -> np.ndarray:
    return (load_digits().images / 8 - 1).astype("float32")[..., None]


@cache
def generator(mistake: str = "", epochs: int = 8) -> Any:
    import keras
    import tensorflow as tf
    from keras import layers

    keras.utils.set_random_seed(0)
    last = "sigmoid" if mistake == "sigmoid" else "tanh"
    g = keras.Sequential(
        [
            keras.Input((16,)),
            layers.Dense(2 * 2 * 48, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(0.2),
            layers.Reshape((2, 2, 48)),
            layers.Conv2DTranspose(24, 4, 2, "same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(0.2),
            layers.Conv2DTranspose(1, 4, 2, "same", activation=last),
        ]
    )
    d = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(24, 4, 2, "same"),
            layers.LeakyReLU(0.2),
            layers.Dropout(0.3),
            layers.Conv2D(48, 4, 2, "same"),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    og, od = keras.optimizers.Adam(1e-3, beta_1=0.5), keras.optimizers.Adam(5e-4, beta_1=0.5)
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    scale = 0.0 if mistake == "constant z" else 1.0
    wanted = tf.zeros_like if mistake == "wrong sign" else tf.ones_like

    @tf.function
    def step(real: Any) -> None:
        z = tf.random.normal((tf.shape(real)[0], 16)) * scale
        with tf.GradientTape() as tape:
            a, b = d(real, training=True), d(g(z, training=True), training=True)
            loss = bce(tf.ones_like(a) * 0.9, a) + bce(tf.zeros_like(b), b)
        od.apply_gradients(
            zip(tape.gradient(loss, d.trainable_variables), d.trainable_variables, strict=True)
        )
        with tf.GradientTape() as tape:
            b = d(g(z, training=True), training=True)
            loss = bce(wanted(b), b)
        og.apply_gradients(
            zip(tape.gradient(loss, g.trainable_variables), g.trainable_variables, strict=True)
        )

    data = (
        tf.data.Dataset.from_tensor_slices(real_digits())
        .shuffle(1797, seed=0)
        .batch(64, drop_remainder=True)
    )
    for _ in range(epochs):
        for batch in data:
            step(batch)
    return g, d


NOISE = np.random.default_rng(9).normal(size=(600, 16)).astype("float32")


def test_an_honest_gan_is_met() -> None:
    g, d = generator(epochs=40)
    made = expect.predictions(g, NOISE)
    expect.generator_output(g, NOISE[:32], (None, 8, 8, 1))
    expect.feature_distance(made, real_digits(), at_most=60)
    expect.diverse(made, real_digits(), kinds=7)
    expect.not_copied(made, real_digits())
    real, fake = (expect.predictions(d, x[:300]) for x in (real_digits(), made))
    expect.balanced_fight(real, fake, at_least=0.45, at_most=0.9)


@wrong(
    "GAN: the same z for every image",
    "GAN: the wrong sign in the generator's step",
    "GAN: sigmoid output for images in [-1, 1]",
)
@pytest.mark.parametrize("mistake", ["constant z", "wrong sign", "sigmoid"])
def test_feature_distance_catches(mistake: str) -> None:
    made = expect.predictions(generator(mistake)[0], NOISE * (mistake != "constant z"))
    verdict = caught(expect.feature_distance, made, real_digits(), at_most=60)
    assert verdict.score is not None
    assert verdict.score > 120


@wrong("GAN: the same z for every image")
def test_constant_noise_is_one_kind_only() -> None:
    made = expect.predictions(generator("constant z")[0], NOISE * 0)
    assert caught(expect.diverse, made, real_digits()).credit < 0.2


@wrong("GAN: sigmoid output for images in [-1, 1]")
def test_sigmoid_images_do_not_reach_the_range_of_the_real_ones() -> None:
    caught(
        expect.generator_output, lambda z: np.full((len(z), 8, 8, 1), 0.5), NOISE, (None, 8, 8, 1)
    )
    made = expect.predictions(generator("sigmoid")[0], NOISE)
    caught(expect.in_range, -made, 0, 1)


@wrong("GAN: images copied from the training set")
def test_copied_images_have_the_better_distance_and_are_caught() -> None:
    copies = real_digits()[np.random.default_rng(0).integers(0, 1400, 600)]
    honest = expect.predictions(generator(epochs=40)[0], NOISE)
    distances = [
        features.frechet_distance(
            features.digit_features(x), features.digit_features(real_digits())
        )
        for x in (copies, honest)
    ]
    assert distances[0] < distances[1]
    assert caught(expect.not_copied, copies, real_digits()).message.values["copies"] == "100"


@cache
def translators(mistake: str = "") -> Any:
    """Light digits to dark ones and back, trained with and without each part of the loss."""
    import keras
    import tensorflow as tf
    from keras import layers

    keras.utils.set_random_seed(0)

    def net() -> Any:
        convs = [layers.Conv2D(16, 3, padding="same", activation="relu") for _ in range(2)]
        last = layers.Conv2D(1, 3, padding="same", activation="tanh")
        return keras.Sequential([keras.Input((8, 8, 1)), *convs, last])

    def critic() -> Any:
        return keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(16, 4, 2, "same"),
                layers.LeakyReLU(0.2),
                layers.Flatten(),
                layers.Dense(1),
            ]
        )

    a, b = real_digits()[:800], -real_digits()[800:1600]
    g, f, da, db = net(), net(), critic(), critic()
    gv, dv = (
        g.trainable_variables + f.trainable_variables,
        da.trainable_variables + db.trainable_variables,
    )
    og, od = keras.optimizers.Adam(2e-3, beta_1=0.5), keras.optimizers.Adam(1e-3, beta_1=0.5)
    og.build(gv)
    od.build(dv)
    cycle, fight = (
        (0.0 if mistake == "no cycle" else 10.0),
        (0.0 if mistake == "no critic" else 1.0),
    )

    def off(x: Any, target: float) -> Any:
        return tf.reduce_mean((x - target) ** 2)

    @tf.function
    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            fy, fx = g(x), f(y)
            back = tf.reduce_mean(tf.abs(f(fy) - x)) + tf.reduce_mean(tf.abs(g(fx) - y))
            loss = fight * (off(db(fy), 1.0) + off(da(fx), 1.0)) + cycle * back
        og.apply_gradients(zip(tape.gradient(loss, gv), gv, strict=True))
        with tf.GradientTape() as tape:
            loss = off(db(y), 1.0) + off(db(fy), 0.0) + off(da(x), 1.0) + off(da(fx), 0.0)
        od.apply_gradients(zip(tape.gradient(loss, dv), dv, strict=True))

    rng = np.random.default_rng(0)
    for _ in range(25):
        p, q = rng.permutation(800), rng.permutation(800)
        for i in range(0, 800, 50):
            step(a[p[i : i + 50]], b[q[i : i + 50]])
    return g, f


@wrong("CycleGAN: no cycle loss", "CycleGAN: no critic")
def test_a_right_cycle_is_met_and_a_missing_part_of_the_loss_is_caught() -> None:
    a, b = real_digits()[1600:], -real_digits()[1600:]
    g, f = translators()
    expect.cycle_back(g, f, a, b, at_most=0.15)
    expect.really_translated(g.predict(a, verbose=0), features.is_inverted_digit, at_least=0.9)
    g, f = translators("no cycle")
    caught(expect.cycle_back, g, f, a, b, at_most=0.15)
    g, f = translators("no critic")  # low cycle error, and nothing is translated
    expect.cycle_back(g, f, a, b, at_most=0.15)
    made = g.predict(a, verbose=0)
    caught(expect.really_translated, made, features.is_inverted_digit, at_least=0.9)
