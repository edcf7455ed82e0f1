"""Huge pages for the warm server's memory, which shorten the page tables that each fork copies.

Each job takes two forks of a process with TensorFlow loaded, and each check of it two more. With
small pages, forking is half of a job's cost apart from the student's own code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from autograder.sandbox.lockdown import linux_calls

_SIZE = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"


def gather() -> int:
    """Move this process's own memory into huge pages; return the bytes moved, or 0.

    Memory that is written to after a fork is split and copied in small pages again.
    """
    size, gathered = 2 << 20, 0
    with suppress(OSError, ValueError), open(_SIZE, encoding="ascii") as file:
        size = int(file.read())
    for start, end in _own_ranges():
        start, end = -(-start // size) * size, end // size * size
        if start < end:
            with suppress(OSError):  # too little free memory, or a kernel older than 6.1
                linux_calls.collapse(start, end - start)
                gathered += end - start
    return gathered


def _own_ranges() -> Iterator[tuple[int, int]]:
    """Yield the address ranges of this process's writable memory that no file backs."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as lines:
        for line in list(lines):
            place, mode, _, _, inode, *name = line.split()
            if mode == "rw-p" and inode == "0" and name[:1] != ["[stack]"]:
                start, end = place.split("-")
                yield int(start, 16), int(end, 16)
