"""Files of a folder or archive: their safe names, and readers of their contents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from autograder.submissions.paths import Refused

CHUNK = 1 << 18


@dataclass(frozen=True)
class Entry:
    """One file; `size` is claimed by its source, so limits count the bytes from `chunks`."""

    path: PurePosixPath
    size: int
    packed: int  # bytes in its source, compressed if in a zip
    made: datetime | None  # modification time, UTC
    chunks: Callable[[], Iterator[bytes]]  # may raise Refused at any time

    def under(self, path: PurePosixPath) -> Entry:
        """Return this entry with another path."""
        return replace(self, path=path)


@dataclass(frozen=True)
class Offered:
    """Contents of a folder or archive: readable files, and rejected ones with the reason."""

    entries: tuple[Entry, ...]
    refused: tuple[Refused, ...] = ()
