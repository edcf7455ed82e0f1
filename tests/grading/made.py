"""Small notebooks made in a few lines, for tests of running and checking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat

from autograder.evidence.record import CellRecord, Evidence
from autograder.evidence.store import Store
from autograder.notebook.source.reading import read_notebook
from autograder.notebook.submission.merging import Merged, merge
from autograder.nouns import Limits, Notebook
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.steps.grading.pipeline import run
from autograder.steps.grading.pipeline.plan import plan
from autograder.steps.grading.pipeline.student_process import StudentProcess

QUICK = Limits(cpu_seconds=60, cell_seconds=20, memory_mb=2048)


def code(source: str, grade_id: str = "", *, tags: Sequence[str] = (), **marks: Any) -> Any:
    """A code cell; with a grade_id it carries nbgrader's marks."""
    metadata: dict[str, Any] = {"tags": list(tags)} if tags else {}
    if grade_id:
        metadata["nbgrader"] = {
            "grade_id": grade_id,
            "schema_version": 3,
            "grade": False,
            "solution": False,
            "locked": False,
            "task": False,
            **marks,
        }
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def setup(source: str, grade_id: str = "setup") -> Any:
    return code(source, grade_id, tags=["setup"], locked=True)


def answer(source: str, grade_id: str = "answer") -> Any:
    return code(source, grade_id, solution=True)


def test(source: str, grade_id: str, points: float) -> Any:
    return code(source, grade_id, grade=True, locked=True, points=points)


test.__test__ = False  # type: ignore[attr-defined]


def write(folder: Path, cells: Sequence[Any], name: str = "nb") -> Path:
    """The cells as a notebook file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    node = nbformat.v4.new_notebook(cells=list(cells))
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    for index, cell in enumerate(node.cells):
        cell["id"] = f"cell-{index}"
    nbformat.write(node, path)
    return path


def source(folder: Path, cells: Sequence[Any]) -> Notebook:
    """The cells read as an author's notebook; fails on any authoring error."""
    notebook, problems = read_notebook(write(folder, cells))
    assert notebook is not None
    assert not problems, "\n".join(map(str, problems))
    return notebook


def handed_in(notebook: Notebook, folder: Path, answers: Mapping[str, str]) -> Merged:
    """The notebook merged with other answers."""
    node = nbformat.from_dict(notebook.node)
    for cell in node.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if grade_id in answers:
            cell.source = answers[grade_id]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "handed_in.ipynb"
    nbformat.write(node, path)
    return merge(notebook, path)


def run_cells(
    server: WarmServer,
    tmp_path: Path,
    sources: Sequence[str],
    *,
    limits: Limits = QUICK,
    files: Mapping[str, bytes] | None = None,
) -> tuple[Evidence, Store]:
    """What a student's own cells leave."""
    cells = [answer("pass"), test("assert True", "t", 1)]
    notebook = source(tmp_path / "source", cells)
    path = write(tmp_path / "in", [*[code(s) for s in sources], *cells])
    store = Store(tmp_path / "evidence")
    planned = plan("s", notebook, merge(notebook, path), files or {}, limits)
    evidence, live = run.run(server, planned, store)
    close(live)
    return evidence, store


def close(live: StudentProcess | None) -> None:
    if live is not None:
        live.close()


def extra(evidence: Evidence) -> list[CellRecord]:
    """The records of a student's own cells."""
    return [cell for cell in evidence.cells if not cell.grade_id]
