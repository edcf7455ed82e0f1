"""Pictures: drawn only for those who may look, and only where a demand is not met."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from autograder import expect
from autograder.expect import pictures
from autograder.expect.verdict import NotMet, decide, picturing

pytestmark = pytest.mark.check
PNG = b"\x89PNG\r\n"
TRUTH = np.array([[[0, 0, 1, 1]] * 4] * 2)


def test_a_check_that_is_not_met_draws_inside_picturing_only() -> None:
    calls = []

    def draw() -> bytes:
        calls.append(1)
        return PNG

    words = {"expected": "a", "got": "b", "next": "c", "picture": draw}
    with pytest.raises(NotMet):
        decide(0.5, **words)
    assert calls == []
    with picturing() as drawn:
        with pytest.raises(NotMet):
            decide(0.5, **words)
        decide(1.0, **words)
    assert drawn == [PNG]


def test_a_picture_that_cannot_be_drawn_costs_nothing() -> None:
    with picturing() as drawn, pytest.raises(NotMet):
        decide(0, expected="a", got="b", next="c", picture=lambda: 1 / 0)
    assert drawn == []


@pytest.mark.parametrize(
    "check",
    [
        lambda: expect.mean_iou(1 - TRUTH, TRUTH, at_least=0.9),
        lambda: expect.accuracy([0, 1, 1, 0], [0, 1, 2, 3], at_least=0.9),
        lambda: expect.loss_curve({"loss": [2.0, 1.9]}),
        lambda: expect.learning_rates([0.1, 0.1], [0.1, 0.05]),
        lambda: expect.not_copied(np.zeros((2, 8, 8)), np.zeros((2, 8, 8))),
        lambda: expect.diverse(np.zeros((20, 8, 8, 1)), np.random.default_rng(0).random((20, 8, 8, 1))),
        lambda: expect.reconstructs(np.zeros((3, 8, 8)), np.random.default_rng(0).random((3, 8, 8)), at_most=0.1),
    ],
    ids=["masks", "confusion", "curve", "rates", "none", "grid", "rebuilt"],
)  # fmt: skip
def test_the_pictures_are_png(check, request) -> None:
    with picturing() as drawn, pytest.raises(NotMet):
        check()
    if request.node.callspec.id == "none":
        assert drawn == []
    else:
        assert [picture[:6] for picture in drawn] == [PNG]


def test_the_worst_mask_is_the_one_with_most_wrong_pixels() -> None:
    found = TRUTH.copy()
    found[1] = 1 - found[1]
    assert pictures.worst_mask(found, TRUTH, 2) != pictures.worst_mask(TRUTH, TRUTH, 2)


def test_importing_the_checks_needs_numpy_only() -> None:
    import subprocess

    code = (
        "import sys, autograder.expect\n"
        "print([m for m in ('keras', 'tensorflow', 'scipy', 'sklearn', 'matplotlib', 'pandas')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
