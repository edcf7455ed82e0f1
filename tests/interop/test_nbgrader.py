"""nbgrader's own commands on a course of ours: what they release, and what they must not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TEST = """task = Task("double")

@task.criterion("double(3) is {six}", points=1)
def of_three(double, *, six=6):
    assert double(3) == six

### BEGIN HIDDEN TESTS
@task.criterion("double is right on {n} unseen numbers", points=2)
def unseen(double, rng, *, n=10):
    secret_name = rng.integers(0, 9, n)
    assert all(double(x) == 2 * x for x in secret_name)
### END HIDDEN TESTS

task.check()"""


def graded(source: str, grade_id: str, **marks: object):
    cell = new_code_cell(source)
    cell.metadata.nbgrader = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": False,
        "solution": False,
        "locked": False,
        "task": False,
        **marks,
    }
    return cell


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Path:
    """A small course, released by `nbgrader generate_assignment`."""
    root = tmp_path_factory.mktemp("course")
    folder = root / "source" / "a1"
    (folder / "hidden").mkdir(parents=True)
    (folder / "locale").mkdir()
    (folder / "hidden" / "labels.csv").write_text("secret labels")
    (folder / "locale" / "ko.po").write_text("secret words")
    (folder / "calibration.json").write_text("{}")
    (folder / "data.csv").write_text("1,2")
    mistake = new_code_cell(
        "# mistake: triple\n# fails: of_three\n# tell: It triples.\ndef double(x): return 3 * x"
    )
    mistake.metadata.tags = ["mistake"]
    setup = graded("from autograder import Task", "setup", locked=True)
    setup.metadata.tags = ["setup"]
    nb = new_notebook(
        cells=[
            new_markdown_cell("# Double"),
            setup,
            graded(
                "### BEGIN SOLUTION\ndef double(x):\n    return 2 * x\n### END SOLUTION",
                "double-answer",
                solution=True,
            ),
            mistake,
            graded(TEST, "double", grade=True, locked=True, points=3),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(nb, folder / "a1.ipynb")
    (root / "course_config.py").write_text('c = get_config()\nc.Course.name = "small"\n')
    (root / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text())
    subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", "a1"],
        cwd=root,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},  # it calls `alembic`
        check=True,
        capture_output=True,
    )
    return root


def test_hidden_files_are_not_released(released: Path) -> None:
    files = {p.name for p in (released / "release").rglob("*") if p.is_file()}
    assert files == {"a1.ipynb", "data.csv"}


def test_mistakes_solutions_and_hidden_code_are_not_released(released: Path) -> None:
    text = (released / "release" / "a1" / "a1.ipynb").read_text()
    for secret in ("mistake", "triple", "2 * x", "secret_name", "HIDDEN TESTS"):
        assert secret not in text


def test_what_a_hidden_test_demands_is_released_in_its_place(released: Path) -> None:
    nb = nbformat.read(released / "release" / "a1" / "a1.ipynb", as_version=4)
    (test,) = [c.source for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert (
        'task.hidden("double is right on 10 unseen numbers", points=2, id="unseen")\n\n'
        "task.check()" in test
    )


def test_the_gradebook_keeps_the_hidden_code(released: Path) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{released}/gradebook.db", "small") as book:
        assert "secret_name" in book.find_source_cell("double", "a1", "a1").source


def test_the_gradebook_has_the_task_and_never_hears_of_the_mistake(released: Path) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{released}/gradebook.db", "small") as book:
        notebook = book.find_notebook("a1", "a1")
        assert [(cell.name, cell.max_score) for cell in notebook.grade_cells] == [("double", 3)]
        assert not any("mistake" in cell.source for cell in notebook.source_cells)


def test_nbgrader_says_no_when_the_settings_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "course_config.py").write_text("c = get_config()\nc.Course.nam = 'x'\n")
    (tmp_path / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text())
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", "a1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "did you mean name?" in done.stderr
