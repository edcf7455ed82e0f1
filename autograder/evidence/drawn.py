"""What a criterion drew of an answer when it was judged: kept beside the evidence, for pages."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder import harmless
from autograder.evidence.store import Store

ALT_CAP = 400


@dataclass(frozen=True)
class Drawn:
    """A picture: what is to be seen in words, and the SVG as base64, fit for an `img` alone."""

    alt: str
    svg: str


def keep(
    store: Store, run: str, task: str, criterion: str, pictures: Sequence[dict[str, Any]]
) -> None:
    """Keeps what one criterion drew, `svg` and `alt` each, in the place of what it drew before."""
    store.write("pictures", run, task, criterion, record={"pictures": list(pictures)})


def read(store: Store, run: str, task: str, criterion: str) -> tuple[Drawn, ...]:
    """What one criterion drew; nothing if it drew nothing or nothing was run."""
    record = store.read("pictures", run, task, criterion) if run else None
    return tuple(
        Drawn(harmless.text(one["alt"], cap=ALT_CAP), b64encode(one["svg"].encode()).decode())
        for one in (record or {}).get("pictures", ())
    )
