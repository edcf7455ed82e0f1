"""Names that a test cell may use: the student's, those of setup cells, and modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import AuthoringError
from autograder.notebook.source import markers, names
from autograder.notebook.source.cells import SourceCell
from autograder.notebook.source.problems import Place


@dataclass(frozen=True)
class Scope:
    """Names available to one test cell."""

    students: frozenset[str]  # bound by the cells that a student runs before it
    setup: frozenset[str]  # bound by cells tagged setup, which the clean process runs itself
    imported: Mapping[str, str] = field(default_factory=dict)  # name -> its import statement
    tested: Mapping[str, str] = field(default_factory=dict)  # likewise, of earlier test cells
    anything: bool = False  # an answer imports *, so no name is known to be undefined


def scope_at(cells: Sequence[SourceCell], index: int, folder: Path) -> Scope:
    """Return the scope of the cell at `index`; cells that are not Python define nothing."""
    setup = [c for c in cells if c.role == "setup"]
    before = [c for c in cells[:index] if c.role not in ("test", "mistake", "setup")]
    stars = [
        module for cell in before if is_python(cell) for module in names.star_imports(cell.source)
    ]
    known = frozenset().union(*(module_names(module, folder) or () for module in stars))
    imported: dict[str, str] = {}
    for cell in [c for c in cells if c.role not in ("test", "mistake") and is_python(c)]:
        imported.update(names.imports(cell.source))
    return Scope(
        students=known.union(*(defined_by(cell, folder) for cell in before)),
        setup=frozenset().union(*(defined_by(cell, folder) for cell in setup)),
        imported=imported,
        tested=_imports_of_tests(cells[:index]),
        anything=any(module_names(module, folder) is None for module in stars),
    )


def _imports_of_tests(cells: Sequence[SourceCell]) -> dict[str, str]:
    """Return visible imports of test cells, which later cells of a kernel can use."""
    found: dict[str, str] = {}
    for cell in cells:
        if cell.role == "test" and is_python(cell):
            hidden = markers.regions(cell.source, markers.HIDDEN)
            shown = markers.replaced(cell.source, dict.fromkeys(hidden, ""))
            with suppress(SyntaxError):  # reported by the rules for cells
                found.update(names.imports(shown))
    return found


def is_python(cell: SourceCell) -> bool:
    """Return True if the cell is code that can be parsed."""
    if cell.kind != "code":
        return False
    try:
        names.parse(cell.source)
    except SyntaxError:
        return False
    return True


def defined_by(cell: SourceCell, folder: Path) -> frozenset[str]:
    """Return the names the cell binds, including `from helper import *` of a source helper."""
    if not is_python(cell):
        return frozenset()
    stars = (
        module_names(module, folder) or frozenset() for module in names.star_imports(cell.source)
    )
    return names.defined(cell.source).union(*stars)


def module_names(module: str, folder: Path) -> frozenset[str] | None:
    """Return the public names of a helper module beside the notebook; None if there is none."""
    path = folder / (module.replace(".", "/") + ".py")
    if not module or not path.is_file():
        return None
    try:
        own = names.defined(names.module_text(path.read_bytes()))
    except SyntaxError:
        return None
    return frozenset(name for name in own if not name.startswith("_"))


def check_setup(
    cells: Sequence[SourceCell], notebook: str, folder: Path
) -> Iterator[AuthoringError]:
    """Check that setup cells need no other cells, and yield their problems.

    The clean process runs only the setup cells, in order.
    """
    known: frozenset[str] = frozenset()
    for cell in cells:
        if cell.role != "setup" or not is_python(cell):
            continue
        place = Place(notebook, cell.number, cell.grade_id)
        for name in sorted(names.free(cell.source) - known - defined_by(cell, folder)):
            yield place.problem(
                f"line {names.line_of(cell.source, name)} uses {name}, which no setup cell defines",
                f"define or import {name} in this cell or an earlier one tagged setup",
            )
        for module in names.star_imports(cell.source):
            if module_names(module, folder) is None:
                yield place.problem(
                    f"`from {module} import *` hides which names it defines",
                    "import the names one by one",
                )
        known |= defined_by(cell, folder)
