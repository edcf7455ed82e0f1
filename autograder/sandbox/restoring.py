"""Kept work in a student's process: where training is not repeated, it takes its place.

What lies in `kept/` is the student's own; it is read by exact types and rebuilt like any value of
theirs, and proves nothing that their code could not say as well.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.evidence import kept


class Shelf:
    """The kept values beside the notebook; `lost` says of others why they are not there."""

    def __init__(self, folder: Path, helpers: Sequence[str]) -> None:
        self._folder = folder / kept.FOLDER
        self._helpers = helpers
        self.lost: dict[str, str] = {}

    def value(self, name: str = "") -> Any:
        """What `kept(name)` gives in a notebook: the value, or without a name all the names."""
        if not name:
            return list(kept.names(self._folder))
        modules = {name: importlib.import_module(name) for name in self._helpers}
        return kept.read(self._folder, name).value(modules)

    def restore(
        self, names: Sequence[str], lost: Mapping[str, str], namespace: dict[str, Any]
    ) -> None:
        """Puts these values under their names, and takes away what is lost: `lost` says why."""
        gone = dict(lost)
        for name in names:
            try:
                namespace[name] = self.value(name)
            except Exception as problem:
                gone[name] = str(getattr(problem, "fact", problem))[:250]
        for name in gone:
            namespace.pop(name, None)
        self.lost.update(gone)
