"""Many jobs in a row, every tenth hostile: what is left of them afterwards.

    python -m tests.sandbox.soak [--jobs 500] [--bare | --graded]

Figures are taken after ten jobs and at the end: processes, descriptors, mounts, folders in /tmp,
disk, and the memory of supervisor and warm servers. Ends with 1 if one of them grew. With --graded
the jobs are submissions, graded and recorded as a class is.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder import config, gradebook
from autograder.sandbox.supervisor import folders, isolation_level, process_tree
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.sandbox.warm_process.server import PRELOAD
from autograder.steps import assignments
from autograder.steps.grading import grade
from autograder.steps.grading.pipeline.workers import Workers
from tests.grading import made
from tests.grading.test_running_and_checking import SETUP, a_test
from tests.sandbox import test_hostile_notebooks as notebooks
from tests.sandbox.attacks import TIGHT, Attack, all_attacks, attempt, bait
from tests.sandbox.conftest import serve

CRASHES = (
    Attack("exhaust", "segfault", "ctypes.string_at(0)", ""),
    Attack("exhaust", "its own end", "os.kill(os.getpid(), 9)", ""),
    Attack("exhaust", "deep recursion", "sys.setrecursionlimit(1 << 30)\ndef f(): f()\nf()", ""),
    Attack(
        "exhaust",
        "a daemon",
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(600)\n"
        "    os._exit(0)",
        "",
    ),
)
ALLOWED = {"supervisor_mb": 40.0, "server_mb": 25.0, "disk_mb": 200.0}  # noise; others: none
HONEST = "answer = sum(range(1000))"
LIMITLESS = (
    "while True: pass",
    "import time\ntime.sleep(10**6)",
    "numbers = bytearray(1 << 36)",
    "def predict(x): return predict(x)\npredict(0)",
    "import os\nwhile True: os.fork()",
    "print('A' * (1 << 30))",
    "open('full', 'wb').write(bytes(1 << 33))",
)
CONFIG = """
c = get_config()
c.Course.name = "soak"
c.Limits.cpu_seconds, c.Limits.cell_seconds, c.Limits.memory_mb = 6, 3, 1024
"""


@dataclass(frozen=True)
class Figures:
    """What a supervisor and its warm server hold."""

    processes: int  # of the sandbox, all of them
    descriptors: int  # of the supervisor
    server_descriptors: int  # of all warm servers together, as is their memory
    mounts: int  # seen by the supervisor
    folders: int  # of ours in the temporary folder
    disk_mb: float
    supervisor_mb: float
    server_mb: float


@dataclass(frozen=True)
class Soaked:
    """How many jobs ended as they should, what was held before and after, what was noted."""

    good: int
    before: Figures
    after: Figures
    notes: tuple[str, ...]


def figures(*servers: WarmServer) -> Figures:
    gc.collect()
    time.sleep(1.0)
    pids = [server._current.launched.pid for server in servers]  # type: ignore[union-attr]
    disk = os.statvfs(tempfile.gettempdir())
    return Figures(
        processes=len(list(process_tree.descendants(os.getpid()))),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        server_descriptors=sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids),
        mounts=len(Path("/proc/self/mounts").read_text().splitlines()),
        folders=len(list(Path(tempfile.gettempdir()).glob("autograder-*"))),
        disk_mb=round((disk.f_blocks - disk.f_bfree) * disk.f_frsize / 1e6, 1),
        supervisor_mb=_private_mb(os.getpid()),
        server_mb=sum(map(_private_mb, pids)),
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


def jobs(count: int, preload: Sequence[str]) -> Soaked:
    """Jobs on one warm server, as they come."""
    hostile = (*CRASHES, *all_attacks())
    with (
        bait() as things,
        serve(isolation_level.choose(), preload=preload, jobs_each=1 << 30) as server,
    ):
        for number in range(10):
            one(server, number, hostile, things)
        before = figures(server)
        good = sum(one(server, number, hostile, things) for number in range(count))
        return Soaked(good, before, figures(server), server.notes)


def submissions(count: int) -> Soaked:
    """Submissions of a class, graded two at a time: an honest one is worth 1, a hostile one 0."""
    with tempfile.TemporaryDirectory() as folder, Workers(parallel=2) as workers:
        worth = a_class(Path(folder), count + 20)
        course = config.load(Path(folder))
        gradebook.register(course, assignments.load_assignment(course, "small"), 1)
        for server in (servers := (workers.students, workers.checkers)):
            server._jobs_each = 1 << 30
        grade.grade(course, "small", students=list(worth)[:20], workers=workers)
        before = figures(*servers)
        report = grade.grade(course, "small", students=list(worth)[20:], workers=workers)
        after = figures(*servers)
        got = {r.student: r.points for r in report.results}
        good = 0
        for student in list(worth)[20:]:
            good += got.get(student) == worth[student]
            if got.get(student) != worth[student]:
                print(f"{student}: {got.get(student)} points, not {worth[student]}")
        return Soaked(good, before, after, workers.notes)


def a_class(folder: Path, count: int) -> dict[str, float]:
    """What each submission of a made-up class is worth; every tenth is hostile."""
    hostile = [*(c.code for c in notebooks.CHEATS.values() if not c.files), *LIMITLESS]
    test = made.test(a_test(notebooks.CRITERION), "t", 1)
    (folder / "course_config.py").write_text(CONFIG)
    made.write(
        folder / "source/small", [made.setup(SETUP), made.answer(notebooks.HONEST), test], "small"
    )
    worth: dict[str, float] = {}
    for number in range(count):
        answer = notebooks.HONEST if number % 10 else hostile[number // 10 % len(hostile)]
        cells = [made.setup(SETUP), made.answer(f"# {number}\n{answer}"), test]
        made.write(folder / f"submitted/s{number:04d}/small", cells, "small")
        worth[f"s{number:04d}"] = 1.0 if number % 10 else 0.0
    return worth


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--bare", action="store_true", help="without TensorFlow")
    parser.add_argument("--graded", action="store_true", help="submissions, graded and recorded")
    options = parser.parse_args()
    tempfile.tempdir = tempfile.mkdtemp(prefix="soak-")
    began = time.monotonic()
    if options.graded:
        done = submissions(options.jobs)
    else:
        done = jobs(options.jobs, () if options.bare else PRELOAD)
    seconds = time.monotonic() - began
    folders.remove_tree(tempfile.tempdir)
    tier = isolation_level.choose()
    print(f"tier {tier}: {done.good} of {options.jobs} ended as they should, {seconds:.0f} s")
    print(*done.notes, sep="\n")
    grown = has_grown(done.before, done.after)
    return 1 if grown or done.good < options.jobs or done.notes else 0


if __name__ == "__main__":
    sys.exit(main())
