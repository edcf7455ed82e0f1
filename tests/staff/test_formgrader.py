"""nbgrader's formgrader, as its own server runs it, on the same gradebook: the same on both sides."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import autograder.steps
from autograder import gradebook
from autograder.gradebook.marking import mark_changes
from autograder.gradebook.marking.leases import Answer
from autograder.steps.reporting import export
from autograder.steps.reporting.feedback import feedback
from tests.web.test_submit import free_port

from .conftest import text
from .made import NOTEBOOK, A, student

CONFIG = Path(autograder.steps.__file__).parent / "new_course" / "nbgrader_config.py.txt"


class Formgrader:
    """What formgrader's pages ask its server for."""

    def __init__(self, base: str) -> None:
        self.client = httpx.Client(base_url=f"{base}/formgrader", timeout=60)

    def get(self, path: str, **query):
        response = self.client.get(path, params=query)
        response.raise_for_status()
        return response

    def notebooks(self) -> dict[str, dict]:
        """What it says of each student's notebook."""
        found = self.get(f"/api/submitted_notebooks/{A}/{NOTEBOOK}").json()
        return {one["student"]: one for one in found}

    def of(self, kind: str, submission: str) -> dict[str, dict]:
        """Grades or comments of one submitted notebook, by cell."""
        return {
            one["name"]: one for one in self.get(f"/api/{kind}", submission_id=submission).json()
        }

    def put(self, kind: str, id_: str, **values) -> None:
        self.client.put(f"/api/{kind}/{id_}", json=values).raise_for_status()


@pytest.fixture
def formgrader(course) -> Iterator[Formgrader]:
    shutil.copy(CONFIG, course.root / "nbgrader_config.py")
    port = free_port()
    log = (course.root / "jupyter.log").open("w")
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "jupyter_server",
            "--no-browser",
            "--allow-root",
            f"--port={port}",
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=",
            "--ServerApp.disable_check_xsrf=True",
            "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}",
        ],
        cwd=course.root,
        stdout=log,
        stderr=log,
        env={**os.environ, "HOME": str(course.root), "JUPYTER_NO_CONFIG": "1"},
    )
    try:
        found = Formgrader(f"http://127.0.0.1:{port}")
        until = time.monotonic() + 90
        while True:
            try:
                found.get("/api/assignments")
                break
            except httpx.TransportError:
                assert server.poll() is None, (course.root / "jupyter.log").read_text()
                assert time.monotonic() < until, (course.root / "jupyter.log").read_text()
                time.sleep(0.2)
        yield found
        found.client.close()
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def mark(course, number, task="why"):
    return mark_changes.mark(course, Answer(A, NOTEBOOK, task, student(course, number)))


def say(person, course, number, task, **form):
    path = f"/staff/a/{A}/answers/{NOTEBOOK}/{task}/{student(course, number)}?of=all"
    response = person.post(path, **form)
    assert response.status_code == 200, response.text


def exported(course) -> dict[str, str]:
    """Each student's total in the table for a spreadsheet, by number."""
    record = course.state / "releases" / f"{A}.json"  # as `release` leaves it
    record.parent.mkdir(exist_ok=True)
    record.write_text('{"number": 1}')
    table = export.table(course, (A,), to="csv").table.decode("utf-8-sig")
    return {row["number"]: row["total"] for row in csv.DictReader(io.StringIO(table))}


def test_both_say_the_same_and_each_shows_what_the_other_changed(ann, course, formgrader):
    say(ann, course, "4", "why", do="adjust", adjustment="3", reason="names the reason")
    say(ann, course, "4", "why", do="comment", comment="Well said.")
    say(ann, course, "1", "double", do="adjust", adjustment="+1", reason="unclear")
    say(ann, course, "1", "double", do="comment", comment="곱하기는 더하기가 아닙니다.")

    there = formgrader.notebooks()
    for one in gradebook.student_scores(course, A):
        assert there[one.student]["score"] == one.score
        assert there[one.student]["needs_manual_grade"] == one.needs_person
        grades = formgrader.of("grades", there[one.student]["id"])
        for score in gradebook.task_scores(course, A, one.student):
            theirs = grades[score.task]
            assert (theirs["auto_score"], theirs["manual_score"]) == (score.auto, score.manual)
    said = formgrader.of("comments", there[student(course, "1")]["id"])
    assert said[mark(course, "1", "double").comment_cell]["manual_comment"] == (
        "곱하기는 더하기가 아닙니다."
    )
    mine = there[student(course, "4")]["id"]
    assert "return 2 * x" in text(formgrader.get(f"/submissions/{mine}/")), "it can be read there"
    comments, grades = formgrader.of("comments", mine), formgrader.of("grades", mine)
    assert comments["why"]["manual_comment"] == "Well said."
    assert grades["why"]["manual_score"] == 3

    formgrader.put("grade", grades["why"]["id"], manual_score=1.5, extra_credit=0.5)
    formgrader.put("comment", comments["why"]["id"], manual_comment="Said <b>there</b>.")
    shown = ann.text(f"/staff/a/{A}/answers/{NOTEBOOK}/why/{student(course, '4')}?of=all")
    assert "2 / 4" in shown
    assert "Given in formgrader." in shown
    assert "Said <b>there</b>." in shown
    feedback(course, A, student(course, "4"))
    given = (course.feedback / student(course, "4") / A / f"{NOTEBOOK}.html").read_text()
    assert "Said &lt;b&gt;there&lt;/b&gt;." in given
    assert exported(course)["4"] == "7"

    say(ann, course, "4", "why", do="adjust", adjustment="4", reason="looked again", extra="0")
    say(ann, course, "4", "why", do="comment", comment="Well said, after all.")
    assert formgrader.of("grades", mine)["why"]["manual_score"] == 4
    assert formgrader.of("grades", mine)["why"]["extra_credit"] is None
    assert formgrader.of("comments", mine)["why"]["manual_comment"] == "Well said, after all."
    assert formgrader.notebooks()[student(course, "4")]["score"] == 9
