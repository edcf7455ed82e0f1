"""submit() in a notebook, to a real server on loopback: signed in, receipted, offline and again."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import sys
import threading
import time
import types
import zipfile
from contextlib import contextmanager
from datetime import timedelta

import pytest
import uvicorn

from autograder.gradebook.portal import access
from autograder.steps.grading.collect import collect, shelf_of
from autograder.steps.portal import receipts
from autograder.student import environment, portal, sending, submitting
from autograder.web.app import create_app

from .conftest import answered


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def served(course, port):
    server = uvicorn.Server(uvicorn.Config(create_app(course), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield server
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def notebook(course, tmp_path, monkeypatch, port):
    """A student's folder with the answered notebook, as the set-up cell leaves the kernel."""
    folder = tmp_path / "student"
    folder.mkdir()
    (folder / "hello.ipynb").write_bytes(answered(course))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(environment, "_started_in", folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    said = {
        "assignment": "hello",
        "notebook": "hello",
        "release": 1,
        "portal": f"http://127.0.0.1:{port}",
    }
    monkeypatch.setenv(environment.VARIABLE, json.dumps(said))
    monkeypatch.setattr(portal, "_memory", {})
    monkeypatch.setattr(portal, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(sending, "PAUSES", (0.05, 0.05))
    monkeypatch.setattr(sending, "AGAIN_SECONDS", 0.2)
    return folder


def typed_by(course, student, shown):
    """Somebody at the portal types each code that is shown."""

    def see(what):
        shown.append(what.text)
        code = re.search(r"type the code (\S+)\.", what.text)
        if code:
            assert access.allow(course, code[1], student)

    return see


@pytest.fixture
def shown(course, student, monkeypatch):
    said: list[str] = []
    see = typed_by(course, student, said)
    monkeypatch.setattr(submitting, "show", see)
    monkeypatch.setattr(sending, "show", see)
    return said


def test_the_first_submit_asks_for_a_code_and_then_shows_the_receipt(
    course, student, notebook, shown, port
):
    with served(course, port):
        submitting.submit()
        submitting.submit()
    assert "type the code" in shown[0]
    assert shown[1].startswith("Handed in: Received ")
    assert "Saved: " in shown[1]
    assert "best of this student" in shown[1]
    assert len(shown) == 3, "the second time nothing is asked"
    assert "already" in shown[2]
    (kept,) = shelf_of(course, "hello").all_of(student)
    (file,) = (notebook / ".autograder" / "receipts").glob("*.json")
    receipt = receipts.verify(
        receipts.read(file), receipts.public_key(course.root / "receipts.pub")
    )
    assert receipt.problems == ()
    assert receipt.facts["submission"] == kept.id


def test_the_token_lies_in_the_users_own_folder_and_in_no_notebook(
    course, notebook, shown, port, tmp_path
):
    with served(course, port):
        submitting.submit()
    (file,) = (tmp_path / "config").rglob("tokens.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = next(iter(json.loads(file.read_text()).values()))
    assert all(token.encode() not in p.read_bytes() for p in notebook.rglob("*") if p.is_file())


def test_a_token_that_was_revoked_is_asked_for_again(course, student, notebook, shown, port):
    with served(course, port):
        submitting.submit()
        access.revoke(course, student)
        submitting.submit()
    assert sum("type the code" in text for text in shown) == 2
    assert shown[-1].startswith("Handed in")


def test_a_token_from_outside_is_used_as_it_is(course, student, notebook, shown, port, monkeypatch):
    token = access.new_token(course, student, "notebook", timedelta(hours=1))
    monkeypatch.setenv("AUTOGRADER_TOKEN", token)
    with served(course, port):
        submitting.submit()
    assert len(shown) == 1
    assert shown[0].startswith("Handed in")


def test_without_a_network_it_is_kept_and_goes_in_by_itself_later(
    course, student, notebook, shown, port, monkeypatch
):
    token = access.new_token(course, student, "notebook", timedelta(hours=1))
    monkeypatch.setenv("AUTOGRADER_TOKEN", token)
    submitting.submit()
    assert "does not answer" in shown[0]
    assert "hello-submission.zip" in shown[0], "and the bundle lies there to be uploaded"
    assert (notebook / ".autograder" / "waiting.zip").is_file()
    with served(course, port):
        until = time.monotonic() + 20
        while len(shown) < 2 and time.monotonic() < until:
            time.sleep(0.05)
    assert shown[1].startswith("Handed in")
    assert len(shelf_of(course, "hello").all_of(student)) == 1
    assert not (notebook / ".autograder" / "waiting.zip").exists()


def test_an_answer_that_was_lost_is_asked_for_again_and_is_one_submission(
    course, student, notebook, shown, port, monkeypatch
):
    monkeypatch.setenv(
        "AUTOGRADER_TOKEN", access.new_token(course, student, "notebook", timedelta(hours=1))
    )
    real, lost = portal._call, []

    def call(method, path, data, headers):
        said = real(method, path, data, headers)
        if not lost:
            lost.append(said)
            raise portal.Unreachable("connection reset")
        return said

    monkeypatch.setattr(portal, "_call", call)
    with served(course, port):
        submitting.submit()
    assert shown[0].startswith("Handed in")
    (kept,) = shelf_of(course, "hello").all_of(student)
    assert lost[0]["submission"] == kept.id


def test_what_the_portal_does_not_take_is_said_in_its_words(
    course, student, notebook, shown, port, monkeypatch
):
    monkeypatch.setenv(
        "AUTOGRADER_TOKEN", access.new_token(course, student, "notebook", timedelta(hours=1))
    )
    said = json.loads(os.environ[environment.VARIABLE])
    monkeypatch.setenv(environment.VARIABLE, json.dumps({**said, "assignment": "nowhere"}))
    with served(course, port):
        submitting.submit()
    assert shown == ["Not handed in: There is no such assignment."]


def test_without_a_portal_it_makes_a_bundle_that_collect_takes(
    course, student, notebook, shown, monkeypatch, tmp_path
):
    said = json.loads(os.environ[environment.VARIABLE])
    monkeypatch.setenv(environment.VARIABLE, json.dumps({**said, "portal": ""}))
    (notebook / "mine.py").write_text("x = 1")
    submitting.submit()
    assert "Upload hello-submission.zip" in shown[0]
    whole = tmp_path / "lms.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.write(notebook / "hello-submission.zip", f"{student}.zip")
    report = collect(course, "hello", whole)
    assert [one.student for one in report.new] == [student]
    kept = shelf_of(course, "hello").newest(student)
    assert [f.path for f in kept.files] == ["hello.ipynb", "manifest.json", "mine.py"]
    assert json.loads(
        (shelf_of(course, "hello").files(kept) / "hello.ipynb").read_bytes()
    ) == json.loads(answered(course))


def test_under_colab_the_page_gives_the_cells_and_its_secret_signs_in(
    course, student, notebook, shown, port, monkeypatch
):
    page = json.loads(answered(course))
    page["cells"].append(
        {
            "cell_type": "code",
            "metadata": {},
            "source": "# typed, not saved",
            "outputs": [],
            "execution_count": None,
        }
    )
    token = access.new_token(course, student, "notebook", timedelta(hours=1))
    message, userdata = (
        types.ModuleType("google.colab._message"),
        types.ModuleType("google.colab.userdata"),
    )
    message.blocking_request = lambda what, **_: {"ipynb": page}  # type: ignore[attr-defined]
    userdata.get = {"AUTOGRADER_TOKEN": token}.get  # type: ignore[attr-defined]
    for name, module in {
        "google": types.ModuleType("google"),
        "google.colab": types.ModuleType("google.colab"),
        "google.colab._message": message,
        "google.colab.userdata": userdata,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    (notebook / "hello.ipynb").unlink()
    with served(course, port):
        submitting.submit()
    assert shown[0].startswith("Handed in")
    kept = shelf_of(course, "hello").newest(student)
    text = (shelf_of(course, "hello").files(kept) / "hello.ipynb").read_text()
    assert "# typed, not saved" in text
