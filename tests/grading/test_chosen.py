"""The notebook that was worked in gets the points, and its result says which one that was."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell

from autograder import config, sanitize
from autograder.evidence import results
from autograder.gradebook.scores.autograded_notebooks import write_autograded
from autograder.notebook.source.reading import read_notebook
from autograder.notebook.submission.merging import merge
from autograder.nouns import NotebookResult, Submission
from autograder.steps.grading import grade
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.reporting.feedback.cells import pictures_in_answers
from autograder.steps.reporting.feedback.writing import feedback
from autograder.steps.reporting.groups.reading import graded
from autograder.web.staff import cell_rendering
from tests.feedback.made import a_plot
from tests.grading.made import answer, test, write
from tests.grading.test_bulk import make


def test_a_solved_copy_beside_the_untouched_notebook_gets_its_points(
    tmp_path: Path, workers: Workers
) -> None:
    course = make(tmp_path)
    right = course.submitted / "a-right" / "hw" / "hw.ipynb"
    untouched = course.source / "hw" / "hw.ipynb"
    for folder in course.submitted.iterdir():
        if folder.name != "a-right":
            for file in sorted(folder.rglob("*"), reverse=True):
                file.unlink() if file.is_file() else file.rmdir()
            folder.rmdir()
    (right.parent / "hw-Copy1.ipynb").write_bytes(right.read_bytes())
    node = nbformat.read(untouched, as_version=4)
    right.write_text(nbformat.writes(node))
    report = grade.grade(course, "hw", workers=workers)
    assert {one.student: one.points for one in report.results} == {"a-right": 3.0}
    result = results.load(course.state, "hw", "a-right")
    words = "hw-Copy1.ipynb is graded, as it has the most answers. Not graded: hw.ipynb."
    assert result is not None
    assert words in result.notebooks[0].notes
    feedback(course, "hw", "a-right")
    assert words in (course.feedback / "a-right" / "hw" / "hw.html").read_text("utf-8")


def _course_with_text(tmp_path: Path):
    marks = {
        "grade_id": "why",
        "grade": True,
        "solution": True,
        "locked": False,
        "task": False,
        "points": 1,
        "schema_version": 3,
    }
    why = new_markdown_cell("YOUR ANSWER HERE", metadata={"nbgrader": marks})
    cells = [answer("x = 1"), test("assert x == 1", "t", 1), why]
    notebook, problems = read_notebook(write(tmp_path / "source" / "a", cells, "nb"))
    assert notebook is not None
    assert not problems
    return notebook


def _answered(notebook, path: Path, text: str, attachments: dict) -> None:
    node = nbformat.from_dict(json.loads(json.dumps(notebook.node)))
    for cell in node.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "why":
            cell.source = text
            if attachments:
                cell.attachments = nbformat.from_dict(attachments)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(node))


def _shown(tmp_path: Path, text: str, attachments: dict, files: dict[str, bytes]):
    """(pictures on the staff's page, those in feedback, formgrader's cell) of an answer."""
    notebook = _course_with_text(tmp_path)
    folder = tmp_path / "handed"
    _answered(notebook, folder / "nb.ipynb", text, attachments)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    merged = merge(notebook, folder / "nb.ipynb")
    (tmp_path / "course_config.py").write_text("c = get_config()\n")
    course = config.load(tmp_path)
    submission = Submission("1", "a", "kim", folder, "2026-01-01T00:00:00+00:00", "", 0)
    path = write_autograded(course, submission, NotebookResult("nb", ()), merged.node, {})
    (cell,) = [c for c in graded(course, "a", "nb", "kim").cells if c.grade_id == "why"]
    outputs = cell_rendering.cell(0, cell).outputs
    node = nbformat.read(path, as_version=4)
    nbformat.validate(node)
    return (
        [one.text for one in outputs if one.kind == "picture"],
        [plot.data for plot in pictures_in_answers(path)],
        next(c for c in node.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "why"),
    )


def test_attached_pictures_and_those_beside_the_notebook_are_shown(tmp_path: Path) -> None:
    picture = a_plot()
    clean = sanitize.png_of_base64(_base64(picture))
    text = "One: ![x](attachment:my%20loss%20(1).png) two: ![](plots/b.png) ![](gone.png)"
    attachments = {"my loss (1).png": {"image/png": _base64(picture)}}
    staff, student, cell = _shown(tmp_path, text, attachments, {"plots/b.png": picture})
    assert staff == student == [clean, clean]
    assert "![](attachment:picture-1.png)" in cell.source
    assert "![](attachment:picture-2.png)" in cell.source
    assert set(cell.attachments) == {"picture-1.png", "picture-2.png"}


def test_pictures_that_are_none_and_files_elsewhere_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(a_plot())
    (tmp_path / "handed").mkdir()
    (tmp_path / "handed" / "link.png").symlink_to(tmp_path / "secret.png")
    text = (
        "![](../secret.png) ![](link.png) ![](page.png) ![](attachment:x.svg)"
        " <img src='/etc/passwd'> ![](attachment:bad.png)"
    )
    attachments = {
        "x.svg": {"image/svg+xml": "<svg onload='alert(1)'/>"},
        "bad.png": {"image/png": _base64(b"<script>")},
    }
    staff, student, cell = _shown(tmp_path, text, attachments, {"page.png": b"<html>"})
    assert staff == student == []
    assert "attachments" not in cell


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
