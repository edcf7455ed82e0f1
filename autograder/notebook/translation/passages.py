"""Markdown split into passages, the units of translation, and put together again.

A passage is a heading, a paragraph, an item of a list or one field of a table, without its markup.
Code blocks and rows without words are not passages. Pictures embedded in the text are numbered, so
that translators need not copy their bytes.
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
    """A run of text: a passage, or text that stays unchanged."""

    text: str
    passage: bool = False


def passages(markdown: str) -> Iterator[str]:
    """Yield the passages of a cell in order."""
    for piece in _pieces(markdown):
        if piece.passage:
            yield _numbered(piece.text)[0]


def rewritten(markdown: str, translate: Callable[[str], str]) -> str:
    """Return the cell with each passage translated; unchanged if `translate` changes nothing."""
    return "".join(_said(p, translate) if p.passage else p.text for p in _pieces(markdown))


def _said(piece: _Piece, translate: Callable[[str], str]) -> str:
    passage, pictures = _numbered(piece.text)
    said = translate(passage)
    if said == passage:
        return piece.text
    return _NUMBERED.sub(lambda m: pictures.get(m[1], m[0]), said)


def _numbered(text: str) -> tuple[str, dict[str, str]]:
    """Return the text on one line with pictures as (data:1), (data:2), and their originals."""
    pictures: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        pictures[str(len(pictures) + 1)] = match[0]
        return f"(data:{len(pictures)})"

    short = _EMBEDDED.sub(number, text)
    return (short if "$$" in short else re.sub(r"\s*\n\s*>?\s*", " ", short)), pictures


def has_words(text: str) -> bool:
    """Return True if there is anything to translate: a letter outside code, formulas and links."""
    return any(c.isalpha() for c in _SILENT.sub(" ", _EMBEDDED.sub("()", text)))


# ── Splitting ────────────────────────────────────────────────────────────────────────


def _pieces(markdown: str) -> Iterator[_Piece]:
    """Yield all of the cell, in order: the joined pieces are the cell."""
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
    """Yield groups of lines: one paragraph, item, quotation or code block each."""
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
    """Yield the parts of a paragraph or item: its mark, its text, and the space after it."""
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
