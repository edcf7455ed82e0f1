"""Detection of names that a notebook overwrote and that then cause an error.

`list = [1]` raises nothing, but the next `list(x)` fails with "'list' object is not callable", in
all code that shares the notebook's names: the student's functions and checks run in the notebook.
Names of the set-up cell are covered too.
"""

from __future__ import annotations

import builtins
import re
import types
from collections.abc import Iterator, Mapping
from typing import Any

MODULES = frozenset({"np", "pd", "plt", "tf", "keras", "sns", "expect"})  # by custom, or our own
CLASSES = frozenset({"Task"})
_TYPE = re.compile(r"'(\w+)' object (?:is not|has no|does not)|type '(\w+)' is not")
_ERRORS = (TypeError, AttributeError)


def shadowed(error: BaseException) -> str:
    """Return the overwritten name that caused this error; "" if there is none."""
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
    """Return True if the notebook rebound a built-in name or one of the set-up cell."""
    if name not in namespace:
        return False
    value = namespace[name]
    if name in MODULES:
        return not isinstance(value, types.ModuleType)
    if name in CLASSES:
        return not isinstance(value, type)
    return not name.startswith("_") and value is not getattr(builtins, name, value)


def _fits(value: Any, wrong: str) -> bool:
    """Return True if an error about an object of type `wrong` can be about the value."""
    return type(value).__name__ == wrong or (isinstance(value, type) and wrong == "type")


def _frames(trace: types.TracebackType | None) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield the names that each frame of the notebook uses, with its globals, innermost first."""
    frames = []
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    for frame in reversed(frames):
        if frame.f_globals.get("__name__") == "__main__":
            yield frame.f_code.co_names, frame.f_globals
