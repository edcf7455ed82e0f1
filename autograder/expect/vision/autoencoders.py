"""Checks of autoencoders: what they rebuild, the code between, noise removed, anomalies found."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from autograder.expect import pictures, read
from autograder.expect.models import parts
from autograder.expect.read import Array
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, linear_credit, msgid

THIRD = 1 / 3
SSIM_WINDOW = 7


# ── Numbers ──────────────────────────────────────────────────────────────────────────


def squared_error(a: Array, b: Array) -> float:
    """Mean squared difference over all elements."""
    return float(((a - b) ** 2).mean())


def signal_to_noise(image: Array, clean: Array, span: float = 1.0) -> float:
    """Peak signal-to-noise ratio in dB: 10 log10(span² / MSE); infinite for equal images.

    As skimage.metrics.peak_signal_noise_ratio with data_range=span.
    """
    error = squared_error(image, clean)
    return math.inf if error == 0 else 10 * math.log10(span**2 / error)


def structural_similarity(a: Array, b: Array, span: float = 1.0) -> float:
    """Mean SSIM of two images (h, w), Wang et al. 2004, in a uniform window of 7 pixels.

    As skimage.metrics.structural_similarity with data_range=span: sample covariance, the border
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


def auroc(scores: Array, labels: Array) -> float:
    """Area under the ROC curve: the chance that an anomaly scores above a normal one (ties half).

    Mann-Whitney U / (n₁ n₀), as sklearn.metrics.roc_auc_score.

    >>> auroc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
    0.75
    """
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positive = labels.astype(bool)
    n1, n0 = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def f1(predicted: Array, labels: Array) -> float:
    """2 TP / (2 TP + FP + FN) of boolean arrays; 0 if nothing is right."""
    hits = int((predicted & labels).sum())
    size = int(predicted.sum()) + int(labels.sum())
    return 2 * hits / size if size else 0.0


# ── Checks ───────────────────────────────────────────────────────────────────────────


def pair(value: Any, truth: Any, name: str) -> tuple[Array, Array]:
    """A student's images and the true ones as floats of one shape; a channel axis of 1 may lack."""
    want = np.asarray(truth, dtype=np.float64)
    found = read.floats(value, name)
    if found.shape != want.shape and want.shape in ((*found.shape, 1), found.shape[:-1]):
        found = found.reshape(want.shape) if found.size == want.size else found
    if found.shape != want.shape:
        raise read.wrong_shape(found.shape, want.shape, name)
    return found, want


@check
def reconstructs(
    reconstructed: Any,
    images: Any,
    *,
    at_most: float,
    mean_image: Any = None,
    partial_from: float = 1.0,
) -> Verdict:
    """Whether the error of rebuilt images is at most `at_most` times that of the mean image.

    Mean squared error; `mean_image` (h, w[, c]) of the training images, or of these. Partial
    credit: linear in the ratio.

    >>> images = np.array([[[0.0]], [[1.0]]])
    >>> reconstructs(np.full((2, 1, 1), 0.5), images, at_most=0.3)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: an error of at most 0.075 (the mean image: 0.25)
    Got: 0.25, 1 times the mean image's
    Next: Use a sigmoid output for images in [0, 1], and train on x → x.

    Catches: an output that cannot reach the images' range, a decoder that learnt the mean.
    Blind to: a path around the code: use `latent_size`.
    """
    found, want = pair(reconstructed, images, "the rebuilt images")
    mean = want.mean(axis=0) if mean_image is None else np.asarray(mean_image, dtype=np.float64)
    baseline = squared_error(np.broadcast_to(mean.reshape(want.shape[1:]), want.shape), want)
    if baseline == 0:
        raise WrongSetting("the images are all the same")
    error = squared_error(found, want)
    return decide(
        linear_credit(error / baseline, at_most=at_most, partial_from=partial_from),
        expected="an error of at most {want} (the mean image: {baseline})",
        got="{found}, {ratio} times the mean image's",
        next="Use a sigmoid output for images in [0, 1], and train on x → x.",
        score=error / baseline,
        picture=partial(pictures.grid, found, float(want.min()), float(want.max())),
        want=at_most * baseline,
        baseline=baseline,
        found=error,
        ratio=error / baseline,
    )


@check
def latent_size(
    encoder: Any, decoder: Any, autoencoder: Any, images: Any, size: int, *, atol: float = 1e-4
) -> Verdict:
    """Whether the code has `size` numbers per image, and the whole is decoder(encoder(x)).

    Partial credit: a third each for the code's shape, the rebuilt shape, and the equality.

    Catches: a code of another size, a path around the code, three models that share no weights.
    Blind to: a code that holds nothing: use `reconstructs`.
    """
    batch = np.asarray(images)
    code = parts.one_answer(encoder, batch, name="the encoder")
    whole = parts.one_answer(autoencoder, batch, name="the autoencoder")
    code_right = code.shape == (len(batch), size)
    shape_right = whole.reshape(len(whole), -1).shape == batch.reshape(len(batch), -1).shape
    rebuilt = parts.one_answer(decoder, code.astype("float32"), name="the decoder")
    same = rebuilt.shape == whole.shape and bool(np.abs(rebuilt - whole).max() <= atol)
    right = code_right + shape_right + same
    return decide(
        1.0 if right == 3 else right * THIRD,
        expected="a code of {want} numbers per image, and autoencoder(x) = decoder(encoder(x))",
        got="a code of shape {code}"
        if not code_right
        else "rebuilt images of shape {whole}"
        if not shape_right
        else "decoder(encoder(x)) is not what the autoencoder answers",
        next="The decoder must use only the code, not the image; build all three from one set of "
        "layers.",
        want=size,
        code=code.shape,
        whole=whole.shape,
    )


