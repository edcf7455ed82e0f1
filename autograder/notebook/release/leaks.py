"""Search for secrets in a release, in the files that are about to be written.

It reads the finished release and does not depend on how it was made.
"""

from __future__ import annotations

import base64
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.notebook.release import first_cell
from autograder.notebook.source import markers
from autograder.notebook.source.cells import NBGRADER_KEYS, SourceCell, as_dict, cells_of, text_of
from autograder.notebook.source.pictures import is_removed, removed_attachments, shown_attachments
from autograder.nouns import Assignment

_TELLING = 6  # a shorter line, such as `else:` or `)`, reveals nothing
_RUN = 3  # so many longer lines of a secret in a row are no coincidence
_MARKERS = re.compile(r"\b(?:BEGIN|END) (?:SOLUTION|HIDDEN TESTS|MARK SCHEME)\b")
_TEXT_LIMIT = 4 << 20
_ANSWERS = ("solution", "mistake")  # secrets in the place of an answer


@dataclass(frozen=True)
class _Text:
    """Significant lines and their place: a secret, or something a student will read."""

    place: str
    lines: tuple[str, ...]
    given: tuple[str, ...] = ()  # lines that students start from, which a secret may repeat

    @property
    def runs(self) -> set[tuple[str, ...]]:
        return _runs(self.lines) - _runs(self.given)


