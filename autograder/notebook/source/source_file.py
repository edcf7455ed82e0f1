"""Reader of an author's notebook file: repairs leftovers of editors, and names unreadable cells."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat

from autograder.notebook.source.cells import as_dict, cell_id, derived_id, text_of

_SAVE = "open it in JupyterLab and save it again"
_KINDS = ("code", "markdown", "raw")
# Cell metadata that nbformat validates and no release keeps.
_CHECKED = ("jupyter", "execution", "collapsed", "scrolled", "name", "format")
_KEYS = ("cell_type", "id", "metadata", "source", "attachments")
Problem = tuple[int, str, str]  # (cell number, or 0 for the file; fact; fix)


class UnreadableSource(ValueError):
    """A file that is not a notebook, or has cells that cannot be read."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(fact for _, fact, _ in problems))
        self.problems = problems


def load_source(path: Path) -> Any:
    """Return an author's notebook as an nbformat 4.5 node whose cells all have stable ids.

    A cell without an id, or with a duplicate one, gets an id made of its place and grade_id. Raises
    UnreadableSource with all problems found.
    """
    try:
        content = _json(path)
        node = nbformat.from_dict(_notebook(content))
    except (RecursionError, MemoryError):
        raise UnreadableSource((0, "it is nested too deeply to be a notebook", _SAVE)) from None
    seen: set[str] = set()
    for index, cell in enumerate(node.cells):
        wanted = cell_id(cell)
        if not wanted or wanted in seen:
            wanted = derived_id(f"{path.stem}/{index}/{_grade_id(cell)}")
        cell["id"] = wanted
        seen.add(wanted)
    try:
        nbformat.validate(node)
    except nbformat.ValidationError as error:
        place = [str(part) for part in getattr(error, "absolute_path", ())]
        number = int(place[1]) + 1 if place[:1] == ["cells"] and len(place) > 1 else 0
        fact = str(error).split("\n", 1)[0][:200]
        raise UnreadableSource((number, f"no notebook has this: {fact}", _SAVE)) from None
    return node


def _grade_id(cell: Mapping[str, Any]) -> str:
    return str(as_dict(as_dict(cell.get("metadata")).get("nbgrader")).get("grade_id", ""))


def _json(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableSource(
            (0, f"it cannot be read: {error.strerror}", "check the file")
        ) from None
    if not data.strip():
        raise UnreadableSource((0, "the file is empty", "put the notebook back, or delete it"))
    try:
        content = _storable(json.loads(data.decode(json.detect_encoding(data))))
    except UnicodeDecodeError:
        fact = "this file is no notebook: it is not UTF-8 text"
        raise UnreadableSource((0, fact, _SAVE)) from None
    except ValueError as error:
        fact = f"this file is no notebook: it is not JSON, or was cut short ({error})"
        raise UnreadableSource((0, fact, _SAVE)) from None
    if not isinstance(content, dict) or "nbformat" not in content:
        raise UnreadableSource((0, "this file is JSON, but no notebook: it has no nbformat", _SAVE))
    return content


def _storable(value: Any) -> Any:
    """Return the value with text that can be written as UTF-8, without lone surrogates."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_storable(one) for one in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(one) for key, one in value.items()}
    return value


def _notebook(content: dict[str, Any]) -> dict[str, Any]:
    version = content["nbformat"]
    if type(version) is not int or not 2 <= version <= 4:
        fact = f"its nbformat is {_shown(version)}; 2, 3 and 4 can be read"
        raise UnreadableSource((0, fact, _SAVE))
    if version < 4:
        content = _upgraded(content, version)
    cells = content.get("cells")
    if not isinstance(cells, list):
        raise UnreadableSource((0, f"its cells are {_shown(cells)}, not a list", _SAVE))
    problems: list[Problem] = []
    read = []
    for number, raw in enumerate(cells, 1):
        found = list(_wrong(raw))
        problems += [(number, fact, way_out) for fact, way_out in found]
        if not found:
            read.append(_cell(raw))
    if problems:
        raise UnreadableSource(*problems)
    metadata = _metadata(content.get("metadata"))
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": read}


def _upgraded(content: dict[str, Any], version: int) -> dict[str, Any]:
    try:
        upgraded: dict[str, Any] = nbformat.convert(nbformat.from_dict(content), 4)
    except Exception as error:  # nbformat fails in many ways on old or broken files
        fact = f"a notebook of format {version} that cannot be upgraded: {error}"
        raise UnreadableSource((0, fact[:200], _SAVE)) from None
    return upgraded


def _metadata(metadata: Any) -> dict[str, Any]:
    """Return the notebook's metadata without entries that an editor left incomplete."""
    kept = dict(as_dict(metadata))
    kernel, language = as_dict(kept.get("kernelspec")), as_dict(kept.get("language_info"))
    if not all(isinstance(kernel.get(key), str) for key in ("name", "display_name")):
        kept.pop("kernelspec", None)
    if not isinstance(language.get("name"), str):
        kept.pop("language_info", None)
    for key in ("orig_nbformat", "title", "authors"):
        kept.pop(key, None)
    return kept


# ── Cells ────────────────────────────────────────────────────────────────────────────


def _wrong(raw: Any) -> Iterator[tuple[str, str]]:
    """Yield the problems of a cell that cannot be read, with their fixes."""
    if not isinstance(raw, dict):
        yield f"this is {_shown(raw)}, not a cell", "delete it from the file's list of cells"
        return
    if raw.get("cell_type") not in _KINDS:  # any type is possible here
        yield (
            f"its cell_type is {_shown(raw.get('cell_type'))}",
            "make it a code, markdown or raw cell",
        )
    source = raw.get("source")
    lines = source if isinstance(source, list) else [source or ""]
    if not all(isinstance(line, str) for line in lines):
        yield f"its source is {_shown(source)}, not text", "write the cell's text anew"
    metadata = raw.get("metadata")
    if metadata and not isinstance(metadata, dict):
        yield f"its metadata is {_shown(metadata)}, not a table", _SAVE
    tags = as_dict(metadata).get("tags")
    if tags and not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        yield (
            f"its tags are {_shown(tags)}, not a list of texts",
            'write them as in "tags": ["setup"], or set them in JupyterLab\'s Property Inspector',
        )
    attachments = raw.get("attachments")
    if attachments and not _are_attachments(attachments):
        yield f"its attachments are {_shown(attachments)}", "delete them and paste the picture anew"


def _are_attachments(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, dict) and all(isinstance(data, str | list) for data in one.values())
        for one in value.values()
    )


def _cell(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the cell with the keys that nbformat knows, without outputs."""
    cell: dict[str, Any] = {key: raw[key] for key in _KEYS if key in raw}
    metadata = {k: v for k, v in as_dict(raw.get("metadata")).items() if k not in _CHECKED}
    if not metadata.get("tags", True):
        del metadata["tags"]
    if "tags" in metadata:
        metadata["tags"] = list(dict.fromkeys(metadata["tags"]))
    if not metadata.get("nbgrader", True):
        del metadata["nbgrader"]  # {} or null: an editor's mark for an unmarked cell
    cell["metadata"] = metadata
    cell["source"] = text_of(raw.get("source"))
    if not cell.get("attachments") or raw["cell_type"] == "code":
        cell.pop("attachments", None)
    if raw["cell_type"] == "code":
        cell["outputs"], cell["execution_count"] = [], None
    return cell


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text[:60]}…" if len(text) > 60 else text
