"""A large class graded, every tenth submission hostile: right grades, and nothing left behind.

    python -m tests.grading.soak [--submissions 500]

Figures are taken after the first ten submissions and after all: processes, descriptors, mounts,
folders in the temporary folder, disk, and the memory of grader and warm server.
Ends with 1 if one of them grew or an honest submission lost a point.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import nbformat

from autograder import config, gradebook
from autograder.sandbox.supervisor import folders
from autograder.steps import assignments
from autograder.steps.grading import grade
from autograder.steps.grading.pipeline.workers import Workers
from tests.grading.made import answer, code, setup, test, write
from tests.sandbox.attacks import PRELUDE, all_attacks, bait
from tests.sandbox.soak import CRASHES, figures, has_grown

CONFIG = """c = get_config()
c.Course.name = "soak"
c.Limits.cpu_seconds = 4
c.Limits.cell_seconds = 4
c.Limits.wall_factor = 1.5
c.Limits.memory_mb = 512
c.Limits.processes = 48
c.Limits.disk_mb = 16
c.Limits.output_kb = 64
"""
TEST = """task = Task("t")


@task.criterion("x is 1", points=1)
def one(x):
    assert x == 1


task.check()"""


def make_course(root: Path, submissions: int, things: object) -> None:
    """One small assignment, and a class of which every tenth student hands in an attack."""
    (root / "course_config.py").write_text(CONFIG)
    cells = [setup("from autograder import Task"), answer("x = 1"), test(TEST, "t", 1)]
    write(root / "source" / "hw", cells, "hw")
    hostile = (*CRASHES, *all_attacks())
    for number in range(submissions):
        attack = "" if number % 10 else hostile[number // 10 % len(hostile)].code
        text = f"{PRELUDE}\\nbait = {things!r}\\n{attack}" if attack else f"x = 1  # {number}"
        node = nbformat.v4.new_notebook()
        node.cells = [cells[0], code(text, "answer", solution=True), cells[2]]
        folder = root / "submitted" / f"s{number:04d}" / "hw"
        folder.mkdir(parents=True)
        nbformat.write(node, folder / "hw.ipynb")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=500)
    count = parser.parse_args().submissions
    tempfile.tempdir = tempfile.mkdtemp(prefix="soak-")
    root = Path(tempfile.mkdtemp(prefix="course-"))
    with bait() as things, Workers(parallel=2) as workers:
        make_course(root, count, things)
        course = config.load(root)
        gradebook.register(course, assignments.load_assignment(course, "hw"), 1)
        students = sorted(path.name for path in (root / "submitted").iterdir())
        for server in (workers.students, workers.checkers):
            server._jobs_each = 1 << 30  # one process from the first to the last
        grade.grade(course, "hw", students=students[:10], workers=workers)
        before = figures(workers.students)
        began = time.monotonic()
        report = grade.grade(course, "hw", workers=workers)
        seconds = time.monotonic() - began
        after = figures(workers.students)
        notes = workers.notes
    folders.remove_tree(tempfile.tempdir)
    honest = [r for r in report.results if int(r.student[1:]) % 10]
    right = sum(r.points == 1 for r in honest)
    print(f"tier {report.tier}: {len(report.results)} submissions in {seconds:.0f} s")
    print(f"honest ones with their point: {right} of {len(honest)}; {report.by_status}")
    print(*notes, *report.faults, sep="\\n")
    grown = has_grown(before, after)
    lost = right < len(honest) or len(report.results) < count
    return 1 if grown or lost or notes or report.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
