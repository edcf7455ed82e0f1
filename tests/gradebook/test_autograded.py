"""What formgrader is given to show: the student's work, nothing that runs, nothing hidden."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from html.parser import HTMLParser

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_markdown_cell, new_output
from PIL import Image

from autograder import gradebook, nouns, sanitize

from .made import a_result, a_submission, code, criterion, first_node

BAD = "<script>alert(1)</script><img src=x onerror=alert(2)><table><tr><td>fine</td></tr></table>"


def picture(width=8, height=8, mode="RGB"):
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, "PNG")
    return out.getvalue()


class Active(HTMLParser):
    """Collects what a page would run or fetch."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name.startswith("on") or (name in {"href", "src"} and value[:1] not in "#d"):
                self.found.append((tag, name, value))
        if tag in {"script", "iframe", "object", "style", "svg"}:
            self.found.append(tag)


def active(page):
    parser = Active()
    parser.feed(page)
    return parser.found


def written(course, node, outputs=None, result=None):
    submission = a_submission()
    result = result or a_result(submission).notebooks[0]
    path = gradebook.write_autograded(course, submission, result, node, outputs or {})
    return path, nbformat.read(path, as_version=4)


def test_the_notebook_lies_where_formgrader_looks_and_is_valid(course):
    path, node = written(course, first_node())
    assert path == course.root / "autograded" / "s-0001" / "a1" / "doubling.ipynb"
    nbformat.validate(node)
    assert (path.parent / "timestamp.txt").read_text().strip() == a_submission().received
    assert sorted(p.name for p in path.parent.iterdir()) == ["doubling.ipynb", "timestamp.txt"]


def test_every_criterion_stands_under_its_test_cell_but_nothing_of_a_hidden_check(course):
    failed = replace(
        criterion("doubles", "failed", 0, 2, demand="Doubles 3 numbers"),
        message=nouns.Message("{e}", "<b>5</b>", "Multiply.", {"e": "6"}),
    )
    hidden = replace(
        criterion("unseen", "failed", 0, 3, hidden=True, demand="Doubles unseen numbers"),
        message=nouns.Message("secret input 41", "secret got", "", {}),
    )
    task = nouns.TaskResult("double", nouns.TaskKind.CRITERIA, 5, (failed, hidden))
    path, node = written(course, first_node(), result=nouns.NotebookResult("doubling", (task,)))
    test = next(c for c in node.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "double")
    shown = test.outputs[0].data["text/plain"]
    assert "double: 0 of 5 points" in shown
    assert "Expected: 6\n    Got: <b>5</b>\n    Next: Multiply." in shown
    assert "✗ Doubles unseen numbers  [not met, 0/3]" in shown
    assert "&lt;b&gt;" in test.outputs[0].data["text/html"]
    assert "secret" not in path.read_text()


def test_hostile_outputs_are_made_harmless_for_the_page_formgrader_makes(course):
    node = first_node()
    node.cells[2].metadata["injected"] = BAD
    answer = [
        new_output("display_data", data={"text/html": BAD, "application/javascript": "alert(3)"}),
        new_output("display_data", data={"image/svg+xml": f"<svg>{BAD}</svg>"}),
        new_output("display_data", data={"text/latex": BAD, "text/markdown": BAD}),
        new_output("stream", name="stdout", text="\x1b]0;title\x07\u202eevil\x1b[31mred"),
        new_output("error", ename="E", evalue=BAD, traceback=[BAD]),
        {"output_type": "update_display_data", "data": {"text/html": BAD}},
    ]
    links = "[x](javascript:alert(4)) [y][r] $\\href{javascript:alert(5)}{z}$ $a<b$"
    node.cells.append(new_markdown_cell(f"{BAD}\n\n{links}\n\n[r]: &#106;avascript:alert(6)"))
    node.cells.append(code("print(1)"))
    node.cells[-2].attachments = {"x.png": {"image/png": 'A" onerror="alert(5)'}}
    _, shown = written(course, node, {2: answer})
    outputs = shown.cells[2].outputs
    assert outputs[0].data == {"text/html": "<table><tbody><tr><td>fine</td></tr></tbody></table>"}
    assert outputs[1].name == "stdout"
    assert outputs[1].text == "⟨U+202E⟩evil\x1b[31mred"
    assert len(outputs) == 3
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(shown)
    body = page[page.index("<body") :]
    assert active(body) == []
    assert "\\href" not in body
    assert "$a< b$" in body or "$a&lt; b$" in body
    assert "injected" not in json.dumps(shown)


def test_pictures_are_encoded_again_and_bombs_are_dropped(course):
    fine = base64.b64encode(picture() + b"<script>hidden after the end</script>").decode()
    bomb = base64.b64encode(picture(8000, 8000)).decode()
    node = first_node()
    outputs = [
        new_output("display_data", data={"image/png": fine, "text/plain": "<Figure>"}),
        new_output("display_data", data={"image/png": bomb, "text/plain": "<Figure>"}),
    ]
    _, shown = written(course, node, {2: outputs})
    kept, dropped = shown.cells[2].outputs
    assert b"script" not in base64.b64decode(kept.data["image/png"])
    assert dropped.data == {"text/plain": "<Figure>"}


def test_a_write_that_fails_leaves_the_old_notebook_whole(course, monkeypatch):
    path, _ = written(course, first_node())
    before = path.read_bytes()

    def fails(*_args):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(OSError, match="disk full"):
        written(course, first_node())
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["doubling.ipynb", "timestamp.txt"]


@given(st.text())
def test_text_shows_every_character_that_cannot_be_seen(value):
    import unicodedata

    shown = sanitize.text(value)
    unseen = {c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}}
    assert unseen <= {"\n", "\t", "\u200d", "\u200c"}


@given(st.text(alphabet="<>abci/! =\"'&\n"))
def test_markdown_has_nothing_left_that_opens_a_tag(value):
    import re

    assert not re.search(r"<[A-Za-z/!?]", sanitize.markdown(value))


@pytest.mark.parametrize("data", [b"", b"GIF89a", picture()[:40], b"\x89PNG\r\n\x1a\n" + b"0" * 99])
def test_what_is_no_picture_is_none(data):
    assert sanitize.png(data) is None
