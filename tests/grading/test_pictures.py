"""What a criterion draws of an answer it did not accept is kept for staff, and changes no result."""

from __future__ import annotations

from base64 import b64decode

from autograder.evidence import check_pictures
from tests.grading.test_running_and_checking import a_class  # noqa: F401 (a fixture)

BODY = """def c(masks):
    truth = np.zeros((2, 8, 8), dtype=int)
    truth[:, 2:5, 2:5] = 1
    expect.mean_iou(masks, truth, at_least=0.9)"""
WRONG = "import numpy as np\nmasks = np.zeros((2, 8, 8), dtype=int)"
RIGHT = f"{WRONG}\nmasks[:, 2:5, 2:5] = 1"


def test_the_worst_mask_of_a_wrong_answer_is_kept_and_nothing_of_a_right_one(a_class):  # noqa: F811
    one = a_class(BODY, "masks = None")
    results, evidence = one.run({"answer": WRONG})
    assert str(results["c"].status) == "failed"
    (picture,) = check_pictures.read(one.store, evidence.key, "t", "c")
    assert b64decode(picture.svg).startswith(b"<svg")
    assert picture.alt.startswith("Picture 0, counted from 0: your mask")
    results, evidence = one.run({"answer": RIGHT})
    assert str(results["c"].status) == "passed"
    assert check_pictures.read(one.store, evidence.key, "t", "c") == ()


def test_what_is_to_be_seen_is_said_in_the_language_that_the_student_reads(a_class):  # noqa: F811
    one = a_class(BODY, "masks = None")
    _, evidence = one.run({"answer": WRONG}, one.rules(language="ko"))
    (picture,) = check_pictures.read(one.store, evidence.key, "t", "c")
    assert picture.alt.startswith("0부터 세어 0번 그림")
