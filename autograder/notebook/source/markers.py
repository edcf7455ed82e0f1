"""nbgrader's markers in a cell: solution regions and hidden tests, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SOLUTION = "SOLUTION"
HIDDEN = "HIDDEN TESTS"
MARK_SCHEME = "MARK SCHEME"
CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
TEXT_STUB = "YOUR ANSWER HERE"


@dataclass(frozen=True)
class Region:
    """Lines first..last of a cell, counted from 1, both markers included."""

    first: int
    last: int
    indent: str = ""

    def holds(self, first: int, last: int | None = None) -> bool:
        return self.first <= first and (last or first) <= self.last

    def touches(self, first: int, last: int) -> bool:
        return self.first <= last and first <= self.last


def regions(source: str, what: str) -> tuple[Region, ...]:
    """Return the closed regions of one kind, without unbalanced ones (see `unbalanced`)."""
    found, start = [], 0
    lines = source.split("\n")
    for number, line in enumerate(lines, 1):
        if f"BEGIN {what}" in line:
            start = start or number
        elif f"END {what}" in line and start:
            found.append(Region(start, number, _indent(lines[start - 1])))
            start = 0
    return tuple(found)


def unbalanced(source: str, what: str) -> Iterator[str]:
    """Yield a sentence for each marker of this kind without a partner."""
    start = 0
    for number, line in enumerate(source.split("\n"), 1):
        if f"BEGIN {what}" in line:
            if start:
                yield f"line {number} begins {what} inside the one begun in line {start}"
            start = start or number
        elif f"END {what}" in line:
            if not start:
                yield f"line {number} ends {what} that never began"
            start = 0
    if start:
        yield f"{what} begun in line {start} never ends"


def without_solutions(source: str, kind: str) -> str:
    """Return an answer as the student gets it: each solution region as nbgrader's stub.

    A cell without regions is all solution (nbgrader's rule).
    """
    stub = CODE_STUB if kind == "code" else TEXT_STUB
    found = regions(source, SOLUTION)
    if not found:
        return stub
    return replaced(source, {r: "\n".join(r.indent + s for s in stub.split("\n")) for r in found})


def replaced(source: str, texts: dict[Region, str]) -> str:
    """Return the source with each region replaced by its text; an empty text leaves no line."""
    lines = source.split("\n")
    kept: list[str] = []
    at = 1
    for region in sorted(texts, key=lambda r: r.first):
        kept += lines[at - 1 : region.first - 1]
        kept += [texts[region]] if texts[region] else []
        at = region.last + 1
    return "\n".join(kept + lines[at - 1 :])


def inner_lines(source: str, what: str) -> list[str]:
    """Return the lines inside the regions of one kind, without the markers."""
    lines = source.split("\n")
    return [line for r in regions(source, what) for line in lines[r.first : r.last - 1]]


def _indent(line: str) -> str:
    match = re.match(r"\s*", line)
    return match.group(0) if match else ""
