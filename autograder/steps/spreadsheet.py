"""Tables as CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from autograder.errors import AutograderError

# What begins a formula, after OWASP's "CSV Injection"; East Asian programs take the wide forms too.
FORMULA = frozenset("=+-@\t\r\n＝＋－＠")

# Also behind what programs drop or take for a separator: blanks, a byte order mark, `;` and tabs.
_FORMULA = re.compile(
    r"(^|[;\t\r\n])([\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]*)(?=[=+\-@＝＋－＠])"
)


def csv_bytes(
    headings: Sequence[str], rows: Iterable[Sequence[Any]], encoding: str = "utf-8-sig"
) -> bytes:
    """The table, its formulas neutralised; AutograderError if the encoding cannot hold it."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerows([plain(cell) for cell in row] for row in (headings, *rows))
    try:
        return out.getvalue().encode(encoding)
    except (LookupError, UnicodeEncodeError) as error:
        raise AutograderError(
            f"the table cannot be written in {encoding!r}: {error}",
            way_out='c.Export.encoding = "utf-8-sig" holds every name',
        ) from None


def plain(cell: Any) -> str:
    """The cell as text that is only ever read as text; numbers are numbers, None is empty."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int | float):
        return f"{cell:.10g}"
    text = str(cell)
    if text[:1] in FORMULA:
        return f"'{text}"
    return _FORMULA.sub(r"\1'\2", text)
