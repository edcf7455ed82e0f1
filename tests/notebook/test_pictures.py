"""Pictures that only a solution, a mark scheme, a hidden test or a mistake shows stay in source/."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.errors import ReleaseRefused
from autograder.notebook.release.leaks import leaks
from autograder.notebook.release.wheel import Wheel
from autograder.notebook.source.reading import read_assignment
from autograder.steps.authoring import release as step
from autograder.steps.authoring.release import release
from autograder.steps.authoring.release_builder import build
from tests.notebook.conftest import answer, code, graded, manual, mistake, setup, task_cell, text
from tests.notebook.conftest import write as write_cells
from tests.translation import made


def picture(name: str) -> dict[str, dict[str, str]]:
    return {name: {"image/png": base64.b64encode(f"picture {name}".encode()).decode()}}


def with_pictures(cell, *names):
    attachments = {k: v for name in names for k, v in picture(name).items()}
    return {**cell, "attachments": attachments}


SOLVED = """What is drawn here? ![task](attachment:task.png) and ![odd](attachment:my%20task.png)

### BEGIN SOLUTION
It is ![answer](attachment:answer.png), or <img src="attachment:other answer.png">.
![file](pictures/answer.png) [more](notes/solution.txt)
### END SOLUTION

### BEGIN MARK SCHEME
2 points for ![scheme](attachment:scheme.png); compare ![file](scheme.jpg)
### END MARK SCHEME"""
SCHEME = """Draw a cat like ![cat](attachment:cat.png).

### BEGIN MARK SCHEME
![perfect](attachment:perfect cat.png) ![file](<perfect cat.png>)
### END MARK SCHEME"""
TEST = """task = Task("double")


@task.criterion("double(3) is 6", points=1)
def small(double):
    expect.equal(double(3), 6)


### BEGIN HIDDEN TESTS
@task.criterion("It looks right", points=1)
def looks(double):
    assert open("truth.png")
### END HIDDEN TESTS

task.check()"""
ANSWER = """def double(x):
    ### BEGIN SOLUTION
    # drawn in answer_code.svg
    data = open("values.csv")
    return 2 * x
    ### END SOLUTION"""
FILES = [
    "pictures/answer.png",
    "pictures/task.png",
    "notes/solution.txt",
    "scheme.jpg",
    "truth.png",
    "perfect cat.png",
    "answer_code.svg",
    "wrong.gif",
    "values.csv",
    "unnamed.png",
    "helper.py",
    "drawn_by_helper.png",
]
WITHHELD = {
    "pictures/answer.png",
    "notes/solution.txt",
    "scheme.jpg",
    "truth.png",
    "perfect cat.png",
    "answer_code.svg",
    "wrong.gif",
}


