"""What grading one notebook costs in CPU seconds beyond the student's own code.

    python benchmarks/overhead.py [--copies 20]

Empty notebooks and notebooks that train a small model, graded in full (run, check, record), beside
the same cells in a fresh process. CPU seconds hardly depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grading
import nbformat

from autograder.steps import assignments

EMPTY_TEST = """task = Task("t")


@task.criterion("x is 1", points=1)
def one(x):
    assert x == 1


task.check()"""


def course_of(root: Path, copies: int, *, empty: bool) -> None:
    """A course whose submissions are empty but for a name, or train a small model."""
    grading.make_course(root, copies)
    if not empty:
        return
    node = nbformat.v4.new_notebook(
        cells=[
            grading.cell("from autograder import Task", "setup", tags=("setup",), locked=True),
            grading.cell("x = 1", "answer", solution=True),
            grading.cell(EMPTY_TEST, "t", grade=True, locked=True, points=1),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(node, root / "source" / "small" / "small.ipynb")
    for path in root.glob("submitted/*/small/small.ipynb"):
        node.cells[1].source = f"x = 1  # {path.parts[-3]}"
        nbformat.write(node, path)


def ours(root: Path) -> tuple[float, float, float]:
    """CPU seconds per submission: the student's process, the checking process, and the grader."""
    from autograder import config, gradebook
    from autograder.sandbox.supervisor.job import Job
    from autograder.steps.grading import grade
    from autograder.steps.grading.pipeline.workers import Workers

    jobs: dict[int, float] = {}
    finish = Job.finish

    def finished(job: Job) -> object:
        outcome = finish(job)
        jobs[id(job)] = outcome.cpu_seconds
        return outcome

    Job.finish = finished  # type: ignore[method-assign, assignment]
    course = config.load(root)
    gradebook.register(course, assignments.load_assignment(course, "small"), 1)
    students = sorted(p.name for p in (root / "submitted").iterdir())
    with Workers(parallel=1) as workers:
        workers.students.warm_up()
        workers.checkers.warm_up()
        grade.grade(course, "small", students=students[:1], workers=workers)
        jobs.clear()
        began = time.process_time()
        report = grade.grade(course, "small", students=students[1:], workers=workers)
        book = time.process_time() - began
    count = len(students) - 1
    own = statistics.median(r.notebooks[0].usage.cpu_seconds for r in report.results)
    checks = (
        sum(jobs.values()) - sum(r.notebooks[0].usage.cpu_seconds for r in report.results)
    ) / count
    return own, checks, book / count


def fresh(cells: tuple[str, ...]) -> float:
    """CPU seconds of the same cells in a new process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = "from autograder import Task, expect\n" + "\n".join(cells)
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints medians for empty notebooks and for small trainings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=20)
    wanted = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    headings = ("student's", "checking", "grader", "sum", "fresh process")
    print("CPU seconds per notebook:", *(f"{h:>13s}" for h in headings))
    for name, empty, cells in (
        ("empty", True, ("import tensorflow", "x = 1")),
        ("training", False, (grading.SETUP, grading.ANSWER)),
    ):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "course"
            course_of(root, wanted.copies + 1, empty=empty)
            parts = ours(root)
        alone = statistics.median(fresh(cells) for _ in range(5))
        print(f"  {name:23s}", *(f"{f:13.3f}" for f in (*parts, sum(parts), alone)))


if __name__ == "__main__":
    main()
