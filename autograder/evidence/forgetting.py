"""Deletion of submissions' runs: their records, and blobs that no other record names."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from autograder.evidence.store import Store

_NAME = re.compile(rb'"([0-9a-f]{64})"')


def runs(store: Store) -> dict[str, list[str]]:
    """Return the run keys of each submission."""
    found: dict[str, list[str]] = {}
    for path in sorted((store.root / "runs").glob("*.json")):
        try:
            submission = json.loads(path.read_bytes())["submission"]
        except (OSError, ValueError, KeyError, TypeError):  # being written, or damaged
            continue
        found.setdefault(str(submission), []).append(path.stem)
    return found


def forget(store: Store, keys: Collection[str]) -> None:
    """Delete the runs of these keys; blobs shared with other runs stay."""
    whose = [*_records(store, keys)]
    files = [file for one in whose for file in _files(one)]
    theirs = _named(files)
    others = set(store.root.rglob("*.json")) - set(files)
    for blob in theirs - _named(others):
        (store.root / "blobs" / blob[:2] / blob[2:]).unlink(missing_ok=True)
    for one in sorted(whose, key=lambda path: path.parent.name == "runs"):  # the manifest last
        shutil.rmtree(one) if one.is_dir() else one.unlink(missing_ok=True)


def _records(store: Store, keys: Collection[str]) -> Iterable[Path]:
    """Yield every record stored under one of these keys."""
    for key in keys:
        yield from store.root.glob(f"*/{key}.json")
        yield from store.root.glob(f"*/{key}")


def _files(record: Path) -> list[Path]:
    return sorted(record.rglob("*.json")) if record.is_dir() else [record]


def _named(files: Iterable[Path]) -> set[str]:
    """Return every blob that one of these records names."""
    found: set[str] = set()
    for path in files:
        try:
            found.update(name.decode() for name in _NAME.findall(path.read_bytes()))
        except OSError:  # replaced in the meantime
            continue
    return found
