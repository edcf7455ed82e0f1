"""Protection of the names `Task` and `expect`, so that test cells always find them."""

from __future__ import annotations

import re
from typing import Any

from autograder.language import translate
from autograder.nouns import fill
from autograder.shadowing import is_taken
from autograder.student import environment

_DECLARES = re.compile(r"^\s*\w+\s*=\s*Task\(", re.MULTILINE)


def watch(ours: dict[str, Any]) -> None:
    """Restore these names before every cell that declares a Task, and report it."""
    shell = environment.ipython()
    if shell is None or getattr(shell, "_autograder_names", False):
        return
    shell._autograder_names = True
    shell.events.register("pre_run_cell", lambda info: _before(info, shell.user_ns, ours))


def _before(info: Any, namespace: dict[str, Any], ours: dict[str, Any]) -> None:
    text = str(getattr(info, "raw_cell", "") or "")
    if _DECLARES.search(text):
        for name in put_back(namespace, ours):
            said = translate(
                "{name} has another value in this notebook; this check uses the course's {name} "
                "again. Rename your own variable {name}."
            )
            print(fill(said, {"name": name}))  # noqa: T201 (a cell's output)


def put_back(namespace: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """Restore our value of each name that was reassigned; return those names."""
    taken = [name for name in ours if is_taken(name, namespace)]
    namespace.update({name: ours[name] for name in taken})
    return taken
