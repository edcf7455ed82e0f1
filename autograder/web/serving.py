"""The server: the pages in this process, one worker that grades in another, below it in priority.

The worker is started again when it dies, and ends with the server, however that ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from autograder.config import Course
from autograder.web.app import create_app

AGAIN_SECONDS = 5.0


def serve(
    course: Course, *, host: str = "", port: int = 0, grade: bool = True, sandbox: bool = True
) -> None:
    """Serves the portal until it is stopped; ConfigError if a setting lacks what it needs."""
    host, port = host or course.portal.host, port or course.portal.port
    incoming = course.state / "incoming"
    incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
    tempfile.tempdir = str(incoming)  # what is uploaded lies beside where it is kept
    settings = uvicorn.Config(
        create_app(course), host=host, port=port, access_log=False, log_level="warning",
        proxy_headers=False, server_header=False, timeout_keep_alive=30, backlog=2048,
    )  # fmt: skip
    with _worker(course, sandbox=sandbox) if grade else _nothing():
        uvicorn.Server(settings).run()


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _worker(course: Course, *, sandbox: bool) -> Iterator[None]:
    """One worker, for as long as the block lasts."""
    over = threading.Event()
    command = [sys.executable, "-m", "autograder.web.worker", str(course.root), str(os.getpid())]
    if not sandbox:
        command.append("--no-sandbox")

    def keep_one_running() -> None:
        while not over.is_set():
            worker = subprocess.Popen(command)
            while worker.poll() is None and not over.wait(0.5):
                pass
            if over.is_set():
                worker.terminate()
                worker.wait()
            over.wait(AGAIN_SECONDS)

    thread = threading.Thread(target=keep_one_running, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(20)
