"""Notebooks in `autograded/<student>/<assignment>/`, which nbgrader's formgrader shows.

They contain the student's cells and outputs, sanitised, because formgrader puts a notebook's HTML
and scripts on the teacher's page unchanged. Test cells are as the student received them, so that
feedback that nbgrader makes from these files does not reveal hidden tests.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_output
from nbgrader.utils import is_grade, is_locked, is_solution

from autograder import atomic_files, sanitize
from autograder.config import Course
from autograder.language import in_words, translate
from autograder.notebook.submission import student_pictures
from autograder.nouns import CriterionResult, NotebookResult, Status, Submission, TaskResult

OUTPUTS_CAP = 200  # outputs of one cell
BEGIN_HIDDEN, END_HIDDEN = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
Outputs = Mapping[int, Sequence[Any]]  # place in node.cells, from 0 -> nbformat outputs


def write_autograded(
    course: Course,
    submission: Submission,
    result: NotebookResult,
    node: Any,
    outputs: Outputs,
) -> Path:
    """Write the notebook that formgrader shows, atomically; return its path.

    `node` is the merged notebook, `outputs` holds the outputs of its cells by index, from 0. Below
    each test cell is a report on its criteria: Expected / Got / Next for those that are not hidden
    and not met.
    """
    folder = course.autograded / submission.student / submission.assignment
    atomic_files.make_private(folder)
    path = folder / f"{result.notebook}.ipynb"
    shown = _shown(node, result, outputs)
    text = nbformat.writes(shown, version=4) + "\n"
    atomic_files.write(path, text.encode("utf-8", "replace"), mode=0o640)
    atomic_files.write(folder / "timestamp.txt", f"{submission.received}\n".encode(), mode=0o640)
    return path


# ── The notebook ─────────────────────────────────────────────────────────────────────


def _shown(node: Any, result: NotebookResult, outputs: Outputs) -> Any:
    shown = deepcopy(node)
    tasks = {task.grade_id: task for task in result.tasks}
    shown.metadata = _plain(
        {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        }
    )
    for place, cell in enumerate(shown.cells):
        left = outputs.get(place, ())
        _clean(cell)
        if cell.cell_type == "code":
            cell.execution_count = place + 1
            cell.outputs = [o for o in map(_output, left[:OUTPUTS_CAP]) if o is not None]
            task = tasks.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
            if task is not None and is_grade(cell) and not is_solution(cell):
                cell.source = _without_hidden(cell.source)
                cell.outputs = [_report(task)]
    return shown


def _clean(cell: Any) -> None:
    marks = cell.metadata.get("nbgrader")
    ours = bool(marks) and is_locked(cell)
    cell.metadata = _plain({"nbgrader": marks} if marks else {})
    if ours:
        return
    if cell.cell_type == "code":
        cell.source = sanitize.text(cell.source, cap=10 * sanitize.TEXT_CAP)
        return
    pictures = {
        name: sanitize.png_of_base64(next(iter(kinds.values()), ""))
        for name, kinds in cell.pop("attachments", {}).items()
    }
    shown = [(name, data) for name, data in pictures.items() if data]
    keys = {name: f"picture-{number}.png" for number, (name, _) in enumerate(shown, 1)}
    text = student_pictures.rewritten(cell.source, lambda name: keys.get(name, ""))
    cell.source = sanitize.markdown(text)
    if keys:
        cell.attachments = _plain({keys[name]: {"image/png": data} for name, data in shown})


def _without_hidden(source: str) -> str:
    lines, hidden = [], False
    for line in source.split("\n"):
        if BEGIN_HIDDEN in line:
            hidden = True
        elif END_HIDDEN in line:
            hidden = False
        elif not hidden:
            lines.append(line)
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    return nbformat.from_dict(value)


# ── Outputs of a cell ────────────────────────────────────────────────────────────────


def _output(output: Any) -> Any | None:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=_text(output.get("text", "")))
    if kind == "error":
        return new_output(
            "error",
            ename=_text(output.get("ename", "")),
            evalue=_text(output.get("evalue", "")),
            traceback=[_text(line) for line in output.get("traceback", ())],
        )
    if kind in {"display_data", "execute_result"}:
        data = _data(output.get("data", {}))
        return new_output("display_data", data=data) if data else None
    return None


def _data(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the sanitised formats of an output; an image or table goes before its text."""
    shown = {}
    for kind in ("image/png", "image/jpeg"):
        picture = sanitize.png_of_base64(data.get(kind))
        if picture:
            shown["image/png"] = picture
    if "text/html" in data and "image/png" not in shown:
        shown["text/html"] = sanitize.html(_joined(data["text/html"]))
    if "text/plain" in data:
        shown["text/plain"] = _text(data["text/plain"])
    return shown


def _text(value: Any) -> str:
    return sanitize.text(_joined(value), colours=True)


def _joined(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


# ── Report below a test cell ─────────────────────────────────────────────────────────

MARKS = {
    Status.PASSED: "✓",
    Status.FAILED: "✗",
    Status.NOT_ATTEMPTED: "–",
    Status.NOT_RUN: "–",
    Status.ERROR: "?",
    Status.UNREADABLE: "?",
}
WORDS = {
    Status.PASSED: "met",
    Status.FAILED: "not met",
    Status.NOT_ATTEMPTED: "not attempted",
    Status.NOT_RUN: "not run yet",
    Status.ERROR: "looked at by a person",
    Status.UNREADABLE: "not readable: looked at by a person",
}


def _report(task: TaskResult) -> Any:
    lines = [_points(task)]
    for criterion in task.criteria:
        lines.extend(_criterion(criterion))
    text = "\n".join(lines)
    return new_output(
        "display_data",
        data={"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>"},
    )


def _points(task: TaskResult) -> str:
    if task.points is None:
        return translate("{grade_id}: waits for a person, of {most:g} points").format(
            grade_id=task.grade_id, most=task.max_points
        )
    return translate("{grade_id}: {points:g} of {most:g} points").format(
        grade_id=task.grade_id, points=task.points, most=task.max_points
    )


def _criterion(criterion: CriterionResult) -> list[str]:
    status = translate(WORDS[criterion.status])
    points = f"{criterion.points:g}/{criterion.max_points:g}"
    head = f"{MARKS[criterion.status]} {sanitize.text(criterion.demand)}  [{status}, {points}]"
    if criterion.hidden or criterion.status is Status.PASSED:
        return [head]
    labels = (translate("Expected"), translate("Got"), translate("Next"))
    said = zip(labels, in_words(criterion.message), strict=True)
    return [head, *(f"    {label}: {sanitize.text(words)}" for label, words in said if words)]
