"""A student's cells as they were graded, and the source they answer: what staff's pages read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder.config import Course
from autograder.errors import AutograderError, NotFound
from autograder.notebook.reading import read_assignment
from autograder.nouns import Assignment, Notebook, Task

CAP = 64 << 20  # bytes of one notebook that was graded


@dataclass(frozen=True)
class ShownCell:
    """One cell of a graded notebook, with its outputs as nbformat has them; still to be cleaned."""

    grade_id: str
    kind: str
    source: str
    role: str  # answer, test, locked or own
    outputs: tuple[Mapping[str, Any], ...] = ()


def source_of(course: Course, assignment: str) -> Assignment | None:
    """The assignment as its author has it now; None if it cannot be read."""
    folder = course.source / assignment
    files = sorted(folder.glob("*.ipynb")) if folder.is_dir() else []
    stamps = tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files)
    return _source(folder, course.kind_of(assignment), stamps) if stamps else None


@lru_cache(maxsize=16)
def _source(
    folder: Path, kind: str, _stamps: tuple[tuple[str, int, int], ...]
) -> Assignment | None:
    try:
        return read_assignment(folder, kind=kind)
    except AutograderError:
        return None


def task_in(source: Assignment | None, notebook: str, task: str) -> tuple[Notebook, Task] | None:
    """One task of the source, with its notebook; None if there is none."""
    for one in source.notebooks if source else ():
        for found in one.tasks:
            if (one.name, found.grade_id) == (notebook, task):
                return one, found
    return None


def graded_cells(course: Course, assignment: str, notebook: str, student: str) -> list[ShownCell]:
    """The cells of a student's notebook as it was graded last; NotFound if there is none."""
    path = course.autograded / student / assignment / f"{notebook}.ipynb"
    try:
        if path.stat().st_size > CAP:
            raise NotFound("this notebook is too large to be shown")
        node = json.loads(path.read_bytes())
        return [_cell(cell) for cell in node["cells"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotFound("this notebook was not graded, or nothing of it can be shown") from error


def _cell(cell: Mapping[str, Any]) -> ShownCell:
    marks = cell.get("metadata", {}).get("nbgrader") or {}
    solution, grade = bool(marks.get("solution")), bool(marks.get("grade"))
    role = "answer" if solution else "test" if grade else "locked" if marks else "own"
    source = cell.get("source", "")
    return ShownCell(
        grade_id=str(marks.get("grade_id", "")),
        kind=str(cell.get("cell_type", "")),
        source="".join(source) if isinstance(source, list) else str(source),
        role=role,
        outputs=tuple(cell.get("outputs", ())),
    )


def answer_code(cells: list[ShownCell], answers: tuple[str, ...]) -> dict[str, str]:
    """The code of a task's answer cells, by grade_id."""
    return {c.grade_id: c.source for c in cells if c.role == "answer" and c.grade_id in answers}


def cells_of_task(cells: list[ShownCell], task: str, answers: tuple[str, ...]) -> list[ShownCell]:
    """The cells that answer a task, what the student put between them included.

    For a task cell of nbgrader's, whose answer stands below it: what is below it.
    """
    places = [n for n, cell in enumerate(cells) if cell.grade_id in answers and cell.grade_id]
    if not places:
        at = next((n for n, cell in enumerate(cells) if cell.grade_id == task), len(cells))
        below = []
        for cell in cells[at + 1 :]:
            if cell.role != "own":
                break
            below.append(cell)
        return below
    first, last = min(places), max(places)
    found = [c for c in cells[first : last + 1] if c.role == "own" or c.grade_id in answers]
    for cell in cells[last + 1 :]:
        if cell.role != "own":
            break
        found.append(cell)
    return found
