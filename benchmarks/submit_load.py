"""A class that hands in within the last minute: what is accepted, what is receipted, what is lost.

    python benchmarks/submit_load.py [--students 500] [--seconds 60] [--kill 20]

A real server on loopback, every student with a sign-in of their own, arrivals spread over the time
at random, thirty at once at most. With `--kill S` the server gets SIGKILL after S seconds and is
started again; who heard no answer tries again, as submit() does. At the end every receipt is
verified and its files are looked for on disk, byte by byte.
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
from pathlib import Path
from statistics import median

from autograder import config, receipts
from autograder.config import Course
from autograder.gradebook import access, queue
from autograder.steps import roster
from autograder.steps.collect import shelf_of
from autograder.steps.init import init
from autograder.steps.release import release

TRIES = 240  # two minutes, as submit() goes on for hours


@dataclass
class Sent:
    """What became of one student's upload."""

    student: str
    data: bytes
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
        command = [sys.executable, "-c", "from autograder.cli import main; main()",
                   "--course", str(self._course.root), "serve", "--no-grade",
                   "--port", str(self._port)]  # fmt: skip
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
        sends = []
        for person in everybody:
            for cell in notebook["cells"]:
                if cell["metadata"].get("nbgrader", {}).get("solution"):
                    cell["source"] = f"answer = {person.id!r}"
            sends.append(Sent(person.id, json.dumps(notebook).encode()))
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
                waits.append(pool.submit(hand_in, port, tokens[sent.student], sent))
            for wait in waits:
                wait.result()
        took = time.monotonic() - began
        server.stop()
        report(course, sends, took, options)


def report(course: Course, sends: list[Sent], took: float, options: argparse.Namespace) -> None:
    key = receipts.public_key(course.root / receipts.PUBLIC)
    receipted = [s for s in sends if s.receipt]
    lost = [s for s in receipted if not is_there(course, s, key)]
    waiting = sum(queue.job(course, "hello", s.student) is not None for s in receipted)
    times = sorted(s.seconds for s in receipted)
    p95 = times[int(0.95 * (len(times) - 1))]
    size = len(sends[0].data)
    print(
        f"{len(sends)} students in {options.seconds:g} s on {os.cpu_count()} cores, "
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
    if lost or len(receipted) < len(sends):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
