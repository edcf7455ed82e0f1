"""A student's graded cells and their source, as the staff's pages read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.config import Course
from autograder.errors import BrokenSubmission, NotFound
from autograder.evidence import record, results
from autograder.evidence.store import Store
from autograder.gradebook import criterion_scores
from autograder.notebook.submission.merging import merge
from autograder.steps.assignments import find_source
from autograder.steps.grading.collect import shelf_of
from autograder.steps.grading.grade import outputs

CAP = 64 << 20  # bytes of one graded notebook


@dataclass(frozen=True)
class ShownCell:
    """One cell of a graded notebook, with its nbformat outputs; not sanitized yet."""

    grade_id: str
    kind: str
    source: str
    role: str  # answer, test, locked or own
    outputs: tuple[Mapping[str, Any], ...] = ()
    pictures: tuple[str, ...] = ()  # in its text, as the base64 that was submitted


@dataclass(frozen=True)
class Graded:
    """A student's notebook; `older` if it had to be shown as of another submission."""

    cells: tuple[ShownCell, ...]
    older: bool = False


def graded(
    course: Course, assignment: str, notebook: str, student: str, submission: str = ""
) -> Graded:
    """Return the cells of the submission that counts, with their outputs.

    The submission graded last is stored for formgrader; if another one counts, it is merged again.
    Raises NotFound if there are no cells.
    """
    newest = _newest(course, assignment, student)
    if submission and newest and newest != submission:
        cells = _merged(course, assignment, notebook, student, submission)
        if cells:
            return Graded(cells)
    path = course.autograded / student / assignment / f"{notebook}.ipynb"
    try:
        if path.stat().st_size > CAP:
            raise NotFound("this notebook is too large to be shown")
        node = json.loads(path.read_bytes())
        cells = tuple(_cell(cell) for cell in node["cells"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = _broken(course, assignment, notebook, student)
        raise NotFound(
            why or "this notebook was not graded, or nothing of it can be shown"
        ) from error
    return Graded(cells, older=bool(submission and newest and newest != submission))


def _broken(course: Course, assignment: str, notebook: str, student: str) -> str:
    """Return the reason the student's notebook could not be read; "" if it could."""
    result = results.load(course.state, assignment, student)
    found = (n.broken for n in result.notebooks if n.notebook == notebook) if result else ()
    return next(iter(found), "").partition("\n")[0]


def _newest(course: Course, assignment: str, student: str) -> str:
    """Return the id of the submission graded last; "" if it is unknown."""
    try:
        known = json.loads(results.path_of(course.state, assignment, student).read_bytes())
        return str(known["submission"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _merged(
    course: Course, assignment: str, notebook: str, student: str, submission: str
) -> tuple[ShownCell, ...]:
    """Return the cells of an older submission, merged into the source; () if it is not stored."""
    shelf = shelf_of(course, assignment)
    kept = shelf.read(student, submission)
    source = find_source(course, assignment)
    own = next((n for n in source.notebooks if n.name == notebook), None) if source else None
    if kept is None or own is None:
        return ()
    try:
        node = merge(own, shelf.files(kept) / f"{notebook}.ipynb").node
    except BrokenSubmission:
        return ()
    scores = criterion_scores(course, assignment, student, all_submissions=True)
    run = next((s.run for s in scores if (s.submission, s.notebook) == (submission, notebook)), "")
    evidence = record.find(Store(course.state / "evidence"), run) if run else None
    left = outputs(course, evidence)
    return tuple(
        _cell({**cell, "outputs": left.get(place, ())}) for place, cell in enumerate(node.cells)
    )


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
        pictures=tuple(pictures_in(cell)),
    )


def pictures_in(cell: Mapping[str, Any]) -> Iterator[str]:
    """Yield the pictures attached to a cell, as base64, without unreadable ones."""
    attached = cell.get("attachments")
    for kinds in attached.values() if isinstance(attached, Mapping) else ():
        first = next(iter(kinds.values()), "") if isinstance(kinds, Mapping) else ""
        if isinstance(first, str) and first:
            yield first


def answer_code(cells: Sequence[ShownCell], answers: tuple[str, ...]) -> dict[str, str]:
    """Return the code of a task's answer cells, by grade_id."""
    return {c.grade_id: c.source for c in cells if c.role == "answer" and c.grade_id in answers}


def cells_of_task(
    cells: Sequence[ShownCell], task: str, answers: tuple[str, ...]
) -> list[ShownCell]:
    """Return the cells that answer a task, including the student's own cells between them.

    For an nbgrader task cell, these are the student's own cells below it.
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
