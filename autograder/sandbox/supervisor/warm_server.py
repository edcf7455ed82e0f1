"""Warm servers that run jobs: one server, many concurrent jobs, usable from any thread.

    with WarmServer("inside", tier=tiers.choose()) as server:
        with server.start(limits) as job:
            job.send(wire.pack({...}))
            frame = job.receive()
            outcome = job.finish()

A process that died is restarted, and one that served many jobs is replaced. If a warm process
cannot be forked, every job gets a fresh one, and `notes` reports it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from autograder.errors import SandboxFault
from autograder.nouns import Limits
from autograder.sandbox import wire
from autograder.sandbox.lockdown import landlock
from autograder.sandbox.lockdown.isolation import HOME, Plan, Tier
from autograder.sandbox.supervisor.cores import Cores
from autograder.sandbox.supervisor.io_loop import Pump
from autograder.sandbox.supervisor.job import Job, Outcome
from autograder.sandbox.supervisor.launch import interpreter_paths, launch, unprivileged
from autograder.sandbox.supervisor.warm_process import WarmProcess
from autograder.sandbox.warm_process import canary
from autograder.sandbox.warm_process.server import PRELOAD

__all__ = ["Job", "Outcome", "WarmServer"]

ENTRIES = {
    "inside": "autograder.sandbox.student_process.main:main",
    "checking": "autograder.sandbox.checking_process.main:main",
}
OURS = {  # modules that every job of a kind needs besides the libraries
    ENTRIES["inside"]: ("autograder.sandbox.student_process.main",),
    ENTRIES["checking"]: (
        *(
            "autograder.sandbox.checking_process.main",
            "autograder.expect",
            "autograder.student.task",
        ),
    ),
}
CANARY = "autograder.sandbox.warm_process.canary:main"


class WarmServer:
    """Starts jobs of one kind; thread-safe. `entry` is a key of ENTRIES or "module:function"."""

    def __init__(
        self,
        entry: str,
        *,
        tier: Tier,
        readable: Sequence[str] = (),
        cores: Cores | None = None,
        jobs_each: int = 200,
        preload: Sequence[str] = PRELOAD,
        start_seconds: float = 180.0,
    ) -> None:
        """Assign each job its share of `cores`; without it, every job may use all cores."""
        self.entry = ENTRIES.get(entry, entry)
        self.tier = tier
        self.notes: list[str] = []
        self._landlock = landlock.version() > 0
        self._readable = tuple(readable)
        self._preload = (*preload, *OURS.get(self.entry, ())) if preload else ()
        self._cores = cores or Cores()
        self._jobs_each, self._start_seconds = jobs_each, start_seconds
        self._fresh = tier is Tier.PARTIAL  # every job has its own process
        self._starting = threading.Lock()  # held while the warm process starts
        self._counting = threading.Lock()  # held only briefly
        self._current: WarmProcess | None = None
        self._all: list[WarmProcess] = []
        self._pump = Pump()
        self._closed = False

    def __enter__(self) -> WarmServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm_up(self) -> float:
        """Start the process now; return the seconds taken, 0.0 if it was running or is not used."""
        with self._starting:
            if self._fresh or (self._current and self._current.alive):
                return 0.0
            self._current = self._warm()
            return self._current.launched.seconds if self._current else 0.0

    def start(self, limits: Limits) -> Job:
        """Start a job without input; raise SandboxFault if no process is available."""
        try:
            return self._order(self._reserve(), limits)
        except OSError:  # it died between two jobs: retry with a new process
            try:
                return self._order(self._reserve(), limits)
            except OSError as error:
                raise SandboxFault(f"the warm server takes no job: {error}") from error

    def close(self) -> None:
        """End every job and the process."""
        with self._starting:
            self._closed, self._current = True, None
        for generation in tuple(self._all):
            generation.close()
        self._pump.stop()

    # ── Processes ────────────────────────────────────────────────────────────────────

    def _reserve(self) -> WarmProcess:
        """Return the process for one more job, already counted."""
        with self._starting:
            if self._closed:
                raise SandboxFault("the warm server is closed")
            if not self._fresh:
                current = self._current_or_next()
                if current:
                    current.promise()
                    return current
        return self._fresh_process()

    def _current_or_next(self) -> WarmProcess | None:
        current = self._current
        if current and current.alive and current.served < self._jobs_each:
            return current
        if current:
            if not current.alive:
                self.notes.append("the warm server died and was started again")
            current.retire()
        self._current = self._warm()
        return self._current

    def _warm(self) -> WarmProcess | None:
        """Return a warm process; after two failures return None, and use a fresh one per job."""
        fault: SandboxFault | None = None
        for _ in range(2):
            try:
                return self._prove(self._launch(self._preload))
            except SandboxFault as error:
                fault = error
        self._fresh, self._preload = True, ()
        self.notes.append(f"every job has a fresh process, which is slower: {fault}")
        return None

    def _fresh_process(self) -> WarmProcess:
        """Return a process for one job, with imports done if forking is safe after them."""
        try:
            generation = self._launch(self._preload)
        except SandboxFault as fault:
            if not self._preload:
                raise
            self._preload = ()
            self.notes.append(f"imports count as the student's time: {fault.fact}")
            generation = self._launch(())
        generation.promise()
        generation.retire()
        return generation

    def _launch(self, preload: Sequence[str]) -> WarmProcess:
        launched = launch(
            self.tier,
            preload=preload,
            readable=self._readable,
            seconds=self._start_seconds,
            spawn=self._pump.call,
        )
        generation = WarmProcess(launched, self._pump)
        with self._counting:
            self._all = [g for g in self._all if g.alive]
            self._all.append(generation)
        return generation

    def _prove(self, generation: WarmProcess) -> WarmProcess:
        """Return the process after a test fit in a fork; on failure end it, raise SandboxFault."""
        if not self._preload:
            return generation
        generation.promise()
        try:
            with generation.order(self._plan(generation, canary.LIMITS, ()), CANARY) as job:
                job.send(wire.pack({}))
                frame = job.receive()
                outcome = job.finish()
        except OSError as error:
            raise SandboxFault(f"the warm server died at once: {error}") from error
        if frame is None or frame.header.get("ok") is not True:
            generation.kill()
            generation.stop()
            why = outcome.fault or outcome.limit or f"exit code {outcome.exit_code}"
            raise SandboxFault(f"a fork of the warm server could not fit a model: {why}")
        generation.served = 0
        return generation

    # ── Jobs ─────────────────────────────────────────────────────────────────────────

    def _order(self, generation: WarmProcess, limits: Limits) -> Job:
        place, thread = self._cores.take(), threading.get_ident()

        def done() -> None:
            self._cores.give(place, thread)

        try:
            plan = self._plan(generation, limits, self._cores.at(place))
            return generation.order(plan, self.entry, done)
        except BaseException as error:
            done()
            if isinstance(error, OSError):
                generation.kill()
                generation.stop()
            raise

    def _plan(self, generation: WarmProcess, limits: Limits, cores: tuple[int, ...]) -> Plan:
        return Plan(
            self.tier,
            HOME if self.tier is Tier.FULL else "",
            limits,
            (*interpreter_paths(), *self._readable),
            cores,
            generation.launched.data_mb,
            self._landlock,
            unprivileged() if self.tier is Tier.PARTIAL else 0,
        )
