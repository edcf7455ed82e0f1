"""One job as the supervisor sees it: frames to and fro, its output, its clocks, its end."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from autograder.nouns import Limits
from autograder.sandbox import limits as limits_
from autograder.sandbox import watch, wire
from autograder.sandbox.pump import Pump

_CHUNK = 1 << 18
_AHEAD = 64 << 20  # bytes of unread frames past which a job has to wait
_LOOK = 0.25  # seconds between two looks at a job's processes
_BUSY = 8  # how much later the wall clock may strike on a busy machine
_LOCK_SECONDS = 60.0  # a job whose lock-down takes longer has a hung server
_GRACE = 5.0  # seconds a killed job has to vanish before its whole server goes


_BY_SIGNAL: dict[int, str] = {signal.SIGXCPU: limits_.CPU, signal.SIGXFSZ: limits_.FILE}


@dataclass(frozen=True)
class Outcome:
    """How a job ended: its exit code, the limit that ended it, what it used, what it printed."""

    exit_code: int  # negative: the signal that ended it
    limit: str  # "" or a name of `limits`, or the reason given to `kill`
    cpu_seconds: float  # of the whole tree of processes
    wall_seconds: float
    memory_mb: float  # the highest that was seen, of the whole tree
    output: bytes
    fault: str = ""  # what went wrong on our side; then the rest says little
    tier: str = ""
    dropped: int = 0  # bytes of output past what is kept


@dataclass(frozen=True)
class Pipes:
    """Our ends of a job's pipes."""

    request: int
    reply: int
    output: int
    status: int


