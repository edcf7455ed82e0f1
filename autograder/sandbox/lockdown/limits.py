"""Limits of a job, by name, and the message a student reads about each."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
from collections.abc import Mapping
from typing import Any

from autograder.language import msgid
from autograder.nouns import Limits, Message

CPU, WALL, MEMORY, PROCESSES, FILES = "cpu", "wall", "memory", "processes", "files"
DISK, FILE, OUTPUT, CAPTURE, FRAMES = "disk", "file", "output", "capture", "frames"

FLOOD = 64  # kill a job at this multiple of the output kept

_SENTENCES: Mapping[str, tuple[str, str]] = {
    CPU: (
        msgid("{run_place} used more than {seconds:g} s of computing time"),
        msgid("Look for a loop that does not end, or train less: fewer epochs, a smaller model."),
    ),
    WALL: (
        msgid("{run_place} was still running after {seconds:g} s without computing"),
        msgid("Look for something that waits: sleep, input, a lock, a download."),
    ),
    MEMORY: (
        msgid("{run_place} used more than {megabytes} MB of memory"),
        msgid("Keep less at once: smaller batches, float32, delete what is not needed."),
    ),
    PROCESSES: (
        msgid("{run_place} started more than {count} processes and threads"),
        msgid("Start fewer workers, and close a pool when it is done."),
    ),
    FILES: (
        msgid("{run_place} opened more than {count} files at once"),
        msgid("Close files: use `with open(...)`."),
    ),
    DISK: (
        msgid("{run_place} wrote more than {megabytes} MB to disk"),
        msgid("Write less, or delete what you wrote."),
    ),
    FILE: (
        msgid("{run_place} wrote a file larger than {megabytes} MB"),
        msgid("Write smaller files."),
    ),
    OUTPUT: (
        msgid("{run_place} printed more than {megabytes} MB"),
        msgid("Print less: no whole arrays, no line for every step."),
    ),
    CAPTURE: (
        msgid("{run_place} left a value larger than {megabytes} MB"),
        msgid("Keep only what is asked for under a name of its own; delete large copies."),
    ),
    FRAMES: (
        msgid("{run_place} wrote into a channel that belongs to the grader"),
        msgid("Open files by name, and leave file descriptors that you did not open alone."),
    ),
}


def message(limit: str, limits: Limits, cell: int = 0) -> Message:
    """Return the message for a limit that was reached: the allowance, the cell, the next step."""
    got, what_to_do = _SENTENCES[limit]
    place = msgid("cell {cell}") if cell else msgid("the notebook")
    values = {**_values(limit, limits, cell > 0), "cell": cell, "run_place": place}
    return Message(got=got, next=what_to_do, values=values)


def _values(limit: str, limits: Limits, in_cell: bool) -> dict[str, Any]:
    cpu = min(limits.cell_seconds, limits.cpu_seconds) if in_cell else limits.cpu_seconds
    megabytes = {
        MEMORY: limits.memory_mb,
        DISK: limits.disk_mb,
        FILE: limits.file_mb,
        OUTPUT: max(1, limits.output_kb * FLOOD // 1024),
        CAPTURE: limits.capture_mb,
    }
    return {
        "seconds": cpu if limit == CPU else limits.cpu_seconds * limits.wall_factor,
        "megabytes": megabytes.get(limit, 0),
        "count": limits.open_files if limit == FILES else limits.processes,
    }


_BY_ERRNO = {
    errno.ENOSPC: DISK,
    errno.EDQUOT: DISK,
    errno.EFBIG: FILE,
    errno.EMFILE: FILES,
    errno.ENOMEM: MEMORY,
}


def limit_of(error: BaseException) -> str:
    """Return the limit that caused this exception inside a job; "" if none did."""
    if isinstance(error, MemoryError):
        return MEMORY
    if isinstance(error, RuntimeError) and str(error) == "can't start new thread":
        return PROCESSES
    if isinstance(error, BlockingIOError) and error.filename is None:
        return PROCESSES if error.errno == errno.EAGAIN else ""
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, "")
    return ""


def apply(limits: Limits, *, inherited_mb: int = 0, other_processes: int = 0) -> None:
    """Set this process's rlimits permanently; it inherited `inherited_mb` of data from the fork.

    DATA, not AS: TensorFlow reserves far more address space than it uses. NPROC counts threads too
    and, outside a user namespace of its own, all of the user's: those are `other_processes`.
    """
    data = (limits.memory_mb + inherited_mb) << 20
    cpu = int(limits.cpu_seconds) + 2
    for which, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, data),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, limits.file_mb << 20),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 1024),
        (resource.RLIMIT_NPROC, limits.processes + other_processes),
    ):
        _set(which, value)


def tasks_of(uid: int) -> int:
    """Return the number of a user's running threads, as far as /proc shows them."""
    count = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == uid:
                    count += len(os.listdir(f"{entry.path}/task"))
    return count


def _set(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))
