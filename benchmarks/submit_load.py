"""A class that hands in within the last minute: what is accepted, what is receipted, what is lost.

    python benchmarks/submit_load.py [--students 500] [--seconds 60] [--kill 20]

A real server on loopback, every student with a sign-in of their own, arrivals spread over the time
at random, thirty at once at most. With `--kill S` the server gets SIGKILL after S seconds and is
started again; who heard no answer tries again, as submit() does. At the end every receipt is
verified and its files are looked for on disk, byte by byte.

Every third student uploads a worse, a `{}` or a cut file half a second after the right one. In the
end everything is graded as the worker does, by a stand-in that takes the points from the
answer's own words (nothing is run): no score may ever fall, and everybody must have the best one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

from autograder import config, gradebook
from autograder.config import Course
from autograder.errors import BrokenSubmission
from autograder.gradebook.portal import access, queue
from autograder.notebook.submission.merging import merge
from autograder.nouns import (
    Assignment,
    CriterionResult,
    Notebook,
    NotebookResult,
    Result,
    Status,
    Submission,
    Task,
    TaskResult,
)
from autograder.steps import roster
from autograder.steps.authoring.init import init
from autograder.steps.authoring.release import release
from autograder.steps.grading import grade as grading
from autograder.steps.grading.collect import shelf_of
from autograder.steps.grading.pipeline.check import unreadable
from autograder.steps.grading.pipeline.grader import GradedSubmission
from autograder.steps.portal import queue_runner, receipts

TRIES = 240  # two minutes, as submit() goes on for hours


@dataclass
class Sent:
    """What became of one student's upload."""

    student: str
    data: bytes
    right: bool = True
    receipt: dict | None = None
    seconds: float = 0.0
    tries: int = 0


