"""Runs jobs in warm servers: one server, many jobs at once, asked for from any thread.

    with WarmServer("inside", tier=Tier.FULL) as server:
        with server.start(limits) as job:
            job.send(wire.pack({...}))
            frame = job.receive()
            outcome = job.finish()

A server that has died is started again; one that has served many jobs is replaced; where forking
a warm process is not possible every job gets a fresh one, and `notes` says so.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import socket
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograder.errors import SandboxFault
from autograder.nouns import Limits
from autograder.sandbox import canary, landlock, wire
from autograder.sandbox.isolation import HOME, Plan, Tier
from autograder.sandbox.job import Job, Outcome, Pipes
from autograder.sandbox.launch import Launched, interpreter_paths, launch, remove_tree, unprivileged
from autograder.sandbox.pump import Pump
from autograder.sandbox.warm import PRELOAD

__all__ = ["Job", "Outcome", "WarmServer"]

ENTRIES = {
    "inside": "autograder.sandbox.inside:main",
    "checking": "autograder.sandbox.checking:main",
}
CANARY = "autograder.sandbox.canary:main"


@dataclass
class _Generation:
    """One process of a warm server and the jobs it has."""

    launched: Launched
    served: int = 0
    jobs: set[Job] = field(default_factory=set)
    retired: bool = False
    dead: bool = False
    _stopping: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False

    def stop(self) -> None:
        """Ends the process; a second call waits for the first."""
        with self._stopping:
            if not self._stopped:
                self.launched.stop()
                self._stopped = True


class WarmServer:
    """Starts jobs of one kind; threads may share it. `entry` is a name or "module:function"."""

    def __init__(
        self,
        entry: str,
        *,
        tier: Tier,
        readable: Sequence[str] = (),
        parallel: int = 0,
        jobs_each: int = 200,
        fresh: bool = False,
        preload: Sequence[str] = PRELOAD,
        start_seconds: float = 180.0,
    ) -> None:
        """`parallel` > 0: that many jobs at a time, each on its own share of the cores."""
        self.entry = ENTRIES.get(entry, entry)
        self.tier = tier
        self.notes: list[str] = []
        self._landlock = landlock.version() > 0
        self._readable, self._preload = tuple(readable), tuple(preload)
        self._parallel, self._jobs_each, self._start_seconds = parallel, jobs_each, start_seconds
        self._fresh = fresh or tier is Tier.PARTIAL
        self._starting = threading.Lock()  # held while a process starts
        self._counting = threading.Lock()  # held for a moment
        self._current: _Generation | None = None
        self._all: list[_Generation] = []
        self._slots = list(range(parallel))
        self._numbers = iter(range(1, 1 << 62))
        self._pump = Pump()
        self._closed = False

    def __enter__(self) -> WarmServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm_up(self) -> float:
        """Starts the process now; the seconds it took, 0.0 if it was there or is not wanted."""
        with self._starting:
            if self._fresh or self._alive(self._current):
                return 0.0
            self._current = self._launch()
            return self._current.launched.seconds if self._current else 0.0

    def start(self, limits: Limits) -> Job:
        """A new job, not yet fed; SandboxFault if no process can be had for it."""
        with self._starting:
            if self._closed:
                raise SandboxFault("the warm server is closed")
            generation = self._generation()
            with self._counting:
                generation.served += 1
        try:
            return self._order(generation, limits)
        except OSError:  # it died between two jobs: once more, with a new process
            self._end(generation)
            with self._starting:
                generation = self._generation()
            try:
                return self._order(generation, limits)
            except OSError as error:
                raise SandboxFault(f"the warm server takes no job: {error}") from error

    def close(self) -> None:
        """Ends every job and the process."""
        with self._starting:
            self._closed, self._current = True, None
        for generation in tuple(self._all):
            for job in tuple(generation.jobs):
                job.kill("closed")
                job.finish()
            generation.stop()
        self._pump.stop()

    # ── Processes ────────────────────────────────────────────────────────────────────

    def _generation(self) -> _Generation:
        if self._fresh:
            return self._launch_or_fault(bare=True)
        current = self._current
        if current and self._alive(current) and current.served < self._jobs_each:
            return current
        if current:
            if not self._alive(current):
                self.notes.append("the warm server died and was started again")
            self._retire(current)
        self._current = self._launch()
        return self._current or self._launch_or_fault(bare=True)

    def _launch(self) -> _Generation | None:
        """A warm process; None, with a note, if two tries fail: then every job has a fresh one."""
        fault: SandboxFault | None = None
        for _ in range(2):
            try:
                return self._launch_or_fault(bare=False)
            except SandboxFault as error:
                fault = error
        self._fresh = True
        self.notes.append(f"every job has a fresh process, which is slower: {fault}")
        return None

    def _launch_or_fault(self, *, bare: bool) -> _Generation:
        launched = launch(
            self.tier,
            preload=() if bare else self._preload,
            readable=self._readable,
            seconds=self._start_seconds,
            spawn=self._pump.call,
        )
        generation = _Generation(launched, retired=bare)
        with self._counting:
            self._all.append(generation)
        if not bare and self._preload:
            self._prove(generation)
        return generation

    def _prove(self, generation: _Generation) -> None:
        """One small fit in a fork of the new process; SandboxFault, and its end, if it fails."""
        with self._order(generation, canary.LIMITS, CANARY) as job:
            job.send(wire.pack({}))
            frame = job.receive()
            outcome = job.finish()
        if frame is None or frame.header.get("ok") is not True:
            self._end(generation)
            self._stop(generation)
            why = outcome.fault or outcome.limit or f"exit code {outcome.exit_code}"
            raise SandboxFault(f"a fork of the warm server could not fit a model: {why}")

    @staticmethod
    def _alive(generation: _Generation | None) -> bool:
        if generation is None or generation.dead:
            return False
        return generation.launched.process.poll() is None

    def _retire(self, generation: _Generation) -> None:
        with self._counting:
            generation.retired = True
            idle = not generation.jobs
        if idle:
            self._stop(generation)

    def _stop(self, generation: _Generation) -> None:
        generation.stop()
        with self._counting:
            if generation in self._all:
                self._all.remove(generation)

    @staticmethod
    def _end(generation: _Generation) -> None:
        """Kills the process, and with it its jobs."""
        generation.dead = True
        with contextlib.suppress(ProcessLookupError):
            generation.launched.process.kill()

    # ── Jobs ─────────────────────────────────────────────────────────────────────────

    def _order(self, generation: _Generation, limits: Limits, entry: str = "") -> Job:
        number = next(self._numbers)
        control = generation.launched.control
        slot = self._take_slot()
        folder = "" if self.tier is Tier.FULL else tempfile.mkdtemp(prefix="autograder-job-")
        plan = Plan(
            self.tier,
            folder or HOME,
            limits,
            (*interpreter_paths(), *self._readable),
            _share(slot, self._parallel),
            generation.launched.data_mb,
            self._landlock,
            unprivileged() if self.tier is Tier.PARTIAL else 0,
        )
        if folder and plan.uid:
            os.chown(folder, plan.uid, plan.uid)
        order = {"op": "run", "id": number, "entry": entry or self.entry, "plan": plan.as_json()}
        (request, ours_request), (ours_reply, reply) = os.pipe(), os.pipe()
        (ours_output, output), (ours_status, status) = os.pipe(), os.pipe()
        theirs = (request, reply, output, status)

        def end() -> None:
            with contextlib.suppress(OSError):
                control.send(json.dumps({"op": "kill", "id": number}).encode())

        def done() -> None:
            with self._counting:
                generation.jobs.discard(job)
                if slot is not None:
                    self._slots.append(slot)
                last = generation.retired and not generation.jobs
            remove_tree(folder)
            if last:
                threading.Thread(target=self._stop, args=(generation,), daemon=True).start()

        try:
            _send_order(control, order, theirs)
        except OSError:
            for fd in (ours_request, ours_reply, ours_output, ours_status):
                os.close(fd)
            remove_tree(folder)
            raise
        finally:
            for fd in theirs:
                os.close(fd)
        job = Job(
            self._pump,
            Pipes(ours_request, ours_reply, ours_output, ours_status),
            limits,
            tier=str(self.tier),
            root=generation.launched.pid,
            end=end,
            abandon=lambda: self._end(generation),
            done=done,
        )
        with self._counting:
            generation.jobs.add(job)
        return job

    def _take_slot(self) -> int | None:
        with self._counting:
            return self._slots.pop(0) if self._slots else None


def _send_order(control: socket.socket, order: dict[str, object], fds: Sequence[int]) -> None:
    control.sendmsg(
        [json.dumps(order).encode()],
        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))],
    )


def _share(slot: int | None, parallel: int) -> tuple[int, ...]:
    """The cores of one of `parallel` jobs at a time; () = all of them."""
    cores = sorted(os.sched_getaffinity(0))
    if slot is None or parallel < 2:
        return ()
    if parallel >= len(cores):
        return (cores[slot % len(cores)],)
    return tuple(cores[slot::parallel])
