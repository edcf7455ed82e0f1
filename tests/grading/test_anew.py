"""retry=True, retrain=True: a criterion that failed gets a second attempt after training anew."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from autograder import config, gradebook
from autograder.config import Course
from autograder.evidence import results
from autograder.nouns import CriterionResult, Status
from autograder.steps import assignments
from autograder.steps.grading import grade
from tests.grading.made import answer, code, setup, test, write

COINS = 40
HEAD = 'task = Task("t")\n'
COIN = """
@task.criterion("Coin {name}", points=1, retry=True, retrain=True)
def coin_NUMBER(coins, *, name="NUMBER"):
    assert coins[NUMBER], f"tails of {coins[-1]}"
"""
AFTER = """
@task.criterion("After coin 0", points=1, after=coin_0)
def after(coins):
    assert True

@task.criterion("Never", points=1, retry=True)
def never(coins):
    assert False, f"{coins[-1]}"

task.check()"""
TEST = HEAD + "".join(COIN.replace("NUMBER", str(n)) for n in range(COINS)) + AFTER
TOSSED = "import random\ncoins = [random.random() < 0.5 for _ in range(40)] + [random.random()]"
HEADS = "coins = [True] * 41"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    (tmp_path / "course_config.py").write_text("c = get_config()\n")
    cells = [setup("from autograder import Task"), answer(HEADS), test(TEST, "t", COINS + 2)]
    for cell in cells:
        cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    write(tmp_path / "source" / "hw", cells, "hw")
    for student, text in {"heads": HEADS + "  # mine", "tossed": TOSSED}.items():
        folder = tmp_path / "submitted" / student / "hw"
        folder.mkdir(parents=True)
        given = [cells[0], code(text, "answer", solution=True), cells[2]]
        nbformat.write(nbformat.v4.new_notebook(cells=given), folder / "hw.ipynb")
    course = config.load(tmp_path)
    gradebook.register(course, assignments.load_assignment(course, "hw"), 1)
    return course


def criteria(course: Course, student: str) -> dict[str, CriterionResult]:
    result = results.load(course.state, "hw", student)
    assert result is not None
    (notebook,) = result.notebooks
    return {c.name: c for c in notebook.tasks[0].criteria}


def runs(course: Course) -> int:
    return len(list((course.state / "evidence" / "runs").glob("*.json")))


def test_a_failure_is_tried_once_more_on_what_a_second_run_trained(course, workers) -> None:
    grade.grade(course, "hw", workers=workers)
    assert runs(course) == 3, "the one without bad luck was run once"
    tossed = criteria(course, "tossed")
    coins = [tossed[f"coin_{n}"] for n in range(COINS)]
    again = [c for c in coins if c.attempts == 2]
    assert {c.status for c in coins if c.attempts == 1} == {Status.PASSED}
    assert {c.status for c in again} == {Status.PASSED, Status.FAILED}
    assert tossed["after"].status is (
        Status.PASSED if tossed["coin_0"].status is Status.PASSED else Status.NOT_RUN
    )
    of = {str(c.message).split("tails of ")[1] for c in again if c.status is Status.FAILED}
    assert len(of) == 1, "those that failed twice are told of one run"
    heads = criteria(course, "heads")
    assert {c.attempts for n, c in heads.items() if n != "never"} == {1}


def test_only_what_is_owed_a_second_run_is_taken_from_it(course, workers) -> None:
    grade.grade(course, "hw", workers=workers)
    tossed = criteria(course, "tossed")
    first = str(tossed["never"].message)
    failed = [c for n, c in tossed.items() if n.startswith("coin") and c.status is Status.FAILED]
    assert str(failed[0].message).split("tails of ")[1][:10] in first


def test_grading_again_trains_nothing_anew(course, workers) -> None:
    grade.grade(course, "hw", workers=workers)
    before, points = runs(course), criteria(course, "tossed")
    grade.grade(course, "hw", workers=workers)
    assert runs(course) == before
    assert criteria(course, "tossed") == points
