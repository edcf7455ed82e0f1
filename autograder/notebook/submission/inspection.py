"""Inspection of a submitted notebook before anything is run.

Findings are not grades. They are reported at once, while the student can still fix them: on the
upload page, by `submit()`, and to staff when files are collected. Of the hidden parts, only the
names that the solution defines are read, and only for comparison.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from autograder import sanitize
from autograder.errors import BrokenSubmission
from autograder.language import in_words
from autograder.notebook.source import names
from autograder.notebook.source.cells import SourceCell, normal
from autograder.notebook.source.scope import is_python
from autograder.notebook.submission import student_pictures
from autograder.notebook.submission.matching import Wanted
from autograder.notebook.submission.merging import Matched, differs, matched, merge
from autograder.notebook.submission.opening import Opened, open_notebook
from autograder.nouns import Message, Notebook, Task

LONGEST_PARSED = 200_000  # characters of one cell that is parsed
MOST_CELLS = 6  # cells with a syntax error that are reported
_PYTHON = ("", "python", "ipython")
_LEFT = re.compile(r"^\s*raise NotImplementedError\b", re.MULTILINE)
_ASSIGNMENT = re.compile(r'"assignment": ?"([^"\\]{1,200})"')


class Severity(str, Enum):
    """Severity of a finding."""

    BROKEN = "broken"  # it cannot be graded
    COSTS = "costs"  # costs points unless it is fixed
    NOTE = "note"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Finding:
    """One finding about a submission; `code` is the permanent name of its kind."""

    code: str
    severity: Severity
    message: Message
    notebook: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the finding in the reader's language."""
        _, text, way_out = (sanitize.text(part, cap=1000) for part in in_words(self.message))
        return {
            "code": self.code,
            "severity": str(self.severity),
            "notebook": self.notebook,
            "text": text,
            "next": way_out,
        }


@dataclass(frozen=True)
class Inspection:
    """Findings in one notebook; `attempted` says of each task whether it has an answer."""

    findings: tuple[Finding, ...] = ()
    attempted: Mapping[str, bool] = field(default_factory=dict)

    @property
    def gradable(self) -> bool:
        """True unless a finding prevents grading."""
        return not any(one.severity is Severity.BROKEN for one in self.findings)


def inspect(source: Notebook, path: Path, files: Collection[str], assignment: str) -> Inspection:
    """Inspect the notebook at `path`; `files` are the names of the files beside it."""
    try:
        opened = open_notebook(path)
        attempted = merge(source, path, opened).attempted
    except BrokenSubmission as error:
        return Inspection((_broken(source, path, error, assignment),))
    cells = matched(source, opened)
    found = [
        *_other_assignment(source, opened, assignment),
        *_kernel(source, opened),
        *_answers(source, cells, attempted),
        *_duplicates(cells),
        *_pictures(source, cells, files),
        *_syntax(source, opened, cells),
    ]
    return Inspection(tuple(found), attempted)


def _found(source: Notebook, code: str, severity: Severity, message: Message) -> Finding:
    return Finding(code, severity, message, source.name)


# ── The file ─────────────────────────────────────────────────────────────────────────


def _broken(source: Notebook, path: Path, error: BrokenSubmission, assignment: str) -> Finding:
    """Return the finding for a file that cannot be graded, with the error's message."""
    if error.kind == "no_answers":
        for other in _other_assignment(source, open_notebook(path), assignment):
            return replace(other, code=error.kind, severity=Severity.BROKEN)
    message = Message(got=f"{error.fact[:1].upper()}{error.fact[1:]}.", next=error.way_out)
    return _found(source, error.kind, Severity.BROKEN, message)


def _other_assignment(source: Notebook, opened: Opened, assignment: str) -> Iterator[Finding]:
    """Yield a finding if the notebook's set-up cell belongs to another assignment."""
    setup = next((cell.source for cell in opened.cells if cell.generated == "setup"), "")
    found = _ASSIGNMENT.search(setup)
    if found and found[1] != assignment:
        message = Message(
            got="This is the notebook of {other}, not of {assignment}.",
            next="Submit the notebook of {assignment}, with your answers in it.",
            values={"other": found[1], "assignment": assignment},
        )
        yield _found(source, "other_assignment", Severity.COSTS, message)


