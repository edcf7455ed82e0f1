"""A course of one small assignment, with mistakes, to be validated and calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder import config
from autograder.config import Course
from tests.grading.made import answer, code, setup, test, write

SETUP = setup("import numpy as np\n\nfrom autograder import Task, expect")
DOUBLE = """def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION"""
SUM = """### BEGIN SOLUTION
total = float(np.sum(double(np.arange(4.0))))
### END SOLUTION"""
DOUBLE_TEST = """task = Task("double")


@task.criterion("double(3) is {wanted}", points=2)
def by_hand(double, *, wanted=6):
    expect.close(double(3), wanted, name="double(3)")


### BEGIN HIDDEN TESTS
@task.criterion("It doubles {n} drawn numbers", points=3, after=by_hand)
def drawn(double, rng, *, n=5):
    numbers = rng.normal(size=n)
    expect.close(double(numbers), numbers + numbers, name="double(x)")
### END HIDDEN TESTS

task.check()"""
SUM_TEST = """task = Task("total")


@task.criterion("total is the sum of the doubled numbers", points=5)
def right(total, *, within=1e-9):
    expect.close(total, 12.0, atol=within, name="total")


task.check()"""


def mistake(name: str, fails: str, body: str, *, slow: bool = False) -> Any:
    text = f"# mistake: {name}\n# fails: {fails}\n# tell: Look again at {name}.\n{body}"
    return code(text, tags=["mistake", "slow"] if slow else ["mistake"])


TRIPLED = mistake("tripled", "by_hand", "def double(x):\n    return 3 * x")
ROUNDED = mistake("rounded", "drawn", "def double(x):\n    return np.round(2 * x)")
MEAN = mistake("mean", "right", "total = 3.0")


def cells(
    *,
    double: str = DOUBLE,
    total: str = SUM,
    double_test: str = DOUBLE_TEST,
    total_test: str = SUM_TEST,
    first: Sequence[Any] = (TRIPLED, ROUNDED),
    second: Sequence[Any] = (MEAN,),
    more: Sequence[Any] = (),
) -> list[Any]:
    """The assignment: `tripled` also makes the total wrong, which is why total starts anew."""
    return [
        SETUP,
        answer(double, "double_answer"),
        *first,
        test(double_test, "double", 5),
        code("def double(x):\n    return 2 * x", "given", locked=True),
        answer(total, "total_answer"),
        *second,
        test(total_test, "total", 5),
        *more,
    ]


def course(root: Path, made: Sequence[Any], *, config_lines: str = "") -> Course:
    """A course with the cells as its assignment A."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "course_config.py").write_text(f"c = get_config()\n{config_lines}\n")
    write(root / "source" / "A", made, "A")
    return config.load(root)
