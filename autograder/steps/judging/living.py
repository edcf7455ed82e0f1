"""A student's process after its cells: what criteria ask it, and what is said when it has ended."""

from __future__ import annotations

from typing import Any

from autograder.sandbox import limits as limits_
from autograder.sandbox import wire
from autograder.sandbox.supervisor import Job


class Live:
    """A student's process that has run its cells and can still be asked."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._topic: Any = None
        self.ended = ""
        self.tainted = False  # it has been sent a hidden question

    def exchange(self, header: dict[str, Any], body: bytes) -> wire.Frame:
        """Its answer to one request; at a new topic its state is first put back."""
        topic = header.get("topic")
        if topic is not None and topic != self._topic:
            self._topic = topic
            self._send({"op": "state", "at": topic[0]}, b"")
        return self._send(header, body)

    def _send(self, header: dict[str, Any], body: bytes) -> wire.Frame:
        if not self.ended:
            self._job.send(wire.pack(header, [body]))
            frame = self._job.receive()
            if frame is not None:
                return frame
            outcome = self._job.finish()
            self.ended = outcome.limit or f"ended with exit code {outcome.exit_code}"
        return Gone(self.ended).exchange(header, body)

    def close(self) -> None:
        """Lets the process go."""
        self._job.kill("finished")
        self._job.finish()


class Gone:
    """A student's process that ended by itself or at a limit: every question has this answer."""

    def __init__(self, why: str) -> None:
        self._why = why
        self.tainted = False

    def exchange(self, _header: dict[str, Any], _body: bytes) -> wire.Frame:
        """The word that nobody is there any more."""
        return wire.Frame({"ok": False, "type": "RuntimeError", "text": _gone(self._why), "n": []})


def _gone(why: str) -> str:
    told = {
        limits_.CPU: "your code ran longer than the time limit",
        limits_.WALL: "your code waited longer than the time limit",
        limits_.MEMORY: "your code used more memory than the limit",
    }
    return told.get(why, "your code ended the Python process")
