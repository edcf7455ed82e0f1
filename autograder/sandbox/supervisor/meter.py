"""Resource meter of a job: what it has used, and which limit it has exceeded."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from autograder.nouns import Limits
from autograder.sandbox.lockdown import limits as limits_
from autograder.sandbox.supervisor import process_tree

_LOOK = 0.25  # seconds between two measurements of a job's processes
_BUSY = 8  # factor by which a busy machine may extend the wall limit


class Meter:
    """Measures one job; the caller holds the job's lock.

    The wall clock runs only while a caller waits for the job: a job that waits for us is not
    asleep. Time in which a job is ready to run but gets no core does not count either, up to a
    bound.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.began = time.monotonic()
        self.cpu = 0.0  # seconds, of the whole tree
        self._largest_mb = 0.0
        self._tree: process_tree.Tree | None = None
        self._next_look = 0.0
        self._waiting, self._waited, self._since = 0, 0.0, 0.0

    @property
    def memory_mb(self) -> float:
        """Highest memory measured for the tree, or of the largest process if it was not visible."""
        return (self._tree.peak_mb if self._tree else 0.0) or self._largest_mb

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(process_tree.descendants(self._tree.root)) if self._tree else ()

    def found(self, root: int) -> None:
        """Set the job's keeper by its pid as seen from here; 0 if it is not visible."""
        self._tree = process_tree.Tree(root) if root else None

    def locked(self) -> None:
        """Start the wall clock, since the lock-down is complete."""
        self._waited, self._since = 0.0, time.monotonic()

    def ended(self, cpu: float, largest_mb: float) -> None:
        """Record the kernel's final figures for all processes that were waited for."""
        self.cpu = max(self.cpu, cpu)
        self._largest_mb = largest_mb

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Count time as waiting for the job for the duration of the block."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._waited += time.monotonic() - self._since

    def past(self, now: float) -> str:
        """Return the limit that the job has exceeded at time `now`; "" if none."""
        if self._overslept(now):
            return limits_.WALL
        return self.look() if now >= self._next_look else ""

    def look(self) -> str:
        """Measure the processes now; return the exceeded limit, or ""."""
        if self._tree is None:
            return ""
        self._next_look = time.monotonic() + _LOOK
        cpu, memory = self._tree.look(self._limits.memory_mb)
        self.cpu = max(self.cpu, cpu)
        if cpu > self._limits.cpu_seconds:
            return limits_.CPU
        if memory > self._limits.memory_mb:
            return limits_.MEMORY
        return limits_.PROCESSES if self._tree.processes > self._limits.processes else ""

    def _overslept(self, now: float) -> bool:
        limit = self._limits.cpu_seconds * self._limits.wall_factor
        waited = self._waited + (now - self._since if self._waiting else 0.0)
        if waited <= limit:
            return False
        if self._tree is None or waited > _BUSY * limit:
            return True
        return waited - process_tree.delayed(self._tree.root) > limit