def cells():
    return [
        with_pictures(text("Look: ![x](pictures/task.png)", "intro"), "old solution.png"),
        setup("from autograder import Task, expect\nimport helper"),
        answer("double_answer", ANSWER),
        graded("double", TEST, 2),
        mistake("# mistake: adds\n# fails: small\n# tell: See wrong.gif.\ndef double(x): return x"),
        with_pictures(
            manual("seen", SOLVED, 2),
            "task.png",
            "my task.png",
            "answer.png",
            "other answer.png",
            "scheme.png",
        ),
        with_pictures(manual("whole", "![whole](attachment:whole.png)", 2), "whole.png"),
        with_pictures(task_cell("cat", SCHEME, 2), "cat.png", "perfect cat.png"),
        code("print(1)", "free"),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "source" / "a"
    write_cells(place / "one.ipynb", *cells())
    for name in FILES:
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(f"bytes of {name}")
    (place / "helper.py").write_text("PICTURE = 'drawn_by_helper.png'\n")
    return place


def released(folder: Path) -> SimpleNamespace:
    from autograder.config import Course

    source = read_assignment(folder)
    wheel = Wheel("sprintgrader-1+student.a-py3-none-any.whl", "1+student.a", b"wheel")
    (built,) = build(Course(folder.parents[1]), source, {}, wheel)
    return SimpleNamespace(source=source, built=built, node=built.nodes["one"])


def attachments(node) -> dict[str, list[str]]:
    return {cell.id: sorted(cell.attachments) for cell in node.cells if cell.get("attachments")}


def test_only_pictures_that_the_released_text_shows_are_attached(folder) -> None:
    found = released(folder)
    assert attachments(found.node) == {"seen": ["my task.png", "task.png"], "cat": ["cat.png"]}
    assert list(leaks(found.source, found.built.nodes, found.built.files)) == []


def test_files_that_only_removed_text_names_are_not_released(folder) -> None:
    found = released(folder)
    assert set(found.source.hidden_files) == WITHHELD
    assert set(found.built.files) == {*FILES} - WITHHELD
    assert not WITHHELD & set(found.built.record["files"])


def test_a_file_that_a_text_names_as_well_is_released(folder) -> None:
    changed = cells()
    changed[-1] = code("open('truth.png')", "free")
    write_cells(folder / "one.ipynb", *changed)
    assert "truth.png" in released(folder).built.files


def test_the_same_name_in_two_folders_is_told_apart(folder) -> None:
    changed = cells()
    changed[0]["source"] += " ![y](other/answer.png)"
    write_cells(folder / "one.ipynb", *changed)
    (folder / "other").mkdir()
    (folder / "other" / "answer.png").write_text("another")
    names = set(released(folder).built.files)
    assert "other/answer.png" in names
    assert "pictures/answer.png" not in names


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (lambda n, f: n.cells[-2].update(attachments=picture("answer.png")), "shown nowhere"),
        (
            lambda n, f: n.cells[2].update(
                source="![x](attachment:x.png)",
                attachments={"x.png": picture("answer.png")["answer.png"]},
            ),
            "x.png is the attachment answer.png of cell 6 of one, which only removed text shows",
        ),
        (lambda n, f: f.update({"a.png": b"picture scheme.png"}), "the attachment scheme.png"),
        (
            lambda n, f: f.update({"b.png": b"bytes of truth.png"}),
            "it is the hidden file truth.png",
        ),
        (
            lambda n, f: n.cells[4].metadata["nbgrader"].update(comment="the answer is 7"),
            "its nbgrader metadata has the author's comment",
        ),
    ],
)
def test_the_gate_finds_a_picture_that_slipped_through(folder, slip, said) -> None:
    found = released(folder)
    files = dict(found.built.files)
    slip(found.node, files)
    assert any(said in one for one in leaks(found.source, {"one": found.node}, files))


def test_authors_notes_in_metadata_are_not_released(folder) -> None:
    changed = cells()
    for cell in changed:
        cell["metadata"]["my_notes"] = "the answer is 7"
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["comment"] = "the answer is 7"
    write_cells(folder / "one.ipynb", *changed)
    assert "the answer is 7" not in json.dumps(released(folder).node)


def test_no_picture_of_a_solution_is_in_the_korean_release_either(tmp_path, monkeypatch) -> None:
    wheel = Wheel("sprintgrader-1+student.a-py3-none-any.whl", "1+student.a", b"wheel")
    monkeypatch.setattr(step, "light_wheel", lambda: wheel)
    given = made.cells()
    given[-1].source = given[-1].source.replace(
        "Because", "![a](attachment:a.png) ![b](b.png) Because"
    )
    given[-1]["attachments"] = picture("a.png")
    given[0].source += "\n\n![q](attachment:q.png)"
    given[0]["attachments"] = picture("q.png")
    course = made.course(tmp_path, given)
    (course.source / "A" / "b.png").write_bytes(b"the answer")
    report = release(course, "A", prove=lambda *_: [])
    assert any(text.startswith("b.png is not released") for text in report.warnings)
    for lang in ("", "ko"):
        place = course.release / lang / "A"
        text_of_all = (place / "A.ipynb").read_text()
        assert "q.png" in text_of_all
        assert picture("q.png")["q.png"]["image/png"] in text_of_all
        assert "a.png" not in text_of_all
        assert picture("a.png")["a.png"]["image/png"] not in text_of_all
        assert not (place / "b.png").exists()


def test_a_translators_copy_of_a_withheld_picture_is_refused(tmp_path, monkeypatch) -> None:
    wheel = Wheel("sprintgrader-1+student.a-py3-none-any.whl", "1+student.a", b"wheel")
    monkeypatch.setattr(step, "light_wheel", lambda: wheel)
    given = made.cells()
    given[-1].source = given[-1].source.replace("Because", "![b](b.png) Because")
    course = made.course(tmp_path, given)
    for name in ("b.png", "copy.png"):
        (course.source / "A" / name).write_bytes(b"the answer")
    with pytest.raises(ReleaseRefused, match=r"copy.png: it is the hidden file b.png"):
        release(course, "A", prove=lambda *_: [])
