"""How fast a class is graded: ours beside the floor and beside nbgrader, in one run.

    python benchmarks/grading.py [--copies 20] [--rounds 3] [--nbgrader 4]

The floor is what cannot be saved: the same cells, tests included, in forks of a process that has
imported TensorFlow, two at a time. Floor and ours take turns, so that a machine that is slow for a
while is slow for both. Ratios are what counts; seconds differ by machine.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil

from autograder import config, gradebook
from autograder.steps import assignments
from autograder.steps.grading import grade
from autograder.steps.grading.pipeline import check, grader, run
from autograder.steps.grading.pipeline.workers import Workers

JOBS = 2
SETUP = """import keras
import numpy as np

from autograder import Task, expect

rng_ = np.random.default_rng(0)
x_train = rng_.normal(size=(2000, 20)).astype("float32")
y_train = (x_train[:, :3].sum(axis=1) > 0).astype("float32")"""
ANSWER = """### BEGIN SOLUTION
model = keras.Sequential(
    [keras.layers.Input((20,)), keras.layers.Dense(32, activation="relu"),
     keras.layers.Dense(1, activation="sigmoid")]
)
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
history = model.fit(x_train, y_train, epochs=2, batch_size=32, verbose=0)
### END SOLUTION"""
TEST = """task = Task("net")


@task.criterion("It gives one number per row", points=1)
def gives(model):
    expect.output_shape(model, (None, 1))


@task.criterion("Its loss fits its output", points=1)
def fits(model):
    expect.loss_fits_output(model)


### BEGIN HIDDEN TESTS
@task.criterion("It is right on {at_least:.0%} of {n} unseen rows", points=2)
def unseen(model, rng, *, n=500, at_least=0.55):
    rows = rng.normal(size=(n, 20)).astype("float32")
    labels = (rows[:, :3].sum(axis=1) > 0).astype(int)
    expect.accuracy(expect.predictions(model, rows)[:, 0], labels, at_least=at_least)
### END HIDDEN TESTS

task.check()"""


def cell(source: str, grade_id: str, *, tags: tuple[str, ...] = (), **marks: Any) -> Any:
    """A code cell with nbgrader's marks."""
    marked = {"grade": False, "solution": False, "locked": False, "task": False, **marks}
    metadata = {"nbgrader": {"grade_id": grade_id, "schema_version": 3, **marked}}
    return nbformat.v4.new_code_cell(source, metadata={**metadata, "tags": list(tags)})


