"""The notebook that is graded: chosen by its answers, whatever it is called and wherever it lies."""

from __future__ import annotations

import io
import json
import unicodedata
import zipfile
from datetime import datetime, timezone

import pytest

from autograder import config
from autograder.steps.authoring.init import init
from autograder.steps.grading.collect import collect, shelf_of, submissions
from autograder.steps.portal.receive_submission import Upload, hand_in
from tests.grading import made

from .conftest import ANSWER, answered

AT = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)
NFD = unicodedata.normalize("NFD", "김하나 최종.ipynb")
SOLVED, UNTOUCHED, OTHER, EMPTY, DRAFT, NOTES = (
    "solved",
    "untouched",
    "other",
    "empty",
    "draft",
    "notes",
)
CASES = {
    "copy1": {"hello.ipynb": UNTOUCHED, "hello-Copy1.ipynb": SOLVED},
    "final": {"hello.ipynb": UNTOUCHED, "hello_final.ipynb": SOLVED},
    "folder": {"hello.ipynb": UNTOUCHED, "hw1/hello.ipynb": SOLVED},
    "deep": {"hello.ipynb": UNTOUCHED, "a/b/c/work.ipynb": SOLVED},
    "second-download": {"hello (1).ipynb": SOLVED, "hello (2).ipynb": UNTOUCHED},
    "first-download": {"hello (1).ipynb": UNTOUCHED, "hello (2).ipynb": SOLVED},
    "own-name": {"mine.ipynb": SOLVED, "scratch.ipynb": OTHER},
    "own-name-and-untouched": {"mine.ipynb": SOLVED, "hello.ipynb": UNTOUCHED},
    "week": {"week1/hello.ipynb": SOLVED, "notes.md": NOTES},
    "txt": {"hello.ipynb.txt": SOLVED},
    "txt-alone": {"hello.txt": SOLVED},
    "json": {"hello.ipynb": UNTOUCHED, "hello.json": SOLVED},
    "two-tops": {"week1/hello.ipynb": SOLVED, "week2/other.ipynb": OTHER},
    "two-tops-untouched": {"given/hello.ipynb": UNTOUCHED, "mine/hello.ipynb": SOLVED},
    "empty-beside": {"hello.ipynb": EMPTY, "hello-Copy1.ipynb": SOLVED},
    "other-under-its-name": {"hello.ipynb": OTHER, "work.ipynb": SOLVED},
    "draft": {"hello.ipynb": DRAFT, "hello-Copy2.ipynb": SOLVED},
    "decomposed": {NFD: SOLVED, "hello.ipynb": UNTOUCHED},
    "case": {"Hello.ipynb": SOLVED},
    "case-beside": {"Hello.ipynb": UNTOUCHED, "hello.ipynb": SOLVED},
    "case-beside-2": {"Hello.ipynb": SOLVED, "hello.ipynb": UNTOUCHED},
    "upper-ending": {"hello.IPYNB": SOLVED},
}


@pytest.fixture
def contents(course):
    """What each file of a case holds."""
    release = next((course.release / "hello").glob("*.ipynb")).read_bytes()
    return {
        SOLVED: answered(course),
        UNTOUCHED: release,
        OTHER: b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}',
        EMPTY: b"",
        DRAFT: answered(course, answer="raise NotImplementedError()  # later"),
        NOTES: b"remember the milk",
    }


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def uploads(folder, files):
    """Each file as the browser sends it: a zip where there are folders."""
    if any("/" in name or not name.casefold().endswith(("ipynb", "txt", "json")) for name in files):
        files = {"work.zip": zipped(files)}
    found = []
    for number, (name, data) in enumerate(files.items()):
        path = folder / f"upload-{number}"
        path.write_bytes(data)
        found.append(Upload(name, path))
    return found


def graded(course, student):
    """What lies where grading reads it."""
    (one,) = [s for s in submissions(course, "hello") if s.student == student]
    return (one.path / "hello.ipynb").read_bytes()


