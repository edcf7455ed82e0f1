"""Masks: IoU and Dice agree with scikit-learn, and no wrong mask passes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score, jaccard_score

from autograder import expect
from autograder.expect.vision.masks import (
    dice_coefficient,
    iou_per_class,
    mask_iou,
    matched_objects,
)

pytestmark = pytest.mark.check
SHAPE = (3, 8, 8)


def drawn(seed: int, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, SHAPE)
    noise = rng.random(SHAPE) < 0.3
    return np.where(noise, rng.integers(0, classes, SHAPE), truth), truth


@pytest.mark.parametrize("seed", range(5))
def test_iou_per_class_is_the_jaccard_score_of_scikit_learn(seed: int) -> None:
    predicted, truth = drawn(seed)
    want = jaccard_score(truth.ravel(), predicted.ravel(), average=None, labels=range(4))
    np.testing.assert_allclose(iou_per_class(predicted, truth, 4), want)


@pytest.mark.parametrize("seed", range(5))
def test_dice_is_the_f1_score_of_scikit_learn(seed: int) -> None:
    predicted, truth = (m > 1 for m in drawn(seed))
    assert dice_coefficient(predicted, truth) == pytest.approx(
        f1_score(truth.ravel(), predicted.ravel())
    )


def test_a_class_absent_from_both_is_left_out(verdict) -> None:
    truth = np.zeros((1, 4, 4), int)
    truth[0, 0] = 1
    assert verdict(expect.mean_iou, truth, truth, at_least=1.0, classes=7).score == 1.0


def test_a_class_that_does_not_exist_is_only_wrong(verdict) -> None:
    truth = np.array([[[0, 0, 1, 1]]])
    found = verdict(expect.mean_iou, np.array([[[0, 0, 1, 9]]]), truth, at_least=0.9)
    assert found.score == pytest.approx((1 + 0.5) / 2)


def test_probabilities_and_binary_masks_are_read_as_classes() -> None:
    _, truth = drawn(0)
    expect.mean_iou(np.eye(4)[truth], truth, at_least=1.0)
    binary = (truth > 1).astype(int)
    expect.mean_iou(binary[..., None] * 0.9, binary, at_least=1.0)
    expect.mean_iou(binary.astype(bool), binary[..., None], at_least=1.0)


def test_credit_is_linear_and_a_class_below_its_floor_halves_it(credit) -> None:
    truth = np.array([[[0] * 8 + [1] * 8]])
    half = np.array([[[0] * 12 + [1] * 4]])  # IoU 2/3 and 1/2
    mean = (2 / 3 + 1 / 2) / 2
    found = credit(expect.mean_iou, half, truth, at_least=0.8, partial_from=0.4)
    assert found == pytest.approx((mean - 0.4) / 0.4, abs=1e-6)
    halved = credit(expect.mean_iou, half, truth, at_least=0.5, floor=0.6)
    assert halved == pytest.approx(0.5)


def test_a_mask_of_another_shape_is_never_broadcast(credit) -> None:
    truth = np.ones((4, 8, 8), int)
    for shape in [(8, 8), (1, 8, 8), (4, 8, 1), (4, 1, 1), (1,), ()]:
        assert credit(expect.mean_iou, np.ones(shape, int), truth, at_least=0.1) == 0.0


def test_nan_probabilities_never_pass(credit) -> None:
    truth = np.zeros((1, 4, 4), int)
    scores = np.zeros((1, 4, 4, 3))
    scores[0, 0, 0, 0] = np.nan
    assert credit(expect.mean_iou, scores, truth, at_least=0.0) == 0.0


@settings(max_examples=100, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.int64, np.uint8, np.bool_]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    )
)
def test_no_array_makes_mean_iou_raise_or_leave_the_range(value: np.ndarray) -> None:
    truth = np.array([[[0, 1], [2, 1]]])
    try:
        found = expect.mean_iou(value, truth, at_least=0.9, partial_from=0.1)
    except expect.NotMet as failure:
        found = failure.verdict
    assert 0.0 <= found.credit <= 1.0
    assert not found.met or np.isfinite(np.asarray(value, float)).all()


def test_hostile_values_are_never_met(never_met) -> None:
    truth = np.array([[[0, 1], [2, 1]]])
    never_met(lambda v: expect.mean_iou(v, truth, at_least=0.5))
    never_met(lambda v: expect.mask_valid(v, shape=(None, 2, 2), classes=3))
    never_met(lambda v: expect.instances(v, truth[0]))
    never_met(lambda v: expect.dice_iou_agree(v, mask_iou, [(truth > 0, truth > 1)]))
    never_met(lambda v: expect.dice_iou_agree(dice_coefficient, v, [(truth > 0, truth > 1)]))


def test_mask_valid_gives_a_third_for_each_property(credit) -> None:
    check = {"shape": (None, 4, 4), "classes": 3}
    assert credit(expect.mask_valid, np.zeros((2, 4, 4), int), **check) == 1.0
    assert credit(expect.mask_valid, np.zeros((2, 4, 4)), **check) == pytest.approx(2 / 3)
    assert credit(expect.mask_valid, np.full((2, 4, 5), 3.5), **check) == pytest.approx(0)


def test_dice_given_for_iou_is_caught(credit) -> None:
    pairs = [tuple(np.random.default_rng(s).random((2, 6, 6)) < 0.5) for s in range(4)]
    assert credit(expect.dice_iou_agree, dice_coefficient, mask_iou, pairs) == 1.0
    assert credit(expect.dice_iou_agree, mask_iou, mask_iou, pairs) < 0.5
    unsafe = lambda a, b: (a & b).sum() / (a | b).sum()  # noqa: E731
    assert credit(expect.dice_iou_agree, dice_coefficient, unsafe, pairs) < 1.0


def test_touching_objects_that_were_merged_are_counted() -> None:
    truth = np.zeros((6, 6), int)
    truth[:, :2], truth[:, 2:4] = 1, 2
    assert matched_objects((truth > 0).astype(int), truth, 0.5) == (1, 1, 2, 1)
    assert matched_objects(truth * 7, truth, 0.5) == (2, 2, 2, 0)


def test_instances_need_a_number_each(credit) -> None:
    truth = np.zeros((2, 6, 6), int)
    truth[:, :2, :2], truth[:, 4:, 4:] = 1, 2
    assert credit(expect.instances, truth[:, ::1] * 3, truth) == 1.0
    assert credit(expect.instances, (truth > 0).astype(int), truth) < 0.7
    assert credit(expect.instances, np.zeros_like(truth), truth) == 0.0


def test_a_wrong_truth_is_the_authors_fault() -> None:
    with pytest.raises(expect.WrongSetting):
        expect.mean_iou(np.zeros((1, 2, 2), int), np.full((1, 2, 2), 5), at_least=0.5, classes=3)
