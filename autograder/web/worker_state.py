"""State of the grading worker, shown on staff pages."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from autograder import atomic_files
from autograder.config import Course

LOCK, SAID = "worker.lock", "worker.json"


@dataclass(frozen=True)
class WorkerState:
    """The course's one worker, as seen from other processes."""

    alive: bool
    parallel: int  # concurrent submissions; 0 while it is not warm
    problem: str  # the reason why nothing is graded


@contextmanager
def the_one_worker(course: Course) -> Iterator[Callable[[str, int], None]]:
    """Wait until no other worker is alive; yield a callback `(problem, parallel)` for its state."""

    def tell(problem: str, parallel: int) -> None:
        said = {"pid": os.getpid(), "problem": problem, "parallel": parallel}
        atomic_files.write(course.state / SAID, json.dumps(said).encode(), durable=False)

    with (course.state / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tell("", 0)
        yield tell


def seen(course: Course) -> WorkerState:
    """Return the worker's current state; it holds its lock for as long as it lives."""
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
