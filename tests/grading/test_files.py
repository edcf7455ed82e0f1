"""Single notebooks graded by path: one result each, nothing recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder import gradebook
from autograder.errors import NotFound
from autograder.steps.grading.grade_files import grade_files
from tests.grading.made import answer, test, write
from tests.grading.test_bulk import make, saved


def test_each_notebook_gets_a_result_and_nothing_is_recorded(tmp_path: Path) -> None:
    course = make(tmp_path)
    handed = course.submitted
    files = [handed / who / "hw" / "hw.ipynb" for who in ("a-right", "b-wrong", "f-broken")]
    report = grade_files(course, "hw", files)
    assert [(one.points, one.max_points, one.state) for one in report.files] == [
        (3.0, 3.0, "full"),
        (1.0, 3.0, "graded"),
        (0.0, 3.0, "broken"),
    ]
    assert [one.file for one in report.files] == [str(f) for f in files]
    assert json.loads(json.dumps(report.as_json()))["results"][1]["result"]["tasks"][0]["criteria"]
    assert not saved(course)
    assert not gradebook.student_scores(course, "hw")
    with pytest.raises(NotFound, match="no such file"):
        grade_files(course, "hw", [tmp_path / "gone.ipynb"])


def test_a_file_is_graded_as_the_notebook_that_it_is_a_version_of(tmp_path: Path) -> None:
    course = make(tmp_path)
    second = tmp_path / "source" / "hw" / "second.ipynb"
    write(second.parent, [answer("y = 2", "other"), test("assert y == 2", "t2", 5)], "second")
    handed = write(tmp_path / "home", [answer("y = 2", "other"), test("", "t2", 5)], "mine (2)")
    named_wrongly = write(tmp_path / "home", [answer("y = 2", "other"), test("", "t2", 5)], "hw")
    report = grade_files(course, "hw", [handed, named_wrongly])
    assert second.is_file()
    assert [(one.points, one.max_points) for one in report.files] == [(5.0, 5.0)] * 2
