"""Checks of noise: distance of images from clean ones, and removal of noise."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from autograder.expect import coerce, pictures
from autograder.expect.coerce import Array
from autograder.expect.verdict import Verdict, check, decide, linear_credit

SSIM_WINDOW = 7


def squared_error(a: Array, b: Array) -> float:
    """Return the mean squared difference over all elements."""
    return float(((a - b) ** 2).mean())


def signal_to_noise(image: Array, clean: Array, span: float = 1.0) -> float:
    """Return the peak signal-to-noise ratio, 10 log10(span² / MSE), in dB; infinite if equal.

    Equals skimage.metrics.peak_signal_noise_ratio with data_range=span.
    """
    error = squared_error(image, clean)
    return math.inf if error == 0 else 10 * math.log10(span**2 / error)


def structural_similarity(a: Array, b: Array, span: float = 1.0) -> float:
    """Return the mean SSIM of two images (h, w), Wang et al. 2004, in a uniform window of 7 pixels.

    Equals skimage.metrics.structural_similarity with data_range=span: sample covariance, a border
    of half a window left out. Images smaller than the window count as one window.
    """
    size = min(SSIM_WINDOW, *a.shape)
    views = [np.lib.stride_tricks.sliding_window_view(x, (size, size)) for x in (a, b)]
    flat = [v.reshape(*v.shape[:2], -1) for v in views]
    means = [f.mean(axis=-1) for f in flat]
    n = size * size
    variances = [f.var(axis=-1) * n / (n - 1) for f in flat]
    product = (flat[0] * flat[1]).mean(axis=-1)
    covariance = (product - means[0] * means[1]) * n / (n - 1)
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    top = (2 * means[0] * means[1] + c1) * (2 * covariance + c2)
    bottom = (means[0] ** 2 + means[1] ** 2 + c1) * (variances[0] + variances[1] + c2)
    return float((top / bottom).mean())


def pair(value: Any, truth: Any, name: str) -> tuple[Array, Array]:
    """Return a student's and the true images as floats of one shape; a channel axis of 1 is
    optional.
    """
    want = np.asarray(truth, dtype=np.float64)
    found = coerce.floats(value, name)
    if found.shape != want.shape and want.shape in ((*found.shape, 1), found.shape[:-1]):
        found = found.reshape(want.shape) if found.size == want.size else found
    if found.shape != want.shape:
        raise coerce.wrong_shape(found.shape, want.shape, name)
    return found, want


@check
def psnr(
    images: Any,
    clean: Any,
    *,
    at_least: float,
    partial_from: float | None = None,
    span: float = 1.0,
) -> Verdict:
    """Check that the images' PSNR (peak signal-to-noise ratio) is at least `at_least` dB.

    >>> psnr(np.zeros((1, 2, 2)), np.ones((1, 2, 2)), at_least=20)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: at least 20 dB
    Got: 0 dB
    Next: Look at one image beside its clean one.

    Catches: blurred or shifted images.
    Blind to: perceived quality; SSIM reflects more of it.
    """
    found, want = pair(images, clean, "the images")
    score = min(signal_to_noise(found, want, span), 100.0)
    return decide(
        linear_credit(score, at_least=at_least, partial_from=partial_from),
        expected="at least {want} dB",
        got="{found} dB",
        next="Look at one image beside its clean one.",
        score=score,
        want=at_least,
        found=score,
    )


@check
def denoises(
    denoised: Any,
    noisy: Any,
    clean: Any,
    *,
    at_least: float,
    partial_from: float = 0.0,
    span: float = 1.0,
) -> Verdict:
    """Check that noise was removed: PSNR gain in dB over the noisy images, and SSIM not lower.

    SSIM is the mean over the first 50 images. Partial credit: linear in the gain; a lower SSIM
    halves it.

    Catches: input and target exchanged, a network that returns its input, blurring.
    Blind to: noise of another kind than the one drawn here.
    """
    found, want = pair(denoised, clean, "the denoised images")
    before, _ = pair(noisy, clean, "the noisy images")
    psnrs = [min(signal_to_noise(x, want, span), 100.0) for x in (before, found)]
    gain = psnrs[1] - psnrs[0]
    similar = [mean_similarity(x, want, span) for x in (before, found)]
    credit = linear_credit(gain, at_least=at_least, partial_from=partial_from)
    clearer = similar[1] >= similar[0]
    return decide(
        credit if clearer else credit / 2,
        expected="at least {want} dB better than the noisy images, and SSIM not lower",
        got="{gain} dB ({before} → {after}), SSIM {similar_before} → {similar_after}",
        next="The input is the noisy image, the target is the clean one.",
        score=gain,
        picture=partial(pictures.grid, found, 0.0, span),
        want=at_least,
        gain=gain,
        before=psnrs[0],
        after=psnrs[1],
        similar_before=similar[0],
        similar_after=similar[1],
    )


def mean_similarity(images: Array, clean: Array, span: float, most: int = 50) -> float:
    """Return the mean SSIM of the first images (n, h, w[, 1]); 0 for other shapes."""
    flat = [x[..., 0] if x.ndim == 4 and x.shape[-1] == 1 else x for x in (images, clean)]
    if flat[0].ndim != 3 or min(flat[0].shape[1:]) < 2:
        return 0.0
    return float(
        np.mean([structural_similarity(a, b, span) for a, b in zip(*flat, strict=True)][:most])
    )
