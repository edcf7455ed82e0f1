"""Safe opening of a submitted file: its cells as plain text, or a BrokenSubmission.

Only these are taken from each cell: its type, its text, its ids, the tags `train` and
`raises-exception`, and its attached pictures. Outputs and metadata are dropped. The notebook's
claim about its kernel is passed on for messages only.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from autograder.errors import BrokenSubmission
from autograder.language import msgid, translate
from autograder.notebook.source.cells import (
    RAISES,
    SourceCell,
    as_dict,
    cell_id,
    cells_of,
    is_sealed,
    tags_of,
    text_of,
)
from autograder.nouns import fill

SIZE_LIMIT_MB = 1024  # of any file; c.Submissions.max_mb limits submissions earlier
PICTURES = ("image/png", "image/jpeg", "image/gif")
CELL_LIMIT = 5000
_WAY_OUT = msgid(
    "Open it in JupyterLab or Colab, run it, save it and submit the saved .ipynb file."
)


@dataclass(frozen=True)
class Opened:
    """The cells of a submitted notebook in order, and its claim about its kernel."""

    cells: tuple[SourceCell, ...]
    language: str = ""  # of the kernel
    version: str = ""  # of that language


def open_notebook(path: Path) -> Opened:
    """Return the cells of the notebook at `path`; raise BrokenSubmission and nothing else."""
    try:
        data = _read(path)
        content = _parse(data)
        return Opened(_cells(content), *_kernel(content))
    except (RecursionError, MemoryError):
        _refuse("too_deep", msgid("the file is nested too deeply to be a notebook"))


def _refuse(kind: str, fact: str, way_out: str = _WAY_OUT, **values: Any) -> NoReturn:
    raise BrokenSubmission(fill(translate(fact), values), kind=kind, way_out=translate(way_out))


def _read(path: Path) -> bytes:
    """Return the bytes of a regular file within the limit; reject links, pipes and folders."""
    limit = SIZE_LIMIT_MB << 20
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        _refuse("not_a_file", msgid("there is no notebook file of this name that can be read"))
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        _refuse("not_a_file", msgid("this is a folder or a device, not a notebook file"))
    with os.fdopen(descriptor, "rb") as file:
        if facts.st_size > limit:
            _refuse(
                "too_large",
                msgid("the notebook is {size} MB, the limit is {limit} MB"),
                msgid(
                    "Clear all outputs (Edit > Clear Outputs of All Cells), save it and submit "
                    "again."
                ),
                size=round(facts.st_size / (1 << 20)),
                limit=SIZE_LIMIT_MB,
            )
        try:
            return file.read(limit + 1)
        except OSError:
            _refuse("not_a_file", msgid("the notebook file cannot be read"))


def _parse(data: bytes) -> dict[str, Any]:
    if not data.strip():
        _refuse("not_json", msgid("the notebook file is empty"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse("not_text", msgid("the file is no notebook: it holds no UTF-8 text"))
    try:
        content = json.loads(text)
    except ValueError:
        _refuse("not_json", msgid("the file is no notebook: it is not JSON, or was cut short"))
    if not isinstance(content, dict):
        _refuse("not_a_notebook", msgid("the file is JSON but no notebook"))
    return content


def _cells(content: dict[str, Any]) -> tuple[SourceCell, ...]:
    version = content.get("nbformat")
    if not isinstance(version, int) or isinstance(version, bool):
        _refuse("not_a_notebook", msgid("the file is JSON but no notebook"))
    if version > 4:
        _refuse(
            "too_new",
            msgid("the notebook has format {version}, newer than 4, the newest that can be read"),
            version=str(version)[:20],
        )
    if version < 3:
        _refuse(
            "too_old",
            msgid("the notebook has format {version}; formats 3 and 4 can be read"),
            version=str(version)[:20],
        )
    raw = _upgraded(content) if version == 3 else content.get("cells")
    if not isinstance(raw, list):
        _refuse("not_a_notebook", msgid("the notebook has no list of cells"))
    if len(raw) > CELL_LIMIT:
        _refuse(
            "too_large",
            msgid("the notebook has {cells} cells, the limit is {limit}"),
            cells=len(raw),
            limit=CELL_LIMIT,
        )
    return cells_of(_Cells([_plain(cell) for cell in raw]))


def _kernel(content: dict[str, Any]) -> tuple[str, str]:
    """Return the language that the notebook claims it ran in, and its version; "" if unknown."""
    metadata = as_dict(content.get("metadata"))
    info, spec = as_dict(metadata.get("language_info")), as_dict(metadata.get("kernelspec"))
    said = info.get("name") or spec.get("language") or ""
    language = said[:40] if isinstance(said, str) else ""
    version = info.get("version")
    return language, version[:20] if isinstance(version, str) else ""


@dataclass(frozen=True)
class _Cells:
    cells: list[dict[str, Any]]


def _upgraded(content: dict[str, Any]) -> Any:
    """Return the cells of a format 3 notebook, which kept code in `input` and had worksheets."""
    sheets = content.get("worksheets")
    cells: list[Any] = []
    for sheet in sheets if isinstance(sheets, list) else []:
        inner = as_dict(sheet).get("cells")
        cells += inner if isinstance(inner, list) else []
    return [
        {**as_dict(c), "source": as_dict(c).get("input", as_dict(c).get("source"))} for c in cells
    ]


def _plain(raw: Any) -> dict[str, Any]:
    """Return the accepted parts of one submitted cell, in known types.

    Anything that is not a cell becomes an empty one.
    """
    cell = as_dict(raw)
    kind = cell.get("cell_type")
    metadata = as_dict(cell.get("metadata"))
    marks = as_dict(metadata.get("nbgrader"))
    grade_id = marks.get("grade_id")
    points = marks.get("points")
    generated = as_dict(metadata.get("autograder")).get("generated")
    return {
        "cell_type": kind if kind in ("code", "markdown", "raw") else "raw",
        "source": text_of(cell.get("source")),
        "id": cell_id(cell),
        "metadata": {
            "nbgrader": {
                "grade_id": grade_id if isinstance(grade_id, str) else "",
                "points": points if isinstance(points, int | float) else None,
            },
            "tags": sorted(tags_of(metadata) & {"train", RAISES}),
            "autograder": {
                "generated": generated if isinstance(generated, str) else "",
                "sealed": is_sealed(cell),
            },
        },
        "attachments": dict(_pictures(cell)) if kind == "markdown" else {},
    }


def _pictures(cell: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """The pictures attached to a cell, one kind of each, still as they were handed in.

    One that feedback cannot show, as SVG, leaves its name alone: it is there, though not seen.
    """
    for name, kinds in as_dict(cell.get("attachments")).items():
        known = {k: text_of(v) for k, v in as_dict(kinds).items() if k in PICTURES}
        shown = next(((k, data) for k, data in known.items() if data), None)
        if kinds:
            yield str(name), dict([shown]) if shown else {}
