"""Checks of generated images: shape, variety, novelty and realism."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograder.expect import coerce, pictures
from autograder.expect.coerce import Array
from autograder.expect.generative import features
from autograder.expect.models import parts
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, linear_credit

HALF = 0.5
QUARTER = 0.25
NO_SPREAD = 0.01  # share of the real spread below which the samples are one image
Features = Callable[[Array], Array]


def as_images(samples: Any, like: Array, name: str = "the samples") -> Array:
    """Return samples as floats shaped like the real images; a missing channel axis is added."""
    found = coerce.floats(samples, name)
    if found.ndim == like.ndim + 1 and found.shape[-1] == 1:
        found = found[..., 0]
    if found.ndim == like.ndim - 1 and like.shape[-1] == 1:
        found = found[..., None]
    if found.shape[1:] != like.shape[1:] or len(found) < 2:
        raise coerce.wrong_shape(found.shape, (None, *like.shape[1:]), name)
    return found


def real_images(real: Any) -> Array:
    """Return the author's real images as floats. Raises WrongSetting if there are too few."""
    want = np.asarray(real, dtype=np.float64)
    if want.ndim < 3 or len(want) < 2 or not np.isfinite(want).all():
        raise WrongSetting("real images have the shape (n, h, w[, c]) and are finite")
    return want


@check
def generator_output(
    generator: Any, noise: Any, want: Sequence[int | None], *, low: float = -1.0, high: float = 1.0
) -> Verdict:
    """Check that the generator turns noise into images of this shape and range, and uses the noise.

    The range must be used too: the images span at least a quarter of it and lie on both sides of
    its middle. Partial credit: a quarter each for shape, finite numbers, range, and images that
    differ.

    Catches: sigmoid for images in [-1, 1], noise that is ignored, a constant image.
    Blind to: the content of the images.
    """
    batch = np.asarray(noise)
    answer = parts.predictions(generator, batch, name="the generator")
    found = answer[0] if isinstance(answer, list) else answer
    shape_right = coerce.fits(found.shape, want) and found.dtype.kind in "biuf"
    shape_right = shape_right and len(found) == len(batch)
    finite = found.dtype.kind in "biuf" and found.size > 0 and bool(np.isfinite(found).all())
    smallest = float(found.min()) if finite else float("nan")
    largest = float(found.max()) if finite else float("nan")
    slack = 1e-6 * (high - low)
    inside = finite and low - slack <= smallest and largest <= high + slack
    in_range = inside and largest - smallest >= QUARTER * (high - low)
    in_range = in_range and smallest < (low + high) / 2 < largest
    differs = finite and len(found) > 1 and float(np.ptp(found, axis=0).max()) > 1e-4
    right = shape_right + finite + in_range + differs
    return decide(
        right * QUARTER,
        expected="images {want} between {low} and {high}, another for each noise",
        got="{found} between {smallest} and {largest}"
        if differs or not finite
        else "the same image for every noise",
        next="tanh gives [-1, 1]; scale the real images the same way, and use the noise alone.",
        picture=partial(pictures.grid, found, low, high) if shape_right and finite else None,
        want=tuple(want),
        low=low,
        high=high,
        found=found.shape,
        smallest=smallest,
        largest=largest,
    )


@check
def diverse(
    samples: Any,
    real: Any,
    *,
    kinds: int = 8,
    spread: float = 0.5,
    low: float = -1.0,
    high: float = 1.0,
    classify: Features | None = None,
) -> Verdict:
    """Check that the samples are of many kinds and spread as widely as real images.

    Kinds: classes that hold at least 2 % of the samples, by the shipped digit network or by
    `classify(images) -> class numbers`. Spread: mean distance of two samples, as a share of that of
    real images. Partial credit: a half each, linear.

    Catches: mode collapse, constant noise.
    Blind to: the look of the images (noise is diverse too); add `feature_distance`.
    """
    want = real_images(real)
    found = as_images(samples, want)
    classes = classify(found) if classify else features.digit_classes(found, low, high)
    counts = np.bincount(np.asarray(classes, dtype=np.int64))
    n_kinds = int((counts >= 0.02 * len(found)).sum())
    share = features.mean_pair_distance(found) / features.mean_pair_distance(want)
    halves = (
        linear_credit(n_kinds, at_least=kinds, partial_from=1),
        linear_credit(share, at_least=spread, partial_from=0.0),
    )
    return decide(
        sum(halves) * HALF,
        expected="at least {want} kinds of image, spread at least {want_spread} of the real spread",
        got="{kinds} kinds; spread {spread} of the real spread",
        next="This is mode collapse: weaken the discriminator, or add dropout to it."
        if share > NO_SPREAD
        else "Every image is the same one: draw new noise for each.",
        score=float(n_kinds),
        picture=partial(pictures.grid, found, low, high),
        want=kinds,
        want_spread=spread,
        kinds=n_kinds,
        spread=round(share, 2),
    )


