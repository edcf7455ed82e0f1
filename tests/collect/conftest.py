"""A course with one assignment, and what students hand in to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.config import Course
from autograder.config.settings import SubmissionSettings
from autograder.steps import roster

NAME = "n411"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    root = tmp_path / "course"
    for name in (NAME, "n432"):
        (root / "source" / name).mkdir(parents=True)
        (root / "source" / name / f"{name}.ipynb").write_text("{}", encoding="utf-8")
    return Course(root)


@pytest.fixture
def small(course: Course) -> Course:
    """The same course with low caps: 1 MB and 5 files a submission."""
    return Course(course.root, submissions=SubmissionSettings(max_mb=1, max_files=5))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    path = tmp_path / "inbox"
    path.mkdir()
    return path


@pytest.fixture
def klass(course: Course, tmp_path: Path) -> SimpleNamespace:
    """Kim Cheolsu, Lee Younghee, and two people called Park Jimin; ids by number."""
    listed = tmp_path / "class.csv"
    listed.write_text(
        "number,name,email\n20260001,김철수,cheolsu@uni.kr\n20260002,이영희,younghee@uni.kr\n"
        "20260003,박지민,jimin1@uni.kr\n20260004,박지민,jimin2@uni.kr\n"
        "20260005,Jane Q. Doe,jane@uni.kr\n",
        encoding="utf-8",
    )
    roster.import_roster(course, listed)
    ids = {person.number[-1]: person.id for person in roster.people(course)}
    return SimpleNamespace(kim=ids["1"], lee=ids["2"], park1=ids["3"], park2=ids["4"], doe=ids["5"])


def notebook(text: str = "", **autograder: object) -> str:
    """A notebook with one cell; `release=3` as somebody may write it."""
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "source": text}
    metadata = {"autograder": autograder} if autograder else {}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [cell]})


@pytest.fixture(name="notebook")
def notebook_() -> Callable[..., str]:
    return notebook


@pytest.fixture
def hand_in(inbox: Path) -> Callable[..., Path]:
    """hand_in("kim/n411.ipynb", "text"): the file in the inbox folder."""

    def write(path: str, text: str = "") -> Path:
        file = inbox / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(notebook(text) if path.endswith(".ipynb") else text, encoding="utf-8")
        return file

    return write


@pytest.fixture
def everything(course: Course) -> Callable[[], dict[str, tuple[bytes, int]]]:
    """Every file of the course with its content and its time of change."""

    def listed() -> dict[str, tuple[bytes, int]]:
        return {
            str(path.relative_to(course.root)): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(course.root.rglob("*"))
            if path.is_file() and path.name != ".lock"
        }

    return listed
