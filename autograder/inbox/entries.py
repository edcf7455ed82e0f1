"""What is offered: files under harmless names, and how to read each, whatever it claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from autograder.inbox.paths import Refused

CHUNK = 1 << 18


@dataclass(frozen=True)
class Entry:
    """One file offered. `size` is what it claims; only what `chunks` gives is counted."""

    path: PurePosixPath
    size: int
    packed: int  # bytes it takes up where it comes from
    made: datetime | None  # its date, UTC
    chunks: Callable[[], Iterator[bytes]]  # may raise Refused at any time

    def under(self, path: PurePosixPath) -> Entry:
        """The same file by another name."""
        return replace(self, path=path)


@dataclass(frozen=True)
class Offered:
    """Everything in a folder or an archive: what can be read, and what is refused, with why."""

    entries: tuple[Entry, ...]
    refused: tuple[Refused, ...] = ()
