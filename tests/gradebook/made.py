"""An assignment of two notebooks, submissions and results of it, made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder import nouns
from autograder.config import Course

TEST = """task = Task("double")

@task.criterion("Doubles {n} numbers", points=2)
def doubles(double, *, n=3):
    assert double(n) == 2 * n

### BEGIN HIDDEN TESTS
@task.criterion("Doubles at least {at_least} of the unseen numbers", points=3)
def unseen(double, rng, *, at_least=0.9):
    secret_answer = 42
### END HIDDEN TESTS

task.check()"""


def code(source: str, grade_id: str = "", **marks):
    cell = new_code_cell(source)
    tags = marks.pop("tags", [])
    if grade_id:
        cell.metadata["nbgrader"] = _marks(grade_id, **marks)
    if tags:
        cell.metadata["tags"] = tags
    return cell


def text(source: str, grade_id: str = "", **marks):
    cell = new_markdown_cell(source)
    if grade_id:
        cell.metadata["nbgrader"] = _marks(grade_id, **marks)
    return cell


def _marks(grade_id, *, points=None, grade=False, solution=False, locked=False, task=False):
    marks = {
        "grade": grade,
        "grade_id": grade_id,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": task,
    }
    return {**marks, "points": points} if points is not None else marks


def first_node():
    node = new_notebook(
        cells=[
            text("# Doubling"),
            code("import numpy as np", "setup", locked=True),
            code(
                "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION",
                "double-answer",
                solution=True,
            ),
            code("# mistake: adds\ndef double(x): return x + 2", tags=["mistake"]),
            code(TEST, "double", points=5, grade=True, locked=True),
            text(
                "Why? ### BEGIN SOLUTION\nbecause\n### END SOLUTION",
                "why",
                points=4,
                grade=True,
                solution=True,
            ),
            text("Draw something.", "draw", points=2, task=True, locked=True),
        ]
    )
    node.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return node


def second_node():
    node = new_notebook(
        cells=[
            code("y = 1  # BEGIN SOLUTION\n# END SOLUTION", "y-answer", solution=True),
            code("assert y == 1", "y", points=1, grade=True, locked=True),
        ]
    )
    node.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return node


DOUBLE = nouns.Task(
    "double",
    5,
    nouns.TaskKind.CRITERIA,
    ("double-answer",),
    criteria=(
        nouns.Criterion("doubles", "Doubles {n} numbers", 2, hidden=False, settings={"n": 3}),
        nouns.Criterion(
            "unseen",
            "Doubles at least {at_least} of the unseen numbers",
            3,
            hidden=True,
            settings={"at_least": 0.9},
        ),
    ),
    code=TEST,
)
WHY = nouns.Task("why", 4, nouns.TaskKind.MANUAL, ("why",))
DRAW = nouns.Task("draw", 2, nouns.TaskKind.MANUAL, ())
Y = nouns.Task("y", 1, nouns.TaskKind.ASSERTS, ("y-answer",))


def an_assignment(course: Course, first=None, second=None) -> nouns.Assignment:
    folder = course.source / "a1"
    folder.mkdir(parents=True, exist_ok=True)
    notebooks = []
    for name, node, tasks in (
        ("doubling", first or first_node(), (DOUBLE, WHY, DRAW)),
        ("second", second or second_node(), (Y,)),
    ):
        nbformat.write(node, folder / f"{name}.ipynb")
        node = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        notebooks.append(nouns.Notebook(name, folder / f"{name}.ipynb", node, tasks, (), ""))
    return nouns.Assignment("a1", folder, "daily", tuple(notebooks), (), ())


def a_submission(n: int = 1, student: str = "s-0001", **changes) -> nouns.Submission:
    plain = nouns.Submission(
        id=f"01J{student[-4:]:0>20}{n:03d}",
        assignment="a1",
        student=student,
        path=Path("nowhere"),
        received=f"2026-03-0{n}T09:00:00.123456+00:00",
        sha256="0" * 64,
        release=1,
    )
    return replace(plain, **changes)


def criterion(name: str, status: str, points: float, most: float, **more):
    return nouns.CriterionResult(
        name,
        nouns.Status(status),
        points,
        most,
        more.pop("demand", name),
        more.pop("hidden", False),
        **more,
    )


def a_result(
    submission: nouns.Submission,
    *,
    doubles: float = 2.0,
    unseen: float | None = 3.0,
    y: float = 1.0,
    why: bool = True,
) -> nouns.Result:
    """`unseen=None` makes that criterion an error of ours; `why=False`: left as it was."""
    hidden = (
        criterion("unseen", "error", 0, 3, hidden=True, error="OSError")
        if unseen is None
        else criterion("unseen", "passed" if unseen == 3 else "failed", unseen, 3, hidden=True)
    )
    double = nouns.TaskResult(
        "double",
        nouns.TaskKind.CRITERIA,
        5,
        (criterion("doubles", "passed" if doubles == 2 else "failed", doubles, 2), hidden),
    )
    manual = nouns.TaskResult("why", nouns.TaskKind.MANUAL, 4, attempted=why)
    drawn = nouns.TaskResult("draw", nouns.TaskKind.MANUAL, 2)
    last = nouns.TaskResult(
        "y", nouns.TaskKind.ASSERTS, 1, (criterion("y_1", "passed" if y else "failed", y, 1),)
    )
    return nouns.Result(
        submission.id,
        "a1",
        submission.student,
        1,
        (
            nouns.NotebookResult("doubling", (double, manual, drawn), run="r1"),
            nouns.NotebookResult("second", (last,), run="r2"),
        ),
    )
