"""Which texts of an assignment have no translation yet.

The catalogue of a language is `source/A/locale/LANGUAGE.po`; its msgids are the demands, what
mistakes tell, and the markdown cells.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from autograder.notebook.cells import cells_of
from autograder.nouns import Assignment


def untranslated(assignment: Assignment, language: str) -> list[str] | None:
    """The texts without a translation, in order of appearance; None if there is no catalogue."""
    path = assignment.path / "locale" / f"{language}.po"
    if not path.is_file():
        return None
    there = read_po(path)
    return [text for text in dict.fromkeys(texts(assignment)) if not there.get(text)]


def texts(assignment: Assignment) -> Iterator[str]:
    """Every text of an assignment that a student reads and its author wrote in words."""
    for notebook in assignment.notebooks:
        for cell in cells_of(notebook.node):
            if cell.kind == "markdown" and cell.source.strip():
                yield cell.source.strip()
        for task in notebook.tasks:
            yield from (criterion.demand for criterion in task.criteria)
            yield from (mistake.tell for mistake in task.mistakes)


def read_po(path: Path) -> dict[str, str]:
    """The texts of a catalogue with their translations; what is fuzzy has none."""
    entries: dict[str, str] = {}
    entry = {"msgid": "", "msgstr": ""}
    field, fuzzy = "", False

    def close() -> None:
        if entry["msgid"]:
            entries[entry["msgid"].strip()] = "" if fuzzy else entry["msgstr"]

    for raw in path.read_text(encoding="utf-8").splitlines():
        line = raw.strip()
        if line.startswith("#"):
            if field == "msgstr":
                close()
                entry, field, fuzzy = {"msgid": "", "msgstr": ""}, "", False
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
            continue
        word, _, rest = line.partition(" ")
        if word in ("msgid", "msgstr") and rest.startswith('"'):
            if word == "msgid" and field == "msgstr":
                close()
                entry, fuzzy = {"msgid": "", "msgstr": ""}, False
            field, line = word, rest
        if field and line.startswith('"'):
            entry[field] += ast.literal_eval(line)
    close()
    return entries
