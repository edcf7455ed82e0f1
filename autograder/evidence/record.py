"""Evidence of one run of one notebook, as a frozen value and as a manifest on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.errors import EvidenceFault
from autograder.evidence.results import as_json, from_json
from autograder.evidence.store import Store
from autograder.nouns import CellError, Message, Usage


@dataclass(frozen=True)
class CellRecord:
    """Result of one cell; `outputs` is the blob of its nbformat outputs (JSON)."""

    number: int  # position in the submitted notebook; 0 if restored from source
    grade_id: str
    place: int  # position in the merged notebook, from 0
    error: CellError | None = None
    outputs: str = ""
    figures: tuple[str, ...] = ()  # blobs of its pictures (PNG, JPEG or GIF)
    drawn: int = 0  # number of pictures drawn, including those not kept
    lost: int = 0  # number of outputs that were too large or unreadable
    cpu: float = 0.0
    wall: float = 0.0
    skipped: tuple[str, ...] = ()  # lines that install or download


@dataclass(frozen=True)
class Evidence:
    """Result of one run. `values[task][name]` is the blob of a value as a frame of the wire."""

    key: str
    submission: str
    notebook: str
    cells: tuple[CellRecord, ...] = ()
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    limit: str = ""  # name of the limit that ended the run
    limit_message: Message = field(default_factory=Message)
    usage: Usage = field(default_factory=Usage)
    usage_before_hidden: Usage | None = None  # where hidden criteria asked: what students may see
    tier: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    started: str = ""  # ISO 8601, UTC

    @property
    def stopped_at(self) -> CellRecord | None:
        """Return the first cell that ended with an error, else None."""
        return next((cell for cell in self.cells if cell.error), None)


def keep(store: Store, evidence: Evidence) -> None:
    """Write the manifest of a run, replacing an earlier one of the same key."""
    store.write("runs", evidence.key, record=as_json(evidence))


def find(store: Store, key: str) -> Evidence | None:
    """Return the evidence of a run, or None. Raises EvidenceFault if its manifest is damaged."""
    record = store.read("runs", key)
    if record is None:
        return None
    record.pop("format")
    try:
        return from_json(Evidence, record)
    except (ValueError, KeyError, TypeError) as error:
        raise EvidenceFault(
            f"the manifest of run {key[:12]} is damaged",
            way_out="remove it; the submission will be run again",
        ) from error
