"""Pictures: drawn only for those who may look, only where a demand is not met, in their language."""

from __future__ import annotations

import re
import sys
import zlib
from base64 import b64decode
from xml.etree import ElementTree

import numpy as np
import pytest

from autograder import expect, language
from autograder.expect import pictures, svg
from autograder.expect.verdict import NotMet, Picture, decide, picturing

pytestmark = pytest.mark.check
PICTURE = Picture("<svg/>", "nothing")
TRUTH = np.array([[[0, 0, 1, 1]] * 4] * 2)


@pytest.fixture(params=["en", "ko"])
def lang(request):
    language.use(request.param)
    yield request.param
    language.use("")


def test_a_check_that_is_not_met_draws_inside_picturing_only() -> None:
    calls = []

    def draw() -> Picture:
        calls.append(1)
        return PICTURE

    words = {"expected": "a", "got": "b", "next": "c", "picture": draw}
    with pytest.raises(NotMet):
        decide(0.5, **words)
    assert calls == []
    with picturing() as drawn:
        with pytest.raises(NotMet):
            decide(0.5, **words)
        decide(1.0, **words)
    assert drawn == [PICTURE]


def test_a_picture_that_cannot_be_drawn_costs_nothing() -> None:
    with picturing() as drawn, pytest.raises(NotMet):
        decide(0, expected="a", got="b", next="c", picture=lambda: 1 / 0)
    assert drawn == []


DRAWING = {
    "masks": lambda: expect.mean_iou(1 - TRUTH, TRUTH, at_least=0.9),
    "confusion": lambda: expect.accuracy([0, 1, 1, 0], [0, 1, 2, 3], at_least=0.9),
    "curve": lambda: expect.loss_curve({"loss": [2.0, 1.9]}),
    "one epoch": lambda: expect.loss_curve({"loss": [2.0]}),
    "rates": lambda: expect.learning_rates([0.1, 0.1], [0.1, 0.05]),
    "grid": lambda: expect.diverse(
        np.zeros((20, 8, 8, 1)), np.random.default_rng(0).random((20, 8, 8, 1))
    ),
    "colour": lambda: expect.reconstructs(
        np.zeros((3, 8, 8, 3)), np.random.default_rng(0).random((3, 8, 8, 3)), at_most=0.1
    ),
    "rebuilt": lambda: expect.reconstructs(
        np.zeros((3, 8, 8)), np.random.default_rng(0).random((3, 8, 8)), at_most=0.1
    ),
}


@pytest.mark.parametrize("which", DRAWING)
def test_each_picture_is_an_svg_with_a_sentence_and_no_script(which: str, lang: str) -> None:
    with picturing() as drawn, pytest.raises(NotMet):
        DRAWING[which]()
    (picture,) = drawn
    root = ElementTree.fromstring(picture.svg)
    assert root.tag.endswith("svg")
    assert root.get("role") == "img"
    assert root[0].text == picture.alt
    assert picture.alt.endswith(".")
    assert "{" not in picture.alt
    if lang == "ko":
        words = [e.text for e in root.iter() if e.tag.endswith("}text")]
        shown = " ".join([picture.alt, *(w for w in words if w not in ("loss", None))])
        assert re.search("[가-힣]", picture.alt)
        assert not re.search("[a-zA-Z]{4,}", shown.replace("loss", "")), shown


def test_a_value_that_cannot_be_compared_draws_nothing() -> None:
    with picturing() as drawn, pytest.raises(NotMet):
        expect.not_copied(np.zeros((2, 8, 8)), np.zeros((2, 8, 8)))
    assert drawn == []


def test_the_worst_mask_is_the_one_with_most_wrong_pixels() -> None:
    found = TRUTH.copy()
    found[1] = 1 - found[1]
    assert pictures.worst_mask(found, TRUTH).alt.startswith("Picture 1, ")
    assert " 100.0 % of them" in pictures.worst_mask(found, TRUTH).alt
    assert pictures.worst_mask(TRUTH, TRUTH).alt.startswith("Picture 0, ")


def test_a_confusion_matrix_names_what_is_taken_for_what() -> None:
    drawn = pictures.confusion(np.array([0, 1, 1, 1]), np.array([0, 1, 2, 2]))
    assert drawn.alt == (
        "Confusion matrix of 3 classes: 2 of 4 are right; most often 2 is taken for 1, 2 times."
    )


def test_names_of_a_students_own_curves_break_nothing() -> None:
    values = {"<script>\x00": [1.0, float("nan"), 0.5], "b": [float("inf")] * 2000}
    drawn = pictures.curve(values, float("nan"))
    root = ElementTree.fromstring(drawn.svg)
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    assert len(drawn.svg) < 100_000


def test_the_pixels_of_an_image_are_the_pixels_given() -> None:
    pixels = np.arange(18, dtype="uint8").reshape(2, 3, 3)
    data = svg.png(pixels)
    start = data.index(b"IDAT") + 4
    length = int.from_bytes(data[start - 8 : start - 4], "big")
    rows = zlib.decompress(data[start : start + length])
    assert rows == b"".join(b"\0" + row.tobytes() for row in pixels)
    wide = svg.image(0, 0, 100, np.zeros((3000, 10, 3), "uint8"))
    packed = b64decode(wide.split("base64,")[1].split('"')[0])
    assert int.from_bytes(packed[20:24], "big") <= svg.FINEST + 1


def test_importing_the_checks_needs_numpy_only() -> None:
    import subprocess

    code = (
        "import sys, autograder.expect\n"
        "print([m for m in ('keras', 'tensorflow', 'scipy', 'sklearn', 'matplotlib', 'pandas')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
