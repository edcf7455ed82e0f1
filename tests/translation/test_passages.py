"""Markdown in passages: nothing is lost, and only what people read is given to a translator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.notebook.translation.passages import passages, rewritten

SOURCE = Path(__file__).parents[2] / "source"
LINES = [
    "",
    "# Head",
    "- one item",
    "  that goes on",
    "1. first",
    "> quoted",
    "| a | b |",
    "| --- | :-: |",
    "plain *text*",
    "```python",
    "x = 1  # | no",
    "```",
    "$$x^2$$",
    "   ",
    "![p](data:image/png;base64,AA==)",
]


def test_headings_items_fields_and_paragraphs_are_passages_without_their_marks() -> None:
    text = (
        "## Head\n\n1. first\n   goes on\n2. second\n\n> said\n> twice\n\n| a | `b` |\n|---|---|\n"
        "| c \\| d | 7 |\n\nplain\ntext"
    )
    assert list(passages(text)) == [
        "Head",
        "first goes on",
        "second",
        "said twice",
        "a",
        "c \\| d",
        "plain text",
    ]


def test_code_formulas_and_numbers_are_no_passages() -> None:
    assert not list(
        passages("```python\nloss = mean(x)\n\nprint(loss)\n```\n\n$$x = y$$\n\n`a` 12")
    )


def test_pictures_are_numbered_and_put_back() -> None:
    text = "| ![one](data:image/png;base64,AAAA) and ![two](data:image/png;base64,BBBB) |"
    (passage,) = passages(text)
    assert passage == "![one](data:1) and ![two](data:2)"
    said = rewritten(text, lambda _: "![둘](data:2), ![하나](data:1)")
    assert said == ("| ![둘](data:image/png;base64,BBBB), ![하나](data:image/png;base64,AAAA) |")


def test_marks_and_blank_lines_stay_where_they_are() -> None:
    text = "# A\n\n\n- b\n- c  \n\n| d | e |\n"
    assert rewritten(text, str.swapcase) == "# a\n\n\n- B\n- C  \n\n| D | E |\n"


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_a_cell_that_nobody_translates_is_the_very_same(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert rewritten(text, lambda passage: passage) == text


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_what_is_translated_can_be_cut_in_the_same_passages(lines: list[str]) -> None:
    text = "\n".join(lines)
    marked = rewritten(text, lambda passage: f"«{passage}»")
    assert list(passages(marked)) == [f"«{p}»" for p in passages(text)]


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*/*.ipynb")), ids=lambda p: p.stem)
def test_every_bundled_cell_is_the_very_same_when_nobody_translates_it(path: Path) -> None:
    cells = json.loads(path.read_text())["cells"]
    for cell in cells:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            assert rewritten(text, lambda passage: passage) == text
            assert all("data:image" not in passage for passage in passages(text))
