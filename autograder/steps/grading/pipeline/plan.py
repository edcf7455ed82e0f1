"""A merged notebook → its run plan: cells in order, names to capture, files, limits."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from autograder.evidence.store import digest, fingerprint
from autograder.notebook.source.cells import RAISES
from autograder.notebook.submission.merging import Merged
from autograder.nouns import Limits, Notebook, TaskKind
from autograder.steps.grading.pipeline.training_cells import Instead


@dataclass(frozen=True)
class Plan:
    """Everything that one run depends on."""

    submission: str
    notebook: str
    cells: tuple[Mapping[str, Any], ...]  # the cells to send, in order
    files: Mapping[str, bytes]  # relative path -> content
    helpers: tuple[str, ...]  # the assignment's own modules
    limits: Limits
    asked_inside: bool = False  # a test runs in the student's process: keep it alive
    attempt: int = 1  # 2: the retraining run
    seed: int = 0  # of the process's global random states; not part of the key

    @property
    def key(self) -> str:
        """Key of the run: equal code, files, submission and attempt give an equal key."""
        code = [
            {
                k: v
                for k, v in cell.items()
                if k in ("source", "role", "grade_id", "names", "lost", "may_raise")
            }
            for cell in self.cells
            if cell["role"] != "test"
        ]
        files = {path: digest(data) for path, data in self.files.items()}
        anew = [self.attempt] if self.attempt > 1 else []
        return fingerprint([1, self.submission, self.notebook, code, files, *anew])


def plan(
    submission: str,
    source: Notebook,
    merged: Merged,
    files: Mapping[str, bytes],
    limits: Limits,
    instead: Instead | None = None,
) -> Plan:
    """Plan the run of a merged notebook: all code cells but the tests, and the names to capture.

    With `instead`, kept work replaces training cells.
    """
    asked = {task.grade_id: _names(task) for task in source.tasks}
    places = [place for place, cell in enumerate(merged.node.cells) if cell.cell_type == "code"]
    cells: list[dict[str, Any]] = []
    for index, (place, cell) in enumerate(zip(places, merged.cells, strict=True)):
        if instead is not None and index in instead.restored:
            cells.append(
                {
                    "role": "kept",
                    "grade_id": cell.grade_id,
                    "source": instead.sources[index],
                    "number": cell.number,
                    "place": place,
                    "names": list(instead.restored[index]),
                    "lost": dict(instead.lost[index]),
                }
            )
        elif cell.role == "test":
            names = asked.get(cell.grade_id, [])
            cells.append({"role": "test", "grade_id": cell.grade_id, "names": names})
        else:
            cells.append(
                {
                    "role": cell.role,
                    "grade_id": cell.grade_id,
                    "source": cell.source,
                    "number": cell.number,
                    "place": place,
                    **({"may_raise": True} if RAISES in cell.tags else {}),
                }
            )
    helpers = tuple(sorted(Path(p).stem for p in files if p.endswith(".py") and "/" not in p))
    inside = any(task.kind is TaskKind.INSIDE for task in source.tasks)
    return Plan(submission, source.name, tuple(cells), files, helpers, limits, inside)


def _names(task: Any) -> list[str]:
    if task.kind in (TaskKind.MANUAL, TaskKind.INSIDE):
        return []
    return list(dict.fromkeys(name for c in task.criteria for name in c.parameters))


def files_beside(folder: Path, authors: Mapping[str, bytes], cap: int) -> dict[str, bytes]:
    """Return the files beside the notebook by relative path: the author's and the student's.

    Student files are limited to `cap` bytes in total. One that would replace an author's file or
    shadow a module is left out.
    """
    files, left = dict(authors), cap
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix in (".ipynb", ".whl") or name == "timestamp.txt" or name in authors:
            continue
        if path.is_symlink() or not path.is_file() or path.stat().st_size > left or _shadows(name):
            continue
        files[name] = path.read_bytes()
        left -= len(files[name])
    return files


def _shadows(path: str) -> bool:
    """Return True if a student's file would shadow an installed module."""
    name = Path(path).parts[0].removesuffix(".py")
    installed = [folder for folder in sys.path if "packages" in folder]
    return (
        name in sys.stdlib_module_names
        or name == "autograder"
        or (name.isidentifier() and PathFinder.find_spec(name, installed) is not None)
    )