def _kernel(source: Notebook, opened: Opened) -> Iterator[Finding]:
    if opened.language.casefold() not in _PYTHON:
        message = Message(
            got="The notebook was run with another kernel than Python: {kernel}.",
            next="Choose the Python 3 kernel, run it again, save it and submit it.",
            values={"kernel": opened.language},
        )
        yield _found(source, "kernel", Severity.COSTS, message)


# ── Answers ──────────────────────────────────────────────────────────────────────────


def _answers(source: Notebook, cells: Matched, attempted: Mapping[str, bool]) -> Iterator[Finding]:
    places = {w.cell.grade_id: n for n, w in enumerate(cells.wanted) if w.answered}
    left = {place for place in places.values() if _is_left(cells, place)}
    elsewhere: dict[int, SourceCell] = {}
    half: set[int] = set()
    untouched: list[str] = []
    for task in source.tasks:
        own = {places[name] for name in (*task.answers, task.grade_id) if name in places}
        elsewhere |= {n: cell for n in own & left if (cell := _elsewhere(task, cells, n))}
        if own - left or own & elsewhere.keys():
            half |= own & left
        elif any(place in cells.taken for place in own) or not (own or attempted[task.grade_id]):
            untouched.append(task.grade_id)
    for place in places.values():
        yield from _answer(source, cells, place, elsewhere.get(place), in_part=place in half)
    if untouched:
        yield _found(source, "untouched", Severity.COSTS, _untouched(untouched))


def _untouched(tasks: Sequence[str]) -> Message:
    return Message(
        got="Left as you were given it: {tasks}.",
        next="Write your answers into these tasks' cells, save the notebook and submit it again.",
        values={"tasks": ", ".join(tasks)},
    )


def _is_left(cells: Matched, place: int) -> bool:
    """Return True if an answer cell is missing or unchanged since the release."""
    cell = cells.taken.get(place)
    return cell is None or not differs(cell, cells.wanted[place])


def _answer(
    source: Notebook, cells: Matched, place: int, elsewhere: SourceCell | None, *, in_part: bool
) -> Iterator[Finding]:
    """Yield the problem of one answer cell; `in_part`: other cells of its task are answered."""
    want, cell = cells.wanted[place], cells.taken.get(place)
    values: dict[str, Any] = {"cell": want.cell.grade_id, "number": cell.number if cell else 0}
    if elsewhere is not None:
        message = Message(
            got="The answer cell {cell} is empty or as you were given it, but cell {own} below it "
            "looks like the answer; only what stands in the answer cell is graded.",
            next="Move the code of cell {own} into the answer cell {cell}, save and submit again.",
            values={**values, "own": elsewhere.number},
        )
        yield _found(source, "elsewhere", Severity.COSTS, message)
    elif cell is None:
        message = Message(
            got="The answer cell {cell} is missing in the notebook.",
            next="Copy the cell from the notebook that you were given, answer it and submit again.",
            values=values,
        )
        yield _found(source, "lost", Severity.COSTS, message)
    elif not normal(cell.source):
        message = Message(
            got="The answer cell {cell} (cell {number}) is empty.",
            next="Write your answer into it, save the notebook and submit it again.",
            values=values,
        )
        yield _found(source, "empty_answer", Severity.COSTS, message)
    elif not differs(cell, want):
        if not in_part:
            return
        message = Message(
            got="A part is missing: answer cell {cell} (cell {number}) is as you were given it.",
            next="Write your answer into it, save the notebook and submit it again.",
            values=values,
        )
        yield _found(source, "half", Severity.COSTS, message)
    elif _LEFT.search(cell.source) and _LEFT.search(want.text):
        message = Message(
            got="Cell {number} ({cell}) still holds the line `raise NotImplementedError()`.",
            next="Delete that line once your answer is there: the cell stops at it.",
            values=values,
        )
        yield _found(source, "placeholder", Severity.COSTS, message)


