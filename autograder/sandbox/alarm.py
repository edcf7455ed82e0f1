"""An alarm inside the student's process: a cell or call that computes too long is interrupted.

A courtesy to honest work, so that the cells after it still run; whoever catches it is ended from
outside by the limit on the whole job.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TimeLimit(BaseException):
    """Raised in code that used up its CPU seconds."""


@contextmanager
def cpu_alarm(seconds: float, what: str, *, wall: float = 0.0) -> Iterator[None]:
    """Raises TimeLimit in the main thread once the process has used so many CPU seconds more.

    `wall` also limits the seconds by the clock, for code that sleeps; 0 does not.
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
