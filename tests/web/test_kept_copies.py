"""Kept work on the portal: brought back to a new runtime, by its student alone."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta

import numpy as np
import pytest
import uvicorn

from autograder.errors import NotFound
from autograder.evidence import saved_work as shelf
from autograder.gradebook.portal import access
from autograder.steps.portal import saved_work_copies
from autograder.student import environment, keeping, portal, portal_backup
from autograder.web.app import create_app

from .conftest import with_settings
from .test_submit import free_port


@pytest.fixture
def server(course):
    small = with_settings(course, "submissions", max_mb=1)
    server = uvicorn.Server(uvicorn.Config(create_app(small), port=free_port(), log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield server.config.port
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def runtime(server, course, student, tmp_path, monkeypatch):
    """A Colab runtime whose student is signed in; calling it makes a new one, its disk empty."""
    said = {"assignment": "hello", "notebook": "hello", "portal": f"http://127.0.0.1:{server}"}
    monkeypatch.setenv(environment.VARIABLE, json.dumps(said))
    monkeypatch.setattr(environment, "on_colab", lambda: True)
    monkeypatch.setattr(keeping, "show", lambda what: shown.append(what.text))
    token = access.new_token(course, student, "notebook", timedelta(hours=1))
    monkeypatch.setenv(portal.SECRET, token)
    shown: list[str] = []
    count = iter(range(9))

    def begin():
        folder = tmp_path / f"runtime{next(count)}"
        folder.mkdir()
        monkeypatch.setattr(environment, "folder", lambda: folder)
        return folder, shown

    return begin


def test_a_lost_runtime_loses_nothing_that_was_kept(runtime, course, student):
    _, shown = runtime()
    keeping.keep(weights=np.arange(5.0), history={"loss": [2.0, 1.0]})
    assert "A copy is on 127.0.0.1:" in shown[0]
    assert saved_work_copies.names(course, "hello", student) == ("history", "weights")
    folder, _ = runtime()
    assert list(folder.iterdir()) == []
    assert keeping.kept("weights").tolist() == [0, 1, 2, 3, 4]
    assert keeping.kept("history") == {"loss": [2.0, 1.0]}
    assert shelf.names(folder / "kept") == ("history", "weights")  # and is handed in from here


def test_the_newer_value_takes_the_place_of_the_older(runtime):
    runtime()
    keeping.keep(x=1)
    keeping.keep(x=2)
    runtime()
    assert keeping.kept("x") == 2


@pytest.mark.parametrize("name", ["ko", "..", "hello/..", ".hello.new", "nothing"])
def test_only_an_assignments_copies_are_kept(course, student, name):
    (course.release / "ko").mkdir(exist_ok=True)  # where releases in Korean lie
    with pytest.raises(NotFound):
        saved_work_copies.names(course, name, student)


def test_what_was_never_kept_is_not_found(runtime):
    runtime()
    with pytest.raises(NotFound):
        keeping.kept("nothing")
    with pytest.raises(NotFound):
        keeping.kept("../../x")


def test_nobody_else_is_given_it(runtime, course, monkeypatch, tmp_path):
    from autograder.steps import roster

    runtime()
    keeping.keep(x=1)
    other = roster.find(course, "2026002").id
    token = access.new_token(course, other, "notebook", timedelta(hours=1))
    monkeypatch.setenv(portal.SECRET, token)
    assert not portal_backup.fetch("x", tmp_path / "theirs")
    monkeypatch.setenv(portal.SECRET, "wrong")
    assert not portal_backup.fetch("x", tmp_path / "theirs")
    assert not (tmp_path / "theirs").exists()


def test_without_room_or_network_it_is_kept_here_and_said(runtime, monkeypatch):
    folder, shown = runtime()
    keeping.keep(large=np.zeros(200_000))  # more than the course takes
    assert "Colab deletes this folder" in shown[0]
    assert shelf.names(folder / "kept") == ("large",)
    monkeypatch.setenv("AUTOGRADER_PORTAL", "http://127.0.0.1:9")
    keeping.keep(x=1)
    assert "Colab deletes this folder" in shown[1]
