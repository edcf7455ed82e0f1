"""Timer inside the student's process: interrupts a cell or call that computes too long.

It serves honest work: the cells after an interrupted one still run. Student code can catch the
exception; then the limit on the whole job ends the process from outside.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TimeLimit(BaseException):
    """Raised in code that has used up its CPU seconds or, with `wall`, its time by the clock."""


@contextmanager
def cpu_alarm(seconds: float, what: str, *, wall: float = 0.0) -> Iterator[None]:
    """Raise TimeLimit in the main thread after the process has used `seconds` more CPU seconds.

    `wall` also limits the seconds by the clock, for code that sleeps; 0 sets no such limit.
    """
    armed = True

    def ring(signum: int, _: Any) -> None:
        if armed and signum == signal.SIGALRM:
            raise TimeLimit(f"{what} took more than {wall:g} s")
        if armed:
            raise TimeLimit(f"{what} used more than {seconds:g} s of computing time")

    signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds, 2.0)
    if wall:
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, wall, 2.0)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        if wall:
            signal.setitimer(signal.ITIMER_REAL, 0)
