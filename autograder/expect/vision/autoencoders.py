"""Checks of autoencoders: reconstruction, latent code, denoising and anomaly detection."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from autograder.expect import coerce, pictures
from autograder.expect.coerce import Array
from autograder.expect.models import parts
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, linear_credit, msgid
from autograder.expect.vision.noise import pair, squared_error

THIRD = 1 / 3


# ── Numbers ──────────────────────────────────────────────────────────────────────────


def auroc(scores: Array, labels: Array) -> float:
    """Return the area under the ROC curve.

    It is the chance that an anomaly scores above a normal sample (ties count half): Mann-Whitney U
    / (n₁ n₀), as sklearn.metrics.roc_auc_score.

    >>> auroc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
    0.75
    """
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positive = labels.astype(bool)
    n1, n0 = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def f1(predicted: Array, labels: Array) -> float:
    """Return 2 TP / (2 TP + FP + FN) of boolean arrays; 0 if nothing is right."""
    hits = int((predicted & labels).sum())
    size = int(predicted.sum()) + int(labels.sum())
    return 2 * hits / size if size else 0.0


# ── Checks ───────────────────────────────────────────────────────────────────────────


@check
def reconstructs(
    reconstructed: Any,
    images: Any,
    *,
    at_most: float,
    mean_image: Any = None,
    partial_from: float = 1.0,
) -> Verdict:
    """Check that reconstructed images have at most `at_most` times the error of the mean image.

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
    """Check that the code has `size` numbers per image, and the model equals decoder(encoder(x)).

    Partial credit: a third each for the code's shape, the output shape, and the equality.

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
    """Check that the images lie on a straight line in the code: decoder((1 - t) z₀ + t z₁).

    `images`: (steps, h, w[, c]) from start to end, both included; `start`, `end`: one image each.
    Partial credit: a third for each: the ends, steps that differ, every image right.

    Catches: fading pixels instead of codes, a missing end, all steps the same.
    Blind to: curved paths, which may be right elsewhere.
    """
    found = coerce.floats(images, "the images")
    steps = len(found) if found.ndim else 0
    if steps < 3:
        raise coerce.wrong_shape(found.shape, (None, None, None), "the images")
    ends = np.stack([np.asarray(start), np.asarray(end)])
    codes = parts.one_answer(encoder, ends, name="the encoder")
    share = np.linspace(0, 1, steps).reshape(-1, *([1] * (codes.ndim - 1)))
    line = ((1 - share) * codes[0] + share * codes[1]).astype("float32")
    want = parts.one_answer(decoder, line, name="the decoder").reshape(steps, -1)
    flat = found.reshape(steps, -1)
    if flat.shape != want.shape:
        raise coerce.wrong_shape(found.shape, (steps, *ends.shape[1:]), "the images")
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
    """Check that higher scores mean anomalies: AUROC, then the threshold's rule, then F1 with it.

    `threshold` must be the `quantile` of `normal_scores` (scores of normal validation images); F1
    is computed with it. Partial credit: equal shares for each demand.

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
    found = coerce.floats(scores, "the scores", shape=truth.shape)
    area = auroc(found, truth)
    demands = [area >= at_least]
    words = (msgid("AUROC at least {want}"), msgid("AUROC {area} (guessing gives 0.5)"))
    want_limit = limit = measured = None
    if normal_scores is not None:
        limit = coerce.number(threshold, "the threshold")
        normal = np.asarray(normal_scores, dtype=np.float64)
        want_limit = float(np.quantile(normal, quantile))
        demands.append(abs(limit - want_limit) <= 0.01 * max(float(np.ptp(normal)), 1e-12))
        if all(demands[:1]) and not demands[1]:
            words = (
                msgid("a threshold of {limit_want}, the {quantile} quantile of normal scores"),
                msgid("a threshold of {limit}"),
            )
    if f1_at_least is not None:
        limit = coerce.number(threshold, "the threshold") if limit is None else limit
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