@check
def not_copied(samples: Any, training: Any, *, at_least: float = 0.05) -> Verdict:
    """Check that no sample is a training image: the nearest one is at least this far away.

    Distance: root mean squared difference per pixel, in the images' own units.

    >>> train = np.arange(8.0).reshape(2, 2, 2)
    >>> not_copied(train, train)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: new images
    Got: 100 % are training images (the nearest is 0 away)
    Next: The generator may see only noise.

    Catches: submitted training images, which have a better feature distance than honest ones.
    Blind to: copies with noise on them or shifted by a pixel.
    """
    want = real_images(training)
    found = as_images(samples, want)
    nearest = features.nearest_rms(found, want)
    copies = float((nearest < at_least).mean())
    return decide(
        copies == 0.0,
        expected="new images",
        got="{copies} % are training images (the nearest is {nearest} away)",
        next="The generator may see only noise.",
        score=float(nearest.min()),
        copies=round(100 * copies, 1),
        nearest=float(nearest.min()),
    )


@check
def feature_distance(
    samples: Any,
    real: Any,
    *,
    at_most: float,
    partial_from: float | None = None,
    low: float = -1.0,
    high: float = 1.0,
    extract: Features | None = None,
) -> Verdict:
    """Check that the Fréchet distance between samples and real images is at most `at_most`.

    Features: 32 numbers per image by the shipped digit network, or `extract(images) -> (n, d)`.
    With fewer than about 500 samples the distance is too large by chance. Partial credit: linear in
    its logarithm from `partial_from` (an untrained generator).

    Catches: too little training, a wrong sign or range (distances of hundreds).
    Blind to: submitted training images (distance 0.5, honest ones 5 to 12); add `not_copied`.
    """
    if not at_most > 0:
        raise WrongSetting("at_most= must be above 0")
    want = real_images(real)
    found = as_images(samples, want)
    seen = [
        np.asarray(extract(x) if extract else features.digit_features(x, low, high), dtype=float)
        for x in (found, want)
    ]
    distance = features.frechet_distance(*seen)
    start = None if partial_from is None else float(np.log(partial_from))
    return decide(
        linear_credit(
            float(np.log(max(distance, 1e-12))), at_most=float(np.log(at_most)), partial_from=start
        ),
        expected="a feature distance of at most {want}",
        got="{found}",
        next="Train longer, and look at 16 samples every 10 epochs.",
        score=distance,
        picture=partial(pictures.grid, found, low, high),
        want=at_most,
        found=distance,
    )


@check
def really_translated(
    translated: Any,
    domain: Callable[[Array], Array],
    *,
    at_least: float,
    partial_from: float | None = None,
) -> Verdict:
    """Check that enough translated images belong to the other domain, by `domain(images) -> bools`.

    Catches: a generator that returns its input, which has no cycle error at all.
    Blind to: lost content of each image; add `cycle_back`.
    """
    found = coerce.floats(translated, "the translated images")
    if found.ndim < 3:
        raise coerce.wrong_shape(found.shape, (None, None, None), "the translated images")
    judged = np.asarray(domain(found)).astype(bool)
    share = float(judged.mean())
    return decide(
        linear_credit(share, at_least=at_least, partial_from=partial_from),
        expected="{want} % of the translated images look like the other domain",
        got="{found} %",
        next="A low cycle error alone is not enough: the generator may be doing nothing.",
        score=share,
        want=round(100 * at_least, 1),
        found=round(100 * share, 1),
    )
