"""Public names for notebooks: Task, expect, keep, kept, KeepEachEpoch, progress, budget, submit.

Helper files of a notebook may also import `translated`, for the texts in their plots.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder import expect as expect
    from autograder.student.budget import budget as budget
    from autograder.student.each_epoch import KeepEachEpoch as KeepEachEpoch
    from autograder.student.environment import translated as translated
    from autograder.student.keeping import keep as keep
    from autograder.student.keeping import kept as kept
    from autograder.student.progress import progress as progress
    from autograder.student.submitting import submit as submit
    from autograder.student.task import Task as Task

_PLACES = {
    "Task": "autograder.student.task",
    "KeepEachEpoch": "autograder.student.each_epoch",
    "keep": "autograder.student.keeping",
    "kept": "autograder.student.keeping",
    "progress": "autograder.student.progress",
    "budget": "autograder.student.budget",
    "submit": "autograder.student.submitting",
    "translated": "autograder.student.environment",
}

__all__ = [
    "KeepEachEpoch",
    "Task",
    "budget",
    "expect",
    "keep",
    "kept",
    "progress",
    "submit",
    "translated",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first access."""
    if name == "expect":
        return import_module("autograder.expect")
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_PLACES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
