"""Everything that can be said of a submitted notebook before it is run, each with a way out."""

from __future__ import annotations

import base64
import json
import platform
import re
import unicodedata
from urllib.parse import quote

import nbformat
import pytest

from autograder.language import use
from autograder.notebook.release.stripping import student_notebook
from autograder.notebook.submission.inspection import inspect

GOOD = {
    "mean": "def mean(x):\n    return sum(x) / len(x)",
    "spread": "def spread(x):\n    return max(x) - min(x)",
    "net": "layers = 3",
    "why": "Because it is so.",
}
NFD = unicodedata.normalize("NFD", "![](그림.png)")  # as macOS links to a file
PNG = base64.b64encode(b"\x89PNG").decode()


def solution(text):
    return f"### BEGIN SOLUTION\n{text}\n### END SOLUTION"


@pytest.fixture
def source(nb):
    return nb.notebook(
        nb.setup("import numpy as np\nfrom autograder import Task, expect"),
        nb.answer("mean", solution(GOOD["mean"])),
        nb.answer("spread", solution(GOOD["spread"])),
        nb.test("t1", "assert mean([1]) == 1 and spread([1]) == 0", 2),
        nb.answer("net", solution(GOOD["net"])),
        nb.test("t2", "assert layers == 3", 1),
        nb.manual("why", solution("A hidden reason.")),
    )


class Submitted:
    """A released notebook in a student's hands."""

    def __init__(self, source, path):
        self.source, self.path = source, path
        setup = "_autograder_setup(r'''{\"notebook\": {\"assignment\": \"a\"}}''')"
        node = student_notebook(source, setup, {"release": 1})
        self.content = json.loads(nbformat.writes(node))
        self.cells = self.content["cells"]
        self.files = set()
        for name, text in GOOD.items():
            self.write(name, text)

    def at(self, name):
        return next(
            n
            for n, c in enumerate(self.cells)
            if c["metadata"].get("nbgrader", {}).get("grade_id") == name
        )

    def write(self, name, text):
        self.cells[self.at(name)]["source"] = text

    def release(self, *names):
        node = student_notebook(self.source, "", {"release": 1})
        for name in names:
            (old,) = [
                c for c in node.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name
            ]
            self.write(name, old.source)

    def add(self, below, text, kind="code", **more):
        cell = {"cell_type": kind, "id": f"own{len(self.cells)}", "metadata": {}, "source": text}
        if kind == "code":
            cell.update(outputs=[], execution_count=None)
        self.cells.insert(self.at(below) + 1, {**cell, **more})

    def inspect(self, data=None):
        self.path.write_bytes(json.dumps(self.content).encode() if data is None else data)
        return inspect(self.source, self.path, self.files, "a")


@pytest.fixture
def mine(source, tmp_path):
    return Submitted(source, tmp_path / "mine.ipynb")


def found(inspection):
    return [one.code for one in inspection.findings]


def said(inspection):
    return "\n".join(f"{one['text']} → {one['next']}" for one in map(_json, inspection.findings))


def _json(finding):
    return finding.as_json()


def test_of_a_solved_notebook_there_is_nothing_to_say(mine):
    inspection = mine.inspect()
    assert found(inspection) == []
    assert inspection.gradable
    assert set(inspection.attempted.values()) == {True}


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "not_json", "empty"),
        (b"  \n", "not_json", "empty"),
        (b'{"cells": [', "not_json", "cut short"),
        (b"{}", "not_a_notebook", "no notebook"),
        (b"[]", "not_a_notebook", "no notebook"),
        (b"\xff\xfe\x00", "not_text", "no UTF-8 text"),
        (b'{"nbformat": 9, "cells": []}', "too_new", "format 9"),
        (b'{"nbformat": 2, "cells": []}', "too_old", "format 2"),
        (
            b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}',
            "no_answers",
            "None of",
        ),
    ],
)
def test_a_file_that_cannot_be_graded_is_said_to_be_one_with_the_way_out(mine, data, code, words):
    inspection = mine.inspect(data)
    assert found(inspection) == [code]
    assert not inspection.gradable
    (one,) = map(_json, inspection.findings)
    assert words in one["text"]
    assert one["next"]
    assert one["severity"] == "broken"


