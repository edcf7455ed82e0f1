"""Files withheld from students: shown only by solutions, mark schemes, hidden tests or mistakes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from autograder.notebook.source.cells import SourceCell, as_dict, cells_of
from autograder.notebook.source.released_text import released_text
from autograder.nouns import Notebook

# Withheld if only removed text names them. Any other file needs a link there, because code of a
# solution may open a file of data that students get.
SEEN = frozenset(
    f".{end}"
    for end in [
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "webp",
        "bmp",
        "tif",
        "tiff",
        "ico",
        "avif",
        "heic",
        "pdf",
        "mp4",
        "webm",
        "mov",
    ]
)
_TEXTS = (".py", ".md", ".txt", ".html", ".rst")


@dataclass(frozen=True)
class _Words:
    """Text of the source that students read, and text that a release removes."""

    public: str
    removed: str


def shown_attachments(cell: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return those of a cell's attachments that `text` shows, by name."""
    return {
        name: value
        for name, value in as_dict(cell.get("attachments")).items()
        if any(_stands_in(f"attachment:{form}", text) for form in _forms(name))
    }


def withheld_files(
    folder: Path, names: Sequence[str], notebooks: Sequence[Notebook]
) -> frozenset[str]:
    """Return the files named in removed text alone: pictures, and targets of its links.

    A file that no text names is released, as is one named in any public text or released module.
    """
    words = _words(notebooks)
    alone = Counter(PurePosixPath(name).name for name in names)
    removed = {
        name
        for name in names
        if _is_named(name, words.removed, alone, linked=not _is_picture(name))
    }
    public = "\n".join([words.public, *_texts(folder, [n for n in names if n not in removed])])
    return frozenset(name for name in removed if not _is_named(name, public, alone))


def _is_picture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SEEN


def _is_named(name: str, text: str, alone: Mapping[str, int], *, linked: bool = False) -> bool:
    """Return True if `text` names the file: in a Markdown link or HTML attribute if `linked`."""
    last = PurePosixPath(name).name
    forms = {*_forms(name), *(_forms(last) if alone[last] == 1 else ())}
    before = r"""(?:\]\(\s*<?|\]:\s*<?|(?:src|href)\s*=\s*["']?)(?:\./)?""" if linked else ""
    return any(_stands_in(form, text, before) for form in forms)


def _forms(name: str) -> set[str]:
    return {name, quote(name), quote(name, safe=""), name.replace(" ", "%20")}


def _stands_in(form: str, text: str, before: str = "") -> bool:
    edge = before or r"(?<![\w%-])"
    if form not in text:
        return False
    return re.search(rf"{edge}{re.escape(form)}(?![\w%-]|\.\w)", text) is not None


def _words(notebooks: Sequence[Notebook]) -> _Words:
    public: list[str] = []
    removed: list[str] = []
    for notebook in notebooks:
        tasks = {task.grade_id: task for task in notebook.tasks}
        for task in notebook.tasks:
            public += [criterion.sentence for criterion in task.criteria]
        for cell in cells_of(notebook.node):
            if is_removed(cell):
                removed.append(cell.source)
                continue
            shown = released_text(cell, tasks.get(cell.grade_id)).split("\n")
            public += shown
            removed += [line for line in cell.source.split("\n") if line not in shown]
    return _Words("\n".join(public), "\n".join(removed))


def _texts(folder: Path, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if name.endswith(_TEXTS):
            yield (folder / name).read_bytes().decode("utf-8", "replace")


def is_removed(cell: SourceCell) -> bool:
    """Return True for a cell that a release leaves out as a whole."""
    return cell.role in ("mistake", "fake")


def removed_attachments(
    notebooks: Sequence[Notebook],
) -> Iterator[tuple[str, str, Any]]:
    """Yield (place, name, content) of each attachment that no released text of its cell shows."""
    for notebook in notebooks:
        tasks = {task.grade_id: task for task in notebook.tasks}
        raw = notebook.node.cells
        for cell in cells_of(notebook.node):
            node = raw[cell.number - 1]
            text = "" if is_removed(cell) else released_text(cell, tasks.get(cell.grade_id))
            kept = shown_attachments(node, text)
            for name, value in as_dict(node.get("attachments")).items():
                if name not in kept:
                    yield f"cell {cell.number} of {notebook.name}", name, value
