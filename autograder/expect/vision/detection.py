"""Checks of an object detector: mean average precision, defined exactly in its docstring.

Detections with equal scores keep the given order. With the same matching and dense recall
thresholds, pycocotools gives the same number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.verdict import (
    NotMet,
    Verdict,
    WrongSetting,
    check,
    decide,
    linear_credit,
    msgid,
)
from autograder.expect.vision.boxes import box_overlaps

MOST_PER_IMAGE = 100
MOST_READ = 2000  # rows read per image, before the best 100 are taken


@dataclass(frozen=True)
class Found:
    """Detections of one class in all images: enough for AP and for a message."""

    right: Array  # per detection, by descending score: whether it is right
    true: int  # number of true boxes of this class

    @property
    def average_precision(self) -> float:
        """The area under the all-point interpolated precision-recall curve."""
        if not self.true or not len(self.right):
            return 0.0
        hits = np.cumsum(self.right)
        recall = hits / self.true
        precision = hits / np.arange(1, len(hits) + 1)
        best_beyond = np.maximum.accumulate(precision[::-1])[::-1]
        return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * best_beyond))


def matches(detections: Sequence[Array], truth: Sequence[Array], cls: int, iou: float) -> Found:
    """Match the detections of one class; rows are (class, score, box) and (class, box)."""
    scores, right = [], []
    true = 0
    for rows, targets in zip(detections, truth, strict=True):
        own = rows[rows[:, 0] == cls]
        own = own[np.argsort(-own[:, 1], kind="stable")]
        boxes = targets[targets[:, 0] == cls][:, 1:]
        true += len(boxes)
        overlaps = box_overlaps(own[:, 2:], boxes)
        free = np.ones(len(boxes), dtype=bool)
        for row, overlap in zip(own, overlaps, strict=True):
            reachable = np.where(free, overlap, -1.0)
            best = int(reachable.argmax()) if len(boxes) else -1
            hit = best >= 0 and bool(reachable[best] >= iou)
            if hit:
                free[best] = False
            scores.append(row[1])
            right.append(hit)
    order = np.argsort(-np.array(scores), kind="stable") if scores else np.array([], dtype=int)
    return Found(np.array(right, dtype=float)[order] if scores else np.array([]), true)


def average_precisions(
    detections: Sequence[Array], truth: Sequence[Array], iou: float = 0.5
) -> dict[int, float]:
    """Return the average precision of each class in the truth."""
    classes = np.unique(np.concatenate([t[:, 0] for t in truth])).astype(int)
    return {int(c): matches(detections, truth, int(c), iou).average_precision for c in classes}


def mean_overlap(detections: Sequence[Array], truth: Sequence[Array]) -> float:
    """Return the mean over true boxes of the best IoU with a detection of any class."""
    best = [
        box_overlaps(t[:, 1:], rows[:, 2:]).max(axis=1) if len(rows) else np.zeros(len(t))
        for rows, t in zip(detections, truth, strict=True)
        if len(t)
    ]
    return float(np.concatenate(best).mean()) if best else 0.0


def as_rows(value: Any, width: int, name: str) -> list[Array]:
    """Return an array (n, width) of rows per image, nested boxes flattened. Raises NotMet."""
    images = []
    for i, image in enumerate(coerce.rows(value, name)):
        label = f"{name}[{i}]"
        items = coerce.rows(image, label)[:MOST_READ]
        flat = [_flat(item, label) for item in items]
        if not flat:
            images.append(np.zeros((0, width)))
            continue
        images.append(coerce.floats(flat, label, shape=(None, width)))
    return images


def _flat(item: Any, label: str) -> list[Any]:
    """Return one row as a flat list of numbers."""
    found: list[Any] = []
    for part in coerce.rows(item, label):
        found += coerce.floats(part, label).ravel().tolist() if np.ndim(part) else [part]
    return found


def _best_scored(rows: Array) -> Array:
    return rows[np.argsort(-rows[:, 1], kind="stable")[:MOST_PER_IMAGE]]


@check
def mean_average_precision(
    detections: Any,
    truth: Any,
    *,
    at_least: float,
    iou: float = 0.5,
    partial_from: float | None = 0.0,
    hint: str = "",
) -> Verdict:
    """Check that mAP at this IoU reaches `at_least`: all-point AP, each true box matched once.

    `detections`: per image a list of (class, score, y1, x1, y2, x2) or (class, score, box);
    `truth`: per image a list of (class, y1, x1, y2, x2). From the highest score down (at most 100
    per image), each detection takes the free true box of its class that it overlaps most: right if
    their IoU is at least `iou`. AP is the area under precision over recall, precision being the
    highest at that recall or beyond, every recall step counted (PASCAL VOC 2010); mAP is the mean
    over the classes of the truth. Partial credit: linear.

    >>> mean_average_precision([[(1, 0.9, (0, 0, 4, 4))]], [[(1, 8, 8, 12, 12)]], at_least=0.7)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: mAP@0.5 at least 0.7
    Got: mAP 0; found 0 of 1, wrong 1, mean overlap 0
    Next: Look at boxes drawn on the images: are x and y, corners and cells in place?

    Catches: x and y exchanged (mAP 0.2 to 0.3 in place of 0.9), a missing cell offset (0.003).
    Blind to: a missing non-maximum suppression (mAP 0.932 in place of 0.935): add `nms`.
    """
    want = as_truth(truth)
    found = [_best_scored(rows) for rows in as_rows(detections, 6, "the detections")]
    if len(found) != len(want):
        raise coerce.wrong_shape((len(found),), (len(want),), "the detections")
    classes = np.unique(np.concatenate([t[:, 0] for t in want])).astype(int)
    each = [matches(found, want, int(c), iou) for c in classes]
    score = float(np.mean([f.average_precision for f in each]))
    hits = int(sum(f.right.sum() for f in each))
    return decide(
        linear_credit(score, at_least=at_least, partial_from=partial_from),
        expected="mAP@{iou} at least {want}",
        got="mAP {found}; found {hits} of {n}, wrong {wrong}, mean overlap {overlap}",
        next=hint
        or msgid("Look at boxes drawn on the images: are x and y, corners and cells in place?"),
        score=score,
        iou=iou,
        want=at_least,
        hits=hits,
        n=sum(f.true for f in each),
        wrong=sum(len(rows) for rows in found) - hits,
        overlap=mean_overlap(found, want),
        found=score,
    )


def as_truth(truth: Any) -> list[Array]:
    """Return the author's true boxes per image. Raises WrongSetting if they are invalid."""
    try:
        want = as_rows(truth, 5, "the truth")
    except NotMet as failure:
        raise WrongSetting(
            "the truth is, per image, a list of (class, y1, x1, y2, x2)"
        ) from failure
    if not any(len(t) for t in want):
        raise WrongSetting("the truth holds no box")
    return want
