"""What a student reads: the same words in text and table, everything escaped, nothing by colour."""

from __future__ import annotations

import math
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.expect.verdict import Picture
from autograder.presentation import drawing, result_table, result_text
from autograder.presentation.distance import Distance, distance, in_words, places
from autograder.student.check_result import CheckResult, CheckRow

NASTY = "<script>alert(1)</script> \"' &amp; \x1b[31m \u202e"


def checked(**changes) -> CheckResult:
    row = CheckRow(
        "Mean IoU is at least 0.8",
        result_text.NOT_MET,
        1.5,
        4.0,
        "0.8 or more",
        "0.7",
        "Train longer.",
        Distance(0.7, 0.8, rising=True, partial_from=0.6, baseline=0.3, right_answers=(0.9, 0.95)),
        ("Look at a mask.",),
        1,
        (Picture("<svg/>", "Three masks <b>."),),
    )
    met = CheckRow("A shape", result_text.MET, 1.0, 1.0, "(3,)", "(3,)")
    waiting = CheckRow("Then", result_text.NOT_RUN, 0.0, 1.0, "first passes", "not yet", "Mend it.")
    later = CheckRow("Unseen", result_text.LATER, 0.0, 5.0)
    return CheckResult(**{"task": "t", "rows": (row, met, waiting, later), **changes})


class Page(HTMLParser):
    """The tags with their attributes, and the text, of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._styled = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._styled = tag == "style"

    def handle_data(self, data):
        if not self._styled:
            self.text += data + " "

    def handle_endtag(self, tag):
        self._styled = False

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def html_of(one: CheckResult) -> str:
    return one._repr_mimebundle_()["text/html"]


def test_text_and_table_say_the_same_words():
    one = checked()
    page = Page(html_of(one))
    said = re.sub(r"\s+", " ", page.text)
    for line in repr(one).splitlines():
        for piece in re.split(r"Distance: |: |; |\[. |\] | \(", line):
            assert piece.strip(" )") in said, piece


def test_every_state_is_said_in_words():
    page = Page(html_of(checked()))
    for state in ("not met", "met", "not run yet", "checked after you submit"):
        assert state in page.text


def test_the_table_is_a_table_to_a_screen_reader_whatever_its_style():
    page = Page(html_of(checked()))
    assert page.all("table")[0]["role"] == "table"
    assert "caption" in dict(page.tags)
    heads = page.all("th")
    assert [h["scope"] for h in heads] == ["col"] * 6 + ["row"] * 4
    assert {h["role"] for h in heads} == {"columnheader", "rowheader"}
    assert all(cell["role"] == "cell" for cell in page.all("td"))
    assert len(page.all("td")) == 4 * 5


def test_every_drawing_and_picture_has_words():
    page = Page(html_of(checked()))
    (line,) = page.all("svg")
    assert line["role"] == "img"
    assert "0.7 now; 0.8 or more is demanded; right answers reach 0.9 to 0.95" in line["aria-label"]
    (picture,) = page.all("img")
    assert picture["alt"] == "Three masks <b>."


def test_nothing_a_student_or_an_author_writes_becomes_html():
    row = CheckRow(
        NASTY,
        result_text.NOT_MET,
        0,
        1,
        NASTY,
        NASTY,
        NASTY,
        None,
        (NASTY,),
        0,
        (Picture("<svg/>", NASTY),),
    )
    one = checked(task=NASTY, rows=(row,), printed=NASTY, notes=(NASTY,))
    html = html_of(one)
    assert "<script" not in html
    assert {tag for tag, _ in Page(html).tags} <= {
        "div",
        "style",
        "section",
        "p",
        "strong",
        "span",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "i",
        "b",
        "details",
        "summary",
        "pre",
        "img",
        "small",
    }
    for attributes in (a for _, a in Page(html).tags):
        assert not any(name.startswith("on") for name in attributes)
    assert "\x1b" not in unescape(html) + repr(one)
    assert "\u202e" not in unescape(html) + repr(one)


def test_a_flood_of_text_is_cut():
    flood = "x" * 100_000
    row = CheckRow("d", result_text.NOT_MET, 0, 1, flood, flood, flood)
    assert len(html_of(checked(rows=(row,), printed=flood))) < 30_000


def test_plain_text_mode_leaves_the_table_out(monkeypatch):
    monkeypatch.setenv("AUTOGRADER_PLAIN", "1")
    assert set(checked()._repr_mimebundle_()) == {"text/plain"}


@pytest.mark.parametrize(
    ("score", "settings"),
    [
        (None, {"at_least": 1}),
        (0.5, {}),
        (math.nan, {"at_least": 1}),
        (True, {"at_least": 1}),
        (0.5, {"at_least": 1, "at_most": 2}),
        (0.5, {"at_least": "much"}),
    ],
)
def test_without_one_number_and_one_target_there_is_no_distance(score, settings):
    assert distance(score, settings) is None


def test_a_distance_says_when_it_is_reached():
    assert in_words(Distance(5.6, 6.5, rising=False)) == (
        "5.6 now, the demand is met; 6.5 or less is demanded"
    )


numbers = st.floats(-1e6, 1e6)


@given(
    score=numbers,
    target=numbers,
    rising=st.booleans(),
    baseline=st.none() | numbers,
    start=st.none() | numbers,
    pair=st.none() | st.tuples(numbers, numbers),
)
def test_on_the_line_further_right_is_always_better(score, target, rising, baseline, start, pair):
    right = tuple(sorted(pair)) if pair else None
    found = Distance(score, target, rising, start, baseline, right)
    at = places(found)
    known = [at.score, at.target, at.baseline, at.partial_from, *(at.right_answers or ())]
    assert all(0 <= place <= 1 for place in known if place is not None)
    if at.score > at.target:
        assert found.reached
    if at.score < at.target:
        assert not found.reached
    assert "nan" not in drawing.line(found)


def test_a_page_of_its_own_carries_its_background_in_both_themes():
    from autograder.presentation.styles import STYLE

    assert "prefers-color-scheme:dark" in STYLE
    assert '[data-jp-theme-light="false"]' in STYLE
    assert result_table.block("t", "s", "").startswith('<div class="ag" lang="en">')
