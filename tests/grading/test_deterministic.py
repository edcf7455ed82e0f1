"""Equal answers get equal points and equal words, whoever hands them in, whenever it is graded."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.config import Course
from autograder.evidence import results
from autograder.nouns import Status, Usage
from autograder.steps.grading import grade
from autograder.steps.grading.pipeline.workers import Workers
from tests.grading.made import answer, code, setup, test
from tests.grading.test_visible_text import with_student

STUDENTS = ("ann", "ben", "cho", "dea", "eve")
KERAS = """
import random
import keras
import numpy as np
from autograder import Task, expect
"""
SEEDED = KERAS + "keras.utils.set_random_seed(0)"
MODEL = """
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dropout(0.5),
                          keras.layers.Dense(3)])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
"""
TRAINS = """
x = np.random.normal(size=(90, 4)); y = np.arange(90) % 3
found = model.fit(x + y[:, None], y, epochs=2, verbose=0).history
assert found["accuracy"][-1] > 2, str(found)
"""
DRAWS = """
def draws():
    own = [random.random(), np.random.rand(), np.random.default_rng().random()]
    made = keras.layers.Dense(1)(np.ones((1, 2)))
    return [*own, float(made[0, 0]), float(keras.random.normal((1,))[0]), str(set("abcdefgh"))]
drawn = draws()
"""
ASKS = """
task = Task("asks")

@task.criterion("What is drawn", points=1)
def drawn_before(drawn):
    assert False, str(drawn)

@task.criterion("What is drawn when asked", points=1, retry=True)
def asked(draws):
    assert False, str(draws())

@task.criterion("What a check draws", points=1)
def checks(drawn):
    assert False, str([random.random(), np.random.rand(), np.random.default_rng().random(),
                       float(keras.random.normal((1,))[0]), str(set("abcdefgh"))])

task.check()
"""


def a_course(root: Path, set_up: str, tags: bool) -> Course:
    """Five students with one answer each, the same one; what they claim of it differs."""
    first = setup(KERAS.strip(), "imports") if tags else code(set_up, "locked", locked=True)
    cells = [
        setup(set_up.strip() if tags else KERAS.strip()),
        first,
        answer(MODEL.strip(), "one"),
        test(TRAINS.strip(), "trains", 3),
        answer(DRAWS.strip(), "two"),
        test(ASKS.strip(), "asks", 3),
    ]
    answers = {"one": MODEL + "# mine", "two": DRAWS + "# mine"}
    course = with_student(root, b"k" * 32, cells, answers)
    (first,) = (course.submitted / "ann" / "hw").glob("*.ipynb")
    for number, student in enumerate(STUDENTS):
        path = course.submitted / student / "hw" / first.name
        node = nbformat.read(first, 4)
        node.metadata["autograder"] = {
            "format": 1,
            "assignment": "hw",
            "notebook": "hw",
            "release": 10**number,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(node, path)
        (path.parent / f"{student}.txt").write_text(student)
    return course


def judged(course: Course, student: str) -> dict[str, Any]:
    """The result as JSON, without ids and times."""
    result = results.load(course.state, "hw", student)
    assert result is not None
    notebooks = tuple(replace(n, usage=Usage(), run="") for n in result.notebooks)
    found = replace(result, submission="", student="", notebooks=notebooks)
    criteria = [c for t in found.notebooks[0].tasks for c in t.criteria]
    assert [c.status for c in criteria] == [Status.FAILED] * 4
    assert not any(c.error for c in criteria), [str(c.message) for c in criteria]
    return dict(results.as_json(found))


@pytest.mark.parametrize(
    ("set_up", "tags"),
    [(SEEDED, True), (SEEDED, False), (KERAS, True)],
    ids=["seeded by a setup cell", "seeded by a locked cell", "seeded by nobody"],
)
def test_one_answer_gets_one_result_from_anybody_at_any_time(
    set_up: str, tags: bool, tmp_path: Path, workers: Workers
) -> None:
    course = a_course(tmp_path, set_up, tags)
    grade.grade(course, "hw", workers=workers, jobs=2)
    found = {json.dumps(judged(course, student), indent=1) for student in STUDENTS}
    assert len(found) == 1, sorted(found)[:2]
    shutil.rmtree(course.state / "evidence")
    for student in STUDENTS:
        results.path_of(course.state, "hw", student).unlink()
    with Workers() as others:  # other servers, one job after the other
        grade.grade(course, "hw", students=["cho"], workers=others)
    assert {json.dumps(judged(course, "cho"), indent=1)} == found
