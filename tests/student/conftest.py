"""A real Jupyter kernel, as a student has one, and a folder for it."""

from __future__ import annotations

import os
import queue
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Kernel:
    """One ipykernel in a folder; `run` gives what a cell left, `html` the HTML of the last one."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(
            cwd=str(folder), env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **env}
        )
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.html = ""
        self.idle = True
        self.streams: list[str] = []

    def run(self, code: str) -> str:
        """What the cell printed, displayed and raised, as plain text."""
        said: list[str] = []
        self.html, self.streams = "", []

        def hear(message: dict) -> None:
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                said.append(content["text"])
                self.streams.append(content["name"])
            elif kind in ("display_data", "execute_result"):
                said.append(content["data"]["text/plain"])
                self.html += content["data"].get("text/html", "")
            elif kind == "error":
                said.append(content["traceback"][-1])

        self.client.execute_interactive(code, output_hook=hear, timeout=120)
        return ANSI.sub("", "\n".join(said))

    def begin(self, code: str) -> None:
        """Starts a cell and does not wait for it."""
        self.client.execute(code)

    def next(self) -> str:
        """What the cell that was begun says next, as plain text; "" where it is silent."""
        try:
            message = self.client.get_iopub_msg(timeout=10)
        except queue.Empty:
            return ""
        kind, content = message["msg_type"], message["content"]
        self.idle = kind == "status" and content["execution_state"] == "idle"
        return str(content.get("text") or content.get("data", {}).get("text/plain", ""))

    def rest(self) -> str:
        """What the cell that was begun says until it has ended."""
        said, end = "", time.monotonic() + 60
        self.idle = False
        while not self.idle and time.monotonic() < end:
            said += self.next()
        return said

    def kill(self) -> None:
        """Ends the kernel as a lost runtime ends it."""
        os.kill(self.manager.provisioner.pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture
def start_kernel(tmp_path: Path) -> Iterator[Callable[..., Kernel]]:
    """Starts kernels in one folder, the test's own; all of them end with the test."""
    kernels: list[Kernel] = []

    def start(**env: str) -> Kernel:
        kernels.append(Kernel(tmp_path, **env))
        return kernels[-1]

    yield start
    for kernel in kernels:
        kernel.close()
