"""Merging of a submission into its source: the author's cells, the student's answers.

Locked and test cells come from the source, whatever was submitted. Answers come from the student,
in the author's order. Cells that the student added stay where they were.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from autograder.errors import BrokenSubmission
from autograder.language import msgid, translate
from autograder.notebook.source.cells import SourceCell, cells_of, derived_id, normal
from autograder.notebook.source.released_text import points_text, released_text
from autograder.notebook.submission import student_pictures
from autograder.notebook.submission.matching import Wanted, match, out_of_order
from autograder.notebook.submission.opening import Opened, open_notebook
from autograder.nouns import Notebook, Task, TaskKind, fill


@dataclass(frozen=True)
class Cell:
    """One code cell in run order. A test's `source` is what the student sees: no hidden part."""

    source: str
    grade_id: str
    role: str  # "setup", "answer", "test", "locked" or "extra"
    number: int  # place in the submitted notebook from 1; 0 if it was missing
    id: str = ""  # its id in the merged notebook
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Merged:
    """A submission in the author's order, with notes about repairs."""

    node: Any  # nbformat node; its test cells are the author's, hidden parts included
    cells: tuple[Cell, ...]
    attempted: Mapping[str, bool]  # grade_id of a task -> an answer differs from the release
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Piece:
    """A place in the merged notebook: one of the author's cells, a student's cell, or both."""

    want: Wanted | None
    given: SourceCell | None

    @property
    def role(self) -> str:
        if self.want is None:
            return "extra"
        return "answer" if self.want.answered else self.want.cell.role

    @property
    def text(self) -> str:
        if self.given is not None and (self.want is None or self.want.answered):
            return self.given.source
        return self.want.text if self.want else ""


def merge(source: Notebook, submitted: Path, opened: Opened | None = None) -> Merged:
    """Merge the submission at `submitted`, which may already be open, into its source.

    Raises only BrokenSubmission, for a file that is not a notebook of this assignment.
    """
    found = matched(source, opened or open_notebook(submitted))
    wanted, given, taken, twins = found.wanted, found.given, found.taken, found.twins
    answers = [place for place, want in enumerate(wanted) if want.answered]
    if answers and (found.foreign or not any(place in taken for place in answers)):
        raise BrokenSubmission(
            translate("none of this assignment's answer cells is in the notebook"),
            kind="no_answers",
            way_out=translate("Submit the notebook that you were given, with your answers in it."),
        )
    dropped = {n for n, cell in twins.items() if not _is_answer(wanted, taken, cell)}
    pieces = list(_in_order(wanted, taken, [c for c in given if c.number not in dropped]))
    node = _node(source, pieces, submitted.parent)
    return Merged(
        node=node,
        cells=tuple(_run_order(pieces, [cell["id"] for cell in node.cells])),
        attempted=_attempted(source, wanted, taken, pieces),
        notes=tuple(_notes(wanted, taken, twins)),
    )


@dataclass(frozen=True)
class Matched:
    """A submitted notebook's cells beside the author's."""

    wanted: Sequence[Wanted]
    given: Sequence[SourceCell]
    taken: Mapping[int, SourceCell]  # place in `wanted` -> the submitted cell
    twins: Mapping[int, SourceCell]  # number of a duplicate -> the chosen cell

    @property
    def foreign(self) -> bool:
        """True if the cells belong to another notebook: they have grade_ids, all unknown here.

        The empty answer cells of all notebooks have the same text, so text alone proves nothing.
        """
        names = {cell.grade_id for cell in self.given} - {""}
        known = {want.cell.grade_id for want in self.wanted}
        ids = {want.cell.id for want in self.wanted}
        return (
            bool(names) and not names & known and not any(c.id in ids for c in self.given if c.id)
        )

    @property
    def answers(self) -> Mapping[int, str]:
        """The place of each submitted answer cell, with its text; "" if unchanged since release."""
        return {
            place: normal(cell.source) if differs(cell, self.wanted[place]) else ""
            for place, cell in self.taken.items()
            if self.wanted[place].answered
        }


def matched(source: Notebook, opened: Opened) -> Matched:
    """Match the cells of a submitted notebook with the author's."""
    wanted = wanted_cells(source)
    given = [cell for cell in opened.cells if not cell.generated]
    return Matched(wanted, given, *match(wanted, given))


def wanted_cells(source: Notebook) -> list[Wanted]:
    """Return the author's marked cells in order, each with its text as released."""
    tasks = {task.grade_id: task for task in source.tasks}
    return [
        Wanted(cell, released_text(cell, tasks.get(cell.grade_id)))
        for cell in cells_of(source.node)
        if cell.kept
    ]


def _is_answer(wanted: Sequence[Wanted], taken: Mapping[int, SourceCell], cell: SourceCell) -> bool:
    return any(c is cell and wanted[place].answered for place, c in taken.items())


def _in_order(
    wanted: Sequence[Wanted], taken: Mapping[int, SourceCell], given: Sequence[SourceCell]
) -> Iterator[_Piece]:
    """Yield the cells in the author's order; a student's own cell follows its neighbour."""
    places = {cell.number: place for place, cell in taken.items()}
    following: dict[int, list[SourceCell]] = {}
    anchor = -1
    for cell in given:
        if cell.number in places:
            anchor = places[cell.number]
        else:
            following.setdefault(anchor, []).append(cell)
    for cell in following.get(-1, ()):
        yield _Piece(None, cell)
    for place, want in enumerate(wanted):
        yield _Piece(want, taken.get(place))
        for cell in following.get(place, ()):
            yield _Piece(None, cell)


