"""The texts of an assignment in its author's words, with their readers.

Students read these in their notebook: passages of markdown; demands; the author's texts in visible
criteria (`hint=` and the like); and strings marked `translated("...")` in locked cells and helper
files. Only staff read the hints of mistakes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from autograder.notebook.source import markers, names
from autograder.notebook.source.cells import SourceCell, cells_of
from autograder.notebook.source.released_text import released_text
from autograder.notebook.translation.passages import passages
from autograder.nouns import Assignment, Criterion, Notebook, Task, TaskKind

MARK = "translated"  # the function that marks a string of a locked cell or helper file
_SAID = ("hint", "hints", "expected", "got", "next")  # keywords of texts for students
_CALLED = ("name", "fn", "which")  # names of values; a translatable one begins with "the "


class Kind(str, Enum):
    """Kind of a text."""

    PASSAGE = "text"
    DEMAND = "demand"
    HINT = "hint"
    LABEL = "label"
    TELL = "told of a mistake"

    @property
    def is_template(self) -> bool:
        """True if its {names} are filled in."""
        return self in (Kind.DEMAND, Kind.HINT)


@dataclass(frozen=True)
class Text:
    """One text, with its place and kind."""

    msgid: str
    place: str  # file:cell
    kind: Kind

    @property
    def for_students(self) -> bool:
        return self.kind is not Kind.TELL


def texts(assignment: Assignment) -> Iterator[Text]:
    """Yield every text in the order in which a student meets them, including repetitions."""
    for notebook in assignment.notebooks:
        yield from _of_notebook(notebook)
    for name in assignment.files:
        if name.endswith(".py"):
            source = names.module_text((assignment.path / name).read_bytes())
            yield from _labels(source, name)


def _of_notebook(notebook: Notebook) -> Iterator[Text]:
    tasks = {task.grade_id: task for task in notebook.tasks}
    told: dict[str, list[Text]] = {}  # by the answer that a mistake replaces
    for task in notebook.tasks:
        for mistake in task.mistakes:
            place = f"{notebook.name}.ipynb:{mistake.answer}/{mistake.name}"
            told.setdefault(mistake.answer, []).append(Text(mistake.tell, place, Kind.TELL))
    for cell in cells_of(notebook.node):
        place = f"{notebook.name}.ipynb:{cell.grade_id or cell.id}"
        if cell.kind == "markdown" and cell.role != "mistake":
            shown = released_text(cell)
            yield from (Text(p, place, Kind.PASSAGE) for p in passages(shown) if p != _STUB)
        elif cell.kind == "code" and cell.role in ("setup", "locked"):
            yield from _labels(cell.source, place)
        yield from told.pop(cell.grade_id, ())
        if cell.role == "test" and cell.grade_id in tasks:
            yield from _of_task(tasks[cell.grade_id], cell, place)


_STUB = markers.TEXT_STUB


def _of_task(task: Task, cell: SourceCell, place: str) -> Iterator[Text]:
    for criterion in task.criteria:
        yield Text(criterion.demand, f"{place}/{criterion.name}", Kind.DEMAND)
        if not criterion.hidden and task.kind is TaskKind.CRITERIA:
            yield from _said(criterion, f"{place}/{criterion.name}")
    if cell.kind == "code":
        yield from _labels(markers.replaced(cell.source, _hidden(cell)), place)


def _hidden(cell: SourceCell) -> dict[markers.Region, str]:
    return dict.fromkeys(markers.regions(cell.source, markers.HIDDEN), "")


def _said(criterion: Criterion, place: str) -> Iterator[Text]:
    """Yield the texts of a visible criterion's check that its author wrote."""
    for node in ast.walk(names.parse(criterion.source)):
        if isinstance(node, ast.keyword) and node.arg in _SAID:
            for text in _literals(node.value):
                yield Text(text, place, Kind.HINT)
        elif isinstance(node, ast.keyword) and node.arg in _CALLED:
            for text in _literals(node.value):
                if text.startswith("the "):
                    yield Text(text, place, Kind.HINT)


def _labels(source: str, place: str) -> Iterator[Text]:
    """Yield the strings that are marked for translation."""
    try:
        tree = names.parse(source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node.func) == MARK and node.args:
            yield from (Text(text, place, Kind.LABEL) for text in _literals(node.args[0]))


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _literals(node: ast.expr) -> Iterator[str]:
    """Yield the strings that an expression may give: a literal, in a tuple, or one of two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip():
        yield node.value
    elif isinstance(node, ast.Tuple | ast.List):
        for item in node.elts:
            yield from _literals(item)
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)
