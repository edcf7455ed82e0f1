"""Evidence on disk: blobs by their SHA-256, one manifest per run, one trace per criterion.

    blobs/ab/cdef…            bytes, named by their SHA-256
    runs/<key>.json           manifest of one run
    traces/<key>/<name>.json  a criterion's requests to the student's process, with replies

Every file is written beside its place and renamed, so no file is ever incomplete.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autograder import atomic_files
from autograder.errors import EvidenceFault

FORMAT = 1


def digest(*parts: bytes | memoryview) -> str:
    """Return the SHA-256 of the concatenated parts, in hex."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part)
    return sha.hexdigest()


def fingerprint(value: Any) -> str:
    """Return the SHA-256 of a JSON value in canonical form."""
    return digest(json.dumps(value, sort_keys=True, ensure_ascii=False).encode())


class Store:
    """The evidence of one course on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, *parts: bytes | memoryview) -> str:
        """Store the bytes; return their digest."""
        name = digest(*parts)
        path = self._blob(name)
        if not path.exists():
            atomic_files.write(path, b"".join(parts), durable=False)
        return name

    def get(self, name: str) -> bytes:
        """Return the bytes with this digest. Raises EvidenceFault if missing or damaged."""
        try:
            data = self._blob(name).read_bytes()
        except OSError as error:
            raise EvidenceFault(
                f"evidence {name[:12]} is missing",
                where=str(self._blob(name)),
                way_out="grade the submission again: it will be run afresh",
            ) from error
        if digest(data) != name:
            self._blob(name).unlink(missing_ok=True)
            raise EvidenceFault(
                f"evidence {name[:12]} is damaged",
                where=str(self._blob(name)),
                way_out="it was removed; grade the submission again",
            )
        return data

    def head(self, name: str, most: int) -> bytes:
        """Return the first bytes of a blob, unverified. Raises EvidenceFault if it is missing."""
        try:
            with self._blob(name).open("rb") as file:
                return file.read(most)
        except OSError as error:
            raise EvidenceFault(f"evidence {name[:12]} is missing") from error

    def _blob(self, name: str) -> Path:
        return self.root / "blobs" / name[:2] / name[2:]

    def read(self, kind: str, *name: str) -> dict[str, Any] | None:
        """Return one manifest or trace; None if it is missing or of another format."""
        path = self._record(kind, name)
        try:
            record = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return None
        return record if type(record) is dict and record.get("format") == FORMAT else None

    def write(self, kind: str, *name: str, record: dict[str, Any]) -> None:
        """Write one manifest or trace."""
        text = json.dumps({"format": FORMAT, **record}, ensure_ascii=False)
        atomic_files.write(self._record(kind, name), text.encode(), durable=False)

    def remove(self, kind: str, *name: str) -> None:
        """Delete one manifest or trace; its blobs stay."""
        self._record(kind, name).unlink(missing_ok=True)

    def _record(self, kind: str, name: Iterable[str]) -> Path:
        *folders, last = name
        return self.root.joinpath(kind, *folders, f"{last}.json")
