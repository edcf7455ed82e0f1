"""One process of a warm server, with the jobs it runs."""

from __future__ import annotations

import array
import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from autograder.sandbox.lockdown.isolation import Plan
from autograder.sandbox.supervisor import folders
from autograder.sandbox.supervisor.io_loop import Pump
from autograder.sandbox.supervisor.job import Job, Pipes
from autograder.sandbox.supervisor.launch import Launched

_numbers = count(1)
_ORDER_SECONDS = 5.0  # longer than ordering a promised job takes


@dataclass
class WarmProcess:
    """A warm process from start to end; a `retired` one gets no more jobs."""

    launched: Launched
    pump: Pump
    served: int = 0
    retired: bool = False
    _coming: int = 0  # jobs promised but not yet ordered
    _jobs: set[Job] = field(default_factory=set)
    _counting: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False

    @property
    def alive(self) -> bool:
        return not self._stopped and self.launched.process.poll() is None

    def promise(self) -> None:
        """Announce a job about to be ordered, so that the process stays until then."""
        with self._counting:
            self.served += 1
            self._coming += 1

    def order(self, plan: Plan, entry: str, done: Callable[[], None] = lambda: None) -> Job:
        """Fork and return a promised job. Raise OSError if the process has ended."""
        number, folder = next(_numbers), None
        if not plan.scratch:
            folder = folders.make("job")
            plan = replace(plan, scratch=folder.path)
            if plan.uid:
                os.chown(folder.path, plan.uid, plan.uid)

        def end() -> None:
            with contextlib.suppress(OSError):
                self.launched.control.send(json.dumps({"op": "kill", "id": number}).encode())

        def tidy() -> None:
            if folder:
                folder.remove()

        def over() -> None:
            tidy()
            self._settle(job)
            done()

        order = {"op": "run", "id": number, "entry": entry, "plan": plan.as_json()}
        try:
            pipes = self._send(order)
        except OSError:
            tidy()
            self._settle(None)
            raise
        job = Job(
            self.pump,
            pipes,
            plan.limits,
            tier=str(plan.tier),
            root=self.launched.pid,
            end=end,
            abandon=self.kill,
            done=over,
        )
        with self._counting:
            self._coming -= 1
            self._jobs.add(job)
        job.begin()
        return job

    def _send(self, order: dict[str, object]) -> Pipes:
        """Send an order with the job's ends of four pipes; return our ends."""
        (request, ours_request), (ours_reply, reply) = os.pipe(), os.pipe()
        (ours_output, output), (ours_status, status) = os.pipe(), os.pipe()
        ours, theirs = (
            (ours_request, ours_reply, ours_output, ours_status),
            (request, reply, output, status),
        )
        try:
            _send_with(self.launched.control, json.dumps(order).encode(), theirs)
        except OSError:
            for fd in ours:
                os.close(fd)
            raise
        finally:
            for fd in theirs:
                os.close(fd)
        return Pipes(*ours)

    def _settle(self, job: Job | None) -> None:
        """Remove a job from the count; stop a retired process after its last job."""
        with self._counting:
            if job is None:
                self._coming -= 1
            else:
                self._jobs.discard(job)
            last = self.retired and not self._jobs and not self._coming
        if last:
            threading.Thread(target=self.stop, daemon=True).start()

    def retire(self) -> None:
        """Accept no more jobs, and stop after the last current one."""
        with self._counting:
            self.retired = True
            idle = not self._jobs and not self._coming
        if idle:
            self.stop()

    def kill(self) -> None:
        """Kill the process, and its jobs with it."""
        with contextlib.suppress(ProcessLookupError):
            self.launched.process.kill()

    def close(self) -> None:
        """End every job, also one being ordered, and then the process."""
        began = time.monotonic()
        while self._coming and time.monotonic() - began < _ORDER_SECONDS:
            time.sleep(0.01)
        for job in tuple(self._jobs):
            job.kill("closed")
            job.finish()
        self.stop()

    def stop(self) -> None:
        """Stop the process; a second call waits for the first."""
        with self._stopping:
            if not self._stopped:
                self.launched.stop()
                self._stopped = True


def _send_with(control: socket.socket, packet: bytes, fds: Sequence[int]) -> None:
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
    control.sendmsg([packet], rights)
