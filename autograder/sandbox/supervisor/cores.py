"""Assignment of the machine's CPU cores to concurrent jobs."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field


@dataclass
class Cores:
    """Pins `parallel` concurrent jobs of all servers that share it to cores; 0 or 1 pins none.

    Jobs of one thread run one after another or wait for each other (a check queries the process
    that it grades), so they share the same cores. Another thread gets the least used ones.
    """

    parallel: int = 0
    _used: dict[int, list[int]] = field(default_factory=dict)  # place -> threads with a job there
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> int:
        """Reserve and return a place for one job of the calling thread; `give` releases it."""
        me = threading.get_ident()
        with self._lock:
            mine = [place for place, threads in self._used.items() if me in threads]
            places = range(max(self.parallel, 1))
            place = mine[0] if mine else min(places, key=lambda p: len(self._used.get(p, [])))
            self._used.setdefault(place, []).append(me)
            return place

    def give(self, place: int, thread: int) -> None:
        """Release a place that a thread reserved."""
        with self._lock:
            self._used[place].remove(thread)

    def at(self, place: int) -> tuple[int, ...]:
        """Return the cores of a place; () means all cores."""
        cores = sorted(os.sched_getaffinity(0))
        if self.parallel < 2:
            return ()
        if self.parallel >= len(cores):
            return (cores[place % len(cores)],)
        return tuple(cores[place :: self.parallel])
