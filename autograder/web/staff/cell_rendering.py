"""A student's cells made safe for a page: code in lines, sanitized outputs, pictures as data.

All content is from a student: text is escaped, HTML is sanitized, pictures are decoded and encoded
again, and anything else is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer, TextLexer

from autograder import sanitize
from autograder.steps.reporting.groups.reading import ShownCell

OUTPUTS = 40  # of one cell
LINES = 2_000
PICTURES = ("image/png", "image/jpeg")
NOTHING = Markup("")


@dataclass(frozen=True)
class CodeLine:
    """One line of a cell, with syntax colours."""

    number: int
    html: Markup


@dataclass(frozen=True)
class Output:
    """One output of a cell: text, a table as HTML, a picture (base64 PNG) or an error."""

    kind: str  # text, html, picture, error
    text: str = ""
    html: Markup = NOTHING


@dataclass(frozen=True)
class Cell:
    """One cell of the answer."""

    id: str  # the cell's grade_id; "" if the student added it
    place: int
    code: bool
    own: bool
    lines: tuple[CodeLine, ...]
    outputs: tuple[Output, ...]


def cell(place: int, given: ShownCell) -> Cell:
    """Return one cell in a form that is safe to show."""
    is_code = given.kind == "code"
    return Cell(
        id=given.grade_id,
        place=place,
        code=is_code,
        own=given.role == "own",
        lines=lines(given.source, code=is_code),
        outputs=(
            *(o for one in given.outputs[:OUTPUTS] for o in _output(one)),
            *_pictures(given.pictures[:OUTPUTS]),
        ),
    )


@lru_cache(maxsize=256)
def lines(source: str, *, code: bool = True) -> tuple[CodeLine, ...]:
    """Return the source in lines, each with syntax colours; drop those after line 2,000."""
    clean = sanitize.text(source.rstrip("\n"))
    lexer = PythonLexer(stripnl=False) if code else TextLexer(stripnl=False)
    html = highlight(clean, lexer, HtmlFormatter(nowrap=True, classprefix="hl-"))
    found = html.removesuffix("\n").split("\n")[:LINES]
    return tuple(
        CodeLine(number, Markup(line))  # noqa: S704 - pygments escapes every token
        for number, line in enumerate(found, 1)
    )


def _output(given: Mapping[str, Any]) -> list[Output]:
    kind = given.get("output_type")
    if kind == "stream":
        return _text(given.get("text", ""))
    if kind == "error":
        said = f"{given.get('ename', '')}: {given.get('evalue', '')}"
        trace = "\n".join(map(str, _listed(given.get("traceback", ()))))
        return [Output("error", sanitize.text(trace or said))]
    return _data(given.get("data", {}))


def _data(data: Any) -> list[Output]:
    """Return the richest representation that can be made safe."""
    if not isinstance(data, Mapping):
        return []
    for kind in PICTURES:
        picture = sanitize.png_of_base64(data.get(kind))
        if picture:
            return [Output("picture", picture)]
    if "text/html" in data:
        cleaned = sanitize.html(_joined(data["text/html"]))
        return [Output("html", html=Markup(cleaned))]  # noqa: S704 - cleaned by nh3
    return _text(data.get("text/plain", ""))


def _pictures(given: Sequence[str]) -> Iterator[Output]:
    for data in given:
        picture = sanitize.png_of_base64(data)
        if picture:
            yield Output("picture", picture)


def _text(value: Any) -> list[Output]:
    text = sanitize.text(_joined(value)).strip("\n")
    return [Output("text", text)] if text.strip() else []


def _joined(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