@pytest.mark.parametrize("case", CASES)
def test_the_solved_notebook_is_the_one_that_is_graded(course, student, tmp_path, contents, case):
    files = {name: contents[what] for name, what in CASES[case].items()}
    done = hand_in(course, "hello", student, uploads(tmp_path, files), AT)
    assert set(done.receipt["tasks"]["hello"].values()) == {"saved"}
    assert graded(course, student) == contents[SOLVED]
    kept = shelf_of(course, "hello").read(student, done.submission)
    lying = shelf_of(course, "hello").files(kept)
    assert sorted(p.read_bytes() for p in lying.rglob("*") if p.is_file()) == sorted(files.values())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("how", ["folder", "zip", "submitted"])
def test_so_it_is_where_files_are_collected(course, student, tmp_path, contents, case, how):
    files = {name: contents[what] for name, what in CASES[case].items()}
    box = tmp_path / "in" / "2026001"
    if how == "submitted":
        box = course.submitted / student / "hello"
    for name, data in files.items():
        (box / name).parent.mkdir(parents=True, exist_ok=True)
        (box / name).write_bytes(data)
    if how == "zip":
        (tmp_path / "all.zip").write_bytes(zipped({f"2026001/{n}": d for n, d in files.items()}))
    path = {"folder": tmp_path / "in", "zip": tmp_path / "all.zip", "submitted": None}[how]
    report = collect(course, "hello", path)
    assert [one.student for one in report.new] == [student]
    assert graded(course, student) == contents[SOLVED]
    again = collect(course, "hello", path)
    assert [one.student for one in again.unchanged] == [student]


def test_where_nothing_is_answered_the_file_that_was_worked_in_is_taken_and_no_answers_claimed(
    course, student, tmp_path, contents
):
    worked = json.loads(contents[UNTOUCHED])
    cell = {"cell_type": "code", "id": "own", "metadata": {}, "source": ANSWER}
    worked["cells"].append({**cell, "outputs": [], "execution_count": None})
    files = {"hello.ipynb": contents[UNTOUCHED], "mine.ipynb": json.dumps(worked).encode()}
    done = hand_in(course, "hello", student, uploads(tmp_path, files), AT)
    assert graded(course, student) == files["mine.ipynb"]
    (first, second) = (one["code"] for one in done.receipt["findings"])
    assert (first, second) == ("elsewhere", "chosen")
    assert "mine.ipynb is graded. No answer cell is filled in" in done.receipt["notes"][1]


@pytest.fixture
def two(tmp_path):
    """An assignment with two notebooks whose answer cells have the same names."""
    root = tmp_path / "two"
    init(root, "Two")
    folder = root / "source" / "pair"
    for name, number in (("one", 1), ("two", 2)):
        cells = [
            made.setup(f"import math  # {name}"),
            made.answer(f"### BEGIN SOLUTION\nx = {number}\n### END SOLUTION"),
            made.test(f"assert x == {number}", "t", 1),
        ]
        made.write(folder, cells, name)
    return config.load(root)


