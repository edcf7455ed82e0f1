"""Rules for every cell of a source notebook; each rule yields the mistakes it finds."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograder.errors import AuthoringError
from autograder.notebook.source import markers, names
from autograder.notebook.source.cells import SourceCell
from autograder.notebook.source.problems import Place

_GRADE_ID = re.compile(r"[A-Za-z0-9_-]+\Z")
_UPDATE = "run `nbgrader update` on this notebook, or mark the cell anew"
_MARK_ANEW = "mark the cell anew in the Create Assignment panel"
_AUTOTEST = re.compile(r"^\s*###\s*(HASHED\s+)?AUTOTEST", re.MULTILINE)
Wrong = Iterator[tuple[str, str]]  # (fact, fix)


def check_cells(node: Any, cells: Sequence[SourceCell], notebook: str) -> Iterator[AuthoringError]:
    """Yield the problems of single cells, and duplicate ids in the notebook."""
    for raw, cell in zip(node.cells, cells, strict=True):
        place = Place(notebook, cell.number, cell.grade_id)
        for fact, way_out in (*_metadata(raw), *_every_rule(cell)):
            yield place.problem(fact, way_out)
    yield from _ids(cells, notebook)


def _every_rule(cell: SourceCell) -> Wrong:
    for rule in RULES:
        yield from rule(cell)


def _ids(cells: Sequence[SourceCell], notebook: str) -> Iterator[AuthoringError]:
    marked = [c for c in cells if c.kept]
    counts = Counter(c.grade_id for c in marked if c.grade_id)
    for cell in marked:
        place = Place(notebook, cell.number, cell.grade_id)
        if counts[cell.grade_id] > 1:
            twins = ", ".join(str(c.number) for c in marked if c.grade_id == cell.grade_id)
            yield place.problem(
                f"the grade_id {cell.grade_id!r} is used by cells {twins}",
                "give each cell its own id in the Create Assignment panel",
            )


def _metadata(raw: Any) -> Wrong:
    """Yield a problem for each nbgrader metadata key that is missing or of the wrong type."""
    marks = raw.metadata.get("nbgrader")
    if marks is None:
        return
    if not isinstance(marks, dict):
        yield f"its nbgrader metadata is {marks!r:.60}, not a table of keys", _MARK_ANEW
        return
    version = marks.get("schema_version")
    if type(version) is not int:
        said = "missing" if version is None else f"{version!r:.60}, not the number 3"
        yield f"schema_version of its nbgrader metadata is {said}", _UPDATE
    elif version != 3:
        yield f"its nbgrader metadata is of schema version {version}, not 3", _UPDATE
    for key in ("grade", "solution", "locked", "task"):
        value = marks.get(key, False if key == "task" else None)
        if type(value) is not bool:
            said = "missing" if key not in marks else f"{value!r:.60}, neither true nor false"
            yield f"{key} of its nbgrader metadata is {said}", _MARK_ANEW
    grade_id = marks.get("grade_id", "")
    if not isinstance(grade_id, str):
        yield f"its grade_id is {grade_id!r:.60}, not a text", _MARK_ANEW


def _has_an_id(cell: SourceCell) -> Wrong:
    if cell.kept and not cell.grade_id:
        yield "a marked cell without a grade_id", "give it an id in the Create Assignment panel"
    elif cell.kept and not _GRADE_ID.match(cell.grade_id):
        yield (
            f"the grade_id {cell.grade_id!r} has other characters than letters, digits, - and _",
            "rename it in the Create Assignment panel",
        )
    elif cell.kept and cell.grade_id.startswith("ag-"):
        yield "grade_ids that begin with ag- are kept for releases", "rename it"


def _has_points(cell: SourceCell) -> Wrong:
    if cell.kept and (cell.grade or cell.task) and not is_points(cell.points):
        yield (
            f"its points are {cell.points!r}, not a number from 0 up",
            "set the points in the Create Assignment panel",
        )


def is_points(value: Any) -> bool:
    """Return True if the value can be the points of a cell."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and math.isfinite(value) and value >= 0


