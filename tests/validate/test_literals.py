"""A visible criterion that a literal of its own meets is remarked; a demand that says it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.notebook.source.reading import read_notebook
from autograder.nouns import Assignment
from autograder.steps.authoring.validate.literals import given_away
from tests.grading.made import answer, setup, test, write

HIDDEN = """
### BEGIN HIDDEN TESTS
@task.criterion("on unseen data too", points=1)
def unseen(y):
    expect.close(y, np.pi)
### END HIDDEN TESTS"""


def a_check(body: str, *, demand: str = "y is right", also: str = "", settings: str = "") -> str:
    return (
        f'task = Task("t")\n\n@task.criterion("{demand}", points=1)\n'
        f"def c(y{settings}):\n    {body}\n{also}\ntask.check()"
    )


GIVEN_AWAY = {
    "close": a_check("expect.close(y, 3.14159)"),
    "close by name": a_check("expect.close(y, reference=3.14159)"),
    "a negative number": a_check("expect.close(y, -2.5, rtol=1e-3)"),
    "a list": a_check("expect.close(y, [1.5, 2.5])"),
    "an array of literals": a_check("expect.close(y, np.array([1.5, 2.5]))"),
    "a setting that the sentence does not say": a_check(
        "expect.close(y, want)", settings=", *, want=3.14159"
    ),
    "labels": a_check("expect.accuracy(y, [0, 1, 1], at_least=0.9)"),
    "an assertion": a_check("assert y == 3.14"),
    "the other way round": a_check("assert 3.14 == y"),
    "a text": a_check("assert y == 'overfitting'"),
    "one item": a_check("assert y['mean'] == 4.25"),
    "rounded": a_check("assert round(y, 2) == 3.14"),
    "NumPy": a_check("assert np.isclose(y, 3.14159)"),
    "NumPy's tests": a_check("np.testing.assert_allclose(y, 3.14159)"),
    "a float made of it": a_check("expect.close(float(y), 3.14159)"),
    "plain asserts": "assert y == 3.14, 'y is right'",
    "plain asserts without words": "assert abs(y) > 0\nassert np.isclose(y, 3.14159)",
}
NOT_GIVEN_AWAY = {
    "a demand that says it": a_check("assert y == 0.01", demand="the learning rate is 0.01"),
    "a setting that the sentence says": a_check(
        "expect.close(y, want)", demand="y is {want}", settings=", *, want=0.5"
    ),
    "a list that the sentence says": a_check("expect.close(y, [1, 2])", demand="y holds 1 and 2"),
    "a hidden criterion beside it": a_check("expect.close(y, 3.14159)", also=HIDDEN),
    "computed": a_check("expect.close(y, np.pi)"),
    "a shape": a_check("expect.shape(y, (3, 4))"),
    "a property": a_check("assert y.shape == (3,)"),
    "a length": a_check("assert len(y) == 3"),
    "a function of theirs": a_check("assert y(2) == 4"),
    "true or not": a_check("assert y == True"),
    "a bound": a_check("assert y < 0.5"),
}


def remarks(folder: Path, cell: str) -> list[str]:
    cells = [
        setup("import numpy as np\nfrom autograder import Task, expect"),
        answer("### BEGIN SOLUTION\ny = 3.14159\n### END SOLUTION"),
        test(cell, "t", 2 if "HIDDEN" in cell else 1),
    ]
    notebook, problems = read_notebook(write(folder, cells))
    assert notebook is not None
    assert not problems, "\n".join(map(str, problems))
    return list(given_away(Assignment("A", folder, "daily", (notebook,), (), ())))


@pytest.mark.parametrize("name", GIVEN_AWAY)
def test_an_answer_that_students_read_in_a_check_is_remarked(name: str, tmp_path: Path) -> None:
    (remark,) = remarks(tmp_path, GIVEN_AWAY[name])
    assert remark.startswith("nb, task t: students read the answer ")
    assert "hidden inputs" in remark


@pytest.mark.parametrize("name", NOT_GIVEN_AWAY)
def test_what_gives_no_answer_away_is_not_remarked(name: str, tmp_path: Path) -> None:
    assert remarks(tmp_path, NOT_GIVEN_AWAY[name]) == []
