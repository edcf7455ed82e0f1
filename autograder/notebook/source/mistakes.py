"""Mistake cells: a known wrong answer, the criteria that must fail on it, and a hint.

The header of such a cell follows; `tell` may continue on lines indented by two spaces:

> # mistake: no_skips
> # fails: skip_joins, class_iou
> # tell: The decoder never sees the fine detail. Concatenate the encoder's maps
> #   of the same size.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.errors import AuthoringError
from autograder.notebook.source.cells import SourceCell
from autograder.notebook.source.problems import Place
from autograder.nouns import Mistake, Task

_KEY = re.compile(r"#\s*(mistake|fails|tell)\s*:\s*(.*)")
_MORE = re.compile(r"#\s{2,}(\S.*)")
_HEADER = "begin the cell with `# mistake: NAME`, `# fails: CRITERION, ...`, `# tell: ...`"


@dataclass(frozen=True)
class Header:
    """The first lines of a mistake cell, and the code below them."""

    name: str
    fails: tuple[str, ...]
    tell: str
    code: str


def read_header(source: str) -> Header:
    """Return the header of a mistake cell; missing parts are empty."""
    found: dict[str, str] = {}
    lines = source.strip("\n").split("\n")
    last = ""
    for index, line in enumerate(lines):
        key, more = _KEY.match(line), _MORE.match(line)
        if key and key[1] not in found:
            last = key[1]
            found[last] = key[2].strip()
        elif more and last:
            found[last] += " " + more[1].strip()
        else:
            return _header(found, lines[index:])
    return _header(found, [])


def _header(found: dict[str, str], rest: list[str]) -> Header:
    fails = tuple(name for name in re.split(r"[,\s]+", found.get("fails", "")) if name)
    return Header(found.get("mistake", ""), fails, found.get("tell", ""), "\n".join(rest).strip())


def read_mistake(
    cell: SourceCell, answer: str, sharing: Sequence[Task], place: Place
) -> tuple[list[Mistake], list[AuthoringError]]:
    """Return the mistake for each task that shares its answer, and its problems."""
    header = read_header(cell.source)
    wrong: list[tuple[str, str]] = []
    missing = [
        f"# {key}:"
        for key, value in (("mistake", header.name), ("fails", header.fails), ("tell", header.tell))
        if not value
    ]
    if missing:
        wrong.append((f"this mistake has no line {', '.join(missing)}", _HEADER))
    if not header.code:
        wrong.append(("this mistake has no code", "write the wrong answer below its header"))
    if not answer:
        wrong.append(
            ("this mistake comes before any answer", "move it below the answer it replaces")
        )
    known = [c.name for task in sharing for c in task.criteria]
    wrong += [
        (
            f"mistake {header.name!r} names a criterion {name!r} that its task has not",
            f"use one of {', '.join(known)}" if known else "give the task criteria",
        )
        for name in header.fails
        if answer and name not in known
    ]
    mistakes = [
        Mistake(
            name=header.name,
            task=task.grade_id,
            answer=answer,
            fails=tuple(n for n in header.fails if n in {c.name for c in task.criteria}),
            tell=header.tell,
            code=header.code,
            slow="slow" in cell.tags,
        )
        for task in sharing
        if any(n in {c.name for c in task.criteria} for n in header.fails)
    ]
    return mistakes, [place.problem(fact, way_out) for fact, way_out in wrong]
