"""The whole way of a student in headless Chromium, wide and narrow, and axe-core on every page."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from autograder.gradebook.portal import sprints
from autograder.steps.grading.collect import shelf_of
from autograder.steps.portal import sprint
from autograder.steps.portal.queue_runner import grade_next
from autograder.web.app import create_app
from autograder.web.portal import now

from .conftest import ANSWER, answered, link
from .test_submit import free_port

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[2] / ".browser" / "axe-core" / "axe.min.js"
SHOTS = os.environ.get("SCREENSHOTS", "")  # a folder to look at the pages in
WIDTHS = {"desktop": 1280, "phone": 390}


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except sync_api.Error as fault:
            pytest.skip(f"no Chromium here: {fault.message.splitlines()[0]}")
        yield browser
        browser.close()


@contextmanager
def serving(course, clock):
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(create_app(course, clock=clock), port=port, log_level="error")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


class Reader:
    """A person with a browser, who looks at each page at every width and in both themes."""

    widths = WIDTHS
    themes = ("light", "dark")

    def __init__(self, chromium, base: str) -> None:
        self.base = base
        context = chromium.new_context(timezone_id="Europe/Berlin", accept_downloads=True)
        self.page = context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda m: m.type == "error" and self.wrong.append(m.text))
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.on(
            "request", lambda r: r.url.startswith((base, "data:")) or self.wrong.append(r.url)
        )

    def look(self, name: str) -> None:
        for width_name, width in self.widths.items():
            self.page.set_viewport_size({"width": width, "height": 900})
            over = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{name} is {over} px too wide at {width}"
            for scheme in self.themes:
                self.page.emulate_media(color_scheme=scheme)
                if AXE.is_file():
                    self.page.evaluate(AXE.read_text())  # as an extension would: no CSP in the way
                    found = self.page.evaluate("axe.run()")["violations"]
                    told = [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]
                    assert told == [], f"{name} at {width}, {scheme}"
                if SHOTS:
                    path = f"{SHOTS}/{name}-{width_name}-{scheme}.png"
                    self.page.screenshot(path=path, full_page=True)
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def has(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for(timeout=15_000)


def test_axe_is_there_where_it_is_asked_for():
    if os.environ.get("CI"):
        assert AXE.is_file(), "make browser fetches it"


def test_from_the_personal_link_to_the_regrade_request(
    chromium, course, student, tmp_path, workers
):
    with serving(course, now) as base:
        reader = Reader(chromium, base)
        page = reader.page
        page.goto(f"{base}/sign-in")
        reader.look("sign-in")
        page.goto(f"{base}/")
        page.goto(f"{base}/sign-in#{link(course, '2026001')}")
        page.wait_for_url(f"{base}/")
        assert "#" not in page.url
        reader.has("김하나")
        reader.look("assignments")
        page.get_by_role("link", name="hello").click()
        reader.has("2030-12-01 10:00")  # due, in Berlin
        reader.look("assignment")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download hello.ipynb").click()
        assert (
            Path(download.value.path()).read_bytes()
            == (course.release / "hello" / "hello.ipynb").read_bytes()
        )
        work = tmp_path / "hello.ipynb"
        wrong = "def standardise(x):\n    return x - x.mean(axis=0)"
        work.write_bytes(answered(course, answer=wrong))
        page.get_by_label("Your notebook").set_input_files(work)
        page.get_by_role("button", name="Hand in").click()
        reader.has("It is safely here.")
        reader.has("Waiting to be graded")
        reader.look("handed-in")
        page.get_by_role("link", name="Receipt").first.click()
        reader.has("Download the signed receipt")
        reader.look("receipt")
        page.go_back()
        assert grade_next(course, workers) == 1
        reader.has("of 10 points")  # by itself: the page asks
        page.reload()
        reader.look("result")
        page.get_by_role("link", name="Feedback: overview").click()
        page.get_by_role("link", name=re.compile("^hello")).click()
        reader.has("Expected")
        page.goto(f"{base}/a/hello")
        page.get_by_label("What should be looked at").fill("The mean is right, I think.")
        page.get_by_role("button", name="Send the request").click()
        reader.has("The mean is right, I think.")
        reader.look("regrade")
        page.goto(f"{base}/device")
        reader.look("device")
        page.goto(f"{base}/nowhere")
        reader.look("not-found")
        reader.wrong = [w for w in reader.wrong if "404" not in w]
        assert reader.wrong == []
    (asked,) = sprints.requests(course, "hello", student)
    assert (asked.task, asked.state) == ("standardise", "open")


def test_a_sprint_from_start_to_the_automatic_hand_in(chromium, course, student, clock):
    clock.to(18)
    with serving(course, clock) as base:
        reader = Reader(chromium, base)
        page = reader.page
        page.goto(f"{base}/sign-in#{link(course, '2026001')}")
        page.wait_for_url(f"{base}/")
        page.goto(f"{base}/a/sc01")
        reader.has("It opens at 19:00. Begin by 20:30 for the full 90 minutes.")
        assert page.get_by_role("button", name="Begin now").count() == 0
        reader.look("sprint-before")
        clock.to(19, 5)
        page.reload()
        reader.has("Begin by 20:30 for the full 90 minutes.")
        assert page.get_by_role("link", name="Download").count() == 0
        reader.look("sprint-open")
        page.get_by_role("button", name="Begin now").click()
        reader.has("You have until 20:35: 90 minutes left.")
        reader.has("1:29:5")
        reader.look("sprint-running")
        sprint.save(course, "sc01", student, "sc01", answered(course, "sc01").decode(), clock())
        clock.to(20, 36)
        until = time.monotonic() + 15
        while not shelf_of(course, "sc01").all_of(student) and time.monotonic() < until:
            time.sleep(0.1)
        page.reload()
        reader.has("Time was over at 20:35. What was saved last is handed in.")
        reader.has("2030-01-10 11:05")  # when it was saved, in Berlin
        reader.look("sprint-over")
        assert reader.wrong == []
    (kept,) = shelf_of(course, "sc01").all_of(student)
    assert (
        ANSWER.split("\n")[0] in (shelf_of(course, "sc01").files(kept) / "sc01.ipynb").read_text()
    )


def test_the_whole_way_by_keyboard_alone(chromium, course, student, clock, tmp_path):
    work = tmp_path / "hello.ipynb"
    work.write_bytes(answered(course))
    with serving(course, clock) as base:
        reader = Reader(chromium, base)
        page = reader.page
        page.goto(f"{base}/sign-in")

        def tab_to(name: str) -> None:
            page.wait_for_load_state("networkidle")  # a page that still comes takes the focus away
            for _ in range(40):
                page.keyboard.press("Tab")
                focused = page.evaluate(
                    "() => { const e = document.activeElement; const s = getComputedStyle(e);"
                    "const tile = e.closest('.tile'); const t = tile && getComputedStyle(tile);"
                    "return [(e.labels && e.labels[0] || e).textContent.trim(), s.outlineStyle,"
                    "t ? t.outlineStyle : ''] }"
                )
                if name in focused[0]:
                    assert "none" not in focused[1] or "none" not in (focused[2] or "none"), name
                    return
            raise AssertionError(f"{name} cannot be reached")

        tab_to("Skip to the content")
        tab_to("Personal code")
        page.keyboard.type(link(course, "2026001"))
        page.keyboard.press("Enter")
        page.wait_for_url(f"{base}/")
        tab_to("hello")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{base}/a/hello")
        tab_to("Your notebook")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Space")
        chooser.value.set_files(work)
        tab_to("Hand in")
        page.keyboard.press("Enter")
        reader.has("It is safely here.")
        tab_to("Receipt")
        page.keyboard.press("Enter")
        reader.has("Download the signed receipt")
        tab_to("Sign out")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{base}/sign-in")
    assert len(shelf_of(course, "hello").all_of(student)) == 1
