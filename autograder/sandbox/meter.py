"""A job's clocks and scales: what it has used, and which of its limits that is past."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from autograder.nouns import Limits
from autograder.sandbox import limits as limits_
from autograder.sandbox import watch

_LOOK = 0.25  # seconds between two looks at a job's processes
_BUSY = 8  # how much later the wall clock may strike on a busy machine


class Meter:
    """Measures one job; the caller holds the job's lock.

    The wall clock runs only while somebody waits for the job: one that waits for us is not
    asleep. Nor is one that is ready to run and gets no core, within reason.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.began = time.monotonic()
        self.cpu = 0.0  # seconds, of the whole tree
        self._largest_mb = 0.0
        self._tree: watch.Tree | None = None
        self._next_look = 0.0
        self._waiting, self._waited, self._since = 0, 0.0, 0.0

    @property
    def memory_mb(self) -> float:
        """The most that was seen; of the largest process alone if the tree was never seen."""
        return (self._tree.peak_mb if self._tree else 0.0) or self._largest_mb

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(watch.descendants(self._tree.root)) if self._tree else ()

    def found(self, root: int) -> None:
        """The job's keeper, as seen from here; 0 if it cannot be seen."""
        self._tree = watch.Tree(root) if root else None

    def locked(self) -> None:
        """The lock-down is complete: the wall clock begins."""
        self._waited, self._since = 0.0, time.monotonic()

    def ended(self, cpu: float, largest_mb: float) -> None:
        """What the kernel says of all processes that were waited for."""
        self.cpu = max(self.cpu, cpu)
        self._largest_mb = largest_mb

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Somebody waits for the job for as long as the block lasts."""
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
        """The limit that the job is past, as far as one can tell now; "" if none."""
        if self._overslept(now):
            return limits_.WALL
        return self.look() if now >= self._next_look else ""

    def look(self) -> str:
        """As `past`, looking at the processes at once."""
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
        return waited - watch.delayed(self._tree.root) > limit