def _is_of_the_right_type(cell: SourceCell) -> Wrong:
    if cell.role == "test" and cell.kind != "code":
        yield f"a test cell of type {cell.kind}", "make it a code cell, or a manually graded answer"
    if cell.role == "answer" and cell.kind != "code":
        yield (
            f"an autograded answer of type {cell.kind}",
            "make it a code cell, or a manually graded answer",
        )
    if cell.task and cell.kind != "markdown":
        yield "a task cell that is no markdown", "make it a markdown cell"


def _has_balanced_markers(cell: SourceCell) -> Wrong:
    for what in (markers.SOLUTION, markers.HIDDEN, markers.MARK_SCHEME):
        for fact in markers.unbalanced(cell.source, what):
            yield fact, f"write ### BEGIN {what} and ### END {what} in pairs"


def _has_markers_where_they_belong(cell: SourceCell) -> Wrong:
    if markers.regions(cell.source, markers.HIDDEN) and cell.role != "test":
        yield (
            "a hidden block in a cell that is no autograder test",
            "move it into a test cell, or mark this cell so",
        )
    if markers.regions(cell.source, markers.SOLUTION) and cell.role not in ("answer", "manual"):
        yield (
            "a solution in a cell that is no answer: the release would show it",
            "mark the cell as an answer in the Create Assignment panel",
        )


def _is_python(cell: SourceCell) -> Wrong:
    if cell.kind != "code":
        return
    try:
        names.parse(cell.source)
    except SyntaxError as error:
        line = f"line {error.lineno}: " if error.lineno else ""
        yield f"this code is no Python: {line}{error.msg}", "mend the code"


def _checks_something(cell: SourceCell) -> Wrong:
    if cell.role != "test" or cell.kind != "code":
        return
    if _AUTOTEST.search(cell.source):
        yield (
            "### AUTOTEST lines are not written out here, so they would check nothing",
            "write the assertions, or take them from what nbgrader generate_assignment makes",
        )
    elif not any(map(_can_fail, _body(cell.source))):
        yield "this test checks nothing: everyone would get its points", "write an assertion"


def _body(source: str) -> list[ast.stmt]:
    try:
        return names.parse(source).body
    except SyntaxError:
        return [ast.Assert(ast.Constant(False))]  # not Python, which another rule reports


def _can_fail(statement: ast.stmt) -> bool:
    constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return not constant and not isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass)


def _is_python_without_hidden_blocks(cell: SourceCell) -> Wrong:
    hidden = markers.regions(cell.source, markers.HIDDEN)
    if cell.kind == "code" and hidden and not stands_without_hidden(cell.source):
        yield (
            "without its hidden blocks this cell is no Python, so no student could run it",
            "put the markers around whole statements",
        )


def stands_without_hidden(source: str) -> bool:
    """Return True if a test cell without its hidden blocks is Python."""
    left = markers.replaced(source, dict.fromkeys(markers.regions(source, markers.HIDDEN), ""))
    try:
        names.parse(left)
    except SyntaxError:
        return False
    return True


def _is_setup_only_if_locked(cell: SourceCell) -> Wrong:
    if "setup" in cell.tags and cell.role != "setup":
        yield (
            "a cell tagged setup that is not locked, so a student could change it",
            "mark it read-only in the Create Assignment panel",
        )
    elif cell.role == "setup" and cell.kind != "code":
        yield "a cell tagged setup that is no code", "remove the tag"


def unmarked_asserts(cells: Sequence[SourceCell]) -> Iterator[tuple[SourceCell, int]]:
    """Yield each code cell that asserts something for no points, with its first such line.

    Assertions inside functions and classes belong to a helper and do not count.
    """
    for cell in cells:
        if cell.kind == "code" and cell.role in ("extra", "locked", "setup"):
            lines = [
                s.lineno for s in _run_at_once(_body(cell.source)) if isinstance(s, ast.Assert)
            ]
            if lines:
                yield cell, min(lines)


def _run_at_once(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run with the cell, including those inside blocks."""
    for statement in body:
        yield statement
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for block in ("body", "orelse", "finalbody"):
                yield from _run_at_once(getattr(statement, block, ()))


RULES: tuple[Callable[[SourceCell], Wrong], ...] = (
    _has_an_id,
    _has_points,
    _is_of_the_right_type,
    _has_balanced_markers,
    _has_markers_where_they_belong,
    _is_python,
    _checks_something,
    _is_python_without_hidden_blocks,
    _is_setup_only_if_locked,
)
