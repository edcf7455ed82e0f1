"""Whether a worker grades, and what it says of itself: for the pages of staff."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from autograder import atomically
from autograder.config import Course

LOCK, SAID = "worker.lock", "worker.json"


@dataclass(frozen=True)
class WorkerState:
    """The one worker of a course, as it is seen from outside."""

    alive: bool
    parallel: int  # submissions at a time; 0 while it is not warm
    problem: str  # why nothing is graded


@contextmanager
def the_one_worker(course: Course) -> Iterator[Callable[[str, int], None]]:
    """Waits until no other worker is alive; gives a callback for (problem, submissions at once)."""

    def tell(problem: str, parallel: int) -> None:
        said = {"pid": os.getpid(), "problem": problem, "parallel": parallel}
        atomically.write(course.state / SAID, json.dumps(said).encode(), durable=False)

    with (course.state / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tell("", 0)
        yield tell


def seen(course: Course) -> WorkerState:
    """The worker at this moment; its lock is held for as long as it lives."""
    try:
        said = json.loads((course.state / SAID).read_bytes())
        parallel, problem = int(said["parallel"]), str(said["problem"])
    except (OSError, ValueError, KeyError, TypeError):
        parallel, problem = 0, ""
    alive = _held(course)
    return WorkerState(alive, parallel if alive else 0, problem if alive else "")


def _held(course: Course) -> bool:
    try:
        handle = os.open(course.state / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
