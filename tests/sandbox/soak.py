"""Many jobs in a row, every tenth hostile: what is left of them afterwards.

    python -m tests.sandbox.soak [--jobs 500] [--bare]

Figures are taken after ten jobs and at the end: processes, descriptors, mounts, folders in /tmp,
disk, and the memory of supervisor and warm server. Ends with 1 if one of them grew.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder.sandbox import folders, tiers, watch
from autograder.sandbox.supervisor import WarmServer
from autograder.sandbox.warm import PRELOAD
from tests.sandbox.attacks import TIGHT, Attack, all_attacks, attempt, bait
from tests.sandbox.conftest import serve

CRASHES = (
    Attack("exhaust", "segfault", "ctypes.string_at(0)", ""),
    Attack("exhaust", "its own end", "os.kill(os.getpid(), 9)", ""),
    Attack("exhaust", "deep recursion", "sys.setrecursionlimit(1 << 30)\ndef f(): f()\nf()", ""),
    Attack("exhaust", "a daemon",
           "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(600)\n"
           "    os._exit(0)", ""),
)  # fmt: skip
ALLOWED = {"supervisor_mb": 40.0, "server_mb": 25.0, "disk_mb": 200.0}  # noise; others: none
HONEST = "answer = sum(range(1000))"


@dataclass(frozen=True)
class Figures:
    """What a supervisor and its warm server hold."""

    processes: int  # of the sandbox, all of them
    descriptors: int  # of the supervisor
    server_descriptors: int
    mounts: int  # seen by the supervisor
    folders: int  # of ours in the temporary folder
    disk_mb: float
    supervisor_mb: float
    server_mb: float


def figures(server: WarmServer) -> Figures:
    gc.collect()
    time.sleep(1.0)
    launched = server._current.launched  # type: ignore[union-attr]
    disk = os.statvfs(tempfile.gettempdir())
    return Figures(
        processes=len(list(watch.descendants(os.getpid()))),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        server_descriptors=len(list(Path(f"/proc/{launched.pid}/fd").iterdir())),
        mounts=len(Path("/proc/self/mounts").read_text().splitlines()),
        folders=len(list(Path(tempfile.gettempdir()).glob("autograder-*"))),
        disk_mb=round((disk.f_blocks - disk.f_bfree) * disk.f_frsize / 1e6, 1),
        supervisor_mb=_private_mb(os.getpid()),
        server_mb=_private_mb(launched.pid),
    )


def has_grown(before: Figures, after: Figures) -> bool:
    """Prints each figure before and after; whether one grew by more than noise."""
    grown = False
    for name, value in asdict(after).items():
        was = getattr(before, name)
        more = value - was > ALLOWED.get(name, 0)
        grown |= more
        print(f"{name:<20} {was:>10} {value:>10} {'  !! grew' if more else ''}")
    return grown


def _private_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return round(int(text.split("RssAnon:")[1].split()[0]) / 1024, 1)


def one(
    server: WarmServer, number: int, hostile: tuple[Attack, ...], things: dict[str, Any]
) -> bool:
    """Whether one job ended as it should."""
    if number % 10:
        attack = Attack("", "honest", HONEST, "")
        tried = attempt(server, attack, things, TIGHT)
        good = tried.got == "499500"
    else:
        attack = hostile[number // 10 % len(hostile)]
        tried = attempt(server, attack, things, TIGHT)
        good = not tried.outcome.fault and not (attack.measure and tried.got)
    if not good:
        print(f"job {number}, {attack.name}: {tried}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--bare", action="store_true", help="without TensorFlow")
    options = parser.parse_args()
    tempfile.tempdir = tempfile.mkdtemp(prefix="soak-")
    hostile = (*CRASHES, *all_attacks())
    preload = () if options.bare else PRELOAD
    began, good = time.monotonic(), 0
    with bait() as things, serve(tiers.choose(), preload=preload, jobs_each=1 << 30) as server:
        for number in range(10):
            one(server, number, hostile, things)
        before = figures(server)
        for number in range(options.jobs):
            good += one(server, number, hostile, things)
        after = figures(server)
        notes = server.notes
    seconds = time.monotonic() - began
    folders.remove_tree(tempfile.tempdir)
    print(
        f"tier {server.tier}: {good} of {options.jobs} jobs ended as they should, {seconds:.0f} s"
    )
    print(*notes, sep="\n")
    grown = has_grown(before, after)
    return 1 if grown or good < options.jobs or notes else 0


if __name__ == "__main__":
    sys.exit(main())
