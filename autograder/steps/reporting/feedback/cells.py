"""Events in a student's cells: errors in plain words, plots, time and memory used."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from autograder import nouns, sanitize
from autograder.errors import EvidenceFault
from autograder.expect.verdict import msgid
from autograder.language import translate
from autograder.nouns import NotebookResult, fill
from autograder.steps.reporting.feedback.points import Piece, bar_of
from autograder.steps.reporting.groups.reading import pictures_in

PLOTS = 12  # per notebook


@dataclass(frozen=True)
class ErrorView:
    """A cell that failed: its place, a plain explanation, and Python's message."""

    place: str
    plain: str
    type: str
    text: str
    source_line: str


PLAIN = {
    "NameError": msgid("a name is used that no cell before it defines"),
    "SyntaxError": msgid("Python cannot read this line: look for a missing bracket or colon"),
    "IndentationError": msgid("the lines of a block do not stand equally far to the right"),
    "TypeError": msgid("a value of the wrong kind, or a wrong number of arguments"),
    "ValueError": msgid("a value that does not fit: often a shape or a number out of range"),
    "IndexError": msgid("a place is asked for that the list or array does not have"),
    "KeyError": msgid("a key is asked for that is not there"),
    "AttributeError": msgid("something is asked of a value that it does not have: it may be None"),
    "ZeroDivisionError": msgid("a division by zero"),
    "ModuleNotFoundError": msgid(
        "{module} is not installed where grading runs; installed there: {installed}"
    ),
    "EOFError": msgid("nobody is there to type while a notebook is graded"),
    "ImportError": msgid("a name is imported that the module does not have"),
    "FileNotFoundError": msgid("a file is opened that was not handed in"),
    "RecursionError": msgid("a function calls itself without an end"),
    "MemoryError": msgid("more memory is asked for than there is"),
    "TimeoutError": msgid("it took too long"),
    "KeyboardInterrupt": msgid("it took too long and was stopped"),
    "AssertionError": msgid("an assertion of your own does not hold"),
    "InvalidArgumentError": msgid("tensors whose shapes or types do not fit together"),
    "ResourceExhaustedError": msgid("more memory is asked for than there is"),
}


LOOKED_FOR = (
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "matplotlib",
    "seaborn",
    "plotly",
    "PIL",
    "cv2",
    "skimage",
    "tensorflow",
    "keras",
    "tensorflow_datasets",
    "tensorflow_hub",
    "torch",
    "torchvision",
    "transformers",
    "tqdm",
    "nltk",
    "gensim",
)
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")


def error_view(error: nouns.CellError) -> ErrorView:
    """Return a cell's error in plain words."""
    place = translate("Cell {cell}, line {line}") if error.line else translate("Cell {cell}")
    if not error.cell:
        place = error.grade_id
    return ErrorView(
        place=sanitize.text(fill(place, {"cell": error.cell, "line": error.line})),
        plain=sanitize.text(_plain(error)),
        type=sanitize.text(error.type, cap=100),
        text=sanitize.text(error.text, cap=2000),
        source_line=sanitize.text(error.source_line, cap=500).strip(),
    )


def _plain(error: nouns.CellError) -> str:
    text = translate(PLAIN.get(error.type, ""))
    if error.type != "ModuleNotFoundError":
        return text
    found = _NO_MODULE.search(error.text)
    module = found[1] if found else translate("a module")
    return fill(text, {"module": module, "installed": ", ".join(_installed())})


@cache
def _installed() -> tuple[str, ...]:
    """Return the packages of `LOOKED_FOR` that are installed where grading runs."""
    return tuple(name for name in LOOKED_FOR if importlib.util.find_spec(name) is not None)


@dataclass(frozen=True)
class Plot:
    """One of the student's own plots, decoded and encoded again."""

    data: str
    caption: str
    width: int
    height: int


@dataclass(frozen=True)
class Plots:
    """The plots that a page shows, and the numbers of those it does not."""

    shown: tuple[Plot, ...]
    broken: int = 0  # could not be decoded
    left_out: int = 0  # more than a page shows, or than a run stores


def plots(result: NotebookResult, blob: Callable[[str], bytes]) -> Plots:
    """Return the first plots of a run, each numbered among all that were drawn."""
    drawn = max(result.drawn, len(result.figures))
    caption = translate("Your plot {n} of {all}")
    shown: list[Plot] = []
    chosen = result.figures[:PLOTS]
    for number, digest in enumerate(chosen, 1):
        try:
            picture = sanitize.png(blob(digest))
        except EvidenceFault:
            picture = None
        if picture is not None:
            numbered = fill(caption, {"n": number, "all": drawn})
            shown.append(replace(_plot(picture), caption=numbered))
    return Plots(tuple(shown), len(chosen) - len(shown), drawn - len(chosen))


def pictures_in_answers(graded: Path) -> tuple[Plot, ...]:
    """Return the pictures in the answers of a graded notebook's text cells.

    Attachments that do not decode as a picture are left out. Return () if there is no such file.
    """
    try:
        data = graded.read_bytes()
        cells = json.loads(data)["cells"] if b'"attachments"' in data else []
        texts = [cell for cell in cells if cell["cell_type"] == "markdown" and not _locked(cell)]
        given = [one for cell in texts for one in pictures_in(cell)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()
    found = [_plot(base64.b64decode(p)) for p in map(sanitize.png_of_base64, given[:PLOTS]) if p]
    return _numbered(found, translate("Picture {n} of {all} in your answers"))


def _locked(cell: Mapping[str, Any]) -> bool:
    marks = cell["metadata"].get("nbgrader") or {}
    return bool(marks) and not marks.get("solution")


def _plot(picture: bytes) -> Plot:
    with Image.open(BytesIO(picture)) as image:
        width, height = image.size
    return Plot(base64.b64encode(picture).decode("ascii"), "", width, height)


def _numbered(plots: Sequence[Plot], caption: str) -> tuple[Plot, ...]:
    return tuple(
        replace(plot, caption=fill(caption, {"n": n, "all": len(plots)}))
        for n, plot in enumerate(plots, 1)
    )


@dataclass(frozen=True)
class Used:
    """Use of one resource in a run, beside its limit."""

    name: str
    words: str
    label: str
    bar: tuple[Piece, ...]


def usage(used: nouns.Usage) -> tuple[Used, ...]:
    """Return computing time and memory with their limits; () if nothing was run."""
    rows = (
        _used(translate("Computing time"), used.cpu_seconds, used.cpu_limit, "s"),
        _used(translate("Memory"), used.memory_mb, used.memory_limit_mb, "MB"),
    )
    return tuple(row for row in rows if row is not None)


def _used(name: str, amount: float, limit: float, unit: str) -> Used | None:
    if amount <= 0 or limit <= 0:
        return None
    share = amount / limit
    tone = "used" if share < 0.7 else "much" if share < 1 else "over"
    said = fill(
        translate("{used} of {limit} {unit}"),
        {"used": _short(amount), "limit": _short(limit), "unit": unit},
    )
    return Used(name, said, f"{name}: {said}", bar_of([(tone, amount)], limit))


def _short(amount: float) -> str:
    return f"{amount:.1f}" if amount < 10 else f"{amount:,.0f}"
