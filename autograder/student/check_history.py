"""Record of the last check of each task, stored beside the notebook to outlive a kernel."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from autograder import atomic_files
from autograder.criteria.task import CriterionSpec
from autograder.language import in_words
from autograder.nouns import CriterionResult, Status
from autograder.student import environment

FORMAT = 1
FILE = Path(".autograder") / "progress.json"
REMEMBERED = 20  # maximum different failures stored for one criterion


@dataclass(frozen=True)
class Entry:
    """The last check of one task."""

    points: float
    max_points: float  # of the task's visible criteria
    hidden_points: float
    when: str  # ISO 8601, UTC
    failures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # digests by criterion


def record(
    grade_id: str, declared: Sequence[CriterionSpec], results: Sequence[CriterionResult]
) -> dict[str, int]:
    """Record a check; return the number of different failures of each criterion so far."""
    entries = read()
    before = entries[grade_id].failures if grade_id in entries else {}
    failures = {r.name: _failures(r, before.get(r.name, ())) for r in results}
    checked = {r.name for r in results}
    entries[grade_id] = Entry(
        points=round(sum(r.points for r in results), 6),
        max_points=sum(r.max_points for r in results),
        hidden_points=sum(c.points for c in declared if c.name not in checked),
        when=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        failures=failures,
    )
    _write(entries)
    return {name: len(seen) for name, seen in failures.items()}


def read() -> dict[str, Entry]:
    """Return the last checks by grade_id; empty if there is no readable record."""
    try:
        data = json.loads((environment.folder() / FILE).read_text("utf-8"))
        tasks = data["notebooks"][environment.notebook_name()]
        return {name: _entry(value) for name, value in tasks.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return dict(_unwritten)


def _entry(value: Mapping[str, Any]) -> Entry:
    failures = {str(k): tuple(map(str, v)) for k, v in value["failures"].items()}
    return Entry(
        float(value["points"]),
        float(value["max_points"]),
        float(value["hidden_points"]),
        str(value["when"]),
        failures,
    )


def _failures(result: CriterionResult, seen: tuple[str, ...]) -> tuple[str, ...]:
    """Return the digests of the failures so far, with this one added if it is a new failure."""
    if result.status is not Status.FAILED:
        return seen
    words = f"{in_words(result.message, 'en')[1]}\0{result.score}\0{result.points}"
    digest = hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:12]
    return seen if digest in seen else (*seen, digest)[-REMEMBERED:]


_unwritten: dict[str, Entry] = {}  # used outside a notebook, or if the folder is read-only


def _write(entries: dict[str, Entry]) -> None:
    _unwritten.update(entries)
    if environment.ipython() is None:
        return
    path = environment.folder() / FILE
    try:
        data = json.loads(path.read_text("utf-8"))
        notebooks = dict(data["notebooks"])
    except (OSError, ValueError, KeyError, TypeError):
        notebooks = {}
    notebooks[environment.notebook_name()] = {
        name: asdict(entry) for name, entry in entries.items()
    }
    text = json.dumps({"format": FORMAT, "notebooks": notebooks}, ensure_ascii=False, indent=1)
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        atomic_files.write(path, text.encode("utf-8"))
