"""A merged notebook → what will be run of it: cells in order, names to capture, files, limits."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from autograder.evidence.store import digest, fingerprint
from autograder.notebook.cells import RAISES
from autograder.notebook.merging import Merged
from autograder.nouns import Limits, Notebook, TaskKind
from autograder.steps.judging.training import Instead


@dataclass(frozen=True)
class Plan:
    """Everything one run depends on: cells, files, limits."""

    submission: str
    notebook: str
    cells: tuple[Mapping[str, Any], ...]  # what is sent, in order
    files: Mapping[str, bytes]  # relative path -> content
    helpers: tuple[str, ...]  # the assignment's own modules
    limits: Limits
    asked_inside: bool = False  # a test runs beside the student's code: the process must stay
    attempt: int = 1  # 2: everything is trained anew
    seed: int = 0  # of the process's global random states; no part of the key

    @property
    def key(self) -> str:
        """What the run is known by: the same code, files and submission make the same key."""
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
    """What will be run of a merged notebook: every code cell but the tests, names to capture.

    With `instead`, kept work comes in the place of training cells.
    """
    asked = {task.grade_id: _names(task) for task in source.tasks}
    places = [place for place, cell in enumerate(merged.node.cells) if cell.cell_type == "code"]
    cells: list[dict[str, Any]] = []
    for index, (place, cell) in enumerate(zip(places, merged.cells, strict=True)):
        if instead is not None and index in instead.restored:
            cells.append({
                "role": "kept", "grade_id": cell.grade_id, "source": instead.sources[index],
                "number": cell.number, "place": place, "names": list(instead.restored[index]),
                "lost": dict(instead.lost[index]),
            })  # fmt: skip
        elif cell.role == "test":
            names = asked.get(cell.grade_id, [])
            cells.append({"role": "test", "grade_id": cell.grade_id, "names": names})
        else:
            cells.append({
                "role": cell.role, "grade_id": cell.grade_id, "source": cell.source,
                "number": cell.number, "place": place,
                **({"may_raise": True} if RAISES in cell.tags else {}),
            })  # fmt: skip
    helpers = tuple(sorted(Path(p).stem for p in files if p.endswith(".py") and "/" not in p))
    inside = any(task.kind is TaskKind.INSIDE for task in source.tasks)
    return Plan(submission, source.name, tuple(cells), files, helpers, limits, inside)


def _names(task: Any) -> list[str]:
    if task.kind in (TaskKind.MANUAL, TaskKind.INSIDE):
        return []
    return list(dict.fromkeys(name for c in task.criteria for name in c.parameters))


def files_beside(folder: Path, authors: Mapping[str, bytes], cap: int) -> dict[str, bytes]:
    """The files beside the notebook, by relative path: the author's, and the student's own.

    Of the student's up to `cap` bytes in all, none in the place of the author's or of a module.
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
    """Whether a student's file would stand before an installed module of that name."""
    name = Path(path).parts[0].removesuffix(".py")
    installed = [folder for folder in sys.path if "packages" in folder]
    return (
        name in sys.stdlib_module_names
        or name == "autograder"
        or (name.isidentifier() and PathFinder.find_spec(name, installed) is not None)
    )
