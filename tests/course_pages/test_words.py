"""What the pages say is in the catalogues, and Korean courses read it in Korean."""

from __future__ import annotations

import re

import pytest

from autograder.language import catalogue
from autograder.web import portal

from .conftest import settings
from .test_course import text

TEMPLATES = portal.HERE / "templates" / "staff"
MINE = (
    "course",
    "course_live",
    "overview",
    "progress",
    "queue",
    "release",
    "release_state",
    "statistics",
    "all_requests",
    "preview",
    "request",
    "request_list",
    "requests",
)
WORDS = re.compile(r"\bt\('((?:[^'\\]|\\.)*)'\)")


@pytest.mark.parametrize("name", MINE)
def test_every_text_of_a_page_has_a_korean_translation(name):
    page = (TEMPLATES / f"{name}.html.j2").read_text(encoding="utf-8")
    korean = catalogue("ko")
    texts = [found.replace("\\'", "'") for found in WORDS.findall(page)]
    assert texts
    assert [one for one in texts if korean.gettext(one) == one] == []


def test_a_korean_course_is_read_in_korean(class_):
    settings(class_, 'c.Course.language = "ko"')
    class_.graded(class_.enrol(3)[0], failing=["columns"])
    client = class_.client()
    assert "대기열과 작업자" in text(client.get("/staff"))
    assert "반이 막힌 곳" in text(client.get("/staff/a/hello/statistics"))
    assert "아직 채점하지 않은 것 채점" in text(client.get("/staff/a/hello"))
    assert "채점되는 즉시 학생이 봅니다." in text(client.get("/staff/a/hello/release"))
    assert "고친 기준" in text(client.get("/staff/a/hello/requests"))
