"""Stand-ins for what a job runs: entries named "tests.sandbox.entries:NAME" in the tests."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from typing import Any

from autograder.sandbox import wire


def echo(read_fd: int, write_fd: int) -> None:
    """Sends every frame back as it came."""
    while (frame := wire.read_frame(read_fd)) is not None:
        wire.write_frame(write_fd, frame.header, [frame.body])


def flood_both_ways(read_fd: int, write_fd: int) -> None:
    """Writes large frames before it reads any."""
    for number in range(8):
        wire.write_frame(write_fd, {"n": number}, [bytes(4 << 20)])
    echo(read_fd, write_fd)


def run(read_fd: int, write_fd: int) -> None:
    """Executes the code of each frame in one namespace; answers `got`, what it left in `answer`."""
    namespace: dict[str, Any] = {"read_fd": read_fd, "write_fd": write_fd, "__name__": "__main__"}
    while (frame := wire.read_frame(read_fd)) is not None:
        namespace["answer"] = None
        try:
            exec(compile(frame.header["code"], "<job>", "exec"), namespace)
            got = {"answer": json.loads(json.dumps(namespace["answer"], default=str))}
        except BaseException as error:
            traceback.print_exc()
            got = {"error": type(error).__name__, "text": str(error)}
        sys.stdout.flush()
        sys.stderr.flush()
        wire.write_frame(write_fd, got)


def sleep(read_fd: int, write_fd: int) -> None:
    """Never answers."""
    time.sleep(3600)


def exit_with(read_fd: int, write_fd: int) -> None:
    """Ends with the exit code that it is told."""
    frame = wire.read_frame(read_fd)
    os._exit(frame.header["code"] if frame else 0)
