"""What a cell is: its part in the assignment, read from nbgrader's metadata and our tags."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbgrader.utils import compute_checksum

RAISES = "raises-exception"  # Jupyter's tag of a cell that may stop with an error
TAGS = ("setup", "mistake", "train", "slow", "card", RAISES)
GENERATED = "autograder"  # metadata key of what a release writes by itself
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
    task: bool = False  # nbgrader's task cell: described here, answered below, read by a person
    points: Any = None
    tags: frozenset[str] = frozenset()
    generated: str = ""  # "setup", "demands" or "hand_in" in a released notebook
    sealed: bool = False  # in a submission: it is as some release had it
    attachments: Mapping[str, Any] = field(default_factory=dict, hash=False)  # name -> MIME bundle

    @property
    def role(self) -> str:
        """mistake, manual, answer, test, setup, locked or extra: the first that fits."""
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
        """Whether it has a place of its own in every submission (an author's marked cell)."""
        return self.role not in ("mistake", "extra") and not self.generated


def cells_of(node: Any) -> tuple[SourceCell, ...]:
    """The cells of a notebook in order, whatever is in their metadata."""
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
    """Whether the cell's text is the one that nbgrader's checksum in it was made of."""
    marks = as_dict(as_dict(cell.get("metadata")).get("nbgrader"))
    if not isinstance(marks.get("checksum"), str):
        return False
    try:
        whole = nbformat.from_dict({**cell, "source": text_of(cell.get("source"))})
        return bool(compute_checksum(whole) == marks["checksum"])
    except (AttributeError, KeyError, TypeError, ValueError):  # metadata of somebody's making
        return False


def as_dict(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def text_of(source: Any) -> str:
    """A cell's source as one string of valid Unicode, given as a string or a list of lines."""
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    text = source if isinstance(source, str) else ""
    return text.replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8")


def tags_of(metadata: Mapping[str, Any]) -> frozenset[str]:
    """The tags that mean something to us."""
    tags = metadata.get("tags")
    found = tags if isinstance(tags, list) else []
    return frozenset(tag for tag in found if isinstance(tag, str) and tag in TAGS)


def cell_id(cell: Mapping[str, Any]) -> str:
    """The id that a front end gave the cell (Colab keeps it in the metadata), or nothing."""
    for value in (cell.get("id"), as_dict(cell.get("metadata")).get("id")):
        if isinstance(value, str) and _ID.match(value):
            return value
    return ""


def derived_id(seed: str) -> str:
    """A cell id made of nothing but the seed, the same at every release."""
    return hashlib.sha256(seed.encode()).hexdigest()[:12]


def normal(text: str) -> str:
    """The text without what front ends change: ends of lines and of the cell, Colab's title."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return "\n".join(lines[1:] if lines and lines[0].startswith("#@title") else lines).strip()


def write_node(node: Any) -> str:
    """The notebook as nbformat writes it, the same text for the same cells."""
    return str(nbformat.writes(node)) + "\n"