@check
def interpolates(
    images: Any, encoder: Any, decoder: Any, start: Any, end: Any, *, atol: float = 1e-3
) -> Verdict:
    """Whether the images lie on a straight line in the code: decoder((1 - t) z₀ + t z₁).

    `images`: (steps, h, w[, c]) from start to end, both included; `start`, `end`: one image each.
    Partial credit: a third for each: the ends, steps that differ, every image right.

    Catches: fading pixels in place of codes, a missing end, all steps the same.
    Blind to: curved paths, which may be right elsewhere.
    """
    found = read.floats(images, "the images")
    steps = len(found) if found.ndim else 0
    if steps < 3:
        raise read.wrong_shape(found.shape, (None, None, None), "the images")
    ends = np.stack([np.asarray(start), np.asarray(end)])
    codes = parts.one_answer(encoder, ends, name="the encoder")
    share = np.linspace(0, 1, steps).reshape(-1, *([1] * (codes.ndim - 1)))
    line = ((1 - share) * codes[0] + share * codes[1]).astype("float32")
    want = parts.one_answer(decoder, line, name="the decoder").reshape(steps, -1)
    flat = found.reshape(steps, -1)
    if flat.shape != want.shape:
        raise read.wrong_shape(found.shape, (steps, *ends.shape[1:]), "the images")
    off = np.abs(flat - want).max(axis=1)
    ends_right = bool(max(off[0], off[-1]) <= atol)
    moving = bool(np.abs(np.diff(flat, axis=0)).max(axis=1).min() > 0)
    all_right = bool(off.max() <= atol)
    right = ends_right + moving + (all_right and moving)
    return decide(
        1.0 if right == 3 else right * THIRD,
        expected="{n} images on a straight line between two codes",
        got="image {worst} differs by {off} from the decoded code there",
        next="Encode both images, mix the codes as (1 - t)·z0 + t·z1, decode each mix.",
        n=steps,
        worst=int(off.argmax()),
        off=float(off.max()),
    )


@check
def psnr(
    images: Any,
    clean: Any,
    *,
    at_least: float,
    partial_from: float | None = None,
    span: float = 1.0,
) -> Verdict:
    """Whether the images come within so many dB of the clean ones (peak signal-to-noise ratio).

    >>> psnr(np.zeros((1, 2, 2)), np.ones((1, 2, 2)), at_least=20)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: at least 20 dB
    Got: 0 dB
    Next: Look at one image beside its clean one.

    Catches: blurred or shifted images.
    Blind to: what an eye would mind; SSIM sees more of it.
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
    """Whether noise was removed: PSNR gained in dB over the noisy images, and SSIM not lower.

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
    """The mean SSIM of the first images (n, h, w[, 1]); flat images count as one row each."""
    flat = [x[..., 0] if x.ndim == 4 and x.shape[-1] == 1 else x for x in (images, clean)]
    if flat[0].ndim != 3 or min(flat[0].shape[1:]) < 2:
        return 0.0
    return float(
        np.mean([structural_similarity(a, b, span) for a, b in zip(*flat, strict=True)][:most])
    )


@check
def flags_anomalies(
    scores: Any,
    labels: Any,
    *,
    at_least: float,
    threshold: Any = None,
    normal_scores: Any = None,
    quantile: float = 0.95,
    f1_at_least: float | None = None,
) -> Verdict:
    """Whether higher scores mean anomalies: AUROC, then the threshold's rule, then F1 with it.

    `threshold` must be the `quantile` of `normal_scores` (scores of normal validation images); F1
    is computed with it. Partial credit: equal shares of what is asked for.

    >>> flags_anomalies([0.9, 0.2, 0.3, 0.1], [0, 0, 1, 1], at_least=0.88)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: AUROC at least 0.88
    Got: AUROC 0.25 (guessing gives 0.5)
    Next: Train on normal images only; a high error means an unusual image.

    Catches: training on anomalies too, scores with the wrong sign, a threshold set on test data.
    Blind to: which anomalies are missed.
    """
    truth = np.asarray(labels).astype(bool).reshape(-1)
    if not truth.any() or truth.all():
        raise WrongSetting("the labels need both kinds")
    found = read.floats(scores, "the scores", shape=truth.shape)
    area = auroc(found, truth)
    demands = [area >= at_least]
    words = (msgid("AUROC at least {want}"), msgid("AUROC {area} (guessing gives 0.5)"))
    want_limit = limit = measured = None
    if normal_scores is not None:
        limit = read.number(threshold, "the threshold")
        normal = np.asarray(normal_scores, dtype=np.float64)
        want_limit = float(np.quantile(normal, quantile))
        demands.append(abs(limit - want_limit) <= 0.01 * max(float(np.ptp(normal)), 1e-12))
        if all(demands[:1]) and not demands[1]:
            words = (
                msgid("a threshold of {limit_want}, the {quantile} quantile of normal scores"),
                msgid("a threshold of {limit}"),
            )
    if f1_at_least is not None:
        limit = read.number(threshold, "the threshold") if limit is None else limit
        measured = f1(found > limit, truth)
        demands.append(measured >= f1_at_least)
        if all(demands[:-1]) and not demands[-1]:
            words = (msgid("F1 at least {f1_want}"), msgid("F1 {f1}"))
    return decide(
        sum(demands) / len(demands),
        expected=words[0],
        got=words[1],
        next="Train on normal images only; a high error means an unusual image.",
        score=area,
        want=at_least,
        area=area,
        limit_want=want_limit,
        limit=limit,
        quantile=quantile,
        f1_want=f1_at_least,
        f1=measured,
    )
