"""Merging of answer cells that were run into the notebook saved last, or else released."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from autograder.notebook.source.names import tree_of

Cell = dict[str, Any]


def with_answers(
    released: Path, saved: Mapping[str, Mapping[str, Any]], ran: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of each notebook that has a save or a run cell.

    `saved` is the last save of each whole notebook, `ran` the cells that were run. A cell run after
    the save replaces the answer cell with its id, or else the one that defines the same names.
    """
    later: dict[str, list[Mapping[str, Any]]] = {}
    for cell in sorted(ran, key=lambda one: str(one["at"])):
        name = str(cell["name"])
        if name not in saved or cell["at"] > saved[name]["at"]:
            later.setdefault(name, []).append(cell)
    for name in dict.fromkeys((*saved, *later)):
        text = str(saved[name]["text"]) if name in saved else _released(released, name)
        if text is not None:
            yield name, _filled(text, later.get(name, ()))


def _released(folder: Path, name: str) -> str | None:
    there = {path.stem: path for path in folder.glob("*.ipynb")}
    return there[name].read_text(encoding="utf-8") if name in there else None


def _filled(text: str, ran: Iterable[Mapping[str, Any]]) -> str:
    notebook = json.loads(text)
    answers = [cell for cell in notebook["cells"] if _is_answer(cell)]
    changed = False
    for one in ran:
        found = _by_id(answers, str(one["cell"])) or _by_names(answers, str(one["source"]))
        if found is not None:
            found["source"], changed = str(one["source"]), True
    return json.dumps(notebook, ensure_ascii=False, indent=1) if changed else text


def _is_answer(cell: Any) -> bool:
    try:
        return cell["metadata"]["nbgrader"]["solution"] is True and cell["cell_type"] == "code"
    except (KeyError, TypeError):
        return False


def _by_id(answers: list[Cell], id_: str) -> Cell | None:
    return next((cell for cell in answers if id_ and cell.get("id") == id_), None)


def _by_names(answers: list[Cell], source: str) -> Cell | None:
    """Return the answer cell that shares the most names with the run code; None if two tie."""
    mine = _defined(source)
    scored = sorted(
        ((len(mine & _defined(_text(cell))), at) for at, cell in enumerate(answers)), reverse=True
    )
    if not scored or scored[0][0] == 0:
        return None
    if len(scored) > 1 and scored[1][0] == scored[0][0]:
        return None
    return answers[scored[0][1]]


def _text(cell: Cell) -> str:
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))


def _defined(source: str) -> set[str]:
    """Return the names that the cell's top-level statements define."""
    try:
        body = tree_of(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(statement.name)
        elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                found |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    return found
