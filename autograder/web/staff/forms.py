"""What a form says: words without what surrounds them, points as people type them."""

from __future__ import annotations

import math

from starlette.datastructures import FormData

from autograder.errors import AutograderError
from autograder.language import translate

TEXT = 8000  # characters of one field


def said_in(form: FormData, name: str) -> str:
    """The words of one field; "" if there is none."""
    value = form.get(name, "")
    return value.replace("\r\n", "\n").strip()[:TEXT] if isinstance(value, str) else ""


def points_in(form: FormData, name: str) -> float:
    """A number of points as typed, with a comma or a point; 0 where nothing is."""
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
