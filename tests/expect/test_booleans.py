"""True is no 1: wherever a check demands a number, yes and no are not met; classes may be either."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from autograder import expect
from autograder.expect import NotMet
from autograder.expect.arrays.functions import same

ONE = np.ones((2, 2))
BOX = np.array([0.0, 0.0, 2.0, 2.0])

# Checks that demand a number, with a call that a 1 (or 0) of the student's would meet.
DEMANDS: dict[str, Callable[[Any], Any]] = {
    "close": lambda one: expect.close(one, 1.0),
    "close, an array": lambda one: expect.close([one, one], [1.0, 1.0]),
    "close, a mixed list": lambda one: expect.close([one, 2.0], [1.0, 2.0]),
    "close, mixed rows": lambda one: expect.close([[one], [2.0]], [[1.0], [2.0]]),
    "in_range": lambda one: expect.in_range(one, 0, 1),
    "finite": lambda one: expect.finite(one),
    "finite in a dict": lambda one: expect.finite({"a": [1.0], "b": one}),
    "varies": lambda one: expect.varies([one, 1 - one if type(one) is int else not one]),
    "reaches": lambda one: expect.reaches(one, at_least=0.9),
    "regression_error": lambda one: expect.regression_error(
        [one, one], [1.0, 1.0], kind="mse", at_most=0.1
    ),
    "probabilities": lambda one: expect.probabilities([[one, 0 if type(one) is int else False]]),
    "matches_reference": lambda one: expect.matches_reference(lambda x: one, lambda x: 1, [(1,)]),
    "matches_reference, a tuple": lambda one: expect.matches_reference(
        lambda x: (one, 2), lambda x: (1, 2), [(1,)]
    ),
    "matches_reference, a dict": lambda one: expect.matches_reference(
        lambda x: {"a": one}, lambda x: {"a": 1}, [(1,)]
    ),
    "gradient_close": lambda one: expect.gradient_close(
        {"w": [one, one]}, lambda p: p["w"].sum(), {"w": [3.0, 2.0]}
    ),
    "learning_rates": lambda one: expect.learning_rates([one, one], [1.0, 1.0]),
    "tuning_table": lambda one: expect.tuning_table(
        [{"lr": 0.1, "val_accuracy": 0.5}, {"lr": 0.01, "val_accuracy": one}], 1, at_least=2
    ),
    "tuning_table, the chosen row": lambda one: expect.tuning_table(
        [{"lr": 0.1, "val_accuracy": 0.5}, {"lr": 0.01, "val_accuracy": 1.0}], one, at_least=2
    ),
    "flags_anomalies": lambda one: expect.flags_anomalies(
        np.array([one, 0 if type(one) is int else False]), np.array([True, False]), at_least=0.9
    ),
    "box_iou": lambda one: expect.box_iou(
        lambda a, b: one if np.array_equal(a, b) else 0.0, [(BOX, BOX)]
    ),
    "conv_output_size": lambda one: expect.conv_output_size(
        lambda size, kernel, stride, padding: one, [(3, 3, 1, "valid")]
    ),
    "rnn_step": lambda one: expect.close(np.array([[one]]), [[1.0]]),
}
MET = {"box_iou", "conv_output_size"}  # an answer of 1 alone does not meet these
IMPOSTORS = {
    "True": True,
    "NumPy's True": np.True_,
    "an array without axes": np.array(True),
}


@pytest.mark.parametrize("name", [n for n in DEMANDS if n not in MET])
def test_a_one_is_met(name: str) -> None:
    assert DEMANDS[name](1).met


@pytest.mark.parametrize("impostor", IMPOSTORS)
@pytest.mark.parametrize("name", DEMANDS)
def test_a_yes_is_not(name: str, impostor: str) -> None:
    with pytest.raises(NotMet) as failure:
        DEMANDS[name](IMPOSTORS[impostor])
    assert failure.value.verdict.credit < 1


@pytest.mark.parametrize(
    "value", ["1.0", b"1", Decimal(1), Fraction(1), [[1.0]], {"a": 1.0}, {1.0}, None, 1 + 0j]
)
@pytest.mark.parametrize("check", [expect.close, lambda v, w: expect.reaches(v, at_least=w)])
def test_other_impostors_are_no_number_either(check: Callable[..., Any], value: Any) -> None:
    if value == [[1.0]] and check is not expect.close:
        assert check(value, 1.0).met  # one element counts as its element where a metric is read
        return
    with pytest.raises(NotMet):
        check(value, 1.0)


def test_the_student_is_told_that_a_comparison_is_no_number() -> None:
    with pytest.raises(NotMet, match="True and False are not numbers here"):
        expect.close(True, 1.0, name="loss")


def test_where_a_class_is_asked_for_yes_and_no_count() -> None:
    labels = np.array([1, 0, 1, 0])
    assert expect.accuracy(labels > 0, labels, at_least=0.9).met
    masks = np.array([[[1, 0], [0, 1]]])
    assert expect.mean_iou(masks > 0, masks, classes=2, at_least=0.9).met
    assert expect.mask_valid(masks > 0, shape=(None, 2, 2), classes=2).met
    assert expect.close(labels > 0, labels > 0).met


def test_sets_and_keys_tell_a_yes_from_a_one() -> None:
    assert same({1, 2}, {1, 2})
    assert not same({True, 2}, {1, 2})
    assert not same({True: "a"}, {1: "a"})
    assert same([True, False], [True, False])
    assert not same([1, 0], [True, False])
