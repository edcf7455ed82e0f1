"""The server: pages in this process, and one worker process that grades at lower priority.

The worker is restarted when it dies. It ends with the server, even if the server is killed.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from autograder import atomic_files
from autograder.config import Course
from autograder.web.app import create_app

AGAIN_SECONDS = 5.0
HEADER_BYTES = 32 << 10  # of one request's line and headers
KEEP_ALIVE_SECONDS = 30.0  # time that a connection may wait for a complete request


def serve(
    course: Course, *, host: str = "", port: int = 0, grade: bool = True, sandbox: bool = True
) -> None:
    """Serve the portal until stopped; raise ConfigError if a setting is incomplete."""
    host, port = host or course.portal.host, port or course.portal.port
    incoming = course.state / "incoming"
    atomic_files.make_private(incoming)
    tempfile.tempdir = str(incoming)  # uploads are stored near the submissions
    settings = settings_of(create_app(course), host, port)
    with _worker(course, sandbox=sandbox) if grade else _nothing():
        uvicorn.Server(settings).run()


def settings_of(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """Return the server's configuration: bounded headers, and no proxy headers trusted."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        http=Connection,
        h11_max_incomplete_event_size=HEADER_BYTES,
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=int(KEEP_ALIVE_SECONDS),
        backlog=2048,
    )


class Connection(H11Protocol):
    """A connection that is closed if no complete request arrives for a while."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._close_if_idle(None)

    def _close_if_idle(self, seen: object) -> None:
        """Close the connection if it was idle since the last check; `seen` is its state then."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        idle = self if cycle is None else cycle if cycle.response_complete else None
        if idle is not None and idle is seen:
            self.transport.close()
        else:
            self.loop.call_later(KEEP_ALIVE_SECONDS, self._close_if_idle, idle)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _worker(course: Course, *, sandbox: bool) -> Iterator[None]:
    """Keep one worker running for the duration of the block."""
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
