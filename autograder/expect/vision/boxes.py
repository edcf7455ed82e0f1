"""Checks of box arithmetic: IoU, non-maximum suppression, validity. Boxes: (y1, x1, y2, x2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.verdict import NotMet, Verdict, WrongSetting, check, decide, short

TOLERANCE = 1e-5


def box_areas(boxes: Array) -> Array:
    """Return the areas of boxes (n, 4); 0 for a box with exchanged corners."""
    return np.asarray(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1))


def box_overlaps(a: Array, b: Array) -> Array:
    """Return the IoU of each box of a (n, 4) with each of b (m, 4), shape (n, m); 0 for two empty.

    >>> box_overlaps(np.array([[0, 0, 2, 2]]), np.array([[0, 1, 2, 3]])).round(3)
    array([[0.333]])
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.clip(high - low, 0, None).prod(axis=-1)
    union = box_areas(a)[:, None] + box_areas(b)[None] - inter
    return np.asarray(np.divide(inter, union, out=np.zeros(union.shape), where=union > 0))


def suppressed(boxes: Array, scores: Array, threshold: float) -> list[int]:
    """Return the indices kept by greedy non-maximum suppression, best score first.

    The best box is kept and boxes that overlap it by more than the threshold are dropped; this
    repeats for the remaining boxes.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    overlaps = box_overlaps(boxes, boxes)
    for i in order:
        if all(overlaps[i, k] <= threshold for k in kept):
            kept.append(int(i))
    return kept


@check
def box_iou(fn: Any, cases: Iterable[tuple[Any, Any]], *, name: str = "") -> Verdict:
    """Check that fn(a, b) is the IoU of two boxes: also swapped, with itself, apart, and safe.

    "Safe": two boxes without area give 0 and no error. Partial credit: a fifth each.

    >>> box_iou(lambda a, b: 0.5, [((0, 0, 2, 2), (0, 1, 2, 3))], name="iou")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: iou((0, 0, 2, 2), (0, 1, 2, 3)) = 0.3333
    Got: 0.5; 0 of 5 properties hold
    Next: Clip a negative overlap to 0; boxes are (y1, x1, y2, x2).

    Catches: negative overlaps multiplied, (x1, y1) taken for (y1, x1), a division by 0.
    Blind to: how it is called inside the student's own detector.
    """
    label = coerce.function(fn, name)
    drawn = [tuple(np.asarray(box, dtype=float) for box in case) for case in cases]
    if not drawn or any(len(c) != 2 or c[0].shape != (4,) or c[1].shape != (4,) for c in drawn):
        raise WrongSetting("cases are pairs of boxes (y1, x1, y2, x2)")
    far = drawn[0][0] + 10 * float(np.abs(drawn[0][0]).max() + 1)
    point = np.array([3.0, 3.0, 3.0, 3.0])
    groups: list[list[tuple[Array, ...]]] = [
        drawn,
        [(b, a) for a, b in drawn],
        [(a, a) for a, _ in drawn if box_areas(a[None])[0] > 0],
        [(drawn[0][0], far)],
        [(point, point)],
    ]
    wrong = [_first_wrong(fn, pairs, label) for pairs in groups]
    shown = next((w for w in wrong if w is not None), ((), (), 0.0, ""))
    a, b, want, found = shown
    holds = sum(w is None for w in wrong)
    return decide(
        holds / len(groups),
        expected="{fn}({case_a}, {case_b}) = {case_want}",
        got="{found}; {holds} of {n} properties hold",
        next="Clip a negative overlap to 0; boxes are (y1, x1, y2, x2).",
        score=holds / len(groups),
        fn=label,
        case_a=_corners(a),
        case_b=_corners(b),
        case_want=want,
        found=found,
        holds=holds,
        n=len(groups),
    )


def _first_wrong(
    fn: Any, pairs: Sequence[tuple[Array, ...]], label: str
) -> tuple[Any, Any, float, str] | None:
    for a, b in pairs:
        want = float(box_overlaps(a[None], b[None])[0, 0])
        try:
            found = coerce.number(coerce.call(fn, a, b, name=label), label)
        except NotMet as failure:
            values = failure.verdict.message.values
            return a, b, want, str(values.get("type") or values.get("found") or "no finite number")
        if not abs(found - want) <= TOLERANCE:
            return a, b, want, short(found)
    return None


def _corners(box: Any) -> str:
    return short(tuple(float(v) for v in box))


@check
def nms(
    fn: Any, cases: Iterable[tuple[Any, Any]], *, threshold: float = 0.5, name: str = ""
) -> Verdict:
    """Check that fn(boxes, scores, threshold) returns the indices kept by non-maximum suppression.

    Boxes (n, 4), scores (n,). Three properties over all cases, a third each: the same kept set as
    greedy suppression; no kept pair overlaps more than the threshold; a second run drops nothing.

    >>> keep_all = lambda boxes, scores, threshold: range(len(boxes))
    >>> two = (np.array([[0, 0, 4, 4], [0, 0, 4, 3]]), np.array([0.9, 0.8]))
    >>> nms(keep_all, [two], name="nms")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: keep (0,)
    Got: kept (0, 1); 0 of 3 properties hold
    Next: Take the highest score first, and drop only boxes that overlap that one too much.

    Catches: no suppression, dropping by overlap with a dropped box, lowest score first.
    Blind to: suppression across classes: give it cases of one class.
    """
    label = coerce.function(fn, name)
    drawn = [(np.asarray(b, dtype=float), np.asarray(s, dtype=float)) for b, s in cases]
    if not drawn or any(b.ndim != 2 or b.shape[1] != 4 or len(b) != len(s) for b, s in drawn):
        raise WrongSetting("cases are pairs of boxes (n, 4) and scores (n,)")
    same, apart, stable = True, True, True
    shown: tuple[Any, Any] = ((), ())
    for boxes, scores in drawn:
        want = tuple(sorted(suppressed(boxes, scores, threshold)))
        kept = _kept(fn, boxes, scores, threshold, label)
        if kept != want and shown == ((), ()):
            shown = (want, kept)
        same &= kept == want
        overlaps = box_overlaps(boxes[list(kept)], boxes[list(kept)])
        overlap = bool((np.triu(overlaps, 1) > threshold + 1e-9).any())
        apart &= not overlap and bool(kept)
        again = _kept(fn, boxes[list(kept)], scores[list(kept)], threshold, label) if kept else ()
        stable &= bool(kept) and not overlap and len(again) == len(kept)
    right = same + apart + stable
    return decide(
        1.0 if right == 3 else right / 3,
        expected="keep {case_want}",
        got="kept {case_kept}; {right} of {n} properties hold",
        next="Take the highest score first, and drop only boxes that overlap that one too much.",
        score=right / 3,
        case_want=shown[0],
        case_kept=shown[1],
        right=int(right),
        n=3,
    )


def _kept(fn: Any, boxes: Array, scores: Array, threshold: float, label: str) -> tuple[int, ...]:
    """Return the indices a student's function keeps, sorted. Raises NotMet if they are invalid."""
    returned = coerce.call(fn, boxes, scores, threshold, name=label)
    listed = coerce.rows(returned, f"what {label} returns")
    if not listed:
        return ()
    found = coerce.integers(listed, f"what {label} returns", shape=(None,))
    if found.min() < 0 or found.max() >= len(boxes) or len(set(found.tolist())) != len(found):
        raise coerce.failing(
            expected="indices of the boxes to keep, 0 to {top}, each once",
            got="{found}",
            next="Return positions in the array of boxes, not the boxes or the scores.",
            top=len(boxes) - 1,
            found=found,
        )
    return tuple(sorted(int(i) for i in found))


