"""An instructor's way through the course in headless Chromium: graded, asked, mended, given.

Wide and narrow, light and dark, axe-core on every page; the second test goes by keyboard alone.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder import gradebook
from autograder.gradebook.portal import sprints
from autograder.gradebook.regrades import requests
from autograder.steps.portal.queue_runner import grade_next
from autograder.steps.regrade.waiting import regrade_next
from autograder.web.portal import now
from tests.regrade.conftest import BY_ZERO, Graded
from tests.web.conftest import link
from tests.web.test_journey import chromium, serving  # noqa: F401 (a fixture)

from .conftest import RIGHT, settings

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[2] / ".browser" / "axe-core" / "axe.min.js"
SHOTS = os.environ.get("SCREENSHOTS", "")  # a folder to look at the pages in
WIDTHS = {"desktop": 1440, "laptop": 1024}


class Reader:
    """A member of staff with a browser, who looks at each page at both widths and in both themes."""

    def __init__(self, browser, base: str, course, number: str = "1") -> None:
        self.base = base
        self.page = browser.new_context(accept_downloads=True).new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda m: m.type == "error" and self.wrong.append(m.text))
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.goto(f"{base}/sign-in#{link(course, number)}")
        self.page.wait_for_url(f"{base}/staff" if number in "12" else f"{base}/")

    def look(self, name: str) -> None:
        for width_name, width in WIDTHS.items():
            self.page.set_viewport_size({"width": width, "height": 900})
            over = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{name} is {over} px too wide at {width}"
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme)
                if AXE.is_file():
                    self.page.evaluate(AXE.read_text())
                    found = self.page.evaluate("axe.run()")["violations"]
                    told = [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]
                    assert told == [], f"{name} at {width}, {scheme}"
                if SHOTS:
                    path = f"{SHOTS}/{name}-{width_name}-{scheme}.png"
                    self.page.screenshot(path=path, full_page=True)
        self.page.emulate_media(color_scheme="light")

    def has(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for(timeout=60_000)


@contextmanager
def working(course, workers):
    """A worker beside the server, as `autograder serve` starts one."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.1):
            regrade_next(course, workers)
            grade_next(course, workers)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)


@pytest.fixture
def handed_in(class_):
    """A class that has handed in; two of them meet a criterion that is stricter than it says."""
    settings(class_, 'c.Feedback.when = "on_release"')
    class_.students = class_.enrol(6)
    for place, student in enumerate(class_.students):
        class_.hand_in(student, BY_ZERO if place in (0, 2) else f"# {student}\n{RIGHT}")
    return class_


def test_from_grading_to_a_regrade_that_the_student_sees(chromium, handed_in, workers):  # noqa: F811
    course, students = handed_in.course, handed_in.students
    with serving(course, now) as base, working(course, workers):
        reader = Reader(chromium, base, course)
        page = reader.page
        reader.look("course")
        page.get_by_role("link", name="hello").click()
        page.get_by_role("button", name="Grade what is not graded yet").click()
        reader.has("6 of 6 graded")  # by itself: the page asks
        reader.look("overview")
        page.get_by_role("link", name="Release").click()
        reader.look("release")
        page.get_by_role("button", name="Give feedback").click()
        reader.has("Given to 6 students.")
        reader.look("released")
        sprints.ask_again(
            course, "hello", students[0], "", "hello", "standardise", "NaN은 0이 아닌가요?"
        )
        page.goto(f"{base}/staff/requests")
        reader.look("all-requests")
        page.get_by_role("link", name="김하나").click()
        reader.has("Same cause: 1 others")
        reader.look("request")
        page.goto(f"{base}/staff/a/hello/requests")
        Graded(handed_in, {}).mend(
            "assert np.allclose(z[:, 1], 0)", "assert np.allclose(np.nan_to_num(z[:, 1]), 0)"
        )
        page.get_by_role("button", name="Preview").click()
        reader.has("Whose scores change")
        reader.look("preview")
        assert gradebook.student_scores(course, "hello", students[0])[0].total == 8
        page.get_by_label("Why? It stands").fill("NaN is what the statement allows")
        page.get_by_role("button", name="Apply to all of them").click()
        reader.has("NaN is what the statement allows")
        reader.has("Applied.")
        reader.look("applied")
        page.goto(f"{base}/staff/a/hello/requests/{requests.asked(course, 'hello')[0].id}")
        page.get_by_label("granted").check()
        page.get_by_label("To the student").fill("You are right: thank you.")
        page.get_by_role("button", name="Send the answer").click()
        reader.has("granted")
        page.goto(f"{base}/staff/a/hello/statistics")
        reader.look("statistics")
        assert reader.wrong == []
        mine = Reader(chromium, base, course, "2026000")
        mine.page.goto(f"{base}/a/hello")
        mine.has("10 of 10 points")
        mine.has("You are right: thank you.")
    (change,) = [
        c for c in gradebook.changes(course, "hello", students[0]) if c.action == "regraded"
    ]
    assert (change.before, change.after) == ({"auto_score": 8.0}, {"auto_score": 10.0})
    assert change.reason == "NaN is what the statement allows"


def test_a_request_is_answered_and_a_table_taken_by_keyboard_alone(chromium, handed_in):  # noqa: F811
    course = handed_in.course
    handed_in.graded(handed_in.students[0], failing=["columns"])
    sprints.ask_again(
        course, "hello", handed_in.students[0], "", "hello", "standardise", "Why, please?"
    )
    with serving(course, now) as base:
        reader = Reader(chromium, base, course)
        page = reader.page

        def tab_to(name: str) -> None:
            for _ in range(60):
                page.keyboard.press("Tab")
                focused = page.evaluate(
                    "() => { const e = document.activeElement; const s = getComputedStyle(e);"
                    "const own = e.matches('.wide') ? '' : (e.labels && e.labels[0] || e).textContent;"
                    "return [own.trim(), s.outlineStyle] }"
                )
                if name in focused[0]:
                    assert "none" not in focused[1], f"{name} has no visible focus"
                    return
            raise AssertionError(f"{name} cannot be reached")

        page.wait_for_load_state("networkidle")
        tab_to("Requests")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{base}/staff/requests")
        tab_to("김하나")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{base}/staff/a/hello/requests/*")
        page.wait_for_load_state("networkidle")
        tab_to("granted")
        page.keyboard.press("ArrowDown")  # to declined, as radios go
        tab_to("To the student")
        page.keyboard.type("The second column is not standardised.")
        tab_to("Send the answer")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{base}/staff/a/hello/requests")
        tab_to("Release")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{base}/staff/a/hello/release")
        page.wait_for_load_state("networkidle")
        tab_to("Table for")
        page.keyboard.type("Moodle")
        tab_to("Download")
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        assert download.value.suggested_filename == "hello-moodle.csv"
        assert reader.wrong == []
    (request,) = requests.asked(course, "hello")
    assert (request.state, request.answer) == ("declined", "The second column is not standardised.")