def of_pair(course, name, answer):
    node = json.loads((course.source / "pair" / f"{name}.ipynb").read_bytes())
    for cell in node["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = answer
    return json.dumps(node).encode()


STUB = "# YOUR CODE HERE\nraise NotImplementedError()"


@pytest.mark.parametrize(
    "names",
    [
        {"one": "one.ipynb", "two": "two.ipynb"},
        {"one": "two.ipynb", "two": "one.ipynb"},
        {"one": "one (1).ipynb", "two": "my two.ipynb"},
        {"one": "part1/work.ipynb", "two": "part2/work.ipynb"},
        {"one": "두번째.ipynb", "two": "첫번째.ipynb"},
    ],
)
@pytest.mark.parametrize("untouched", [False, True])
def test_of_several_notebooks_each_file_is_taken_for_its_own(two, tmp_path, names, untouched):
    box = tmp_path / "in" / "kim"
    for name, file in names.items():
        (box / file).parent.mkdir(parents=True, exist_ok=True)
        (box / file).write_bytes(of_pair(two, name, f"x = 7  # {name}"))
        if untouched:
            (box / f"copy of {name} as given.ipynb").write_bytes(of_pair(two, name, STUB))
    (tmp_path / "in" / "lee").mkdir()
    (tmp_path / "in" / "lee" / "one.ipynb").write_bytes(of_pair(two, "one", "x = 1"))
    collect(two, "pair", tmp_path / "in")
    (one,) = [found for found in submissions(two, "pair") if found.student == "kim"]
    for name in names:
        assert f"x = 7  # {name}" in (one.path / f"{name}.ipynb").read_text("utf-8")


def test_a_notebook_of_several_that_is_not_there_is_told(two, tmp_path):
    box = tmp_path / "in" / "kim"
    box.mkdir(parents=True)
    (box / "two.ipynb").write_bytes(of_pair(two, "one", "x = 1"))
    (handed,) = collect(two, "pair", tmp_path / "in").new
    assert handed.notes[0].startswith("The notebook two.ipynb is not in what you submitted.")
    assert "two.ipynb is taken for one.ipynb" in handed.notes


def test_what_lies_beside_the_notebook_in_its_folder_comes_along(course, student, tmp_path):
    files = {
        "hello.ipynb": b"",
        "week1/mine.ipynb": answered(course),
        "week1/data/points.csv": b"1",
        "week1/helper.py": b"x = 1",
        "helper.py": b"x = 2",
        "data": b"a file",
    }
    (tmp_path / "z.zip").write_bytes(zipped(files))
    done = hand_in(course, "hello", student, [Upload("z.zip", tmp_path / "z.zip")], AT)
    assert {f["path"]: f.get("given", f["path"]) for f in done.receipt["files"]} == {
        "hello.ipynb": "week1/mine.ipynb",
        "hello (not graded).ipynb": "hello.ipynb",
        "helper.py": "helper.py",
        "week1/helper.py": "week1/helper.py",
        "data": "data",
        "week1/data/points.csv": "week1/data/points.csv",
    }


@pytest.mark.parametrize("name", ["work.zip", "과제.zip"])
def test_a_solved_notebook_in_a_zip_beside_the_untouched_one_is_found(
    course, student, tmp_path, contents, name
):
    (tmp_path / "a").write_bytes(contents[UNTOUCHED])
    (tmp_path / "b").write_bytes(zipped({"in/hello.ipynb": contents[SOLVED], "in/d.csv": b"1"}))
    both = [Upload("hello.ipynb", tmp_path / "a"), Upload(name, tmp_path / "b")]
    done = hand_in(course, "hello", student, both, AT)
    assert graded(course, student) == contents[SOLVED]
    assert {f["path"] for f in done.receipt["files"]} == {
        "hello.ipynb",
        "hello (not graded).ipynb",
        "d.csv",
        name,
    }


def test_a_zip_of_data_beside_the_notebook_stays_as_it_is(course, student, tmp_path, contents):
    (tmp_path / "a").write_bytes(contents[SOLVED])
    for number, data in enumerate((zipped({"d.csv": b"1"}), b"no zip at all")):
        (tmp_path / "b").write_bytes(data)
        both = [Upload("hello.ipynb", tmp_path / "a"), Upload(f"{number}.zip", tmp_path / "b")]
        done = hand_in(course, "hello", student, both, AT)
        assert [f["path"] for f in done.receipt["files"]] == [f"{number}.zip", "hello.ipynb"]
        assert done.notes == ()


def test_a_flat_file_with_the_ending_of_a_browser_is_its_students(
    course, student, tmp_path, contents
):
    box = tmp_path / "in"
    box.mkdir()
    (box / "2026001_hello.ipynb.txt").write_bytes(contents[SOLVED])
    report = collect(course, "hello", box)
    assert len(report.new) == 1
    assert graded(course, student) == contents[SOLVED]
