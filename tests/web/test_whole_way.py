"""The whole way of a student, by keyboard alone: portal, JupyterLab, portal again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.gradebook.portal import sprints
from autograder.steps.grading.collect import shelf_of
from autograder.steps.portal.queue_runner import grade_next
from autograder.web.portal import now

from .conftest import in_korean, link, with_settings
from .test_journey import AXE, SHOTS, Reader, chromium, serving
from .test_submit import free_port

pytestmark = pytest.mark.browser
__all__ = ["chromium"]

WRONG = "def standardise(x):\n    return x"
HALF = "def standardise(x):\n    return (x - x.mean(axis=0)) / x.std(axis=0)"


@contextmanager
def jupyterlab(folder: Path, portal: str) -> Iterator[str]:
    """JupyterLab as a student has it, in this folder; gives its address."""
    port, home = free_port(), folder.with_name("home")
    home.mkdir()
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        f"--notebook-dir={folder}",
        "--LabApp.news_url=None",
    ]
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "AUTOGRADER_PORTAL": portal}
    environment = {**os.environ, **own, **_places(home)}
    server = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        _until(lambda: _answers(f"{base}/api"), 90)
        yield base
    finally:
        server.terminate()
        server.wait(20)


def _places(home: Path) -> dict[str, str]:
    return {f"JUPYTER_{what}_DIR": str(home / what.lower()) for what in ("CONFIG", "RUNTIME")}


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def _until(so, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end
        time.sleep(0.2)


class Notebook:
    """An open notebook in JupyterLab, and two hands on a keyboard."""

    def __init__(self, page, base: str, name: str) -> None:
        self.page = page
        page.goto(f"{base}/lab/tree/{name}?reset")
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=90_000)
        page.get_by_text("Python 3 (ipykernel) | Idle").first.wait_for(timeout=60_000)
        page.keyboard.press("Escape")

    def run(self) -> None:
        """Runs the cell that is selected, and selects the next."""
        self.page.keyboard.press("Shift+Enter")
        self.settle()

    def settle(self) -> None:
        """Waits until nothing runs."""
        self.page.wait_for_timeout(300)
        busy = (
            "[...document.querySelectorAll('.jp-InputPrompt')].some(e => e.textContent == '[*]:')"
        )
        self.page.wait_for_function(f"() => !({busy})", timeout=60_000)

    def select(self, text: str) -> None:
        """Goes to the top, then down to the cell that has this in it; folded ones are skipped."""
        for _ in range(12):
            self.page.keyboard.press("ArrowUp")
        for _ in range(12):
            self.page.wait_for_timeout(80)
            if text in self.page.locator(".jp-Cell.jp-mod-active").inner_text():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no cell with {text}")

    def type(self, text: str) -> None:
        """Puts other text into the cell that is selected."""
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Escape")

    def has(self, text: str) -> None:
        """Waits until this stands in an output."""
        outputs = self.page.locator(".jp-OutputArea")
        outputs.get_by_text(text).last.wait_for(timeout=30_000, state="attached")

    def look(self, name: str) -> None:
        """No violation in what is ours: the tables and texts of the outputs."""
        if AXE.is_file():
            self.page.evaluate(AXE.read_text())
            found = self.page.evaluate("axe.run({include: [['.ag']]})")["violations"]
            told = [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]
            assert told == [], name
        if SHOTS:
            self.page.locator(".ag").last.scroll_into_view_if_needed()
            self.page.screenshot(path=f"{SHOTS}/{name}.png")


def tab_to(page, name: str) -> None:
    """Goes to the link, button or field of this name by the Tab key."""
    page.wait_for_load_state("networkidle")  # a page that still comes takes the focus away
    words = "(e => (e.labels && e.labels[0] || e).textContent.trim())(document.activeElement)"
    for _ in range(40):
        page.keyboard.press("Tab")
        if name in page.evaluate(words):
            return
    raise AssertionError(f"{name} cannot be reached")


def test_by_keyboard_from_the_link_through_jupyterlab_to_a_regrade_request(
    chromium, course, student, tmp_path, workers
):
    folder = tmp_path / "student"
    folder.mkdir()
    with serving(course, now) as portal, jupyterlab(folder, portal) as lab:
        reader = Reader(chromium, portal)
        page = reader.page
        page.goto(f"{portal}/sign-in#{link(course, '2026001')}")
        page.wait_for_url(f"{portal}/")
        tab_to(page, "hello")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{portal}/a/hello")
        tab_to(page, "Download hello.ipynb")
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        shutil.copyfile(download.value.path(), folder / "hello.ipynb")
        code = worked(page.context.new_page(), lab)
        page.goto(f"{portal}/device?code={code}")  # the link in the notebook, opened
        tab_to(page, "Connect")
        tab_to(page, "Code from the notebook")
        page.keyboard.press("Enter")
        reader.has("This notebook asks to hand in as you:")
        reader.look("connecting")
        tab_to(page, "Yes, this is my notebook: connect it")
        page.keyboard.press("Enter")
        reader.has("Connected.")
        reader.look("connected")
        receipted(page.context.pages[-1])
        page.goto(f"{portal}/a/hello")
        reader.has("Waiting to be graded")
        assert grade_next(course, workers) == 1
        reader.has("8 of 10 points")
        page.reload()
        tab_to(page, "Receipt")
        page.keyboard.press("Enter")
        reader.has("Download the signed receipt")
        page.go_back()
        tab_to(page, "Feedback: overview")
        page.keyboard.press("Enter")
        page.wait_for_url("**/feedback/index.html")
        reader.look("feedback")
        tab_to(page, "of 10 points")
        page.keyboard.press("Enter")
        page.wait_for_url("**/feedback/hello.html")
        reader.has("Expected")
        reader.look("feedback-notebook")
        page.goto(f"{portal}/a/hello")
        tab_to(page, "What should be looked at")
        page.keyboard.type("The mean is right, I think.")
        tab_to(page, "Send the request")
        page.keyboard.press("Enter")
        reader.has("The mean is right, I think.")
        assert [one for one in reader.wrong if "favicon" not in one] == []
    assert len(shelf_of(course, "hello").all_of(student)) == 1
    (asked,) = sprints.requests(course, "hello", student)
    assert (asked.task, asked.state) == ("standardise", "open")


def test_pages_that_are_seen_seldom_are_accessible_too(chromium, course, tmp_path, monkeypatch):
    in_korean(course)
    public = with_settings(course, "portal", colab_url="https://colab.test/gh/course/release")
    with serving(public, now) as portal:
        reader = Reader(chromium, portal)
        page = reader.page
        page.goto(f"{portal}/sign-in")
        page.get_by_label("Personal code").fill("AAAAA-BBBBB-CCCCC-DDDDD-EEEEE")
        page.get_by_role("button", name="Sign in").click()
        reader.has("This code does not open anything.")
        reader.look("sign-in-failed")
        page.goto(f"{portal}/sign-in#{link(course, '2026001')}")
        page.wait_for_url(f"{portal}/")
        page.goto(f"{portal}/a/hello")
        reader.has("한국어")
        reader.look("two-languages")
        (tmp_path / "notes.txt").write_text("no notebook")
        page.get_by_label("Your notebook").set_input_files(tmp_path / "notes.txt")
        page.get_by_role("button", name="Hand in").click()
        reader.has("Not handed in:")
        reader.look("refused")
        page.goto(f"{portal}/device")
        page.get_by_label("Code from the notebook").fill("AAAA-BBBB")
        page.get_by_role("button", name="Connect").click()
        reader.has("No notebook waits with this code.")
        reader.look("no-such-code")
    for name in ("API_URL", "API_TOKEN", "CLIENT_ID", "HOST"):
        monkeypatch.setenv(f"JUPYTERHUB_{name}", "http://127.0.0.1:9")
    address = "http://127.0.0.1/services/autograder"
    hub = with_settings(course, "portal", sign_in="jupyterhub", url=address)
    with serving(hub, now) as portal:
        reader = Reader(chromium, f"{portal}/services/autograder/")
        reader.page.goto(f"{portal}/services/autograder/")
        reader.has("Sign in with JupyterHub")
        reader.look("hub")
        assert reader.wrong == []


def worked(page, lab: str) -> str:
    """The code that submit() shows, after a wrong answer was checked and half mended."""
    notebook = Notebook(page, lab, "hello.ipynb")
    notebook.select("Hello")
    notebook.run()
    notebook.run()
    notebook.has("Ready: autograder")
    notebook.run()
    notebook.select("def standardise")
    notebook.type(WRONG)
    notebook.run()
    notebook.run()
    notebook.has("0 of 6 points so far")
    notebook.look("lab-not-met")
    notebook.select("def standardise")
    notebook.type(HALF)
    notebook.run()
    notebook.run()
    notebook.has("4 of 6 points so far")
    notebook.look("lab-met")
    notebook.select("submit()")
    notebook.type("from autograder import submit\n\nsubmit()")
    page.keyboard.press("Control+s")
    page.wait_for_timeout(1500)
    page.keyboard.press("Control+Enter")
    notebook.has("Sign in once")
    notebook.look("lab-code")
    found = re.search(r"type the code (\S+)\.", page.locator(".jp-Notebook").inner_text())
    assert found
    return found[1]


def receipted(page) -> None:
    """The notebook goes on by itself and shows the receipt."""
    page.bring_to_front()
    page.locator(".jp-OutputArea").get_by_text("Handed in").first.wait_for(timeout=30_000)
    if SHOTS:
        page.locator(".ag").last.scroll_into_view_if_needed()
        page.screenshot(path=f"{SHOTS}/lab-receipt.png")