def _run_order(pieces: Sequence[_Piece], ids: Sequence[str]) -> Iterator[Cell]:
    for piece, id_ in zip(pieces, ids, strict=True):
        kind = piece.want.cell.kind if piece.want else (piece.given.kind if piece.given else "")
        if kind != "code":
            continue
        tags = piece.want.cell.tags if piece.want else (piece.given.tags if piece.given else ())
        yield Cell(
            source=piece.text,
            grade_id=piece.want.cell.grade_id if piece.want else "",
            role=piece.role,
            number=piece.given.number if piece.given else 0,
            id=id_,
            tags=frozenset(tags),
        )


def _node(source: Notebook, pieces: Sequence[_Piece], folder: Path) -> Any:
    """Return the merged notebook: the author's metadata and cells, the student's text, no outputs.

    Pictures in the student's text are included, from attachments and from files in `folder`.
    """
    node = nbformat.v4.new_notebook(metadata=copy.deepcopy(source.node.metadata))
    used = {cell["id"] for cell in source.node.cells}
    for index, piece in enumerate(pieces):
        if piece.want is not None:
            cell = copy.deepcopy(source.node.cells[piece.want.cell.number - 1])
            if piece.want.answered:
                cell["source"] = piece.text
                cell.pop("attachments", None)  # the author's, which may include the solution's
                _attach(cell, piece.given, folder)
        else:
            assert piece.given is not None
            cell = _student_cell(piece.given, used, index)
            _attach(cell, piece.given, folder)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        node.cells.append(cell)
    return node


def _attach(cell: Any, given: SourceCell | None, folder: Path) -> None:
    if given is not None and cell["cell_type"] == "markdown":
        found = student_pictures.bundle(given.source, given.attachments, folder)
        if found:
            cell["attachments"] = nbformat.from_dict(found)


def _student_cell(given: SourceCell, used: set[str], index: int) -> Any:
    fresh = given.id if given.id and given.id not in used else derived_id(f"extra/{index}")
    used.add(fresh)
    cell = {"cell_type": given.kind, "id": fresh, "metadata": {}, "source": given.source}
    return nbformat.from_dict(cell)


def _attempted(
    source: Notebook,
    wanted: Sequence[Wanted],
    taken: Mapping[int, SourceCell],
    pieces: Sequence[_Piece],
) -> dict[str, bool]:
    changed = {
        want.cell.grade_id
        for place, want in enumerate(wanted)
        if want.answered and place in taken and differs(taken[place], want)
    }
    return {
        task.grade_id: any(answer in changed for answer in task.answers)
        or (task.kind is TaskKind.MANUAL and not task.answers and _added(source, task, pieces))
        for task in source.tasks
    }


def differs(given: SourceCell, want: Wanted) -> bool:
    """Return True if an answer was changed since the release, in any language."""
    return not given.sealed and normal(given.source) != normal(want.text)


def _added(source: Notebook, task: Task, pieces: Sequence[_Piece]) -> bool:
    """Return True if the student wrote cells of their own below an nbgrader task cell."""
    given = {normal(c.source) for c in cells_of(source.node) if c.role == "extra"} | {""}
    below = False
    for piece in pieces:
        if piece.want is not None:
            below = piece.want.cell.grade_id == task.grade_id
        elif below and normal(piece.text) not in given:
            return True
    return False


def _notes(
    wanted: Sequence[Wanted], taken: Mapping[int, SourceCell], twins: Mapping[int, SourceCell]
) -> Iterator[str]:
    moved = set(out_of_order(taken))
    for place, want in enumerate(wanted):
        cell = taken.get(place)
        for template in _repairs(want, cell, place in moved):
            values = {
                "cell": want.cell.grade_id,
                "number": cell.number if cell else 0,
                "kind": cell.kind if cell else "",
                "wanted": want.cell.kind,
                "points": points_text(float(want.cell.points or 0)),
            }
            yield fill(translate(template), values)
    for number, cell in twins.items():
        answer = _is_answer(wanted, taken, cell)
        template = (
            msgid("Cell {number} is a copy of cell {taken}: cell {taken} counts as the answer.")
            if answer
            else msgid("Cell {number} is a copy of cell {taken} and was left out.")
        )
        yield fill(translate(template), {"number": number, "taken": cell.number})


def _repairs(want: Wanted, cell: SourceCell | None, moved: bool) -> Iterator[str]:
    """Yield the repairs of one of the author's cells, as templates."""
    if cell is None:
        if want.answered:
            yield msgid(
                "The answer cell {cell} was missing; it was put back as released, unanswered."
            )
        else:
            yield msgid("The cell {cell} was missing; it was put back.")
        return
    if cell.kind != want.cell.kind:
        yield msgid("Cell {number} ({cell}) had become a {kind} cell; it is a {wanted} cell again.")
    if moved:
        yield msgid("Cell {number} ({cell}) had been moved; it runs in its place again.")
    if cell.grade_id != want.cell.grade_id:
        yield msgid("Cell {number} had lost its id {cell}; it was recognised and got it back.")
    elif want.cell.grade and cell.points != want.cell.points:
        yield msgid(
            "The points of cell {number} ({cell}) had been changed; they are {points} again."
        )
    if not want.answered and not cell.sealed and normal(cell.source) != normal(want.text):
        yield msgid("Cell {number} ({cell}) had been changed; the original is used.")
