"""Memory in huge pages: a fork copies a process's page tables, and these are then short.

Each job takes two forks, each check of it two more, of a process that has TensorFlow in it: in
small pages that is half of what a job costs beside the student's own code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from autograder.sandbox import kernel

_SIZE = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"


def gather() -> int:
    """Bytes of this process's own memory that now lie in huge pages; 0 where there are none.

    Memory that is written to after a fork is split and copied in small pages again.
    """
    size, gathered = 2 << 20, 0
    with suppress(OSError, ValueError), open(_SIZE, encoding="ascii") as file:
        size = int(file.read())
    for start, end in _own_ranges():
        start, end = -(-start // size) * size, end // size * size
        if start < end:
            with suppress(OSError):  # too little free memory, or a kernel before 6.1
                kernel.collapse(start, end - start)
                gathered += end - start
    return gathered


def _own_ranges() -> Iterator[tuple[int, int]]:
    """Where this process has memory that it can write to and that is no file's."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as lines:
        for line in list(lines):
            place, mode, _, _, inode, *name = line.split()
            if mode == "rw-p" and inode == "0" and name[:1] != ["[stack]"]:
                start, end = place.split("-")
                yield int(start, 16), int(end, 16)