def _elsewhere(task: Task, cells: Matched, place: int) -> SourceCell | None:
    """Return one of the student's own cells that looks like the answer to an unchanged one."""
    want = cells.wanted[place]
    taken = {cell.number for cell in cells.taken.values()}
    own = [
        c
        for c in cells.given
        if c.number not in taken and c.kind == want.cell.kind and c.source.strip()
    ]
    if want.cell.kind == "code":
        asked = _asked(task, want)
        return next((c for c in own if asked and asked <= _bound(c)), None)
    before = [cells.taken[n].number for n in range(place + 1) if n in cells.taken]
    after = [c.number for n, c in cells.taken.items() if n > place]
    top, bottom = max(before, default=0), min(after, default=0)
    return next((c for c in own if top < c.number and (not bottom or c.number < bottom)), None)


def _asked(task: Task, want: Wanted) -> frozenset[str]:
    """Return the names that an answer has to define, as far as the source shows."""
    if not is_python(want.cell):
        return frozenset()
    defined = names.defined(want.cell.source)
    needed = {name for criterion in task.criteria for name in criterion.parameters}
    return frozenset(defined & needed) or defined


def _bound(cell: SourceCell) -> frozenset[str]:
    if len(cell.source) > LONGEST_PARSED:
        return frozenset()
    return names.bound(names.plain_code(cell.source))


def _duplicates(cells: Matched) -> Iterator[Finding]:
    answers = {cell.number: n for n, cell in cells.taken.items() if cells.wanted[n].answered}
    others = {cell.number: cell for cell in cells.given}
    for number, taken in cells.twins.items():
        if taken.number not in answers or normal(others[number].source) == normal(taken.source):
            continue
        want = cells.wanted[answers[taken.number]]
        changed = differs(others[number], want)
        yield Finding(
            "duplicate",
            Severity.COSTS if changed else Severity.NOTE,
            Message(
                got="Cells {taken} and {number} both are the answer cell {cell}; "
                "cell {taken} is graded.",
                next="If cell {number} is the right one, delete cell {taken} and submit again.",
                values={"taken": taken.number, "number": number, "cell": want.cell.grade_id},
            ),
        )


# ── Contents of the cells ────────────────────────────────────────────────────────────


def _students(cells: Matched) -> Iterator[SourceCell]:
    """Yield the cells that the student wrote, in order."""
    taken = {cell.number: n for n, cell in cells.taken.items()}
    for cell in cells.given:
        place = taken.get(cell.number)
        if place is None or (cells.wanted[place].answered and differs(cell, cells.wanted[place])):
            yield cell


def _pictures(source: Notebook, cells: Matched, files: Collection[str]) -> Iterator[Finding]:
    lost: dict[str, int] = {}
    for cell in _students(cells):
        if cell.kind == "markdown":
            for name in student_pictures.missing(cell.source, cell.attachments, files):
                lost.setdefault(name, cell.number)
    authors = {name for c in _authors(source) for name in student_pictures.references(c)}
    for name, number in list(lost.items())[:MOST_CELLS]:
        if name in authors:
            continue
        message = Message(
            got="Cell {number} shows the picture {picture}, which is not in what you submitted.",
            next="Submit one .zip with the notebook and the picture, or paste the picture into the "
            "cell.",
            values={"number": number, "picture": name},
        )
        yield _found(source, "picture", Severity.COSTS, message)


def _authors(source: Notebook) -> Iterator[str]:
    for cell in source.node.cells:
        if cell.cell_type == "markdown":
            yield cell.source


def _syntax(source: Notebook, opened: Opened, cells: Matched) -> Iterator[Finding]:
    if opened.language.casefold() not in _PYTHON:
        return
    wrong = [
        (cell, error)
        for cell in _students(cells)
        if cell.kind == "code"
        and len(cell.source) <= LONGEST_PARSED
        and (error := names.syntax_error(cell.source))
    ]
    here = platform.python_version()
    for cell, error in wrong[:MOST_CELLS]:
        values = {
            "number": cell.number,
            "line": error.lineno or 1,
            "python": here,
            "theirs": opened.version,
        }
        if _minor(opened.version) > _minor(here):
            message = Message(
                got="Grading runs Python {python}, which cannot read line {line} of cell {number}; "
                "your notebook was run with Python {theirs}.",
                next="Write that line without the newer syntax, save and submit again.",
                values=values,
            )
        else:
            message = Message(
                got="Grading runs Python {python}, which cannot read line {line} of cell {number}.",
                next="Run the cell, correct its syntax, save the notebook and submit it again.",
                values=values,
            )
        yield _found(source, "syntax", Severity.COSTS, message)


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