def make_course(root: Path, copies: int) -> None:
    """A course with one small assignment, and as many submissions, no two of them equal."""
    node = nbformat.v4.new_notebook(
        cells=[
            cell(SETUP, "setup", tags=("setup",), locked=True),
            cell(ANSWER, "answer", solution=True),
            cell(TEST, "net", grade=True, locked=True, points=4),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    (root / "source" / "small").mkdir(parents=True)
    (root / "course_config.py").write_text('c = get_config()\nc.Course.name = "bench"\n')
    shutil.copy(Path(__file__).parents[1] / "nbgrader_config.py", root)
    nbformat.write(node, root / "source" / "small" / "small.ipynb")
    for number in range(copies):
        folder = root / "submitted" / f"s{number:02d}" / "small"
        folder.mkdir(parents=True)
        node.cells[1].source = ANSWER.replace("### ", f"# copy {number} ")
        nbformat.write(node, folder / "small.ipynb")


# ── The floor ────────────────────────────────────────────────────────────────────────

FLOOR = f"""
import os, resource, sys, time
import numpy, tensorflow, keras, pandas, matplotlib.pyplot
from autograder import Task, expect
from autograder.criteria.draws import draws
from autograder.criteria.running import run_task
from autograder.criteria.task import collecting
cells = {[SETUP, ANSWER]!r}
test = {TEST!r}
def child(core):
    os.sched_setaffinity(0, [core])
    space = {{"__name__": "__main__"}}
    for source in cells:
        exec(source, space)
    with collecting() as tasks:
        exec(test, space)
    results = run_task(tasks[0], space.__getitem__, draws(b"k"))
    assert sum(r.points for r in results) == 4, results
    os._exit(0)
print("ready", flush=True)
sys.stdin.readline()
cores, running, started = sorted(os.sched_getaffinity(0)), {{}}, time.monotonic()
for number in range(int(sys.argv[1])):
    while len(running) >= {JOBS}:
        pid, status = os.wait()
        assert status == 0, status
        running.pop(pid)
    core = next(c for c in cores if c not in running.values()) if len(cores) > 1 else cores[0]
    pid = os.fork()
    if pid == 0:
        child(core)
    running[pid] = core
while running:
    pid, status = os.wait()
    assert status == 0, status
    running.pop(pid)
seconds, used = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
print(seconds, used.ru_utime + used.ru_stime)
"""


@dataclass(frozen=True)
class Round:
    """Seconds, CPU seconds and instructions that all copies took; NaN where none were counted."""

    seconds: float
    cpu: float
    instructions: float = math.nan


class Counted:
    """Instructions, in 1e9, of all that the machine does in a block: by `perf`, where it may.

    On a shared machine the same work takes now one second and now two, but always as many
    instructions.
    """

    instructions = math.nan

    def __enter__(self) -> Counted:
        command = ["perf", "stat", "-a", "-x", ",", "-e", "instructions:u,instructions:k"]
        self._perf = None
        with suppress(OSError):
            self._perf = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            time.sleep(0.3)  # until it counts
        return self

    def __exit__(self, *_: object) -> None:
        if self._perf is None:
            return
        self._perf.send_signal(signal.SIGINT)
        _, told = self._perf.communicate()
        counts = [line.split(",")[0] for line in told.splitlines() if ",instructions" in line]
        with suppress(ValueError):  # a machine that counts none says so instead
            self.instructions = sum(int(one) for one in counts) / 1e9 or math.nan


def floor(copies: int) -> Round:
    """All copies in forks of one warm process, importing left out."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-c", FLOOR, str(copies)]
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout
        process.stdout.readline()  # ready: it has imported everything
        with Counted() as counted:
            said, fault = process.communicate("go\n")
    if process.returncode:
        sys.exit(f"the floor failed:\n{fault[-2000:]}")
    return Round(*(float(figure) for figure in said.split()[-2:]), counted.instructions)


# ── Ours ─────────────────────────────────────────────────────────────────────────────


@contextmanager
def timed(spent: dict[str, float], *places: tuple[Any, str]) -> Iterator[None]:
    """Adds up the seconds spent in functions, by name, over all threads."""
    lock = threading.Lock()
    kept = [(module, name, getattr(module, name)) for module, name in places]

    def wrap(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def inner(*args: Any, **kwargs: Any) -> Any:
            started = time.monotonic()
            try:
                return function(*args, **kwargs)
            finally:
                with lock:
                    spent[name] += time.monotonic() - started

        return inner

    for module, name, function in kept:
        setattr(module, name, wrap(f"{module.__name__.split('.')[-1]}.{name}", function))
    try:
        yield
    finally:
        for module, name, function in kept:
            setattr(module, name, function)


def ours(root: Path, workers: Workers, spent: dict[str, float]) -> Round:
    """All copies graded by warm servers; `spent` gets where the time went."""
    course = config.load(root)
    gradebook.register(course, assignments.load_assignment(course, "small"), 1)
    places = [
        (grader, "merge"),
        (run, "run"),
        (check, "check"),
        (gradebook, "record"),
        (gradebook, "write_autograded"),
    ]
    used = _cpu_of_all()
    with timed(spent, *places), Counted() as counted:
        started = time.monotonic()
        report = grade.grade(course, "small", workers=workers)
        seconds = time.monotonic() - started
    done = Round(seconds, _cpu_of_all() - used, counted.instructions)
    wrong = [r.student for r in report.results if r.points != 4]
    if wrong or report.faults:
        sys.exit(f"not all right: {wrong} {report.faults}")
    return done


def _cpu_of_all() -> float:
    """CPU seconds of this process and of all that it started, ended ones included."""
    me, total = psutil.Process(), 0.0
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
            total += times.children_user + times.children_system
    return total


def by_nbgrader(root: Path, copies: int) -> float:
    """Seconds that `nbgrader autograde` takes for one submission, mean of a few."""
    for folder in sorted((root / "submitted").iterdir())[copies:]:
        shutil.rmtree(folder)
    shutil.rmtree(root / "autograded", ignore_errors=True)
    (root / "gradebook.db").unlink(missing_ok=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it calls alembic
    for verb in ("generate_assignment", "autograde"):
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", verb, "small"],
            cwd=root,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"nbgrader failed:\n{done.stderr[-2000:]}")
    return (time.monotonic() - started) / copies


def main() -> None:
    """Prints the three figures, their ratios, and where our own time goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nbgrader", type=int, default=4, help="submissions nbgrader grades")
    parser.add_argument("--no-sandbox", action="store_true")
    wanted = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    copies, spent = wanted.copies, defaultdict[str, float](float)
    least: list[Round] = []
    own: list[Round] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Workers(sandbox=not wanted.no_sandbox, parallel=JOBS) as workers,
    ):
        tier, warm = workers.tier, workers.students.warm_up() + workers.checkers.warm_up()
        for number in range(wanted.rounds):
            root = Path(folder) / f"course{number}"
            make_course(root, copies)
            least.append(floor(copies))
            own.append(ours(root, workers, spent))
        theirs = by_nbgrader(root, wanted.nbgrader) * copies
    print(f"{copies} copies, {JOBS} at a time, isolation {tier}; for all of them:")
    for name, rounds in (("floor", least), ("autograder", own)):
        print(f"  {name:11s}seconds     ", *(f"{r.seconds:8.2f}" for r in rounds))
        print("             CPU seconds ", *(f"{r.cpu:8.2f}" for r in rounds))
        print("             instructions", *(f"{r.instructions:7.2f}G" for r in rounds))
    print(f"  {'nbgrader':11s}seconds     {theirs:9.2f}   (from {wanted.nbgrader} copies)")
    print(f"  to warm the two servers, once: {warm:.2f}")
    wall, cpu, work = (
        statistics.median(getattr(o, of) / getattr(f, of) for o, f in zip(own, least, strict=True))
        for of in ("seconds", "cpu", "instructions")
    )
    print(f"autograder / floor     {wall:5.2f}   (median; goal: at most 1.25)")
    print(f"                       {cpu:5.2f} by CPU seconds, {work:.2f} by instructions")
    gain = theirs / statistics.median(o.seconds for o in own)
    print(f"nbgrader / autograder  {gain:5.2f}   (goal: at least 5)")
    print("where our time goes, seconds per submission (run and check wait for processes):")
    for name, total in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"  {name:28s}{total / copies / wanted.rounds:7.3f}")


if __name__ == "__main__":
    main()
