"""One job as the supervisor sees it: frames in both directions, output, clocks, end."""

from __future__ import annotations

import json
import os
import selectors
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograder.nouns import Limits
from autograder.sandbox import wire
from autograder.sandbox.lockdown import limits as limits_
from autograder.sandbox.supervisor import process_tree
from autograder.sandbox.supervisor.io_loop import Pump
from autograder.sandbox.supervisor.meter import Meter

_CHUNK = 1 << 18
_AHEAD = 64 << 20  # bytes of unread frames beyond which a job must wait
_PARSED = 8  # estimated memory of a parsed header, as a multiple of its text
_LOCK_SECONDS = 60.0  # a lock-down that takes longer means that the server hangs
_GRACE = 5.0  # seconds until a killed job that persists takes its whole server down


_BY_SIGNAL: dict[int, str] = {signal.SIGXCPU: limits_.CPU, signal.SIGXFSZ: limits_.FILE}


@dataclass(frozen=True)
class Outcome:
    """Result of a job: exit code, the limit that ended it, resources used, output printed."""

    exit_code: int  # negative: the signal that ended it
    limit: str  # "", a name from `limits`, or the reason passed to `kill`
    cpu_seconds: float  # of the whole process tree
    wall_seconds: float
    memory_mb: float  # highest measured use of the whole process tree
    output: bytes
    fault: str = ""  # an error of the grader; then the other fields say little
    tier: str = ""
    dropped: int = 0  # bytes of output beyond the kept ones


@dataclass(frozen=True)
class Pipes:
    """The supervisor's ends of a job's pipes."""

    request: int
    reply: int
    output: int
    status: int


