"""Names that a notebook took from Python or from its set-up cell, and that an error comes from.

`list = [1]` is no error; the next `list(x)` is, as "'list' object is not callable", in all code
that shares the notebook's names: the student's own functions, and checks run in the notebook.
"""

from __future__ import annotations

import builtins
import re
import types
from collections.abc import Iterator, Mapping
from typing import Any

MODULES = frozenset({"np", "pd", "plt", "tf", "keras", "sns", "expect"})  # by custom, or by our own
CLASSES = frozenset({"Task"})
_TYPE = re.compile(r"'(\w+)' object (?:is not|has no|does not)|type '(\w+)' is not")
_ERRORS = (TypeError, AttributeError)


def shadowed(error: BaseException) -> str:
    """Return the name whose other value made this error; "" if none did."""
    if not isinstance(error, _ERRORS):
        return ""
    try:
        found = _TYPE.search(str(error))
    except Exception:  # the text of a student's exception
        return ""
    wrong = (found[1] or found[2]) if found else ""
    for names, namespace in _frames(error.__traceback__):
        for name in names:
            if is_taken(name, namespace) and _fits(namespace[name], wrong):
                return name
    return ""


def is_taken(name: str, namespace: Mapping[str, Any]) -> bool:
    """Whether the notebook gives a name of Python's, or of the set-up cell's, another value."""
    if name not in namespace:
        return False
    value = namespace[name]
    if name in MODULES:
        return not isinstance(value, types.ModuleType)
    if name in CLASSES:
        return not isinstance(value, type)
    return not name.startswith("_") and value is not getattr(builtins, name, value)


def _fits(value: Any, wrong: str) -> bool:
    """Whether an error about an object of type `wrong` can be about the value."""
    return type(value).__name__ == wrong or (isinstance(value, type) and wrong == "type")


def _frames(trace: types.TracebackType | None) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """The names that each frame of the notebook uses, the innermost frame first."""
    frames = []
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    for frame in reversed(frames):
        if frame.f_globals.get("__name__") == "__main__":
            yield frame.f_code.co_names, frame.f_globals
