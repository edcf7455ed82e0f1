"""Reader of tables that a spreadsheet or a learning platform saved as text."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import AutograderError, NotFound

LARGEST_MB = 16
DELIMITERS = ",;\t|"
SAVE_AS = "in Excel: File > Save As > CSV UTF-8 (Comma delimited); then import that file"
_BINARY = {
    b"PK\x03\x04": "an Excel workbook (.xlsx) or another archive",
    b"\xd0\xcf\x11\xe0": "an Excel workbook (.xls)",
    b"%PDF": "a PDF",
}
_BOMS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


@dataclass(frozen=True)
class TableRow:
    """One row of a table, and the line of the file on which it ends."""

    line: int
    cells: tuple[str, ...]


def read_text(file: Path) -> tuple[str, str]:
    """Return the file's text in Unicode form NFC, and its encoding.

    UTF-8, UTF-16 and UTF-32 are recognised by their byte order marks, CP949 (EUC-KR) and CP1252
    (Latin-1) by the letters they would give. Raises `NotFound`, or `AutograderError` if the file is
    not text.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read((LARGEST_MB << 20) + 1)
    except OSError as error:
        raise NotFound(
            f"cannot read it: {error.strerror}", where=str(file), way_out="check the file's name"
        ) from None
    if len(data) > LARGEST_MB << 20:
        raise AutograderError(
            f"it is larger than {LARGEST_MB} MB", where=str(file), way_out="split it into parts"
        )
    for start, what in _BINARY.items():
        if data.startswith(start):
            raise AutograderError(f"it is {what}, not CSV", where=str(file), way_out=SAVE_AS)
    for encoding in _candidates(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return unicodedata.normalize("NFC", text.removeprefix("\ufeff")), encoding
    raise AutograderError(
        "it is no text in UTF-8, UTF-16, CP949 or CP1252", where=str(file), way_out=SAVE_AS
    )


def _candidates(data: bytes) -> Iterator[str]:
    for mark, encoding in _BOMS.items():
        if data.startswith(mark):
            yield encoding
            return
    if data[1:400:2].count(0) > len(data[:400]) // 4:
        yield "utf-16-le"
    if data[:400:2].count(0) > len(data[:400]) // 4:
        yield "utf-16-be"
    yield "utf-8"
    yield from ("cp949", "cp1252") if _is_korean(data) else ("cp1252", "cp949")


def _is_korean(data: bytes) -> bool:
    """Return True if the bytes read as CP949 are common Hangul rather than accented letters.

    A lone accented letter of CP1252 before an ASCII letter looks like one of CP949's rare
    syllables; the common ones are those of EUC-KR.
    """
    try:
        letters = [char for char in data.decode("cp949") if "가" <= char <= "힣"]
    except UnicodeDecodeError:
        return False
    common = sum(_in_euc_kr(char) for char in letters)
    return 2 * common >= len(letters) > 0


def _in_euc_kr(char: str) -> bool:
    try:
        return len(char.encode("euc_kr")) == 2  # EUC-KR spells a rare syllable out in 8 bytes
    except UnicodeEncodeError:
        return False


def read_rows(text: str, where: str, known: Callable[[Sequence[str]], bool]) -> list[TableRow]:
    """Return the non-empty rows, split at the delimiter that makes headings.

    `known` must accept one of the first rows as headings. Raises `AutograderError` with the line if
    a quotation mark is never closed.
    """
    first, _, rest = text.partition("\n")
    said = first.strip().casefold().removeprefix("sep=")
    if first.strip().casefold().startswith("sep=") and len(said) == 1:  # as Excel does
        return list(_split(rest, said, where, 1))
    head = "\n".join(text.splitlines()[:12])
    fits = [one for one in DELIMITERS if any(map(known, _cells_of(head, one)))]
    delimiter = fits[0] if fits else max(DELIMITERS, key=first.count)
    return list(_split(text, delimiter, where, 0))


def _cells_of(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(
            io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True
        )
    except csv.Error:
        return


def _split(text: str, delimiter: str, where: str, before: int) -> Iterable[TableRow]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    begun = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield TableRow(reader.line_num + before, tuple(cells))
            begun = reader.line_num
    except csv.Error as error:
        raise AutograderError(
            f"it cannot be split into cells: {error}",
            where=f"{where}, line {begun + before + 1}",
            way_out='close each quotation mark, write "" for one inside a cell, or save it anew'
            " as CSV",
        ) from None
