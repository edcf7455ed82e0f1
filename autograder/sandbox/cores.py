"""The machine's cores, dealt to the jobs that run at the same time."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field


@dataclass
class Cores:
    """Deals cores to `parallel` jobs at a time, for as many servers as share it; 0 deals none.

    Jobs of one thread follow one another, or wait for one another (a check asks the process that
    it judges), so they get the same cores; another thread gets those that are used least.
    """

    parallel: int = 0
    _used: dict[int, list[int]] = field(default_factory=dict)  # place -> threads with a job there
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> int:
        """A place for one job of the calling thread, to be given back."""
        me = threading.get_ident()
        with self._lock:
            mine = [place for place, threads in self._used.items() if me in threads]
            places = range(max(self.parallel, 1))
            place = mine[0] if mine else min(places, key=lambda p: len(self._used.get(p, [])))
            self._used.setdefault(place, []).append(me)
            return place

    def give(self, place: int, thread: int) -> None:
        """Takes a place back that a thread took."""
        with self._lock:
            self._used[place].remove(thread)

    def at(self, place: int) -> tuple[int, ...]:
        """The cores of a place; () = all of them."""
        cores = sorted(os.sched_getaffinity(0))
        if self.parallel < 2:
            return ()
        if self.parallel >= len(cores):
            return (cores[place % len(cores)],)
        return tuple(cores[place :: self.parallel])
