"""Notebooks under the names that the assignment gave them, whatever was made of the names since."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from autograder.inbox.entries import Entry

_COPY = re.compile(
    r"(?:[ _-]*\(\d+\)|[ _]*-+[ _]*(?:copy)?[ _]*\d*|[ _]*copy[ _]*\d*|의?[ _]*사본)\Z",
    re.IGNORECASE,
)
_COPY_OF = re.compile(r"(?:copy[ _]+of[ _]+|사본[ _]*[-–]?[ _]*)", re.IGNORECASE)


def rightly_named(entries: Iterable[Entry], names: Iterable[str]) -> tuple[Entry, ...]:
    """The files with notebooks such as `n411 (1).ipynb`, `Copy of n411.ipynb` called `n411.ipynb`.

    `names` are the assignment's notebooks. If there is one of them and one is handed in, it is that
    one whatever its name. Of several copies the latest number is taken for it.
    """
    entries, wanted = tuple(entries), {name.casefold(): name for name in names}
    books = [e for e in entries if len(e.path.parts) == 1 and e.path.suffix.lower() == ".ipynb"]
    here = {e.path.stem.casefold(): e for e in books if e.path.name in _exact(wanted)}
    renamed: dict[PurePosixPath, str] = {}
    for entry in sorted(books, key=lambda e: _number(e.path.stem), reverse=True):
        name = wanted.get(plain_stem(entry.path.stem).casefold())
        if name and name.casefold() not in here:
            here[name.casefold()] = entry
            renamed[entry.path] = name
    if not here and len(books) == len(wanted) == 1:
        renamed[books[0].path] = next(iter(wanted.values()))
    return tuple(
        e.under(PurePosixPath(f"{renamed[e.path]}.ipynb")) if e.path in renamed else e
        for e in entries
    )


def plain_stem(stem: str) -> str:
    """The stem without what browsers, Colab and an LMS add to the name of a copy."""
    while True:
        shorter = _COPY.sub("", _COPY_OF.sub("", stem, count=1)).strip()
        if shorter == stem or not shorter:
            return stem
        stem = shorter


def _exact(wanted: dict[str, str]) -> set[str]:
    return {f"{name}.ipynb" for name in wanted.values()}


def _number(stem: str) -> int:
    found = re.search(r"(\d+)\)?\s*\Z", stem)
    return int(found.group(1)[:9]) if found else 0