def test_the_notebook_of_another_assignment_is_called_by_its_name(mine, nb):
    other = nb.read(nb.answer("x1", solution("z = 1")), nb.test("y1", "assert z == 1")).notebooks[0]
    text = "_autograder_setup(r'''{\"notebook\": {\"assignment\": \"n432\"}}''')"
    node = student_notebook(other, text, {"release": 1})
    inspection = mine.inspect(nbformat.writes(node).encode())
    assert not inspection.gradable
    assert "This is the notebook of n432, not of a" in said(inspection)


@pytest.mark.parametrize("language", ["R", "julia", "ir"])
def test_a_kernel_that_is_not_python_is_said(mine, language):
    mine.content["metadata"]["language_info"] = {"name": language}
    assert found(mine.inspect()) == ["kernel"]


@pytest.mark.parametrize(
    "metadata", [None, [], {"kernelspec": None}, {"language_info": {"name": 3}}]
)
def test_no_kernel_is_no_other_kernel(mine, metadata):
    mine.content["metadata"] = metadata
    assert found(mine.inspect()) == []


def test_tasks_left_as_they_were_are_named_once(mine):
    mine.release("mean", "spread", "why")
    inspection = mine.inspect()
    assert found(inspection) == ["untouched"]
    assert "Left as you were given it: t1, why" in said(inspection)
    assert inspection.gradable


def test_half_an_answer_is_said_to_be_half(mine):
    mine.release("spread")
    inspection = mine.inspect()
    assert found(inspection) == ["half"]
    assert "spread" in said(inspection)


@pytest.mark.parametrize("lost", ["mean", "net"])
def test_an_answer_cell_that_is_gone_is_said(mine, lost):
    del mine.cells[mine.at(lost)]
    inspection = mine.inspect()
    assert found(inspection) == ["lost"]
    assert lost in said(inspection)


def test_an_answer_cell_that_was_emptied_is_said(mine):
    mine.write("net", "  \n")
    assert found(mine.inspect()) == ["empty_answer"]


def test_an_answer_with_the_placeholder_left_in_it_is_said(mine):
    mine.write("net", "layers = 3\nraise NotImplementedError()")
    assert found(mine.inspect()) == ["placeholder"]


@pytest.mark.parametrize("left", ["untouched", "gone"])
def test_an_answer_in_a_cell_of_ones_own_is_found(mine, left):
    mine.release("net")
    mine.add("net", "# my try\nlayers = 3")
    number = mine.at("net") + 2
    if left == "gone":
        mine.cells[mine.at("net")]["metadata"] = {}
        mine.cells[mine.at("t2") - 2]["id"] = "zzz"
    inspection = mine.inspect()
    if left == "untouched":
        assert found(inspection) == ["elsewhere"]
        assert f"cell {number} below it looks like the answer" in said(inspection)
    else:
        assert "untouched" not in found(inspection) or "elsewhere" in found(inspection)


def test_text_below_an_untouched_text_cell_looks_like_the_answer(mine):
    mine.release("why")
    mine.add("why", "Because of the variance.", "markdown")
    assert found(mine.inspect()) == ["elsewhere"]


def test_own_cells_that_answer_nothing_are_no_answer(mine):
    mine.release("net")
    mine.add("net", "print('hello')")
    assert found(mine.inspect()) == ["untouched"]


def test_two_cells_that_both_claim_to_be_one_answer_are_said(mine):
    copy = json.loads(json.dumps(mine.cells[mine.at("net")]))
    copy["source"], copy["id"] = "layers = 4", "other"
    mine.cells.append(copy)
    inspection = mine.inspect()
    assert found(inspection) == ["duplicate"]
    assert f"cell {mine.at('net') + 1} is graded" in said(inspection)
    copy["source"] = GOOD["net"]
    assert found(mine.inspect()) == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("![](loss.png)", "loss.png"),
        ("![my loss](plots/loss%20a.png 'title')", "plots/loss a.png"),
        ('<img src="plots/loss.png" width=300>', "plots/loss.png"),
        ("![](attachment:image.png)", "image.png"),
        ("![](C:\\Users\\kim\\loss.png)", "C:\\Users\\kim\\loss.png"),
        ("![](../loss.png)", "../loss.png"),
        ("![](<my loss.png>)", "my loss.png"),
    ],
)
def test_a_picture_that_is_not_there_is_said(mine, text, missing):
    mine.write("why", f"As one sees.\n\n{text}")
    inspection = mine.inspect()
    assert found(inspection) == ["picture"]
    assert missing in said(inspection)


