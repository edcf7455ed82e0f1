"""A small class graded for real once, and copied for each test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder import config
from autograder.config import Course
from autograder.steps.grading.grade import grade
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.reporting.feedback import feedback
from tests.course_pages.conftest import RIGHT, Class, course_template  # noqa: F401 (a fixture)

NO_AXIS = "def standardise(x):\n    return (x - x.mean()) / x.std()"
BY_ZERO = """def standardise(x):
    with np.errstate(invalid="ignore"):
        return (x - x.mean(axis=0)) / x.std(axis=0)"""
SAMPLE = RIGHT.replace("std(axis=0)", "std(axis=0, ddof=1)")
ANSWERS = {
    "right": RIGHT,
    "zero": BY_ZERO,
    "also": f"# mine\n{BY_ZERO}",
    "sample": SAMPLE,
    "no_axis": NO_AXIS,
}


@dataclass
class Graded:
    """The class, by what each of them handed in."""

    class_: Class
    ids: dict[str, str]

    @property
    def course(self) -> Course:
        return self.class_.course

    def mend(self, old: str, new: str) -> None:
        """Changes the test cell in source/, as an instructor does in JupyterLab."""
        path = self.course.source / "hello" / "hello.ipynb"
        notebook = json.loads(path.read_text())
        found = 0
        for cell in notebook["cells"]:
            text = "".join(cell["source"])
            if cell["metadata"].get("nbgrader", {}).get("grade") and old in text:
                cell["source"], found = text.replace(old, new), found + 1
        assert found == 1, old
        path.write_text(json.dumps(notebook))


@pytest.fixture(scope="session")
def graded_template(course_template: Path, workers: Workers, tmp_path_factory) -> Path:  # noqa: F811
    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(course_template, root)
    class_ = Class(config.load(root))
    students = class_.enrol(len(ANSWERS))
    for student, answer in zip(students, ANSWERS.values(), strict=True):
        class_.hand_in(student, answer)
    grade(class_.course, "hello", workers=workers)
    feedback(class_.course, "hello")
    return root


@pytest.fixture
def graded(graded_template: Path, tmp_path: Path) -> Iterator[Graded]:
    shutil.copytree(graded_template, tmp_path / "course")
    class_ = Class(config.load(tmp_path / "course"))
    with class_.open:
        yield Graded(class_, dict(zip(ANSWERS, class_.enrol(len(ANSWERS)), strict=True)))
