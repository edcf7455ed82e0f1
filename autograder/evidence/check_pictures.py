"""Pictures that a criterion drew of an answer, stored beside the evidence for web pages."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder import sanitize
from autograder.evidence.store import Store

ALT_CAP = 400


@dataclass(frozen=True)
class Drawn:
    """A picture: its text alternative, and its SVG as base64 for use in an `img` only."""

    alt: str
    svg: str


def keep(
    store: Store, run: str, task: str, criterion: str, pictures: Sequence[dict[str, Any]]
) -> None:
    """Store the pictures of one criterion (`svg` and `alt` each), replacing the earlier ones."""
    store.write("pictures", run, task, criterion, record={"pictures": list(pictures)})


def read(store: Store, run: str, task: str, criterion: str) -> tuple[Drawn, ...]:
    """Return the pictures of one criterion; empty if it drew none or nothing was run."""
    record = store.read("pictures", run, task, criterion) if run else None
    return tuple(
        Drawn(sanitize.text(one["alt"], cap=ALT_CAP), b64encode(one["svg"].encode()).decode())
        for one in (record or {}).get("pictures", ())
    )
