"""Kept values that replace training cells, in courses that do not retrain when grading.

Of each cell tagged `train` only imports and definitions are run. Kept values that the cell names
replace the rest. Kept values that no such cell names come with the last of them.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.evidence import saved_work
from autograder.evidence.saved_work import SavedWork, Unkeepable
from autograder.language import translate
from autograder.notebook.source import names
from autograder.notebook.submission.merging import Cell, Merged
from autograder.nouns import fill

TRAIN = "train"


@dataclass(frozen=True)
class Instead:
    """Kept work that replaces training in one notebook."""

    restored: Mapping[int, tuple[str, ...]]  # place in Merged.cells -> names of kept values
    lost: Mapping[int, Mapping[str, str]]  # names it assigns that were not kept -> reason
    sources: Mapping[int, str]  # the part of the cell that still runs
    weights: Mapping[str, str] = field(default_factory=dict)  # digests of the kept models' weights
    notes: tuple[str, ...] = ()


def instead_of_training(merged: Merged, folder: Path) -> Instead | None:
    """Return what to restore in place of the training cells; None if there are none."""
    places = [place for place, cell in enumerate(merged.cells) if TRAIN in cell.tags]
    if not places:
        return None
    shelf, problems = _shelf(folder / saved_work.FOLDER)
    restored = dict(_restored(merged.cells, places, shelf))
    lost = {place: _lost(merged.cells[place], shelf, problems) for place in places}
    sources = {place: _definitions(merged.cells[place].source) for place in places}
    weights = {name: _weights(one) for name, one in sorted(shelf.items()) if one.is_model}
    cells = [merged.cells[place] for place in places]
    return Instead(restored, lost, sources, weights, tuple(_notes(cells, restored, problems)))


def _shelf(folder: Path) -> tuple[dict[str, SavedWork], dict[str, str]]:
    """Return the kept values by name, and the unreadable ones with the reason."""
    shelf, problems = dict[str, SavedWork](), dict[str, str]()
    for name in saved_work.names(folder):
        try:
            shelf[name] = saved_work.read(folder, name)
        except Unkeepable as problem:
            problems[name] = problem.fact
    return shelf, problems


def _restored(
    cells: Sequence[Cell], places: Sequence[int], shelf: Mapping[str, SavedWork]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    mentioned = {place: _mentioned(cells[place].source) for place in places}
    anywhere = set().union(*mentioned.values())
    for place in places:
        rest = [n for n in shelf if n not in anywhere] if place == places[-1] else []
        yield place, tuple(sorted([*(n for n in shelf if n in mentioned[place]), *rest]))


def _parsed(source: str) -> ast.Module:
    try:
        return names.parse(source)
    except SyntaxError:
        return ast.Module([], [])


def _mentioned(source: str) -> set[str]:
    return {node.id for node in ast.walk(_parsed(source)) if isinstance(node, ast.Name)}


def _definitions(source: str) -> str:
    """Return the imports, functions and classes of a cell; they train nothing."""
    return "\n".join(ast.unparse(n) for n in _parsed(source).body if isinstance(n, _DEFINING))


_DEFINING = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def _lost(
    cell: Cell, shelf: Mapping[str, SavedWork], problems: Mapping[str, str]
) -> dict[str, str]:
    """Return the names that the cell would assign and that were not kept, with the reason."""
    assigned = names.bound(cell.source) - names.bound(_definitions(cell.source))
    broken = problems.keys() & _mentioned(cell.source)
    return {
        name: problems.get(name)
        or fill(
            translate(
                "training is not repeated when grading, and keep({name}={name}) left nothing"
            ),
            {"name": name},
        )
        for name in sorted(assigned | broken)
        if name not in shelf
    }


def _weights(one: SavedWork) -> str:
    """Return a digest of all numbers of a model; equal models have equal digests."""
    digest = hashlib.sha256()
    for buffer in one.buffers:
        digest.update(buffer)
    return digest.hexdigest()


def _notes(
    cells: Sequence[Cell], restored: Mapping[int, tuple[str, ...]], problems: Mapping[str, str]
) -> Iterator[str]:
    told = sorted({name for many in restored.values() for name in many})
    numbers = ", ".join(str(cell.number) for cell in cells if cell.number)
    if told:
        text = translate("Not retrained: kept work ({names}) took the place of cell {cells}.")
    else:
        text = translate("Not retrained: cell {cells} was not run, and no kept work was handed in.")
    yield fill(text, {"names": ", ".join(told), "cells": numbers})
    for name, problem in sorted(problems.items()):
        text = translate("Kept work {name} could not be used: {problem}.")
        yield fill(text, {"name": name, "problem": problem})
