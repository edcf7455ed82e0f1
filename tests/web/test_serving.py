"""`autograder serve` as it is run: takes in, grades, is killed and goes on; and its commands."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import psutil
import pytest
from typer.testing import CliRunner

from autograder import gradebook
from autograder.cli import app
from autograder.gradebook.portal import access, queue
from autograder.steps.portal.receive_submission import hand_in

from .conftest import answered, upload
from .test_submit import free_port

AT = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)


def cli(course, *words: str):
    return CliRunner().invoke(app, ["--course", str(course.root), *map(str, words)])


def as_json(course, *words: str):
    done = cli(course, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


# ── The server ───────────────────────────────────────────────────────────────────────


def until(true, seconds: float = 120.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.2)
    raise AssertionError("it did not come to pass")


@contextmanager
def serving(course, port):
    command = [
        sys.executable,
        "-c",
        "from autograder.cli import main; main()",
        "--course",
        str(course.root),
        "serve",
        "--no-sandbox",
        "--port",
        str(port),
    ]
    server = subprocess.Popen(command, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    try:
        until(lambda: _answers(port))
        yield server
    finally:
        if server.poll() is None:
            server.terminate()
        server.wait(30)


def _answers(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).read()
    except OSError:
        return b""


def send(port, token, data):
    url = f"http://127.0.0.1:{port}/api/assignments/hello/submission?name=hello.ipynb"
    request = urllib.request.Request(url, data, {"Authorization": f"Bearer {token}"}, method="PUT")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def test_what_is_handed_in_is_graded_also_when_the_server_is_killed_meanwhile(course, student):
    port = free_port()
    token = access.new_token(course, student, "notebook", timedelta(days=1))
    with serving(course, port) as server:
        said = send(port, token, answered(course))
        workers = until(lambda: psutil.Process(server.pid).children(recursive=True))
        server.send_signal(signal.SIGKILL)
        server.wait()
        until(lambda: not any(w.is_running() and w.status() != "zombie" for w in workers))
    assert queue.job(course, "hello", student).submission == said["submission"]
    with serving(course, port):
        until(lambda: queue.job(course, "hello", student).state == "done")
        (score,) = gradebook.student_scores(course, "hello", student)
        assert (score.submission, score.score) == (said["submission"], 10)
        assert (course.feedback / student / "hello" / "index.html").is_file()
        assert send(port, token, answered(course))["receipt"] == said["receipt"]


# ── Its commands ─────────────────────────────────────────────────────────────────────


def test_links_are_made_once_exported_safely_and_ended(course, tmp_path):
    file = tmp_path / "links.csv"
    first = as_json(course, "roster", "links", "--export", file)
    assert (len(first["made"]), first["kept"]) == (3, 0)
    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    assert {row["name"] for row in rows} == {"김하나", "Bo Lee", "Prof. Park"}
    assert file.stat().st_mode & 0o077 == 0
    code = rows[0]["link"].partition("#")[2]
    assert access.entry(course, code).kind == "link"
    assert as_json(course, "roster", "links")["made"] == []
    (anew,) = as_json(course, "roster", "links", "--student", "2026001")["made"]
    assert access.entry(course, code) is None, "the new link ends the former one"
    assert access.entry(course, anew["code"]).person == anew["id"]
    assert as_json(course, "roster", "links", "--end")["ended"] == 3
    assert access.entry(course, anew["code"]) is None


def test_a_tampered_receipt_is_told_by_what_does_not_fit(course, student, tmp_path):
    done = hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(done.receipt, ensure_ascii=False))
    genuine = cli(course, "receipt", "verify", file)
    assert genuine.exit_code == 0
    assert genuine.stdout.startswith("genuine: hello of")
    earlier = {**done.receipt, "received": "2026-02-28T09:30:00+00:00"}
    file.write_text(json.dumps(earlier))
    forged = cli(course, "receipt", "verify", file)
    assert forged.exit_code == 1
    assert "NOT genuine" in forged.stdout
    assert '`received` was changed: it says "2026-02-28' in forged.stdout
    assert 'kept was "2026-03-01T09:30:00+00:00"' in forged.stdout


def test_anybody_verifies_with_the_public_key_alone(course, student, tmp_path):
    done = hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(done.receipt))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, "-c", "from autograder.cli import main; main()", "receipt", "verify"]
    key = str(course.root / "receipts.pub")
    told = subprocess.run(
        [*command, str(file), "--key", key],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout[:7]) == (0, "genuine"), told.stderr


def test_an_extension_moves_the_due_date_and_is_said(course, student):
    report = as_json(course, "extend", "2026001", "hello", "--by", "3d", "--reason", "ill")
    assert report["now_due"] == ["2030-12-04 18:00+09:00"]
    assert report["students"] == [student]
    wrong = cli(course, "extend", "2026001", "hello", "--by", "soon")
    assert (wrong.exit_code, "90m, 12h or 3d" in wrong.output) == (1, True)


def test_a_credit_shows_in_the_standings_of_the_sprint(course):
    before = as_json(course, "exam", "status", "sc01")["rows"]
    assert [row["begin_by"][-11:] for row in before] == ["20:30+09:00"] * 2
    assert [row["close"][-11:] for row in before] == ["22:00+09:00", "22:45+09:00"]
    as_json(course, "exam", "credit", "sc01", "--minutes", "10", "--reason", "power cut")
    after = as_json(course, "exam", "status", "sc01")["rows"]
    assert [row["close"][-11:] for row in after] == ["22:10+09:00", "22:55+09:00"]
    assert cli(course, "exam", "credit", "hello", "--minutes", "5", "--reason", "x").exit_code == 1


@pytest.mark.parametrize("words", [("exam", "status", "nowhere"), ("extend", "nobody", "hello")])
def test_what_is_not_there_is_said_without_a_traceback(course, words):
    done = cli(course, *words)
    assert done.exit_code == 1
    assert "Traceback" not in done.output
