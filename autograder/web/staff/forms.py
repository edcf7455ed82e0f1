"""Values of form fields: trimmed text, and points as people type them."""

from __future__ import annotations

import math

from starlette.datastructures import FormData

from autograder.errors import AutograderError
from autograder.language import translate

TEXT = 8000  # most characters of one field


def said_in(form: FormData, name: str) -> str:
    """Return a field's text, trimmed and at most TEXT characters; "" if it is missing."""
    value = form.get(name, "")
    return value.replace("\r\n", "\n").strip()[:TEXT] if isinstance(value, str) else ""


def points_in(form: FormData, name: str) -> float:
    """Return the points typed in a field, with decimal comma or point; 0 if empty.

    Raise AutograderError if the text is no number.
    """
    text = said_in(form, name).replace(",", ".").replace("−", "-") or "0"
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 10_000:
        raise AutograderError(
            translate("These are no points: {text}").format(text=text[:20]),
            way_out=translate("Write a number, as in 2, 0.5 or -1."),
        )
    return round(number, 4)
