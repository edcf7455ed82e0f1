"""CSV tables whose cells no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from autograder.errors import AutograderError

# Formula starts by OWASP's "CSV Injection"; East Asian programs also accept the wide forms.
FORMULA = frozenset("=+-@\t\r\n＝＋－＠")

# Programs drop blanks and byte order marks before a formula, and split cells at `;` and tabs.
_FORMULA = re.compile(
    r"(^|[;\t\r\n])([\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]*)(?=[=+\-@＝＋－＠])"
)


def csv_bytes(
    headings: Sequence[str], rows: Iterable[Sequence[Any]], encoding: str = "utf-8-sig"
) -> bytes:
    """Return the table as CSV with formulas neutralised.

    Raises `AutograderError` if the encoding cannot represent it.
    """
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
    """Return the cell as text that no spreadsheet evaluates; None becomes ""."""
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
