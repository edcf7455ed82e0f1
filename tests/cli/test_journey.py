"""A course from nothing to scores by commands alone, as a new instructor would."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

AUTOGRADER = Path(sys.executable).with_name("autograder")
ANSWERS = {
    "right": """def standardise(x):
    spread = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)""",
    "partly": """def standardise(x):
    return (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-12 * (x.std(axis=0) == 0) + 0.5)""",
    "wrong": "def standardise(x):\n    return x / 0 / None",
}


def autograder(*words: object, cwd: Path) -> dict[str, Any]:
    done = subprocess.run(
        [AUTOGRADER, *map(str, words), "--json"],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new course, `hello` released, three submissions and one that is no notebook."""
    root = tmp_path_factory.mktemp("courses") / "dl"
    autograder("init", root, cwd=root.parent)
    report = autograder("release", "hello", "--no-sandbox", cwd=root)
    assert (report["number"], report["written"], report["max_points"]) == (1, True, 10)
    released = nbformat.read(root / "release" / "hello" / "hello.ipynb", as_version=4)
    for student, answer in ANSWERS.items():
        nb = copy.deepcopy(released)
        for cell in nb.cells:
            if cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = answer
        folder = root / "submitted" / student / "hello"
        folder.mkdir(parents=True)
        nbformat.write(nb, folder / "hello.ipynb")
    broken = root / "submitted" / "broken" / "hello"
    broken.mkdir(parents=True)
    (broken / "hello.ipynb").write_text("{")
    return root


@pytest.fixture(scope="module")
def graded(course: Path) -> dict[str, Any]:
    return autograder("grade", "hello", "--no-sandbox", "-j", 2, cwd=course)


def test_each_gets_what_the_answer_is_worth(graded: dict[str, Any]) -> None:
    points = {one["student"]: one["points"] for one in graded["results"]}
    assert points == {"broken": 0, "right": 10, "partly": 2, "wrong": 0}
    assert graded["by_status"]["broken"] == 1
    assert graded["by_status"]["full"] == 1
    assert graded["faults"] == []


def test_without_isolation_every_result_says_so(graded: dict[str, Any]) -> None:
    tiers = {n["tier"] for one in graded["results"] for n in one["notebooks"] if not n["broken"]}
    assert tiers == {"UNSANDBOXED"}


def test_the_second_time_nothing_is_run(course: Path, graded: dict[str, Any]) -> None:
    again = autograder("grade", "hello", "--no-sandbox", cwd=course)
    assert (again["ran"], again["recorded"]) == (0, 0)
    assert again["results"] == graded["results"]


def test_status_counts_them(course: Path, graded: dict[str, Any]) -> None:
    (hello,) = autograder("status", cwd=course / "source" / "hello")["assignments"]
    assert (hello["release"], hello["submitted"], hello["graded"]) == (1, 4, 4)
    assert hello["mean"] == 3.0
    assert hello["max_score"] == 10.0


def test_releasing_again_changes_nothing(course: Path, graded: dict[str, Any]) -> None:
    report = autograder("release", "hello", "--no-sandbox", cwd=course)
    assert (report["number"], report["written"], report["changes"]) == (1, False, [])
