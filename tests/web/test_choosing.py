"""The notebook that is graded: chosen by its answers, whatever it is called and wherever it lies."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from datetime import datetime, timezone

import pytest

from autograder.steps.collect import collect, shelf_of, submissions
from autograder.steps.portal.hand_in import Upload, hand_in

from .conftest import answered

AT = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)
NFD = unicodedata.normalize("NFD", "김하나 최종.ipynb")
SOLVED, UNTOUCHED, OTHER, EMPTY, DRAFT, NOTES = "solved", "untouched", "other", "empty", "draft", "notes"  # fmt: skip
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
