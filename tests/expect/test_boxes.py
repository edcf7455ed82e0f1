"""Boxes and detectors: overlap and suppression in every property, mAP as pycocotools gives it."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder import expect
from autograder.expect.vision.boxes import box_overlaps, suppressed
from autograder.expect.vision.detection import average_precisions

pytestmark = pytest.mark.check


def drawn_boxes(rng: np.random.Generator, n: int, size: int = 40) -> np.ndarray:
    corner = rng.uniform(0, size - 12, (n, 2))
    return np.concatenate([corner, corner + rng.uniform(4, 12, (n, 2))], axis=1)


def scene(seed: int, images: int = 12) -> tuple[list[list[Any]], list[list[Any]]]:
    """Detections of a middling detector, and the truth."""
    rng = np.random.default_rng(seed)
    found, truth = [], []
    for _ in range(images):
        boxes = drawn_boxes(rng, int(rng.integers(0, 4)))
        classes = rng.integers(1, 4, len(boxes))
        truth.append([(int(c), *b) for c, b in zip(classes, boxes, strict=True)])
        rows = []
        for c, b in zip(classes, boxes, strict=True):
            for _ in range(int(rng.integers(0, 3))):
                cls = int(c) if rng.random() < 0.8 else int(rng.integers(1, 4))
                rows.append((cls, float(rng.random()), tuple(b + rng.normal(0, 1.2, 4))))
        rows += [
            (int(rng.integers(1, 4)), float(rng.random()), tuple(b)) for b in drawn_boxes(rng, 1)
        ]
        found.append(rows)
    return found, truth


def coco_average_precisions(found: Any, truth: Any, iou: float) -> dict[int, float]:
    """AP by pycocotools with recall thresholds so dense that they are all-point interpolation."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def xywh(b: Any) -> list[float]:
        return [float(b[1]), float(b[0]), float(b[3] - b[1]), float(b[2] - b[0])]

    annotations = [
        {"id": 0, "image_id": i, "category_id": c, "bbox": xywh(b), "iscrowd": 0}
        for i, rows in enumerate(truth)
        for c, *b in rows
    ]
    for i, a in enumerate(annotations):
        a["id"] = i + 1
        a["area"] = a["bbox"][2] * a["bbox"][3]
    results = [
        {"image_id": i, "category_id": c, "bbox": xywh(b), "score": s}
        for i, rows in enumerate(found)
        for c, s, b in rows
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": i} for i in range(len(truth))],
            "annotations": annotations,
            "categories": [{"id": c} for c in (1, 2, 3)],
        }
        coco.createIndex()
        run = COCOeval(coco, coco.loadRes(results), "bbox")
        run.params.iouThrs = np.array([iou])
        run.params.recThrs = np.linspace(0, 1, 20001)
        run.params.areaRng, run.params.areaRngLbl = [[0, 1e10]], ["all"]
        run.params.maxDets = [100]
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][0, :, :, 0, 0]
    return {
        c: float(precision[:, i].mean()) for i, c in enumerate((1, 2, 3)) if precision[0, i] >= 0
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("iou", [0.5, 0.75])
@pytest.mark.parametrize("seed", range(4))
def test_average_precision_is_that_of_pycocotools(seed: int, iou: float) -> None:
    found, truth = scene(seed)
    from autograder.expect.vision.detection import as_rows, as_truth

    own = average_precisions(as_rows(found, 6, "d"), as_truth(truth), iou)
    want = coco_average_precisions(found, truth, iou)
    assert own.keys() == want.keys()
    for cls in own:
        assert own[cls] == pytest.approx(want[cls], abs=2e-4)


def test_a_perfect_detector_has_map_1_and_an_empty_one_0(verdict) -> None:
    _, truth = scene(0)
    perfect = [[(c, 1.0, b) for c, *b in rows] for rows in truth]
    assert verdict(expect.mean_average_precision, perfect, truth, at_least=0.99).score == 1.0
    assert (
        verdict(expect.mean_average_precision, [[] for _ in truth], truth, at_least=0.5).score == 0
    )


def test_a_box_found_twice_counts_once(verdict) -> None:
    truth = [[(1, 0, 0, 4, 4)], [(1, 0, 0, 4, 4)]]
    twice = [[(1, 0.9, 0, 0, 4, 4), (1, 0.8, 0, 0, 4, 4)], [(1, 0.1, 0, 0, 4, 4)]]
    assert verdict(expect.mean_average_precision, twice, truth, at_least=1).score == pytest.approx(
        0.5 + 0.5 * 2 / 3
    )


def test_the_class_must_agree(credit) -> None:
    _, truth = scene(1)
    wrong = [[(c % 3 + 1, 1.0, b) for c, *b in rows] for rows in truth]
    assert credit(expect.mean_average_precision, wrong, truth, at_least=0.7) < 0.3


def test_x_and_y_exchanged_is_caught(credit) -> None:
    _, truth = scene(2)
    swapped = [[(c, 1.0, (x1, y1, x2, y2)) for c, y1, x1, y2, x2 in rows] for rows in truth]
    assert credit(expect.mean_average_precision, swapped, truth, at_least=0.7) < 0.5


def reference_iou(a: Any, b: Any) -> float:
    return float(box_overlaps(np.asarray(a)[None], np.asarray(b)[None])[0, 0])


PAIRS = [tuple(drawn_boxes(np.random.default_rng(s), 2, 20)) for s in range(10)]


def test_a_right_box_iou_is_met_and_four_wrong_ones_are_not(credit) -> None:
    def unclipped(a, b):
        h, w = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        area = lambda z: (z[2] - z[0]) * (z[3] - z[1])  # noqa: E731
        return h * w / (area(a) + area(b) - h * w)

    def one_sided(a, b):
        return reference_iou(a, b) * (a[0] <= b[0])

    assert credit(expect.box_iou, reference_iou, PAIRS) == 1.0
    for wrong in (unclipped, one_sided, lambda a, b: 1 - reference_iou(a, b), lambda a, b: np.nan):
        assert credit(expect.box_iou, wrong, PAIRS) < 1.0


def drawn_cases() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    return [(drawn_boxes(rng, 12, 24), rng.permutation(12) / 12.0) for _ in range(6)]


def test_nms_catches_no_suppression_and_chains_and_the_wrong_order(credit) -> None:
    right = lambda b, s, t: suppressed(b, s, t)  # noqa: E731
    lowest_first = lambda b, s, t: suppressed(b, -s, t)  # noqa: E731

    def chains(b, s, t):  # drops a box that overlaps any better box, even a dropped one
        overlaps = box_overlaps(b, b)
        beaten = (overlaps > t) & (s[None, :] > s[:, None])
        return np.flatnonzero(~beaten.any(axis=1))

    chain = (np.array([[0, 0, 4, 4.0], [0, 1, 4, 5.0], [0, 2, 4, 6.0]]), np.array([0.9, 0.8, 0.7]))
    cases = [*drawn_cases(), chain]
    assert credit(expect.nms, right, cases) == 1.0
    assert credit(expect.nms, lambda b, s, t: range(len(b)), cases) == 0.0
    assert credit(expect.nms, chains, cases) < 1.0
    assert credit(expect.nms, lowest_first, cases) < 1.0
    assert credit(expect.nms, lambda b, s, t: [], cases) == 0.0
    assert credit(expect.nms, lambda b, s, t: [0, 0], cases) == 0.0


def test_boxes_valid_counts_valid_boxes(credit) -> None:
    boxes = [(0, 0, 2, 2), (3, 3, 1, 4), (0, 0, 9, 4), (1, 1, 8, 8)]
    assert credit(expect.boxes_valid, boxes, (8, 8)) == 0.5
    assert credit(expect.boxes_valid, boxes[::3], (8, 8)) == 1.0


def test_hostile_values_are_never_met(never_met) -> None:
    truth = [[(1, 8, 8, 12, 12)]]
    never_met(lambda v: expect.mean_average_precision(v, truth, at_least=0.5))
    never_met(lambda v: expect.mean_average_precision([v], truth, at_least=0.5))
    never_met(lambda v: expect.mean_average_precision([[v]], truth, at_least=0.5))
    never_met(lambda v: expect.box_iou(v, PAIRS))
    never_met(lambda v: expect.box_iou(lambda a, b: v, PAIRS))
    never_met(lambda v: expect.nms(v, drawn_cases()))
    never_met(lambda v: expect.nms(lambda b, s, t: v, drawn_cases()))
    never_met(lambda v: expect.boxes_valid(v, (8, 8)))


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float64, st.tuples(st.integers(0, 4), st.integers(3, 7))))
def test_no_rows_make_the_detector_check_raise(rows: np.ndarray) -> None:
    try:
        found = expect.mean_average_precision([rows], [[(0, 0, 0, 1, 1)]], at_least=0.5)
    except expect.NotMet as failure:
        found = failure.verdict
    assert 0.0 <= found.credit <= 1.0
    assert not found.met or np.isfinite(rows).all()
