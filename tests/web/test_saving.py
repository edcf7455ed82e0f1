"""A sprint's notebook saves what is run, by itself, and hands it in when the time is over."""

from __future__ import annotations

import json
import os
import queue
import re
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

import pytest
import uvicorn

from autograder.gradebook.portal import access
from autograder.steps.assignments import load_assignment
from autograder.steps.authoring import release_builder
from autograder.steps.grading.collect import shelf_of
from autograder.steps.portal import sprint
from autograder.student import environment, portal, sprint_autosave
from autograder.web.app import create_app

from .conftest import ANSWER, answered, with_settings
from .test_submit import free_port


@dataclass
class Shell:
    """What saving asks of IPython: to be told of each cell that was run."""

    told: list
    cell: str = ""

    @property
    def events(self):
        return SimpleNamespace(register=lambda name, call: self.told.append((name, call)))

    def get_parent(self):
        return {"metadata": {"cellId": self.cell} if self.cell else {}}

    def run(self, source: str) -> None:
        for name, call in self.told:
            assert name == "post_run_cell"
            call(SimpleNamespace(info=SimpleNamespace(raw_cell=source)))


@pytest.fixture
def server(course, clock):
    server = uvicorn.Server(
        uvicorn.Config(create_app(course, clock=clock), port=free_port(), log_level="error")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield server.config.port
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def shell(server, tmp_path, monkeypatch):
    shell = Shell([])
    said = {
        "assignment": "sc01",
        "notebook": "sc01",
        "sprint": True,
        "portal": f"http://127.0.0.1:{server}",
        "autosave": 0.1,
    }
    monkeypatch.setenv(environment.VARIABLE, json.dumps(said))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("AUTOGRADER_TOKEN", raising=False)
    monkeypatch.setattr(environment, "ipython", lambda: shell)
    monkeypatch.setattr(portal, "_memory", {})
    monkeypatch.setattr(portal, "POLL_SECONDS", 0.05)
    for name, value in {
        "_started": [],
        "_last_run": [],
        "_ran": queue.Queue(),
        "over": [],
        "PAUSE_SECONDS": 0.05,
    }.items():
        monkeypatch.setattr(sprint_autosave, name, value)
    yield shell
    sprint_autosave.over.append("the test is over")
    sprint_autosave._ran.put(("", ""))
    for thread in threading.enumerate():  # else it would save what the next test runs, too
        if "(_save_" in thread.name:
            thread.join(5)


def until(true, seconds: float = 15.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


def test_what_is_run_is_saved_once_signed_in_and_handed_in_at_the_end(
    course, student, clock, shell, monkeypatch
):
    shown: list[str] = []
    monkeypatch.setattr(sprint_autosave, "show", lambda what: shown.append(what.text))
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    sprint_autosave.watch()
    shell.run(ANSWER)  # before the code is typed: kept until it is
    code = re.search(r"type the code (\S+)\.", shown[0])[1]
    assert access.allow(course, code, student)
    assert until(lambda: sprint.saved_at(course, "sc01", student)) == clock()
    clock.to(20, 31)
    until(lambda: shelf_of(course, "sc01").all_of(student))
    (kept,) = shelf_of(course, "sc01").all_of(student)
    cells = json.loads((shelf_of(course, "sc01").files(kept) / "sc01.ipynb").read_bytes())["cells"]
    assert ANSWER in [
        c["source"] for c in cells if c["metadata"].get("nbgrader", {}).get("solution")
    ]


def test_what_is_run_after_the_end_is_said_not_to_be_saved(
    course, student, clock, shell, monkeypatch
):
    shown: list[str] = []
    monkeypatch.setattr(sprint_autosave, "show", lambda what: shown.append(what.text))
    monkeypatch.setenv(
        "AUTOGRADER_TOKEN", access.new_token(course, student, "notebook", timedelta(hours=1))
    )
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    sprint_autosave.watch()
    clock.to(20, 31)
    shell.run(ANSWER)
    (said,) = until(lambda: shown)
    assert said.startswith("Not saved: Time was over at 20:30.")


@pytest.mark.parametrize("without", ["sprint", "portal"])
def test_other_notebooks_watch_nothing(shell, monkeypatch, without):
    said = {"assignment": "a", "sprint": True, "portal": "http://127.0.0.1:9"}
    monkeypatch.setenv(
        environment.VARIABLE, json.dumps({k: v for k, v in said.items() if k != without})
    )
    sprint_autosave.watch()
    assert shell.told == []


def test_the_file_is_saved_when_it_is_newer_than_what_was_run(
    course, student, clock, shell, tmp_path, monkeypatch
):
    path = tmp_path / "sc01.ipynb"
    monkeypatch.setattr(environment, "notebook_path", lambda: path if path.exists() else None)
    token = access.new_token(course, student, "notebook", timedelta(hours=1))
    monkeypatch.setenv("AUTOGRADER_TOKEN", token)
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    puts = []
    right = portal.put
    monkeypatch.setattr(portal, "put", lambda where, data: (puts.append(where), right(where, data)))
    sprint_autosave.watch()
    path.write_bytes(answered(course, "sc01", "typed = 1"))
    until(lambda: sprint.saved_at(course, "sc01", student))
    assert puts == ["/api/sprints/sc01/notebook?name=sc01"]
    shell.run(ANSWER)
    until(lambda: len(puts) == 2)
    os.utime(path, (time.time() - 60,) * 2)  # an old file: what was run is newer
    time.sleep(0.5)
    assert puts[1:] == ["/api/sprints/sc01/cell"]
    path.write_bytes(answered(course, "sc01", "typed = 2"))
    os.utime(path, (time.time() + 5,) * 2)
    kept = course.state / "sprints" / "sc01" / student / "save.json"
    until(lambda: "typed = 2" in kept.read_text())
    path.write_bytes(b"{")
    os.utime(path, (time.time() + 9,) * 2)
    time.sleep(0.5)
    assert sprint_autosave.over == []


def test_how_often_the_file_is_looked_at_comes_with_the_release(course):
    assert environment.parse('{"autosave": 7}').autosave == 7
    assert environment.parse('{"autosave": "often"}').autosave == 20
    every_seven = {**course.exams.assignments["sc*"], "autosave_seconds": 7}
    asked = with_settings(course, "exams", assignments={"sc*": every_seven})
    for name, told in (("sc01", 7), ("hello", None)):
        source = load_assignment(asked, name)
        assert (
            release_builder._told(asked, source, source.notebooks[0], 1, "en").get("autosave")
            == told
        )