def make_course(root: Path, students: int) -> Course:
    init(root, "load")
    course = config.load(root)
    release(course, "hello", prove=lambda *_: ())
    lines = ["number,name", *(f"{n},Student {n}" for n in range(students))]
    (root / "class.csv").write_text("\n".join(lines))
    roster.import_roster(course, root / "class.csv")
    return course


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Server:
    """`autograder serve`, started, killed and started again."""

    def __init__(self, course: Course, port: int) -> None:
        self._course, self._port = course, port
        self.process = self._start()

    def _start(self) -> subprocess.Popen:
        command = [
            sys.executable,
            "-c",
            "from autograder.cli import main; main()",
            "--course",
            str(self._course.root),
            "serve",
            "--no-grade",
            "--port",
            str(self._port),
        ]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health", timeout=1).read()
                return process
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server did not start")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = self._start()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class ByWords:
    """A judge that runs nothing: all points for an answer that says `right`, a quarter for others."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment

    def judge(self, submission: Submission, **_: bool) -> GradedSubmission:
        """The result of one submission."""
        found = tuple(self._notebook(one, submission.path) for one in self.assignment.notebooks)
        result = Result(submission.id, submission.assignment, submission.student, 1, found)
        return GradedSubmission(result, {}, {}, ran=1)

    def _notebook(self, notebook: Notebook, folder: Path) -> NotebookResult:
        path = folder / f"{notebook.name}.ipynb"
        try:
            merge(notebook, path)
        except BrokenSubmission as broken:
            tasks = tuple(unreadable(task, path.name, broken) for task in notebook.tasks)
            return NotebookResult(notebook.name, tasks, broken=str(broken))
        share = 1.0 if b"right" in path.read_bytes() else 0.25
        return NotebookResult(notebook.name, tuple(map(partial(_marked, share), notebook.tasks)))


def _marked(share: float, task: Task) -> TaskResult:
    state = Status.PASSED if share == 1 else Status.FAILED
    criteria = (
        CriterionResult(c.name, state, share * c.points, c.points, c.sentence, c.hidden)
        for c in task.criteria
    )
    return TaskResult(task.grade_id, task.kind, task.points, tuple(criteria))


def grade_everything(course: Course) -> tuple[int, dict[str, float]]:
    """Grades what is queued as the worker does; how many scores fell, and the scores at the end."""
    workers: Any = SimpleNamespace(parallel=2, notes=(), tier="none")
    grading.judge_of = lambda _course, assignment, _workers: ByWords(assignment)
    fell, scores = 0, dict[str, float]()
    while queue_runner.grade_next(course, workers):
        now = {s.student: s.score for s in gradebook.student_scores(course, "hello")}
        fell += sum(now.get(student, 0.0) < before for student, before in scores.items())
        scores = now
    return fell, scores


def hand_in(port: int, token: str, sent: Sent) -> None:
    url = f"http://127.0.0.1:{port}/api/assignments/hello/submission?name=hello.ipynb"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
    began = time.monotonic()
    for sent.tries in range(1, TRIES + 1):
        request = urllib.request.Request(url, sent.data, headers, method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                sent.receipt = json.loads(answer.read())["receipt"]
                sent.seconds = time.monotonic() - began
                return
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise
        except OSError:
            pass
        time.sleep(0.5)


def hand_in_all(port: int, token: str, sends: list[Sent]) -> None:
    for number, sent in enumerate(sends):
        time.sleep(0.5 if number else 0.0)
        hand_in(port, token, sent)


def _answered(notebook: dict, text: str) -> bytes:
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = text
    return json.dumps(notebook).encode()


def is_there(course: Course, sent: Sent, key: receipts.Ed25519PublicKey) -> bool:
    """Whether the receipt is genuine and what it is for lies on disk, byte by byte."""
    receipt = sent.receipt
    if receipt is None or not receipts.verify(receipt, key).genuine:
        return False
    shelf = shelf_of(course, "hello")
    kept = shelf.read(sent.student, receipt["submission"])
    if kept is None:
        return False
    found = (shelf.files(kept) / "hello.ipynb").read_bytes()
    said = receipt["files"][0]["sha256"]
    return hashlib.sha256(found).hexdigest() == hashlib.sha256(sent.data).hexdigest() == said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kill", type=float, default=0, help="SIGKILL after so many seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        course = make_course(Path(folder) / "course", options.students)
        everybody = roster.people(course)
        tokens = {
            p.id: access.new_token(course, p.id, "notebook", timedelta(hours=1)) for p in everybody
        }
        page = next((course.release / "hello").glob("*.ipynb")).read_text()
        notebook = json.loads(page)
        sends, after = [], dict[str, Sent]()
        for number, person in enumerate(everybody):
            right = _answered(notebook, f"answer = {person.id!r}  # right")
            sends.append(Sent(person.id, right))
            if number % 3 == 0:
                worse = _answered(notebook, f"answer = {person.id!r}")
                data = (worse, b"{}", right[: len(right) // 2])[number // 3 % 3]
                after[person.id] = Sent(person.id, data, right=False)
        port = free_port()
        server = Server(course, port)
        began = time.monotonic()
        with ThreadPoolExecutor(30) as pool:
            if options.kill:
                threading.Timer(options.kill, server.kill).start()
            starts = sorted(random.uniform(0, options.seconds) for _ in sends)
            waits = []
            for at, sent in zip(starts, sends, strict=True):
                time.sleep(max(0.0, began + at - time.monotonic()))
                both = [sent, *filter(None, [after.get(sent.student)])]
                waits.append(pool.submit(hand_in_all, port, tokens[sent.student], both))
            for wait in waits:
                wait.result()
        sends += after.values()
        took = time.monotonic() - began
        server.stop()
        report(course, sends, took, options)


def report(course: Course, sends: list[Sent], took: float, options: argparse.Namespace) -> None:
    key = receipts.public_key(course.root / receipts.PUBLIC)
    receipted = [s for s in sends if s.receipt]
    lost = [s for s in receipted if not is_there(course, s, key)]
    known = queue.known(course, "hello")
    waiting = sum(s.receipt["submission"] in known for s in receipted if s.receipt)
    times = sorted(s.seconds for s in receipted)
    p95 = times[int(0.95 * (len(times) - 1))]
    size = len(sends[0].data)
    print(
        f"{len(sends)} uploads of {options.students} students in {options.seconds:g} s on {os.cpu_count()} cores, "
        f"{size / 1000:.0f} KB each"
        + (f", SIGKILL after {options.kill:g} s" if options.kill else "")
    )
    print(
        f"receipted {len(receipted)}, lost {len(lost)}, in the queue {waiting}, took {took:.1f} s"
    )
    print(
        f"answer: p50 {median(times) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, max {times[-1]:.1f} s"
    )
    print(f"tried more than once: {sum(s.tries > 1 for s in sends)}")
    fell, scores = grade_everything(course)
    most = max(scores.values(), default=0.0)
    less = sum(scores.get(s.student, 0.0) < most for s in sends if s.right)
    others = sum(not s.right for s in sends)
    print(
        f"graded: {len(scores)} students, {others} of them with a worse or broken file after it; "
        f"scores that fell {fell}, below the best {less}"
    )
    if lost or len(receipted) < len(sends) or waiting < len(receipted) or fell or less:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
