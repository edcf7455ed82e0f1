"""What a criterion draws of an answer it did not accept is kept for staff, and changes no result."""

from __future__ import annotations

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
    (picture,) = one.store.read("pictures", evidence.key, "t", "c")["pictures"]
    assert picture["svg"].startswith("<svg")
    assert picture["alt"]
    results, evidence = one.run({"answer": RIGHT})
    assert str(results["c"].status) == "passed"
    assert one.store.read("pictures", evidence.key, "t", "c")["pictures"] == []