def leaks(
    assignment: Assignment,
    released: Mapping[str, Any],
    files: Mapping[str, bytes],
    words: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Yield a sentence for each secret that the release reveals.

    `released` holds the students' notebooks by name, `files` the files beside them, `words` the
    translators' texts by catalogue.
    """
    hidden = {name: (assignment.path / name).read_bytes() for name in assignment.hidden_files}
    secrets = [*_secrets(assignment), *_of_files(hidden)]
    said = [_Text(name, _telling(text.split("\n"))) for name, text in (words or {}).items()]
    shown = [*_shown(released), *_of_files(files), *said]
    known = (*_public(assignment), *_of_files(files), _ours())
    public = {line for text in known for line in text.lines}
    for text in shown:
        for secret in secrets:
            yield from _told(secret, text, public)
    for name, data in files.items():
        for other, content in hidden.items():
            if content and content == data:
                yield f"{name}: it is the hidden file {other}"
        if name.endswith((".py", ".md", ".txt")):
            yield from _marked(name, data.decode("utf-8", "replace"))
    for name, node in released.items():
        yield from _left_over(name, node)
    yield from _pictures(assignment, released, files)


def _told(secret: _Text, text: _Text, public: set[str]) -> Iterator[str]:
    """Yield secret lines that are not public, or runs of lines so long that they were copied."""
    lines = [line for line in text.lines if line in set(secret.lines) and line not in public]
    if lines:
        yield f"{text.place}: it shows a line of the {secret.place}: {lines[0][:120]}"
    elif secret.runs & text.runs:
        run = next(iter(secret.runs & text.runs))
        yield f"{text.place}: it repeats lines of the {secret.place}, from: {run[0][:120]}"


def _left_over(name: str, node: Any) -> Iterator[str]:
    for number, cell in enumerate(node.cells, 1):
        place = f"{name}.ipynb, cell {number}"
        if cell.get("outputs") or cell.get("execution_count") is not None:
            yield f"{place}: it still has outputs"
        if {"mistake", "fake"} & {*cell.metadata.get("tags", ())}:
            yield f"{place}: it is a mistake"
        if other := {*as_dict(cell.metadata.get("nbgrader"))} - NBGRADER_KEYS:
            yield f"{place}: its nbgrader metadata has the author's {', '.join(sorted(other))}"
        if cell.cell_type == "code":
            yield from _marked(place, cell.source)


def _pictures(
    assignment: Assignment, released: Mapping[str, Any], files: Mapping[str, bytes]
) -> Iterator[str]:
    """Yield attachments that no text shows, and pictures of removed text in any place."""
    secret = dict[bytes, str]()
    for place, attachment, value in removed_attachments(assignment.notebooks):
        secret.update(dict.fromkeys(_contents(value), f"the attachment {attachment} of {place}"))
    public = {
        content
        for node in (notebook.node for notebook in assignment.notebooks)
        for raw, cell in zip(node.cells, cells_of(node), strict=True)
        if not is_removed(cell)
        for value in shown_attachments(raw, _without_secrets(cell)).values()
        for content in _contents(value)
    }
    for name, node in released.items():
        for number, cell in enumerate(node.cells, 1):
            shown = shown_attachments(cell, text_of(cell.get("source")))
            for attachment, value in as_dict(cell.get("attachments")).items():
                place = f"{name}.ipynb, cell {number}: its attachment {attachment}"
                known = [secret[c] for c in _contents(value) if c in secret and c not in public]
                if attachment not in shown:
                    yield f"{place} is shown nowhere in its text"
                elif known:
                    yield f"{place} is {known[0]}, which only removed text shows"
    for name, data in files.items():
        if data in secret and data not in public:
            yield f"{name}: it is {secret[data]}, which only removed text shows"


def _contents(attachment: Any) -> Iterator[bytes]:
    """Yield the bytes of an attachment in each of its types."""
    for value in as_dict(attachment).values():
        text = text_of(value)
        try:
            yield base64.b64decode(text, validate=False) or text.encode()
        except ValueError:
            yield text.encode()


def _marked(place: str, text: str) -> Iterator[str]:
    marker = _MARKERS.search(text)
    if marker:
        yield f"{place}: it has the marker {marker[0]}"


# ── Secret, public and shown texts ───────────────────────────────────────────────────


def _secrets(assignment: Assignment) -> Iterator[_Text]:
    """Yield the secret texts.

    Answers and mistakes may repeat lines that their cell gives to students, such as a program to
    fix.
    """
    for notebook in assignment.notebooks:
        given: tuple[str, ...] = ()
        for cell in cells_of(notebook.node):
            if _is_answer(cell):
                given = _telling(_without_secrets(cell).split("\n"))
            for what, lines in _secret_parts(cell):
                place = f"{what} of cell {cell.number} ({cell.grade_id})"
                yield _Text(place, _telling(lines), given if what in _ANSWERS else ())


def _secret_parts(cell: SourceCell) -> Iterator[tuple[str, list[str]]]:
    if is_removed(cell):
        yield "mistake", cell.source.split("\n")
        return
    if _is_answer(cell):
        whole = not markers.regions(cell.source, markers.SOLUTION)
        lines = markers.inner_lines(cell.source, markers.SOLUTION)
        yield "solution", cell.source.split("\n") if whole else lines
    yield "hidden block", markers.inner_lines(cell.source, markers.HIDDEN)
    yield "mark scheme", markers.inner_lines(cell.source, markers.MARK_SCHEME)


def _public(assignment: Assignment) -> Iterator[_Text]:
    """Yield the parts of the source that students may read."""
    for notebook in assignment.notebooks:
        for cell in cells_of(notebook.node):
            if not is_removed(cell):
                yield _Text(f"cell {cell.number}", _telling(_without_secrets(cell).split("\n")))


def _without_secrets(cell: SourceCell) -> str:
    """Return the part of a cell that students may read; "" if the cell is all solution."""
    kinds = (markers.HIDDEN, markers.MARK_SCHEME, markers.SOLUTION)
    cut = {region: "" for kind in kinds for region in markers.regions(cell.source, kind)}
    return markers.replaced(cell.source, cut) if cut or not _is_answer(cell) else ""


def _ours() -> _Text:
    """Return the code of the set-up cell, which is the same for all assignments."""
    return _Text("set-up", _telling(inspect.getsource(first_cell).split("\n")))


def _is_answer(cell: SourceCell) -> bool:
    return cell.role in ("answer", "manual") and not cell.task


def _shown(released: Mapping[str, Any]) -> Iterator[_Text]:
    for name, node in released.items():
        for number, cell in enumerate(node.cells, 1):
            lines = text_of(cell.get("source")).split("\n")
            yield _Text(f"{name}.ipynb, cell {number}", _telling(lines))


def _of_files(files: Mapping[str, bytes]) -> Iterator[_Text]:
    for name, data in files.items():
        if len(data) < _TEXT_LIMIT and b"\0" not in data:
            yield _Text(f"file {name}", _telling(data.decode("utf-8", "replace").split("\n")))


def _runs(lines: tuple[str, ...]) -> set[tuple[str, ...]]:
    return {lines[at : at + _RUN] for at in range(len(lines) - _RUN + 1)}


def _telling(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line.strip() for line in lines if len(line.strip()) >= _TELLING)