@pytest.mark.parametrize(
    "text",
    [
        "![](https://example.org/a.png)",
        "![](data:image/png;base64,iVBOR)",
        "`![](loss.png)`",
        "```\n![](loss.png)\n```",
        "![](here.png)",
        "![](./plots/here.png)",
        "![](attachment:here%20it%20is.png)",
        '<img src="my plot.png" width=3>',
        "<!-- ![](x.png) -->",
        NFD,
        quote(NFD, safe="![]()"),
        "![](attachment:lines.png)",
        "![](attachment:drawn.svg)",
    ],
)
def test_a_picture_that_is_there_or_on_the_web_is_not(mine, text):
    mine.write("why", f"As one sees.\n\n{text}")
    mine.cells[mine.at("why")]["attachments"] = {
        "here it is.png": {"image/png": PNG},
        "lines.png": {"image/png": [PNG[:4], PNG[4:]]},
        "drawn.svg": {"image/svg+xml": "<svg/>"},
    }
    mine.files = {"here.png", "plots/here.png", "my plot.png", "그림.png"}
    assert found(mine.inspect()) == []


@pytest.mark.parametrize("text", ["layers = (3", "layers = 3 3", "return 3"])
def test_a_cell_that_python_cannot_read_is_said_with_its_line(mine, text):
    mine.write("net", f"# three\n{text}")
    inspection = mine.inspect()
    assert found(inspection) == ["syntax"]
    words = f"Grading runs Python {platform.python_version()}, which cannot read line 2 of cell"
    assert words in said(inspection)


@pytest.mark.parametrize("line", ["pip install torch", "\ncat a.txt\n", "cd data"])
def test_a_magic_alone_in_its_cell_needs_no_percent_sign(mine, line):
    mine.add("net", line)
    assert found(mine.inspect()) == []
    mine.add("net", f"layers = 4\n{line.strip()}")
    assert found(mine.inspect()) == ["syntax"]


@pytest.mark.parametrize(
    "text",
    [
        "%matplotlib inline\nlayers = 3",
        "!ls\nlayers = 3",
        "%%time\nlayers = 3",
        "layers = 3\nlayers?",
        "await thing\nlayers = 3",
        "layers = 3\npath = '\\d'",
    ],
)
def test_what_a_notebook_may_hold_is_no_syntax_error(mine, text):
    mine.write("net", text)
    assert found(mine.inspect()) == []


def test_syntax_of_a_newer_python_is_told_as_such(mine):
    mine.content["metadata"]["language_info"] = {"name": "python", "version": "3.99.1"}
    mine.write("net", "layers := 3")
    assert "your notebook was run with Python 3.99.1" in said(mine.inspect())


def test_nothing_hidden_is_told(mine):
    mine.release("mean", "spread", "net", "why")
    mine.add("net", "layers = 4")
    words = said(mine.inspect())
    assert "hidden" not in words
    assert "layers" not in words


def test_the_words_are_the_readers(mine, monkeypatch):
    mine.release("net")
    monkeypatch.setattr("autograder.language.catalogue", _Korean)
    use("ko")
    try:
        (one,) = mine.inspect().findings
        assert re.search("[가-힣]", one.as_json()["text"])
        assert "t2" in one.as_json()["text"]
    finally:
        use("")


class _Korean:
    """A catalogue with the one text that is asked for here."""

    def __init__(self, _lang):
        pass

    def gettext(self, text):
        return "받은 그대로예요: {tasks}" if "{tasks}" in text else text
