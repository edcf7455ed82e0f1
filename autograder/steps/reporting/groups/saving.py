"""Saving of a group's exemplar as a `mistake` cell in the source, tested at every validation."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder import atomic_files
from autograder.config import Course
from autograder.errors import AutograderError, NotFound
from autograder.notebook.source.cells import derived_id, tags_of
from autograder.notebook.source.reading import read_notebook
from autograder.nouns import Notebook, Task
from autograder.steps.assignments import find_source, find_task
from autograder.steps.reporting.groups import trees
from autograder.steps.reporting.groups.mistakes import solution_of

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}\Z")


def wrong_cell(notebook: Notebook, code: Mapping[str, str]) -> str:
    """Return the answer cell least like the author's own, which must hold the mistake."""
    found = {
        cell: trees.likeness(trees.pieces(text), trees.pieces(solution_of(notebook, cell)))
        for cell, text in code.items()
    }
    return min(found, key=lambda cell: found[cell], default="")


def save_mistake(
    course: Course,
    assignment: str,
    notebook: str,
    task: str,
    *,
    name: str,
    fails: Sequence[str],
    tell: str,
    code: Mapping[str, str],
) -> Path:
    """Insert the mistake below the answer it replaces, and return the source notebook's path.

    Raises AutograderError, with the reader's message, if the notebook would become invalid; the
    file is then unchanged. The file is replaced atomically.
    """
    known = find_task(find_source(course, assignment), notebook, task)
    if known is None:
        raise NotFound(f"the source of {assignment} has no task {task!r} that can be read")
    if not NAME.match(name):
        raise AutograderError(
            "a mistake's name is letters, digits and _", way_out="name it as in no_skips"
        )
    own, its_task = known
    if name in {mistake.name for mistake in its_task.mistakes}:
        raise AutograderError(f"{task} has a mistake {name!r} already", way_out="name it otherwise")
    cell = wrong_cell(own, code)
    text = "\n".join((*_header(name, fails, tell), "", code.get(cell, "").strip()))
    node = json.loads(own.path.read_bytes())
    _insert(node, its_task, cell, text, seed=f"{task}/{name}")
    data = json.dumps(node, ensure_ascii=False, indent=1).encode() + b"\n"
    _must_be_valid(own.path, data)
    atomic_files.write(own.path, data, mode=own.path.stat().st_mode & 0o777)
    return own.path


def _header(name: str, fails: Sequence[str], tell: str) -> list[str]:
    words = " ".join(tell.split())
    first, *more = textwrap.wrap(f"tell: {words}", 96) or ["tell:"]
    return [
        f"# mistake: {name}",
        f"# fails: {', '.join(fails)}",
        f"# {first}",
        *(f"#   {line}" for line in more),
    ]


def _insert(node: Any, task: Task, answer: str, text: str, *, seed: str) -> None:
    """Insert the cell after the answer and the mistakes that already follow it."""
    cells = node["cells"]
    at = next((n for n, cell in enumerate(cells) if _grade_id(cell) == answer), None)
    if at is None:
        raise NotFound(f"the source has no answer {answer or task.grade_id!r}")
    while at + 1 < len(cells) and "mistake" in tags_of(cells[at + 1].get("metadata", {})):
        at += 1
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": derived_id(seed),
        "metadata": {"tags": ["mistake"]},
        "outputs": [],
        "source": text.splitlines(keepends=True),
    }
    if "id" not in cells[at]:
        del cell["id"]  # an older notebook without cell ids
    cells.insert(at + 1, cell)


def _grade_id(cell: Mapping[str, Any]) -> str:
    return str(cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", ""))


def _must_be_valid(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.tried")
    atomic_files.write(beside, data)
    try:
        _, problems = read_notebook(beside)
    finally:
        beside.unlink(missing_ok=True)
    if problems:
        raise AutograderError(problems[0].fact, way_out=problems[0].way_out)