class Job:
    """A running job. Its methods are thread-safe and never block the job."""

    def __init__(
        self,
        pump: Pump,
        pipes: Pipes,
        limits: Limits,
        *,
        tier: str,
        root: int,
        end: Callable[[], None],
        abandon: Callable[[], None],
        done: Callable[[], None],
    ) -> None:
        self.limits, self.tier = limits, tier
        self._pump, self._pipes, self._root = pump, pipes, root
        self._end, self._abandon, self._done = end, abandon, done
        self._state = threading.Condition()
        self._frames: deque[tuple[wire.Frame, int]] = deque()  # each with its weight
        self._unread = 0
        self._reader = wire.Reader(body_cap=limits.capture_mb << 20)
        self._writing: deque[memoryview] = deque()
        self._open = {pipes.request, pipes.reply, pipes.output, pipes.status}
        self._paused = False
        self._owed: int | None = None  # answers owed; None: the job may send any frames
        self._output, self._dropped, self._keeping = bytearray(), 0, True
        self._status = b""
        self._limit, self._fault, self._killed_at = "", "", 0.0
        self._exit: int | None = None
        self._meter, self._ended = Meter(limits), 0.0
        self.locked = False  # set once the lock-down is complete
        for fd in self._open:
            os.set_blocking(fd, False)

    def begin(self) -> None:
        """Register the job with the pump, which starts its clocks."""
        self._pump.add(self)
        for fd in (self._pipes.reply, self._pipes.output, self._pipes.status):
            self._pump.watch(fd, selectors.EVENT_READ, self)

    # ── For the supervisor ───────────────────────────────────────────────────────────────

    def send(self, pieces: Sequence[wire.Buffer]) -> None:
        """Queue a frame; drop it if the job has ended."""
        with self._state:
            if self._pipes.request not in self._open:
                return
            if self._owed is not None:
                self._owed += 1
            self._writing.extend(memoryview(piece).cast("B") for piece in pieces)
            self._write()

    def receive(self, timeout: float | None = None) -> wire.Frame | None:
        """Wait for the next frame; return None if no more will come, or after `timeout` s."""
        with self._state, self._meter.waiting():
            self._state.wait_for(
                lambda: self._frames or self._pipes.reply not in self._open, timeout
            )
            if not self._frames:
                return None
            frame, weight = self._frames.popleft()
            self._unread -= weight
            if self._paused and self._unread < _AHEAD:
                self._paused = False
                if self._pipes.reply in self._open:
                    self._pump.watch(self._pipes.reply, selectors.EVENT_READ, self)
            return frame

    def drop_output(self) -> None:
        """Discard everything printed from now on."""
        with self._state:
            self._keeping = False

    def kill(self, reason: str) -> None:
        """End the job and everything it started; only the first reason is recorded."""
        with self._state:
            if self._exit is None and not self._killed_at:
                self._limit, self._killed_at = reason, time.monotonic()
                self._end()

    def finish(self) -> Outcome:
        """Close the request pipe, wait for the end under the same limits, return the outcome."""
        with self._state, self._meter.waiting():
            if self._pipes.request in self._open and not self._writing:
                self._close(self._pipes.request)
            else:
                self._hang_up_later = True
            self._state.wait_for(lambda: self._ended)
            return Outcome(
                exit_code=self._exit if self._exit is not None else -9,
                limit=self._limit,
                cpu_seconds=round(self._meter.cpu, 3),
                wall_seconds=round(self._ended - self._meter.began, 3),
                memory_mb=round(self._meter.memory_mb, 1),
                output=bytes(self._output),
                fault=self._fault,
                tier=self.tier,
                dropped=self._dropped,
            )

    def usage(self) -> Outcome:
        """Return the resources that a running job has used so far."""
        with self._state:
            self._meter.look()
            wall = time.monotonic() - self._meter.began
            used = round(self._meter.cpu, 3), round(wall, 3), round(self._meter.memory_mb, 1)
            return Outcome(0, "", *used, b"", tier=self.tier)

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds at the last measurement of its processes."""
        return self._meter.cpu

    @property
    def hung_up(self) -> bool:
        """True if no further frame will come."""
        with self._state:
            return not self._frames and self._pipes.reply not in self._open

    def pids(self) -> tuple[int, ...]:
        """Return the ids of the job's processes, as seen from here."""
        with self._state:
            return self._meter.pids

    def one_for_one(self) -> None:
        """Allow from now on only one frame per request sent; a further frame ends the job."""
        with self._state:
            self._owed = 0
            if self._frames:
                self._frames.clear()
                self.kill(limits_.FRAMES)

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill("abandoned")
        self.finish()

    # ── For the pump ─────────────────────────────────────────────────────────────────────

    def ready(self, fd: int) -> None:
        """Read or write all that one descriptor allows."""
        with self._state:
            if fd not in self._open:
                return
            if fd == self._pipes.request:
                self._write()
            elif fd == self._pipes.reply:
                self._read_output()  # keep the order: output printed before a frame comes first
                self._read_reply()
            elif fd == self._pipes.output:
                self._read_output()
            else:
                self._read_status()

    def tick(self, now: float) -> None:
        """Check the clock and, less often, the job's processes."""
        with self._state:
            if self._ended:
                return
            if self._killed_at:
                if now - self._killed_at > _GRACE:
                    self._killed_at = now
                    self._abandon()
                return
            if not self.locked and now - self._meter.began > _LOCK_SECONDS:
                self._fault = "the warm server did not start the job"
                self._killed_at = now
                self._abandon()
                return
            limit = self._meter.past(now)
            if limit:
                self.kill(limit)

    # ── Internal; the lock is held ───────────────────────────────────────────────────────

    _hang_up_later = False

    def _write(self) -> None:
        while self._writing:
            try:
                count = os.write(self._pipes.request, self._writing[0][: 1 << 20])
            except BlockingIOError:
                self._pump.watch(self._pipes.request, selectors.EVENT_WRITE, self)
                return
            except BrokenPipeError:
                self._writing.clear()
                break
            if count < len(self._writing[0]):
                self._writing[0] = self._writing[0][count:]
            else:
                self._writing.popleft()
        self._pump.watch(self._pipes.request, 0, self)
        if self._hang_up_later:
            self._close(self._pipes.request)

    def _read_reply(self) -> None:
        data = _read(self._pipes.reply)
        if data is None:
            return
        if not data:
            self._close(self._pipes.reply)
        elif not self._killed_at:
            try:
                self._take_frames(data)
            except wire.BadFrame as error:
                self.kill(limits_.CAPTURE if "past the cap" in str(error) else limits_.FRAMES)
            if self._unread > _AHEAD:
                self._paused = True
                self._pump.watch(self._pipes.reply, 0, self)
        self._state.notify_all()

    def _take_frames(self, data: bytes) -> None:
        before = self._reader.pending + len(data)
        for frame in self._reader.feed(data):
            size, before = before - self._reader.pending, self._reader.pending
            if self._owed is not None:
                if self._owed == 0:
                    self.kill(limits_.FRAMES)
                    return
                self._owed -= 1
            weight = len(frame.body) + _PARSED * (size - len(frame.body))
            self._frames.append((frame, weight))
            self._unread += weight

    def _read_output(self) -> None:
        while self._pipes.output in self._open:
            data = _read(self._pipes.output)
            if data is None:
                return
            if not data:
                self._close(self._pipes.output)
                return
            keep = self.limits.output_kb * 1024
            kept = data[: max(0, keep - len(self._output))] if self._keeping else b""
            self._output += kept
            self._dropped += len(data) - len(kept)
            if self._dropped > keep * (limits_.FLOOD - 1):
                self.kill(limits_.OUTPUT)
                return

    def _read_status(self) -> None:
        data = _read(self._pipes.status)
        if data is None:
            return
        self._status += data
        while b"\n" in self._status:
            line, _, self._status = self._status.partition(b"\n")
            self._note(json.loads(line))
        if not data and not self._ended:
            if self._exit is None:
                self._fault = self._fault or "the warm server died"
            self._finished()

    def _note(self, line: dict[str, object]) -> None:
        if "pid" in line:
            pid = process_tree.find(self._root, int(str(line["pid"]))) if self._root else 0
            self._meter.found(pid)
        elif "locked" in line:
            self.locked = True
            self._meter.locked()
        elif "fault" in line:
            self._fault = str(line["fault"])
        elif "exit" in line:
            self._exit = int(str(line["exit"]))
            self._meter.ended(float(str(line["cpu"])), float(str(line["rss_mb"])))
            if not self._killed_at:
                self._limit = _BY_SIGNAL.get(-self._exit, "")

    def _finished(self) -> None:
        """Read the rest of the pipes, close them, and wake all waiting threads."""
        self._paused = False
        while self._pipes.reply in self._open:
            before = len(self._frames), self._reader.pending
            self._read_reply()
            if (len(self._frames), self._reader.pending) == before:
                break
        self._read_output()
        for fd in tuple(self._open):
            self._close(fd)
        self._pump.remove(self)
        self._ended = time.monotonic()
        self._state.notify_all()
        self._done()

    def _close(self, fd: int) -> None:
        if fd in self._open:
            self._open.discard(fd)
            self._pump.close(fd)
            self._state.notify_all()


def _read(fd: int) -> bytes | None:
    """Return the bytes available; None if there are none yet, b"" at the end."""
    try:
        return os.read(fd, _CHUNK)
    except BlockingIOError:
        return None
    except OSError:
        return b""
