"""Checks of segmentation: masks, IoU and Dice, separate objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograder.expect import coerce, pictures
from autograder.expect.coerce import Array
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, linear_credit, msgid

THIRD = 1 / 3


# ── Numbers ──────────────────────────────────────────────────────────────────────────


def iou_per_class(predicted: Array, truth: Array, classes: int) -> Array:
    """Return intersection over union of each class over all pixels; NaN for an absent class.

    Shape (classes,). A class is absent if it occurs in neither mask. The Jaccard index of
    sklearn.metrics.jaccard_score, pixels taken together.

    >>> iou_per_class(np.array([[0, 1]]), np.array([[1, 1]]), 3)
    array([0. , 0.5, nan])
    """
    inside = (predicted >= 0) & (predicted < classes)
    predicted = np.where(inside, predicted, classes)  # an undefined class counts as wrong only
    counts = np.bincount(
        truth.ravel() * (classes + 1) + predicted.ravel(), minlength=classes * (classes + 1)
    ).reshape(classes, classes + 1)
    both = np.diag(counts[:, :classes]).astype(float)
    either = counts.sum(axis=1) + counts[:, :classes].sum(axis=0) - both
    with np.errstate(invalid="ignore"):
        return np.where(either > 0, both / either, np.nan)


def dice_coefficient(a: Array, b: Array) -> float:
    """Return 2 |A ∩ B| / (|A| + |B|); 1 for two empty masks. Dice 1945, Sørensen 1948.

    >>> dice_coefficient(np.array([True, True]), np.array([True, False]))
    0.6666666666666666
    """
    size = int(a.sum()) + int(b.sum())
    return 2.0 * int((a & b).sum()) / size if size else 1.0


def mask_iou(a: Array, b: Array) -> float:
    """Return |A ∩ B| / |A ∪ B|; 1 for two empty masks. Jaccard 1901."""
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0


def as_classes(predictions: Any, shape: Sequence[int], name: str = "the masks") -> Array:
    """Return predictions as class numbers of the truth's shape.

    Whole numbers are kept; probabilities (n, h, w, k) become classes by argmax, (n, h, w, 1) by >
    0.5.
    """
    found = coerce.numbers(predictions, name, booleans=True)
    if found.shape == tuple(shape):
        return coerce.integers(found, name, booleans=True)
    if found.ndim == len(shape) + 1 and found.shape[:-1] == tuple(shape):
        if found.shape[-1] > 1:
            return np.asarray(found.argmax(axis=-1), dtype=np.int64)
        plane = found[..., 0]
        whole = found.dtype.kind in "biu"
        return plane.astype(np.int64) if whole else (plane > 0.5).astype(np.int64)
    raise coerce.wrong_shape(found.shape, tuple(shape), name)


# ── Checks ───────────────────────────────────────────────────────────────────────────


@check
def mask_valid(masks: Any, *, shape: Sequence[int | None], classes: int) -> Verdict:
    """Check that masks have this shape, (n, h, w), are whole numbers, and stay within the classes.

    Partial credit: a third each.

    >>> mask_valid(np.zeros((2, 8, 8, 4)), shape=(None, 8, 8), classes=4)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: whole-number masks (None, 8, 8) with values 0 to 3
    Got: float64 (2, 8, 8, 4), values 0 to 0
    Next: Take argmax over the last axis.

    Catches: probabilities instead of classes, a lost batch axis, classes counted from 1.
    Blind to: wrong masks; use `mean_iou`.
    """
    found = coerce.numbers(masks, "the masks", booleans=True)
    low, high = float(found.min()), float(found.max())
    right = (
        coerce.fits(found.shape, shape),
        found.dtype.kind in "iu" or (found.dtype.kind == "b" and classes == 2),
        low >= 0 and high <= classes - 1,
    )
    return decide(
        1.0 if all(right) else sum(right) * THIRD,
        expected="whole-number masks {want} with values 0 to {top}",
        got="{type} {found}, values {low} to {high}",
        next="Take argmax over the last axis.",
        want=tuple(shape),
        top=classes - 1,
        type=str(found.dtype),
        found=found.shape,
        low=low,
        high=high,
    )


@check
def mean_iou(
    predictions: Any,
    truth: Any,
    *,
    at_least: float,
    classes: int | None = None,
    floor: float | None = None,
    partial_from: float | None = None,
    hint: str = "",
) -> Verdict:
    """Check that the mean IoU over classes reaches `at_least`, and every class reaches `floor`.

    Predictions: class numbers of the truth's shape, probabilities (n, h, w, k), or probabilities
    (n, h, w, 1) of class 1. A class absent from both is left out. Background counts as a class.
    Partial credit: linear in the mean; a class below the floor halves it.

    >>> truth = np.array([[[0, 0, 1, 1]]])
    >>> mean_iou(np.array([[[0, 0, 0, 1]]]), truth, at_least=0.8)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: mean IoU at least 0.8
    Got: mean IoU 0.5833; the lowest is class 1 with 0.5 (pixel accuracy 0.75)
    Next: Look at the masks of the lowest class beside their truth.

    Catches: one epoch of training (pixel accuracy 0.91, mean IoU 0.37), misaligned or binary masks.
    Blind to: a network without skips, 0.78 to 0.89 against 0.93: add `skip_connections`.
    """
    want = np.asarray(truth)
    if want.size == 0 or want.dtype.kind not in "biu" or int(want.min()) < 0:
        raise WrongSetting("the truth must hold class numbers 0, 1, ...")
    want = want[..., 0] if want.ndim == 4 and want.shape[-1] == 1 else want
    found = as_classes(predictions, want.shape)
    count = classes or max(2, int(want.max()) + 1)
    if int(want.max()) >= count:
        raise WrongSetting(f"the truth holds class {int(want.max())} of classes={count}")
    each = iou_per_class(found, want.astype(np.int64), count)
    mean, lowest = float(np.nanmean(each)), int(np.nanargmin(each))
    credit = linear_credit(mean, at_least=at_least, partial_from=partial_from)
    above_floor = floor is None or float(np.nanmin(each)) >= floor
    return decide(
        credit if above_floor else credit / 2,
        expected="mean IoU at least {want}"
        if floor is None
        else "mean IoU at least {want}, every class at least {floor}",
        got="mean IoU {mean}; the lowest is class {lowest} with {low} (pixel accuracy {accuracy})",
        next=hint or msgid("Look at the masks of the lowest class beside their truth."),
        score=mean,
        picture=partial(pictures.worst_mask, found, want),
        want=at_least,
        floor=floor,
        mean=mean,
        lowest=lowest,
        low=float(each[lowest]),
        accuracy=float((found == want).mean()),
    )


@check
def dice_iou_agree(
    dice: Any, iou: Any, cases: Iterable[tuple[Any, Any]], *, atol: float = 1e-5
) -> Verdict:
    """Check that dice(a, b) and iou(a, b) are right on boolean masks; an empty pair gives 1.

    Every right pair satisfies Dice = 2 IoU / (1 + IoU). Partial credit: the share of pairs.

    >>> half = lambda a, b: 0.5
    >>> dice_iou_agree(half, half, [(np.array([True, False]), np.array([True, True]))])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: IoU 0.5 and Dice 0.6667
    Got: IoU 0.5 and Dice 0.5; 0 of 2 pairs of masks are right
    Next: Dice = 2·intersection / (size of a + size of b); an empty pair counts as 1.

    Catches: one formula used for both, a division by 0 for empty masks.
    Blind to: soft masks.
    """
    drawn = [(np.asarray(a).astype(bool), np.asarray(b).astype(bool)) for a, b in cases]
    if not drawn:
        raise WrongSetting("there must be at least one pair of masks")
    drawn.append((np.zeros_like(drawn[0][0]), np.zeros_like(drawn[0][0])))
    wrong: list[tuple[float, float, float, float]] = []
    for a, b in drawn:
        own_iou = coerce.number(coerce.call(iou, a, b, name="iou"), "iou(a, b)")
        own_dice = coerce.number(coerce.call(dice, a, b, name="dice"), "dice(a, b)")
        want_iou, want_dice = mask_iou(a, b), dice_coefficient(a, b)
        if not (abs(own_iou - want_iou) <= atol and abs(own_dice - want_dice) <= atol):
            wrong.append((want_iou, want_dice, own_iou, own_dice))
    shown = wrong[0] if wrong else (1.0, 1.0, 1.0, 1.0)
    return decide(
        1 - len(wrong) / len(drawn),
        expected="IoU {case_iou} and Dice {case_dice}",
        got="IoU {found_iou} and Dice {found_dice}; {right} of {n} pairs of masks are right",
        next="Dice = 2·intersection / (size of a + size of b); an empty pair counts as 1.",
        score=1 - len(wrong) / len(drawn),
        case_iou=shown[0],
        case_dice=shown[1],
        found_iou=shown[2],
        found_dice=shown[3],
        right=len(drawn) - len(wrong),
        n=len(drawn),
    )


# ── Separate objects ─────────────────────────────────────────────────────────────────


def matched_objects(labels: Array, truth: Array, iou: float) -> tuple[int, int, int, int]:
    """Return matched, found, true and merged objects of one label map (0 = background).

    An object matches the one label that overlaps it with IoU above the threshold; above 0.5 the
    match is unique (Kirillov et al. 2019, panoptic quality). Merged objects are true objects whose
    largest label is also the largest label of another.
    """
    found_ids, true_ids = (np.unique(x[x > 0]) for x in (labels, truth))
    matched, taken, largest = 0, set(), []
    for true_id in true_ids:
        region = truth == true_id
        under, sizes = np.unique(labels[region], return_counts=True)
        best = int(under[np.argmax(np.where(under > 0, sizes, -1))])
        if best <= 0:
            continue
        largest.append(best)
        own = labels == best
        overlap = (region & own).sum() / (region | own).sum()
        if overlap >= iou and best not in taken:
            matched += 1
            taken.add(best)
    return matched, len(found_ids), len(true_ids), len(largest) - len(set(largest))


@check
def instances(
    labels: Any,
    truth: Any,
    *,
    at_least: float = 1.0,
    iou: float = 0.5,
    partial_from: float = 0.0,
) -> Verdict:
    """Check that each object has its own number: F1 of objects matched at IoU `iou`.

    Label maps (h, w) or (n, h, w), 0 is background. F1 = 2 matched / (found + true), over all maps.

    >>> truth = np.array([[1, 0, 2]])
    >>> instances(np.array([[1, 0, 1]]), truth)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: 2 separate objects (F1 at least 1)
    Got: 1 objects, 1 merged with another; F1 0.6667
    Next: Give every connected region a number of its own.

    Catches: a class mask instead of instances, merged touching objects.
    Blind to: the class of an object.
    """
    want = np.asarray(truth).astype(np.int64)
    if want.ndim not in (2, 3) or not (want > 0).any():
        raise WrongSetting(
            "the truth must be label maps (h, w) or (n, h, w) with an object in them"
        )
    found = coerce.integers(labels, "the label maps", shape=want.shape, booleans=True)
    maps = (found[None], want[None]) if want.ndim == 2 else (found, want)
    counts = np.sum([matched_objects(f, w, iou) for f, w in zip(*maps, strict=True)], axis=0)
    matched, n_found, n_true, merged = (int(c) for c in counts)
    f1 = 2 * matched / (n_found + n_true)
    return decide(
        linear_credit(f1, at_least=at_least, partial_from=partial_from),
        expected="{n} separate objects (F1 at least {want})",
        got="{found} objects, {merged} merged with another; F1 {f1}",
        next="Give every connected region a number of its own.",
        score=f1,
        n=n_true,
        want=at_least,
        found=n_found,
        merged=merged,
        f1=f1,
    )
