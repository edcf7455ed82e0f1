"""Source notebooks as editors, nbgrader and people leave them: read, or refused with the cell."""

from __future__ import annotations

import copy
import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from autograder.config import Course
from autograder.errors import AuthoringErrors, ReleaseRefused
from autograder.notebook.release.wheel import Wheel
from autograder.notebook.source.reading import read_assignment
from autograder.steps.authoring import release as step
from autograder.steps.authoring.release_builder import build
from tests.notebook.conftest import answer, code, graded, locked, manual, notebook_json, setup, text

CELLS = [
    setup("from autograder import Task, expect"),
    answer("a", "x = 1"),
    graded("t", "assert x == 1", 1),
    manual("m", "hi", 1),
    text("free"),
]
WHEEL = Wheel("sprintgrader-1+student.a-py3-none-any.whl", "1+student.a", b"wheel")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "source" / "a"
    place.mkdir(parents=True)
    return place


def built(folder: Path, data: object) -> object:
    """The release that a source file makes, every file of it written out."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    (folder / "one.ipynb").write_bytes(raw)
    (one,) = build(Course(folder.parents[1]), read_assignment(folder), {}, WHEEL)
    assert one.contents
    return one


def refused(folder: Path, data: object) -> str:
    with pytest.raises(AuthoringErrors) as caught:
        built(folder, data)
    assert "→" in str(caught.value)
    return str(caught.value)


def cells(where: int = -1, **changes: object) -> list:
    made = copy.deepcopy(CELLS)
    made[where].update(changes)
    return made


def marked(where: int, **changes: object) -> dict:
    made = copy.deepcopy(CELLS)
    marks = made[where]["metadata"]["nbgrader"]
    for key, value in changes.items():
        marks.pop(key, None) if value is ... else marks.update({key: value})
    return notebook_json(*made)


# ── nbgrader's metadata ──────────────────────────────────────────────────────────────

NO_TYPES = [None, {}, [], "true", 1, 1.5]


@pytest.mark.parametrize("key", ["grade", "solution", "locked"])
@pytest.mark.parametrize("value", [*NO_TYPES, ...])
def test_a_mark_that_is_missing_or_no_truth_names_cell_and_key(folder, key, value) -> None:
    said = refused(folder, marked(2, **{key: value}))
    assert "one.ipynb, cell 3" in said
    assert f"{key} of its nbgrader metadata is " in said


@pytest.mark.parametrize("value", NO_TYPES)
def test_a_task_mark_may_be_missing_but_is_true_or_false(folder, value) -> None:
    assert "task of its nbgrader metadata is " in refused(folder, marked(2, task=value))
    assert built(folder, marked(2, task=...))


@pytest.mark.parametrize("value", [None, {}, [], 7])
def test_an_id_that_is_no_text_names_the_cell(folder, value) -> None:
    assert f"cell 3: its grade_id is {value!r}, not a text" in refused(
        folder, marked(2, grade_id=value)
    )


@pytest.mark.parametrize("value", [None, {}, [], "3", -1, True, ..., float("nan"), float("inf")])
def test_points_that_are_no_number_name_the_cell(folder, value) -> None:
    assert "cell 3 (t): its points are " in refused(folder, marked(2, points=value))


@pytest.mark.parametrize("value", [None, {}, "3", -1, True, float("nan")])
def test_points_left_in_a_cell_that_is_not_graded_do_no_harm(folder, value) -> None:
    assert built(folder, marked(1, points=value)).record["max_points"] == 2


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("3", "is '3', not the number 3"),
        (None, "is missing"),
        (..., "is missing"),
        (2, "is of schema version 2, not 3"),
        (4, "is of schema version 4, not 3"),
        (3.0, "is 3.0, not the number 3"),
        (True, "is True, not the number 3"),
    ],
)
def test_a_schema_version_is_told_apart_from_its_text(folder, value, said) -> None:
    told = refused(folder, marked(2, schema_version=value))
    assert said in told
    assert "nbgrader update" in told


@pytest.mark.parametrize("value", [[{"grade": True}], "x", 7, True])
def test_marks_that_are_no_table_are_refused(folder, value) -> None:
    for where in range(1, 5):
        made = copy.deepcopy(CELLS)
        made[where]["metadata"]["nbgrader"] = value
        told = refused(folder, notebook_json(*made))
        assert f"cell {where + 1}: its nbgrader metadata is " in told


@pytest.mark.parametrize("value", [{}, None, []])
def test_empty_marks_are_no_marks(folder, value) -> None:
    made = copy.deepcopy(CELLS)
    made[4]["metadata"]["nbgrader"] = value
    assert built(folder, notebook_json(*made))


@pytest.mark.parametrize("value", [None, {}, "x", 3])
def test_what_nbgrader_writes_itself_is_written_anew(folder, value) -> None:
    for key in ("checksum", "cell_type", "my own key"):
        node = built(folder, marked(2, **{key: value})).nodes["one"]
        marks = next(c for c in node.cells if c.id == "t").metadata["nbgrader"]
        assert (len(marks["checksum"]), marks["cell_type"]) == (32, "code")
        assert "my own key" not in marks


def test_every_notebook_of_nbgraders_own_tests_is_read_or_refused(folder) -> None:
    spec = find_spec("nbgrader")
    assert spec is not None
    assert spec.origin is not None
    files = sorted((Path(spec.origin).parent).rglob("*.ipynb"))
    assert len(files) > 50
    read = 0
    for file in files:
        try:
            built(folder, file.read_bytes())
            read += 1
        except AuthoringErrors as caught:
            told = [(one.fact, one.way_out) for one in caught.errors]
        else:
            told = []
        assert all(fact and way_out for fact, way_out in told), file
    assert read > 5


# ── What editors leave ───────────────────────────────────────────────────────────────

EDITED = {
    "extra key": cells(outputExpanded=True),
    "extra keys of the test": cells(2, outputExpanded=True, jukit_cell_id="a", vscode={}),
    "null metadata": cells(metadata=None),
    "no list of tags": cells(metadata={"tags": None}),
    "the same tag twice": cells(metadata={"tags": ["a", "a"]}),
    "null source": cells(source=None),
    "no outputs": cells(2, outputs=None),
    "odd outputs": cells(2, outputs=[{"output_type": "odd"}], execution_count="x"),
    "odd id": cells(id="a b"),
    "null id": cells(id=None),
    "null attachments": cells(attachments=None),
    "odd jupyter keys": cells(metadata={"jupyter": None, "collapsed": "no", "scrolled": 3}),
    "half a pair": cells(source="\ud800 and \udfff"),
}


@pytest.mark.parametrize("made", EDITED.values(), ids=list(EDITED))
def test_a_cell_that_an_editor_left_is_read(folder, made) -> None:
    assert built(folder, notebook_json(*made)).record["max_points"] == 2


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        [],
        {"kernelspec": None},
        {"kernelspec": {}},
        {"kernelspec": {"name": "python3"}},
        {"kernelspec": {"name": None, "display_name": None}},
        {"language_info": None},
        {"language_info": {}},
        {"title": None},
        {"authors": 1},
        {"orig_nbformat": None},
        {"widgets": 1},
        {"vscode": {"x": None}},
    ],
)
def test_a_notebooks_metadata_may_be_half_filled(folder, metadata) -> None:
    assert built(folder, {**notebook_json(*CELLS), "metadata": metadata})


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 5, 6, 99, None, "5"])
def test_every_format_4_is_read(folder, minor) -> None:
    assert built(folder, {**notebook_json(*CELLS), "nbformat_minor": minor, "extra": 1})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_file_in_any_unicode_encoding_is_read(folder, encoding) -> None:
    data = json.dumps(notebook_json(*CELLS, text("한글", "h")), ensure_ascii=False).encode(encoding)
    assert any("한글" in cell.source for cell in built(folder, data).nodes["one"].cells)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"{", "not JSON, or was cut short"),
        (b"[]", "it has no nbformat"),
        (b"{}", "it has no nbformat"),
        (b"7", "it has no nbformat"),
        (b"[" * 200_000, "nested too deeply"),
        ("한글".encode("cp949"), "it is not UTF-8 text"),
        ({**notebook_json(), "nbformat": 5}, "its nbformat is 5; 2, 3 and 4 can be read"),
        ({**notebook_json(), "nbformat": "4"}, "its nbformat is '4'"),
        ({**notebook_json(), "nbformat": 3}, "cannot be upgraded"),
        ({**notebook_json(), "cells": None}, "its cells are None, not a list"),
        (notebook_json(*CELLS, 7), "cell 6: this is 7, not a cell"),
        (notebook_json(*cells(cell_type="heading")), "cell 5: its cell_type is 'heading'"),
        (notebook_json(*cells(cell_type=["code"])), "cell 5: its cell_type is ['code']"),
        (notebook_json(*cells(source=["a", 7])), "cell 5: its source is ['a', 7], not text"),
        (notebook_json(*cells(metadata=[1])), "cell 5: its metadata is [1], not a table"),
        (notebook_json(*cells(metadata={"tags": "mistake"})), "cell 5: its tags are 'mistake'"),
        (notebook_json(*cells(attachments=[1])), "cell 5: its attachments are [1]"),
        (notebook_json(*cells(attachments={"a.png": 1})), "cell 5: its attachments are"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_cell(folder, data, said) -> None:
    assert said in refused(folder, data)


# ── Helper modules ───────────────────────────────────────────────────────────────────

KOREAN_HELPER = "def help_me():\n    return '도움'\n"


def test_a_helper_module_in_cp949_is_named_with_its_line(folder) -> None:
    (folder / "helper.py").write_bytes(KOREAN_HELPER.encode("cp949"))
    said = refused(folder, notebook_json(*CELLS))
    assert "helper.py, the module: it is not UTF-8 text" in said
    assert "# coding: cp949" in said
    (folder / "helper.py").write_text(KOREAN_HELPER, encoding="utf-8")
    (folder / "hidden").mkdir()
    (folder / "hidden" / "secret.py").write_bytes(("# a\n" * 3 + KOREAN_HELPER).encode("cp949"))
    assert "hidden/secret.py, the module: it is not UTF-8 text: line 5" in refused(
        folder, notebook_json(*CELLS)
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "latin-1"])
def test_a_helper_module_that_names_its_encoding_is_read(folder, encoding) -> None:
    text = KOREAN_HELPER if encoding != "latin-1" else "x = 'é'\n"
    line = "" if encoding.startswith("utf") else f"# coding: {encoding}\n"
    (folder / "helper.py").write_bytes((line + text).encode(encoding))
    made = [setup("from helper import *\nfrom autograder import Task, expect"), *CELLS[1:]]
    assert "helper.py" in built(folder, notebook_json(*made)).files


@pytest.mark.parametrize(
    "data", [b"\x00\x01\xff", b"# coding: nonsense\n", b"x = 1\x00", b"\xff\xfea\0"]
)
def test_a_helper_module_of_any_bytes_gives_no_traceback(folder, data) -> None:
    (folder / "helper.py").write_bytes(data)
    try:
        built(folder, notebook_json(*CELLS))
    except AuthoringErrors as error:
        said = str(error)
    else:
        said = "helper.py"
    assert "helper.py" in said


# ── Checks that earn nothing ─────────────────────────────────────────────────────────


@pytest.fixture
def make(folder, monkeypatch):
    monkeypatch.setattr(step, "light_wheel", lambda: WHEEL)

    def make(*made: dict, **options: object) -> step.ReleaseReport:
        (folder / "one.ipynb").write_text(json.dumps(notebook_json(*made)))
        course = Course(folder.parents[1])
        return step.release(course, "a", prove=lambda *_: [], register=lambda *_: None, **options)

    return make


CHECK = "y = 2\nif y:\n    assert x == 1"


def test_asserts_outside_a_test_cell_are_told(make) -> None:
    report = make(*CELLS[:4], code(CHECK, "c"), locked("d", "assert x > 0"))
    told = [one for one in report.warnings if "asserts something" in one]
    assert [one.split(" asserts")[0] for one in told] == [
        "one.ipynb, cell 5, line 3",
        "one.ipynb, cell 6, line 1",
    ]


def test_asserts_of_helper_functions_are_not_told(make) -> None:
    helper = "def check(x):\n    assert x, 'no x'"
    assert not make(*CELLS[:4], setup(helper, "helper"), code(helper, "own")).warnings


def test_an_assignment_of_no_points_is_refused_unless_asked_for(make) -> None:
    made = (setup("import math"), answer("a", "x = 1"), code(CHECK, "c"))
    with pytest.raises(ReleaseRefused) as caught:
        make(*made)
    said = str(caught.value)
    assert "a is worth 0 points" in said
    assert "one.ipynb, cell 3, line 3 asserts something" in said
    assert "--zero-points" in said
    assert make(*made, zero_points=True).max_points == 0
