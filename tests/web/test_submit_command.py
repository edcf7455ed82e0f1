"""`autograder submit`: a notebook handed in from a command line, with no kernel anywhere."""

from __future__ import annotations

import json
import os
import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli.app import app
from autograder.gradebook.portal import access
from autograder.steps.grading.collect import shelf_of
from autograder.steps.portal import receipts
from autograder.steps.portal.submit_command import submit
from autograder.student import portal, sending

from .conftest import answered
from .test_submit import free_port, served


@pytest.fixture
def port(monkeypatch, tmp_path) -> int:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(portal, "_memory", {})
    monkeypatch.setattr(portal, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(sending, "PAUSES", (0.05, 0.05))
    return free_port()


@pytest.fixture
def work(course, tmp_path) -> Path:
    folder = tmp_path / "student"
    folder.mkdir()
    (folder / "mine.py").write_text("x = 1\n")
    path = folder / "hello.ipynb"
    path.write_bytes(answered(course))
    return path


def typed(work: Path, port: int, *more: str):
    words = ["submit", str(work), "--portal", f"http://127.0.0.1:{port}", *more]
    return CliRunner().invoke(app, words)


def test_it_hands_in_what_lies_beside_and_keeps_the_receipt(
    course, student, work, port, monkeypatch
):
    token = access.new_token(course, student, "notebook", timedelta(hours=1))
    monkeypatch.setenv("AUTOGRADER_TOKEN", token)
    with served(course, port):
        done = typed(work, port)
        again = json.loads(typed(work, port, "--json").stdout)
    assert done.exit_code == 0
    assert "Handed in: Received" in done.output
    assert "Saved: standardise." in done.output
    (kept,) = shelf_of(course, "hello").all_of(student)
    assert {file.path for file in kept.files} == {"hello.ipynb", "manifest.json", "mine.py"}
    assert (again["submission"], again["again"]) == (kept.id, True)
    (file,) = (work.parent / ".autograder" / "receipts").glob("*.json")
    key = receipts.public_key(course.root / receipts.PUBLIC)
    assert receipts.verify(receipts.read(file), key).problems == ()


def test_the_first_time_a_code_is_typed_on_the_portal(course, student, work, port):
    said: list[str] = []

    def tell(text: str) -> None:
        said.append(text)
        code = re.search(r"type the code (\S+)\.", text)
        assert code
        threading.Timer(0.2, access.allow, (course, code[1], student)).start()

    with served(course, port):
        submit(work, f"http://127.0.0.1:{port}", tell)
        submit(work, f"http://127.0.0.1:{port}", tell)
    assert len(said) == 1, "the second time nothing is asked"
    assert len(shelf_of(course, "hello").all_of(student)) == 1


def test_what_cannot_be_handed_in_is_said_with_the_way_out(work, port, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_TOKEN", "x")
    silent = typed(work, port)
    assert silent.exit_code == 1
    assert "does not answer" in silent.output
    assert "the same work twice is one submission" in silent.output
    unnamed = CliRunner().invoke(app, ["submit", str(work)])
    assert "names no portal" in unnamed.output
    for name, text in {"other.ipynb": '{"cells": []}', "no.ipynb": "no"}.items():
        (tmp_path / name).write_text(text)
        refused = typed(tmp_path / name, port)
        assert refused.exit_code == 1
        assert "no notebook that a course released" in refused.output
    assert "no notebook that a course released" in typed(tmp_path / "nowhere.ipynb", port).output


def test_the_environment_is_as_it_was_afterwards(work, port, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_PORTAL", "https://other.test")
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    typed(work, port)
    assert os.environ["AUTOGRADER_PORTAL"] == "https://other.test"
    assert "JPY_SESSION_NAME" not in os.environ
