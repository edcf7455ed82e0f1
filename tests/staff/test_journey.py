"""A TA's whole way in headless Chromium: by keyboard, at two widths, in both themes, with axe-core."""

from __future__ import annotations

import re

import pytest

from autograder.gradebook.marking import mark_changes, rubric_changes
from autograder.gradebook.marking.leases import Answer
from autograder.web.portal import now
from tests.web.test_journey import Reader, chromium, serving  # noqa: F401 (a fixture)

from .conftest import link
from .made import NOTEBOOK, A, student

pytestmark = pytest.mark.browser
WIDTHS = {"desktop": 1680, "laptop": 1280}


class Ta(Reader):
    widths = WIDTHS

    def key(self, key: str) -> None:
        """Presses a key and waits until the page has answered it."""
        self.page.wait_for_load_state("networkidle")
        self.page.keyboard.press(key)
        self.page.wait_for_load_state("networkidle")

    def sign_in(self, course, number: str) -> None:
        self.page.goto(f"{self.base}/sign-in#{link(course, number)}")
        self.page.wait_for_url(f"{self.base}/staff")


def state(course, number, task):
    return mark_changes.mark(course, Answer(A, NOTEBOOK, task, student(course, number)))


@pytest.fixture
def ta(chromium, course):  # noqa: F811
    with serving(course, now) as base:
        yield Ta(chromium, base)


def test_answers_are_marked_by_keyboard_alone(ta, course):
    ta.sign_in(course, "91")
    page = ta.page
    page.goto(f"{ta.base}/staff/a/{A}/answers")
    ta.look("answers")
    rubric_changes.add(course, A, NOTEBOOK, "why", "names the reason", 3)
    rubric_changes.add(course, A, NOTEBOOK, "why", "is clear", 1)
    ta.key("j")
    page.wait_for_url(re.compile(r"/why/\w+\?of=waiting"))
    first = page.url
    ta.look("answer-by-a-person")
    ta.key("1")
    ta.has("3 / 4")
    ta.key("2")
    ta.has("4 / 4")
    ta.key("2")
    ta.has("3 / 4")
    assert page.locator("[data-key='1']").get_attribute("aria-pressed") == "true"
    ta.key("u")
    ta.has("4 / 4")
    ta.key("f")
    page.get_by_text("flagged").first.wait_for()
    ta.key("c")
    page.keyboard.type("Well put: 1 2 j f u.")  # letters are letters while one types
    ta.key("Control+Enter")
    page.keyboard.press("Escape")
    ta.key("j")
    page.wait_for_url(lambda url: "/why/" in url and url != first)
    page.goto(first)
    assert page.locator("#comment").input_value() == "Well put: 1 2 j f u."
    who = re.search(r"/why/(\w+)\?", first)[1]
    found = mark_changes.mark(course, Answer(A, NOTEBOOK, "why", who))
    assert (found.manual, found.state.flagged) == (4, True)
    assert ta.wrong == []


def test_every_digit_gives_and_takes_its_item(ta, course):
    ta.sign_in(course, "91")
    for n in range(11):
        rubric_changes.add(course, A, NOTEBOOK, "why", f"item {n + 1}", 0.25)
    page = ta.page
    page.goto(f"{ta.base}/staff/a/{A}/answers/{NOTEBOOK}/why/{student(course, '1')}?of=all")
    page.wait_for_load_state("networkidle")
    for n, key in enumerate("1234567890"):
        page.keyboard.press(key)
        page.locator(f"[data-key='{key}'][aria-pressed=true]").wait_for()
        assert page.locator(f"[data-key='{key}']").get_by_text(f"item {n + 1}", exact=True).count()
        ta.has(f"{(n + 1) * 0.25:g} / 4")
    page.keyboard.press("0")
    page.locator("[data-key='0'][aria-pressed=false]").wait_for()
    assert state(course, "1", "why").score == 2.25
    assert ta.wrong == []


def test_a_line_is_remarked_on_by_keyboard(ta, course):
    ta.sign_in(course, "91")
    page = ta.page
    page.goto(f"{ta.base}/staff/a/{A}/answers/{NOTEBOOK}/double/{student(course, '1')}?of=all")
    page.locator(".source .number").first.focus()
    page.keyboard.press("ArrowDown")
    ta.key("Enter")
    page.locator("#line-text").wait_for()
    ta.look("answer-remark")
    page.locator("#line-text").focus()
    page.keyboard.type("Why + ?")
    ta.key("Control+Enter")
    ta.has("Why + ?")
    assert [li.text for li in state(course, "1", "double").state.lines] == ["Why + ?"]
    ta.look("answer")
    assert ta.wrong == []


def test_a_group_is_looked_at_and_told_at_once(ta, course):
    ta.sign_in(course, "91")
    page = ta.page
    page.goto(f"{ta.base}/staff/a/{A}/groups/{NOTEBOOK}/double")
    ta.look("groups")
    page.get_by_role("link", name="adds").click()
    assert page.get_by_role("button", name="Apply to all 4").is_disabled()
    ta.look("group")
    for looked in ("2 / 3", "3 / 3"):
        ta.key("j")
        ta.has(f"You have looked at {looked}")
    ta.key("c")
    ta.key("Control+Enter")
    ta.has("Answers changed: 4")
    ta.look("group-told")
    for number in ("1", "2", "3", "6"):
        assert state(course, number, "double").state.comment.startswith("You add 2.")
    page.goto(f"{ta.base}/staff/a/{A}/comments")
    ta.has("4×")
    ta.look("comments")
    assert ta.wrong == []


def test_a_hostile_notebook_runs_nothing_and_asks_nobody(ta, course):
    ta.sign_in(course, "99")
    page = ta.page
    for task in ("double", "why"):
        page.goto(f"{ta.base}/staff/a/{A}/answers/{NOTEBOOK}/{task}/{student(course, '6')}?of=all")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.hit") is None
        ta.look(f"hostile-{task}")
    page.goto(f"{ta.base}/staff/a/{A}/groups/{NOTEBOOK}/double")
    page.get_by_role("link", name="adds").click()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.hit") is None
    assert ta.wrong == []


def test_two_people_at_one_answer_are_told_of_each_other(ta, chromium, course):  # noqa: F811
    ta.sign_in(course, "91")
    other = Ta(chromium, ta.base)
    other.sign_in(course, "92")
    url = f"{ta.base}/staff/a/{A}/answers/{NOTEBOOK}/why/{student(course, '1')}?of=all"
    ta.page.goto(url)
    other.page.goto(url)
    other.has("A colleague is marking this answer: Ann Kim")
    other.look("answer-of-a-colleague")
    other.page.locator("#comment").fill("my long thoughts")
    other.page.get_by_role("button", name="Save the comment").click()
    other.has("Not saved:")
    assert other.page.locator("#comment").input_value() == "my long thoughts"
    other.look("answer-not-saved")
