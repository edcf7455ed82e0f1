"""Characters that turn text round or hide it are written out wherever students' words are shown."""

from __future__ import annotations

import io
import json
import sys

import pytest
from starlette.testclient import TestClient

from autograder.cli.output import print_json, show
from autograder.gradebook.portal import sprints
from autograder.steps import roster
from autograder.web.app import create_app
from autograder.web.portal import _environment

from .conftest import CLASS, link
from .test_pages import BASE, sign_in

UNSEEN = "\u202e\u2066\u200b\u2028\x07\x1b]0;x\x07\x9b31m\ufeff\U000e0041"
BARE = list("\u202e\u2066\u200b\u2028\x07\x1b\x9b\ufeff\U000e0041")


def is_clean(text: str) -> bool:
    return not any(c in text for c in BARE)


@pytest.fixture
def staff(course, clock):
    with TestClient(create_app(course, clock=clock), base_url=BASE) as client:
        sign_in(client, link(course, "2026099"))
        yield client


def test_a_request_is_shown_as_it_is_written(staff, course, student):
    asked = f"please{UNSEEN}look"
    sprints.ask_again(course, "hello", student, "", "hello", "standardise", asked)
    for page in ("/staff/requests", "/staff/a/hello/requests"):
        shown = staff.get(page)
        assert shown.status_code == 200
        assert is_clean(shown.text)
    assert "⟨U+202E⟩" in shown.text
    (one,) = sprints.requests(course, "hello", student)
    answer = staff.get(f"/staff/a/hello/requests/{one.id}")
    assert answer.status_code == 200
    assert is_clean(answer.text)
    assert "please⟨U+202E⟩" in answer.text


def test_names_of_people_are_shown_as_they_are_written(staff, course):
    path = course.root / "class.csv"
    path.write_text(CLASS.replace("Bo Lee", f"Bo{UNSEEN.replace(chr(0x2028), '')}Lee"))
    roster.import_roster(course, path)
    sprints.ask_again(
        course, "hello", roster.find(course, "2026002").id, "", "hello", "standardise", "x"
    )
    shown = staff.get("/staff/requests").text
    assert "Lee" in shown
    assert is_clean(shown)


def test_every_page_has_it_done_in_one_place():
    page = _environment().from_string("<b>{{ name }}</b>{{ safe }}")
    shown = page.render(name=f"<i>{UNSEEN}김하나\n\t‍", safe="plain")
    assert is_clean(shown)
    assert "&lt;i&gt;" in shown
    assert "김하나\n\t‍" in shown


class Report:
    def as_json(self):
        return {"name": UNSEEN, "이름": "김하나"}


def test_a_terminal_gets_no_control_character(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    show(Report(), False, lambda _: [f"a{UNSEEN}b 김하나"])
    assert is_clean(out.getvalue())
    assert "김하나" in out.getvalue()


def test_json_on_a_terminal_holds_them_escaped_and_means_the_same(capsys):
    print_json(Report().as_json())
    text = capsys.readouterr().out
    assert is_clean(text)
    assert "김하나" in text
    assert json.loads(text) == Report().as_json()
