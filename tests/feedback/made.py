"""A graded class of one rich submission and a few odd ones, made by hand."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image, ImageDraw

from autograder import gradebook, nouns
from autograder.config import Course
from autograder.config.settings import CourseSettings, FeedbackSettings
from autograder.evidence import results
from autograder.evidence.store import Store
from autograder.nouns import CriterionResult, Message, Status, TaskKind, TaskResult

NOTEBOOK = "n432_segmentation"
SECRET = "SECRET-INPUT-41"

CRITERIA = {
    "masks": (
        nouns.Criterion(
            "shapes",
            "Masks: {n} arrays of shape {shape}",
            2,
            hidden=False,
            settings={"n": 200, "shape": (64, 64, 1)},
        ),
        nouns.Criterion("binary", "Every mask holds only 0 and 1", 2, hidden=False),
    ),
    "unet": (
        nouns.Criterion(
            "mask_shape",
            "Output: one probability per pixel, shape {shape}",
            2,
            hidden=False,
            settings={"shape": (None, 64, 64, 1)},
        ),
        nouns.Criterion(
            "learns",
            "Validation IoU reaches at least {at_least}",
            8,
            hidden=False,
            settings={
                "at_least": 0.8,
                "partial_from": 0.6,
                "baseline": 0.42,
                "right_answers": (0.86, 0.91),
            },
        ),
        nouns.Criterion(
            "unseen_iou",
            "Mean IoU on {n} unseen images is at least {at_least}",
            10,
            hidden=True,
            settings={"n": 200, "at_least": 0.8, "partial_from": 0.6},
        ),
        nouns.Criterion("odd_sizes", "Images of odd sizes are handled", 2, hidden=True),
    ),
    "detect": (
        nouns.Criterion(
            "boxes",
            "find_boxes returns {n} boxes as (top, left, bottom, right)",
            4,
            hidden=False,
            settings={"n": 3},
        ),
        nouns.Criterion(
            "map50",
            "mAP at IoU 0.5 is at least {at_least}",
            6,
            hidden=False,
            settings={"at_least": 0.7},
            after=("boxes",),
        ),
    ),
    "resize": (nouns.Criterion("keeps_ratio", "The aspect ratio is kept", 4, hidden=False),),
}
MANUAL = {"explain": 5.0, "discuss": 3.0}


def the_course(root: Path, *, language: str = "en", hidden: str = "verdict") -> Course:
    return Course(
        root=root,
        settings=CourseSettings(
            name="Deep Learning, spring 2026", language=language, timezone="Asia/Seoul"
        ),
        feedback_settings=FeedbackSettings(hidden=hidden),
    )


def register(course: Course) -> None:
    cells = []
    tasks = []
    for name, criteria in CRITERIA.items():
        points = sum(c.points for c in criteria)
        cells.append(_cell(f"{name}-answer", solution=True))
        cells.append(_cell(name, grade=True, locked=True, points=points))
        tasks.append(nouns.Task(name, points, TaskKind.CRITERIA, (f"{name}-answer",), criteria))
    for name, points in MANUAL.items():
        cells.append(_cell(name, grade=True, solution=True, points=points))
        tasks.append(nouns.Task(name, points, TaskKind.MANUAL, (name,)))
    path = course.source / "n432"
    node = new_notebook(cells=cells)
    nbformat.validate(node)
    notebook = nouns.Notebook(NOTEBOOK, path / f"{NOTEBOOK}.ipynb", node, tuple(tasks), (), "")
    gradebook.register(course, nouns.Assignment("n432", path, "daily", (notebook,), (), ()), 3)


def _cell(name, *, grade=False, solution=False, locked=False, points=None):
    cell = new_code_cell("pass", id=name)
    marks = {
        "grade": grade,
        "grade_id": name,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    cell.metadata["nbgrader"] = marks if points is None else {**marks, "points": points}
    return cell


def found(task: str, name: str, status: Status, points: float, **more) -> CriterionResult:
    known = next(c for c in CRITERIA[task] if c.name == name)
    return CriterionResult(name, status, points, known.points, known.sentence, known.hidden, **more)


def _task(name: str, *criteria: CriterionResult, **more) -> TaskResult:
    most = sum(c.points for c in CRITERIA[name])
    return TaskResult(name, TaskKind.CRITERIA, most, criteria, **more)


def rich_tasks() -> tuple[TaskResult, ...]:
    passed, failed = Status.PASSED, Status.FAILED
    secret = Message(SECRET, SECRET, SECRET, {"x": SECRET})
    return (
        _task(
            "masks",
            found(
                "masks",
                "shapes",
                passed,
                2,
                message=Message("{n} arrays", "200 arrays of shape (64, 64, 1)", "", {"n": 200}),
            ),
            found("masks", "binary", passed, 2),
        ),
        _task(
            "unet",
            found(
                "unet", "mask_shape", passed, 2, message=Message("shape", "(None, 64, 64, 1)", "")
            ),
            found(
                "unet",
                "learns",
                failed,
                4.8,
                score=0.7213,
                attempts=2,
                message=Message(
                    "an IoU of at least {at_least}",
                    "{score}",
                    "Train longer, or add a skip connection: the loss was still "
                    "falling after the last epoch.",
                    {"at_least": "0.8", "score": "0.7213"},
                ),
            ),
            found("unet", "unseen_iou", failed, 5.2, score=0.7041, message=secret),
            found("unet", "odd_sizes", passed, 2, message=secret),
        ),
        _task(
            "detect",
            found(
                "detect",
                "boxes",
                failed,
                0,
                message=Message(
                    "3 boxes",
                    "None: the function returned nothing",
                    "Return the list of boxes at the end of find_boxes.",
                ),
            ),
            found(
                "detect",
                "map50",
                Status.NOT_RUN,
                0,
                message=Message("boxes passes first", "it has not passed yet", "Mend boxes first."),
            ),
        ),
        _task(
            "resize",
            found(
                "resize",
                "keeps_ratio",
                Status.ERROR,
                0,
                error="SandboxFault",
                message=Message("the grader runs", "sandbox died", ""),
            ),
            beside_student_code=True,
        ),
        TaskResult("explain", TaskKind.MANUAL, 5.0),
        TaskResult("discuss", TaskKind.MANUAL, 3.0),
    )


def a_plot(width: int = 640, height: int = 400) -> bytes:
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((50, 20, width - 20, height - 40), outline="black")
    curve = [(50 + 14 * x, int(height - 60 - 260 * (1 - 0.9**x))) for x in range(40)]
    draw.line(curve, fill=(31, 119, 180), width=3)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def rich_result(course: Course, student: str = "s-7f3a") -> nouns.Result:
    plot = Store(course.state / "evidence").put(a_plot())
    other = Store(course.state / "evidence").put(a_plot(640, 300))
    notebook = nouns.NotebookResult(
        NOTEBOOK,
        rich_tasks(),
        cell_errors=(
            nouns.CellError(
                14, "detect-answer", "NameError", "name 'boxs' is not defined", 6, "    return boxs"
            ),
            nouns.CellError(
                17, "", "ValueError", "shapes (64, 64, 1) and (32, 32, 1) do not fit together"
            ),
        ),
        notes=(
            "Cell 9 had lost its mark; it was found again by its text.",
            "Line 1 of cell 2 installs packages (pip install keras): skipped.",
        ),
        usage=nouns.Usage(131.4, 96.2, 1480, 180, 3072),
        figures=(plot, other, "0" * 64),
        tier="A",
        run="r" * 16,
    )
    return nouns.Result(
        f"01J8ZQ4W2M7R5T9XK3BD6{student[-4:].upper()}1"[:26],
        "n432",
        student,
        3,
        (notebook,),
        {"tensorflow": "2.21.0", "keras": "3.15.1"},
    )


def a_submission(result: nouns.Result) -> nouns.Submission:
    return nouns.Submission(
        result.submission,
        result.assignment,
        result.student,
        Path("nowhere"),
        "2026-03-05T08:41:00+00:00",
        "0" * 64,
        result.release,
    )


def keep(course: Course, result: nouns.Result) -> nouns.Result:
    """Records a result in the gradebook and on disk, as grading does."""
    gradebook.record(course, a_submission(result), result)
    results.save(course.state, result)
    return result


def with_notebook(result: nouns.Result, **changes) -> nouns.Result:
    return replace(result, notebooks=(replace(result.notebooks[0], **changes),))
