"""A student's process after its cells: answers to criteria, and the answer once it has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograder.sandbox import wire
from autograder.sandbox.lockdown import limits as limits_
from autograder.sandbox.supervisor.warm_server import Job, Outcome

LOOK = 0.5  # seconds between budget checks while waiting for the process
OURS = ("new_question", "spent")  # answer keys that only the grader may set
MOST_CALLBACKS = 100  # most callbacks to fail of one abandoned call


def _unbounded() -> str:
    return ""


class StudentProcess:
    """A student's process that has run its cells and can still answer questions."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._topic: Any = None
        self._calling_back = False
        self.ended = ""
        self.tainted = False  # True once it has been sent a hidden question
        self.before_hidden: Outcome | None = None  # what it had used when the first one came

    def taint(self) -> None:
        """Note that a hidden question comes: what is used from here on can tell of it."""
        if not self.tainted:
            self.before_hidden, self.tainted = self.usage(), True

    @property
    def cpu_seconds(self) -> float:
        return self._job.cpu_seconds

    def exchange(
        self, header: dict[str, Any], body: bytes, over: Callable[[], str] = _unbounded
    ) -> wire.Frame:
        """Return the process's answer to one request. Restore its state first at a new topic.

        A process that does not answer before the budget is `over` is ended.
        """
        topic = header.get("topic")
        if topic is not None and topic != self._topic:
            self._settle(over)
            self._topic = topic
            self._send({"op": "state", "at": topic[0], "attempt": topic[2]}, b"", over)
        return self._send(header, body, over)

    def anew(self) -> None:
        """Restore the state at the next request, whatever its topic."""
        self._topic = None

    def forged(self) -> wire.Frame:
        """End a process that sent an invalid frame; return the process-ended answer."""
        self._job.kill(limits_.FRAMES)
        return self._gone()

    def _settle(self, over: Callable[[], str]) -> None:
        """End an abandoned call that waits for a callback."""
        for _ in range(MOST_CALLBACKS):
            if not self._calling_back:
                return
            self._send({"op": "returned", "ok": False, "type": "TimeoutError", "n": []}, b"", over)
        self.forged()

    def _send(self, header: dict[str, Any], body: bytes, over: Callable[[], str]) -> wire.Frame:
        self._calling_back = False
        if self.ended:
            return EndedProcess(self.ended).exchange(header, body)
        self._job.send(wire.pack(header, [body]))
        while (frame := self._job.receive(LOOK)) is None:
            if self._job.hung_up:
                return self._gone()
            if over():
                self._job.kill(limits_.WALL)
        self._calling_back = frame.header.get("event") == "callback"
        return wire.Frame({k: v for k, v in frame.header.items() if k not in OURS}, frame.body)

    def _gone(self) -> wire.Frame:
        outcome = self._job.finish()
        self.ended = outcome.limit or f"ended with exit code {outcome.exit_code}"
        return EndedProcess(self.ended).exchange({}, b"")

    def usage(self) -> Outcome:
        """Return the resources that the job has used so far, calls of criteria included."""
        return self._job.finish() if self.ended else self._job.usage()

    def close(self) -> None:
        """End the process."""
        self._job.kill("finished")
        self._job.finish()


class EndedProcess:
    """A student's process that has ended; every question gets the same error as its answer."""

    cpu_seconds = 0.0

    def __init__(self, why: str) -> None:
        self._why = why
        self.tainted = False

    def taint(self) -> None:
        """Note that a hidden question comes."""
        self.tainted = True

    def exchange(
        self, _header: dict[str, Any], _body: bytes, _over: Callable[[], str] = _unbounded
    ) -> wire.Frame:
        """Return the process-ended error."""
        late = self._why in (limits_.CPU, limits_.WALL)
        kind = "TimeoutError" if late else "RuntimeError"
        return wire.Frame({"ok": False, "type": kind, "text": _gone(self._why), "n": []})

    def anew(self) -> None:
        """Do nothing: there is no state to restore."""

    def forged(self) -> wire.Frame:
        """Return the process-ended error."""
        return self.exchange({}, b"")


def _gone(why: str) -> str:
    told = {
        limits_.CPU: "your code ran longer than the time limit",
        limits_.WALL: "your code waited longer than the time limit",
        limits_.MEMORY: "your code used more memory than the limit",
    }
    return told.get(why, "your code ended the Python process")