@check
def boxes_valid(boxes: Any, size: tuple[int, int]) -> Verdict:
    """Check that each box is (y1, x1, y2, x2), with y1 < y2, x1 < x2, inside an image (h, w).

    Partial credit: the share of valid boxes.

    >>> boxes_valid([[4, 4, 2, 2]], (8, 8))
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: boxes (y1, x1, y2, x2) inside (8, 8)
    Got: [4, 4, 2, 2]; 0 of 1 boxes are valid
    Next: Convert centre and size to corners, in pixels, and clip them to the image.

    Catches: (centre, size) in place of corners, fractions in place of pixels beyond the image.
    Blind to: x and y exchanged on square images.
    """
    found = coerce.floats(boxes, "the boxes", shape=(None, 4))
    height, width = size
    inside = (found[:, :2] >= 0).all(axis=1) & (found[:, 2] <= height) & (found[:, 3] <= width)
    valid = inside & (found[:, 0] < found[:, 2]) & (found[:, 1] < found[:, 3])
    bad = found[~valid]
    return decide(
        float(valid.mean()),
        expected="boxes (y1, x1, y2, x2) inside {size}",
        got="{found}; {valid} of {n} boxes are valid",
        next="Convert centre and size to corners, in pixels, and clip them to the image.",
        score=float(valid.mean()),
        size=tuple(size),
        found=bad[0] if len(bad) else "",
        valid=int(valid.sum()),
        n=len(found),
    )
