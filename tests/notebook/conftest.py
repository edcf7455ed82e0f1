"""Source notebooks in a line or two: each function here makes one cell as an author marks it."""

import json
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from autograder.notebook.source.reading import read_assignment, read_notebook

NBGRADER = {"schema_version": 3, "grade": False, "solution": False, "locked": False}


def _cell(kind, source, id_, marks=None, tags=()):
    metadata = {"nbgrader": {**NBGRADER, "task": False, **marks}} if marks is not None else {}
    if tags:
        metadata["tags"] = list(tags)
    cell = {"cell_type": kind, "id": id_, "metadata": metadata, "source": source}
    return {**cell, "outputs": [], "execution_count": None} if kind == "code" else cell


def answer(id_, source, tags=()):
    return _cell("code", source, id_, {"grade_id": id_, "solution": True}, tags)


def graded(id_, source, points=1):
    return _cell("code", source, id_, {"grade_id": id_, "grade": True, "points": points})


def manual(id_, source="An answer.", points=1, kind="markdown"):
    marks = {"grade_id": id_, "grade": True, "solution": True, "points": points}
    return _cell(kind, source, id_, marks)


def task_cell(id_, source, points=1):
    return _cell(
        "markdown", source, id_, {"grade_id": id_, "task": True, "points": points, "locked": True}
    )


def locked(id_, source, kind="code", tags=()):
    return _cell(kind, source, id_, {"grade_id": id_, "locked": True}, tags)


def setup(source, id_="setup"):
    return locked(id_, source, tags=["setup"])


def mistake(source, id_="m", tags=("mistake",)):
    return _cell("code", source, id_, None, tags)


def code(source, id_="c"):
    return _cell("code", source, id_)


def text(source, id_="t", tags=()):
    return _cell("markdown", source, id_, None, tags)


def notebook_json(*cells, minor=5):
    return {"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": list(cells)}


DOUBLE = """def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION"""

DOUBLE_TEST = """task = Task("double")

@task.criterion("double({x}) is twice as much", points=1)
def small(double, *, x=3):
    expect.close(double(x), 2 * x)

### BEGIN HIDDEN TESTS
import secrets_of_mine

@task.criterion("It holds for {n} unseen numbers | all of them", points=3, after=small)
def unseen(double, rng, *, n=50):
    for x in rng.normal(size=n):
        expect.close(double(x), secrets_of_mine.twice(x))
### END HIDDEN TESTS

task.check()"""

DOUBLE_MISTAKE = """# mistake: squares_instead
# fails: unseen
# tell: That is the square. 3 * 3 is 9,
#   twice 3 is 6.
def double(x):
    return x * x"""

PLAIN_TEST = """assert triple(1) == 3, "triple(1) is 3"
### BEGIN HIDDEN TESTS
assert triple(-7) == -21, "It holds for negative numbers"
### END HIDDEN TESTS"""


def sample_cells():
    """An assignment with one of everything."""
    return [
        text("# Doubling\n\nDouble a number.", "card", tags=["card"]),
        setup("import numpy as np\n\nimport helper\nfrom autograder import Task, expect"),
        text("Write `double`.", "intro"),
        answer("double_answer", DOUBLE),
        code("double(21)", "play"),
        graded("double", DOUBLE_TEST, 4),
        mistake(DOUBLE_MISTAKE),
        answer("triple_answer", "def triple(x):\n    return x + x + x"),
        graded("triple", PLAIN_TEST, 1),
        manual("why", "Because *two* is even.", 2),
    ]


@pytest.fixture
def sample(tmp_path):
    """The folder source/doubling with one notebook, a helper, hidden and unreleased files."""
    folder = tmp_path / "source" / "doubling"
    write(folder / "doubling.ipynb", *sample_cells())
    (folder / "helper.py").write_text("def help_me():\n    return 'helped'\n")
    (folder / "hidden").mkdir()
    (folder / "hidden" / "secrets_of_mine.py").write_text(
        "def twice(x):\n    return x + x  # mine\n"
    )
    (folder / "locale").mkdir()
    (folder / "locale" / "ko.po").write_text("")
    (folder / "calibration.json").write_text("{}")
    return folder


def write(path: Path, *cells, minor=5) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook_json(*cells, minor=minor)))
    return path


@pytest.fixture
def nb(tmp_path):
    """The functions above; `read` reads cells as an assignment, `problems` says what is wrong."""

    def read(*cells, **options):
        folder = tmp_path / "source" / "a"
        write(folder / "one.ipynb", *cells)
        return read_assignment(folder, **options)

    def notebook(*cells):
        return read(*cells).notebooks[0]

    def problems(*cells):
        return read_notebook(write(tmp_path / "source" / "a" / "one.ipynb", *cells))[1]

    return SimpleNamespace(
        answer=answer,
        test=graded,
        manual=manual,
        task=task_cell,
        locked=locked,
        setup=setup,
        mistake=mistake,
        code=code,
        text=text,
        write=write,
        read=read,
        notebook=notebook,
        problems=problems,
        json=notebook_json,
        sample=sample_cells,
        tmp=tmp_path,
        node=lambda *cells: nbformat.from_dict(notebook_json(*cells)),
    )