class Job:
    """A running job. Methods may be called from any thread; nothing here ever blocks the job.

    The wall clock runs from the end of its lock-down, and only while somebody waits in `receive`
    or `finish`: a job that waits for us is not asleep.
    """

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
        self._frames: deque[wire.Frame] = deque()
        self._unread = 0
        self._reader = wire.Reader(body_cap=limits.capture_mb << 20)
        self._writing: deque[memoryview] = deque()
        self._open = {pipes.request, pipes.reply, pipes.output, pipes.status}
        self._paused = False
        self._owed: int | None = None  # answers; None: the job may say what it likes
        self._output, self._dropped, self._keeping = bytearray(), 0, True
        self._status = b""
        self._limit, self._fault, self._killed_at = "", "", 0.0
        self._exit: int | None = None
        self._cpu, self._rss_mb = 0.0, 0.0
        self._began, self._ended = time.monotonic(), 0.0
        self._waiting, self._waited, self._since = 0, 0.0, 0.0
        self._tree: watch.Tree | None = None
        self._next_look = 0.0
        self.locked = False  # its lock-down is complete
        for fd in self._open:
            os.set_blocking(fd, False)

    def begin(self) -> None:
        """Gives the job to the pump: from here on its clocks run."""
        self._pump.add(self)
        for fd in (self._pipes.reply, self._pipes.output, self._pipes.status):
            self._pump.watch(fd, selectors.EVENT_READ, self)

    # ── Asked of a job ───────────────────────────────────────────────────────────────

    def send(self, pieces: Sequence[wire.Buffer]) -> None:
        """Queues a frame; one for a job that has ended is dropped."""
        with self._state:
            if self._pipes.request not in self._open:
                return
            if self._owed is not None:
                self._owed += 1
            self._writing.extend(memoryview(piece).cast("B") for piece in pieces)
            self._write()

    def receive(self, timeout: float | None = None) -> wire.Frame | None:
        """The next frame, waiting for it; None when no more will come (or after `timeout`)."""
        with self._state, self._wait():
            self._state.wait_for(
                lambda: self._frames or self._pipes.reply not in self._open, timeout
            )
            if not self._frames:
                return None
            frame = self._frames.popleft()
            self._unread -= len(frame.body)
            if self._paused and self._unread < _AHEAD:
                self._paused = False
                if self._pipes.reply in self._open:
                    self._pump.watch(self._pipes.reply, selectors.EVENT_READ, self)
            return frame

    def drop_output(self) -> None:
        """Keeps nothing of what is printed from now on."""
        with self._state:
            self._keeping = False

    def kill(self, reason: str) -> None:
        """Ends the job and everything it started; the first reason counts."""
        with self._state:
            if self._exit is None and not self._killed_at:
                self._limit, self._killed_at = reason, time.monotonic()
                self._end()

    def finish(self) -> Outcome:
        """Hangs up, waits for the end under the same limits, and says how it went."""
        with self._state, self._wait():
            if self._pipes.request in self._open and not self._writing:
                self._close(self._pipes.request)
            else:
                self._hang_up_later = True
            self._state.wait_for(lambda: self._ended)
            return Outcome(
                exit_code=self._exit if self._exit is not None else -9,
                limit=self._limit,
                cpu_seconds=round(self._cpu, 3),
                wall_seconds=round(self._ended - self._began, 3),
                memory_mb=round((self._tree.peak_mb if self._tree else 0.0) or self._rss_mb, 1),
                output=bytes(self._output),
                fault=self._fault,
                tier=self.tier,
                dropped=self._dropped,
            )

    def usage(self) -> Outcome:
        """What a job that still runs has used so far."""
        with self._state:
            if self._tree is not None:
                self._look(time.monotonic())
            wall = time.monotonic() - self._began
            memory = self._tree.peak_mb if self._tree else 0.0
            return Outcome(0, "", round(self._cpu, 3), round(wall, 3), round(memory, 1), b"")

    def pids(self) -> tuple[int, ...]:
        """The job's processes, as seen from here."""
        with self._state:
            return tuple(watch.descendants(self._tree.root)) if self._tree else ()

    def one_for_one(self) -> None:
        """From now on every frame must answer one that was sent: one more ends the job."""
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

    # ── Called by the pump ───────────────────────────────────────────────────────────

    def ready(self, fd: int) -> None:
        """Moves what can be moved on one descriptor."""
        with self._state:
            if fd not in self._open:
                return
            if fd == self._pipes.request:
                self._write()
            elif fd == self._pipes.reply:
                self._read_output()  # what was printed before a frame counts as before it
                self._read_reply()
            elif fd == self._pipes.output:
                self._read_output()
            else:
                self._read_status()

    def tick(self, now: float) -> None:
        """Looks at the clock and, less often, at the job's processes."""
        with self._state:
            if self._ended:
                return
            if self._killed_at:
                if now - self._killed_at > _GRACE:
                    self._killed_at = now
                    self._abandon()
                return
            if not self.locked and now - self._began > _LOCK_SECONDS:
                self._fault = "the warm server did not start the job"
                self._killed_at = now
                self._abandon()
                return
            waited = self._waited + (now - self._since if self._waiting else 0.0)
            if waited > self.limits.cpu_seconds * self.limits.wall_factor and self._asleep(waited):
                self.kill(limits_.WALL)
            elif self._tree and now >= self._next_look:
                self._look(now)

    def lost(self, fault: str) -> None:
        """The server is gone, and this job with it."""
        with self._state:
            self._fault = self._fault or fault
            self._finished()

    # ── Inside, with the lock held ───────────────────────────────────────────────────

    _hang_up_later = False

    @contextlib.contextmanager
    def _wait(self) -> Iterator[None]:
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._waited += time.monotonic() - self._since

    def _asleep(self, waited: float) -> bool:
        """Whether it overslept; waiting for a core on a busy machine is no sleep, within reason."""
        limit = self.limits.cpu_seconds * self.limits.wall_factor
        if self._tree is None or waited > _BUSY * limit:
            return True
        return waited - watch.delayed(self._tree.root) > limit

    def _look(self, now: float) -> None:
        self._next_look = now + _LOOK
        assert self._tree is not None
        cpu, memory = self._tree.look(self.limits.memory_mb)
        self._cpu = max(self._cpu, cpu)
        if cpu > self.limits.cpu_seconds:
            self.kill(limits_.CPU)
        elif memory > self.limits.memory_mb:
            self.kill(limits_.MEMORY)
        elif self._tree.processes > self.limits.processes:
            self.kill(limits_.PROCESSES)

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
                for frame in self._reader.feed(data):
                    if self._owed is not None:
                        if self._owed == 0:
                            self.kill(limits_.FRAMES)
                            break
                        self._owed -= 1
                    self._frames.append(frame)
                    self._unread += len(frame.body)
            except wire.BadFrame as error:
                self.kill(limits_.CAPTURE if "past the cap" in str(error) else limits_.FRAMES)
            if self._unread > _AHEAD or len(self._frames) > 256:
                self._paused = True
                self._pump.watch(self._pipes.reply, 0, self)
        self._state.notify_all()

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
            pid = watch.find(self._root, int(str(line["pid"]))) if self._root else 0
            self._tree = watch.Tree(pid) if pid else None
        elif "locked" in line:
            self.locked = True
            self._waited, self._since = 0.0, time.monotonic()  # it begins here
        elif "fault" in line:
            self._fault = str(line["fault"])
        elif "exit" in line:
            self._exit = int(str(line["exit"]))
            self._cpu = max(self._cpu, float(str(line["cpu"])))
            self._rss_mb = float(str(line["rss_mb"]))
            if not self._killed_at:
                self._limit = _BY_SIGNAL.get(-self._exit, "")

    def _finished(self) -> None:
        """Takes what is left in the pipes, closes them, and wakes whoever waits."""
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
    """What is there to read; None if nothing yet, empty at the end."""
    try:
        return os.read(fd, _CHUNK)
    except BlockingIOError:
        return None
    except OSError:
        return b""
