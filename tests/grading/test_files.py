"""Single notebooks graded by path: one result each, nothing recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder import gradebook
from autograder.errors import NotFound
from autograder.steps.grade_files import grade_files
from tests.grading.test_bulk import make, saved


def test_each_notebook_gets_a_result_and_nothing_is_recorded(tmp_path: Path) -> None:
    course = make(tmp_path)
    handed = course.submitted
    files = [handed / who / "hw" / "hw.ipynb" for who in ("a-right", "b-wrong", "f-broken")]
    report = grade_files(course, "hw", files)
    assert [(one.points, one.max_points, one.state) for one in report.files] == [
        (3.0, 3.0, "full"), (1.0, 3.0, "graded"), (0.0, 3.0, "broken"),
    ]  # fmt: skip
    assert [one.file for one in report.files] == [str(f) for f in files]
    assert json.loads(json.dumps(report.as_json()))["results"][1]["result"]["tasks"][0]["criteria"]
    assert not saved(course)
    assert not gradebook.student_scores(course, "hw")
    with pytest.raises(NotFound, match="no such file"):
        grade_files(course, "hw", [tmp_path / "gone.ipynb"])
