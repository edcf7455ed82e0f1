"""Markdown in passages: what a translator gets in one piece, and the cell put together again.

A passage is a heading, a paragraph, an item of a list or one field of a table, without the marks
around it. Code blocks and rows without words are no passages; pictures inside the text are
numbered, so that nobody has to carry a picture's bytes along.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"\s*(```|~~~)")
_MARK = re.compile(r"\s*(?:[-*+]\s+|\d+[.)]\s+|#{1,6}\s+|>\s?)|\s*")
_STARTS = re.compile(r"\s*(?:[-*+]\s+|\d+[.)]\s+|#{1,6}\s+|>\s?|\|)")
_FIELDS = re.compile(r"(?<!\\)\|")
_EMBEDDED = re.compile(r"\(data:[^)\s]+\)")
_NUMBERED = re.compile(r"\(data:(\d+)\)")
_SILENT = re.compile(r"`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|<[^>]*>", re.DOTALL)


@dataclass(frozen=True)
class _Piece:
    """A run of text; a passage is what people read in it, anything else stays as it is."""

    text: str
    passage: bool = False


def passages(markdown: str) -> Iterator[str]:
    """The passages of a cell in order."""
    for piece in _pieces(markdown):
        if piece.passage:
            yield _numbered(piece.text)[0]


def rewritten(markdown: str, translate: Callable[[str], str]) -> str:
    """The cell with each passage as `translate` gives it; the very same text if it changes none."""
    return "".join(_said(p, translate) if p.passage else p.text for p in _pieces(markdown))


def _said(piece: _Piece, translate: Callable[[str], str]) -> str:
    passage, pictures = _numbered(piece.text)
    said = translate(passage)
    if said == passage:
        return piece.text
    return _NUMBERED.sub(lambda m: pictures.get(m[1], m[0]), said)


def _numbered(text: str) -> tuple[str, dict[str, str]]:
    """The text on one line with its pictures as (data:1), (data:2), and what each stands for."""
    pictures: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        pictures[str(len(pictures) + 1)] = match[0]
        return f"(data:{len(pictures)})"

    short = _EMBEDDED.sub(number, text)
    return (short if "$$" in short else re.sub(r"\s*\n\s*>?\s*", " ", short)), pictures


def has_words(text: str) -> bool:
    """Whether there is anything to translate: a letter outside code, formulas and addresses."""
    return any(c.isalpha() for c in _SILENT.sub(" ", _EMBEDDED.sub("()", text)))


# ── Cutting ──────────────────────────────────────────────────────────────────────────


def _pieces(markdown: str) -> Iterator[_Piece]:
    """Everything in the cell, in order: joined together it is the cell."""
    for number, lines in enumerate(_together(markdown.split("\n"))):
        text = "\n".join(lines)
        if number:
            yield _Piece("\n")
        if text.lstrip().startswith("|"):
            yield from _fields(text)
        elif _FENCE.match(text) or not text.strip():
            yield _Piece(text)
        else:
            yield from _marked(text)


def _together(lines: list[str]) -> Iterator[list[str]]:
    """Lines that belong to one paragraph, item, quotation or block of code."""
    run: list[str] = []
    fence = ""
    for line in lines:
        opens = _FENCE.match(line)
        inside = bool(fence)
        if opens and (not fence or opens[1] == fence):
            fence = "" if fence else opens[1]
        goes_on = run and (inside or _continues(run, line))
        if run and not goes_on:
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _continues(run: list[str], line: str) -> bool:
    first = run[0].lstrip()
    if not line.strip() or not run[-1].strip() or _FENCE.match(line) or _FENCE.match(run[0]):
        return False
    if first.startswith(">") and line.lstrip().startswith(">"):
        return True
    return not first.startswith(("#", "|")) and not _STARTS.match(line)


def _marked(text: str) -> Iterator[_Piece]:
    """A paragraph or item: its mark, what it says, and the space after it."""
    mark = _MARK.match(text)
    start = mark.end() if mark else 0
    end = len(text.rstrip())
    yield _Piece(text[:start])
    yield _Piece(text[start:end], has_words(text[start:end]))
    yield _Piece(text[end:])


def _fields(row: str) -> Iterator[_Piece]:
    for number, field in enumerate(_FIELDS.split(row)):
        if number:
            yield _Piece("|")
        yield from _marked(field) if field.strip() else (_Piece(field),)
