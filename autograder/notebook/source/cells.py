"""Cells of a notebook and their roles, read from nbgrader's metadata and our tags."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbgrader.utils import compute_checksum

RAISES = "raises-exception"  # Jupyter's tag of a cell that may raise an error
TAGS = ("setup", "mistake", "train", "slow", "card", RAISES)
GENERATED = "autograder"  # metadata key of cells that a release generates
NBGRADER_KEYS = frozenset(
    {"schema_version", "grade_id", "grade", "solution", "locked", "task", "points"}
    | {"cell_type", "checksum"}
)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


@dataclass(frozen=True)
class SourceCell:
    """One cell as its author marked it; `number` counts from 1 over the whole notebook."""

    number: int
    id: str
    kind: str  # "code", "markdown" or "raw"
    source: str
    grade_id: str = ""
    grade: bool = False
    solution: bool = False
    locked: bool = False
    task: bool = False  # nbgrader's task cell: described here, answered below, graded by a person
    points: Any = None
    tags: frozenset[str] = frozenset()
    generated: str = ""  # "setup", "demands" or "hand_in" in a released notebook
    sealed: bool = False  # in a submission: unchanged since some release
    attachments: Mapping[str, Any] = field(default_factory=dict, hash=False)  # name -> MIME bundle

    @property
    def role(self) -> str:
        """The first that fits of: mistake, manual, answer, test, setup, locked, extra."""
        if "mistake" in self.tags:
            return "mistake"
        if self.task or (self.grade and self.solution):
            return "manual"
        if self.solution:
            return "answer"
        if self.grade:
            return "test"
        if not self.locked:
            return "extra"
        return "setup" if "setup" in self.tags else "locked"

    @property
    def kept(self) -> bool:
        """True for an author's marked cell, which has its own place in every submission."""
        return self.role not in ("mistake", "extra") and not self.generated


def cells_of(node: Any) -> tuple[SourceCell, ...]:
    """Return the cells of a notebook in order, whatever their metadata."""
    return tuple(_cell(number, cell) for number, cell in enumerate(node.cells, 1))


def _cell(number: int, cell: Mapping[str, Any]) -> SourceCell:
    metadata = as_dict(cell.get("metadata"))
    marks = as_dict(metadata.get("nbgrader"))
    grade_id = marks.get("grade_id")
    return SourceCell(
        number=number,
        id=cell_id(cell),
        kind=str(cell.get("cell_type")),
        source=text_of(cell.get("source")),
        grade_id=grade_id if isinstance(grade_id, str) else "",
        grade=marks.get("grade") is True,
        solution=marks.get("solution") is True,
        locked=marks.get("locked") is True and marks.get("solution") is not True,
        task=marks.get("task") is True,
        points=marks.get("points"),
        tags=tags_of(metadata),
        generated=str(as_dict(metadata.get(GENERATED)).get("generated", "")),
        sealed=as_dict(metadata.get(GENERATED)).get("sealed") is True,
        attachments=as_dict(cell.get("attachments")),
    )


def is_sealed(cell: Mapping[str, Any]) -> bool:
    """Return True if the cell's text still matches its nbgrader checksum."""
    marks = as_dict(as_dict(cell.get("metadata")).get("nbgrader"))
    if not isinstance(marks.get("checksum"), str):
        return False
    try:
        whole = nbformat.from_dict({**cell, "source": text_of(cell.get("source"))})
        return bool(compute_checksum(whole) == marks["checksum"])
    except (AttributeError, KeyError, TypeError, ValueError):  # student-made metadata
        return False


def as_dict(value: Any) -> Mapping[str, Any]:
    """Return the value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def text_of(source: Any) -> str:
    """Return a cell's source, a string or a list of lines, as one string of valid Unicode."""
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    text = source if isinstance(source, str) else ""
    return text.replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8")


def tags_of(metadata: Mapping[str, Any]) -> frozenset[str]:
    """Return those tags that the autograder uses."""
    tags = metadata.get("tags")
    found = tags if isinstance(tags, list) else []
    return frozenset(tag for tag in found if isinstance(tag, str) and tag in TAGS)


def cell_id(cell: Mapping[str, Any]) -> str:
    """Return the id that a front end gave the cell (Colab keeps it in the metadata), or ""."""
    for value in (cell.get("id"), as_dict(cell.get("metadata")).get("id")):
        if isinstance(value, str) and _ID.match(value):
            return value
    return ""


def derived_id(seed: str) -> str:
    """Return a cell id that depends on the seed only, so that every release has the same."""
    return hashlib.sha256(seed.encode()).hexdigest()[:12]


def normal(text: str) -> str:
    """Return the text without front ends' changes: trailing space, blank ends, Colab's title."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return "\n".join(lines[1:] if lines and lines[0].startswith("#@title") else lines).strip()


def write_node(node: Any) -> str:
    """Return the notebook as nbformat's text; equal cells give equal text."""
    return str(nbformat.writes(node)) + "\n"
