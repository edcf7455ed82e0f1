"""Kept work in a student's process, restored instead of repeating the training.

The files in `kept/` are the student's own. They are read by exact types and rebuilt like any other
student value, and prove no more than the student's code could claim.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.evidence import saved_work


class Shelf:
    """The kept values beside the notebook; `lost` maps each missing one to the reason."""

    def __init__(self, folder: Path, helpers: Sequence[str]) -> None:
        self._folder = folder / saved_work.FOLDER
        self._helpers = helpers
        self.lost: dict[str, str] = {}

    def value(self, name: str = "") -> Any:
        """Return `kept(name)` as in a notebook: the value, or without a name all the names."""
        if not name:
            return list(saved_work.names(self._folder))
        modules = {name: importlib.import_module(name) for name in self._helpers}
        return saved_work.read(self._folder, name).value(modules)

    def restore(
        self, names: Sequence[str], lost: Mapping[str, str], namespace: dict[str, Any]
    ) -> None:
        """Bind these values to their names; unbind the lost ones and record the reasons."""
        gone = dict(lost)
        for name in names:
            try:
                namespace[name] = self.value(name)
            except Exception as problem:
                gone[name] = str(getattr(problem, "fact", problem))[:250]
        for name in gone:
            namespace.pop(name, None)
        self.lost.update(gone)
