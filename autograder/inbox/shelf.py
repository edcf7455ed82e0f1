"""Every submission ever made, kept as it was, and the one that counts put into `submitted/`.

    .autograder/submissions/<assignment>/<student>/<ULID>/
        manifest.json   who, when, what: written last, before the folder gets its name
        files/          as handed in, the notebooks to grade under their right names
    .autograder/submissions/<assignment>/<student>/placed.json   what lies in submitted/ now

A folder is made beside its place and renamed, so that it is there whole or not at all. Whoever is
stopped between keeping and placing finds it out from `placed.json` and places it the next time.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

from ulid import ULID

from autograder import atomically
from autograder.inbox import folder
from autograder.inbox.arrivals import Arrival
from autograder.inbox.paths import TIMESTAMP
from autograder.inbox.taking import File, Taken, digest_of
from autograder.notebook.record import issued_release
from autograder.nouns import Choice, Submission

FORMAT = 1
STALE_SECONDS = 24 * 3600
_LANGUAGE = re.compile("[a-z]{2}")
_ULID = re.compile("[0-7][0-9A-HJKMNP-TV-Z]{25}")


@dataclass(frozen=True)
class Kept:
    """One submission as its manifest says."""

    id: str
    assignment: str
    student: str
    arrival: Arrival
    sha256: str
    release: int
    files: tuple[File, ...]
    left_out: tuple[str, ...] = ()
    late: bool = False  # handed in before one that was there already: never the last one
    language: str = ""  # of the release that its notebooks were made from; "" is the source's
    renamed: Mapping[str, str] = field(default_factory=dict)  # path -> as handed in
    choices: tuple[Choice, ...] = ()  # files that are graded under another name, and those not
    issued: bool = False  # `release` was proved by its token; before tokens it was only claimed


class Shelf:
    """The submissions of one assignment."""

    def __init__(
        self,
        state: Path,
        submitted: Path,
        assignment: str,
        key: bytes = b"",
        served: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        """Take the course's key, without which no notebook's release is believed.

        `served` gives the oldest release that each student was served; an older one is not theirs.
        """
        self.assignment = assignment
        self._key, self._served = key, cache(served)
        self.root = state / "submissions" / assignment
        self._submitted = submitted

    # ── Keeping ──────────────────────────────────────────────────────────────────────

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """An empty folder of ours for one submission that is coming in."""
        incoming = self.root / ".incoming"
        _make(incoming)
        for old in incoming.iterdir():
            with suppress(OSError):
                if time.time() - old.stat().st_mtime > STALE_SECONDS:
                    shutil.rmtree(old, ignore_errors=True)
        path = Path(tempfile.mkdtemp(dir=incoming))
        try:
            (path / "files").mkdir(mode=0o700)
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def lock(self, student: str) -> Iterator[None]:
        """Nobody else keeps or places anything of this student meanwhile."""
        _make(self.root / student)
        handle = os.open(
            self.root / student / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def keep(
        self, student: str, staged: Path, taken: Taken, arrival: Arrival, *, late: bool = False
    ) -> Kept:
        """The submission, safely on disk when this returns; `staged` is moved to its place."""
        release, language = self._made_from(staged / "files", taken.files)
        kept = Kept(
            id=self._next_id(student),
            assignment=self.assignment,
            student=student,
            arrival=arrival,
            sha256=digest_of(taken.files),
            release=release,
            files=taken.files,
            left_out=tuple(str(r).replace("\n  → ", "; ") for r in taken.refused),
            late=late,
            language=language,
            renamed=dict(sorted(taken.renamed.items())),
            choices=taken.choices,
            issued=True,
        )
        text = json.dumps(_as_json(kept), ensure_ascii=False, indent=1) + "\n"
        atomically.write(staged / "manifest.json", text.encode(), mode=0o400)
        _settle(staged)
        _make(self.root / student)
        staged.rename(self.root / student / kept.id)
        _sync(self.root / student)
        return kept

    def _made_from(self, root: Path, files: tuple[File, ...]) -> tuple[int, str]:
        """Return number and language of the release its notebooks were made from.

        0 where no notebook carries a number with its token. The language is as claimed: it
        decides nothing but words.
        """
        found = [(0, "")]
        for file in files:
            if file.path.endswith(".ipynb"):
                try:
                    node = json.loads((root / file.path).read_bytes())
                    number = issued_release(node, self._key, self.assignment) if self._key else 0
                    language = node["metadata"]["autograder"].get("language", "")
                except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    continue
                known = isinstance(language, str) and _LANGUAGE.fullmatch(language)
                found.append((number, language if known else ""))
        return max(found)

    def all_of(self, student: str) -> tuple[Kept, ...]:
        """Every submission of a student, in the order in which they came in."""
        return tuple(kept for id_ in self.ids(student) if (kept := self.read(student, id_)))

    def unknown(self, student: str, known: Container[str]) -> tuple[Kept, ...]:
        """Return a student's submissions whose ids are not known yet, the oldest first."""
        new = (id_ for id_ in self.ids(student) if id_ not in known)
        return tuple(kept for id_ in new if (kept := self.read(student, id_)))

    def read(self, student: str, id_: str) -> Kept | None:
        """One submission; None if it is not there or of another format."""
        try:
            record = json.loads((self.root / student / id_ / "manifest.json").read_bytes())
            return _kept(record) if record["format"] == FORMAT else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def newest(self, student: str) -> Kept | None:
        """The one that was handed in last: the one that lies, or shall lie, in `submitted/`."""
        for id_ in reversed(self.ids(student)):
            kept = self.read(student, id_)
            if kept and not kept.late:
                return kept
        return None

    def ids(self, student: str) -> list[str]:
        """Return the ids of a student's submissions in the order in which they came in."""
        try:
            names = [path.name for path in (self.root / student).iterdir()]
        except OSError:
            return []
        return sorted(name for name in names if _ULID.fullmatch(name))

    def _next_id(self, student: str) -> str:
        """A new ULID, later in order than all before it even where the clock was set back."""
        last = self._last(student)
        after = ULID.from_int(int(ULID.from_str(last)) + 1) if last else ULID()
        return str(max(ULID(), after))

    def students(self) -> list[Path]:
        """The shelves of everybody who ever handed something in."""
        found = self.root.iterdir() if self.root.is_dir() else ()
        return sorted(path for path in found if path.is_dir() and path.name[:1] != ".")

    def submission(self, kept: Kept) -> Submission:
        """What grading is given: the kept files, which nobody changes meanwhile."""
        return Submission(
            id=kept.id,
            assignment=kept.assignment,
            student=kept.student,
            path=self.files(kept),
            received=kept.arrival.received.isoformat(),
            sha256=kept.sha256,
            release=self._believed(kept),
            language=kept.language,
            choices=kept.choices,
        )

    def _believed(self, kept: Kept) -> int:
        """Return the release that a submission was made from; 0, today's, if it is only claimed."""
        if not kept.issued or not kept.release:
            return 0
        return kept.release if kept.release >= self._served().get(kept.student, 0) else 0

    def files(self, kept: Kept) -> Path:
        """Where the files of a submission lie."""
        return self.root / kept.student / kept.id / "files"

    # ── Placing ──────────────────────────────────────────────────────────────────────

    def place_of(self, student: str) -> Path:
        """The folder of nbgrader's for the submission that counts."""
        return self._submitted / student / self.assignment

    def place(self, kept: Kept) -> None:
        """Puts a copy of the submission into `submitted/`, with nbgrader's time stamp."""
        final = self.place_of(kept.student)
        new, old = self._beside(kept.student)
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
        atomically.make_private(new.parent)
        shutil.copytree(self.files(kept), new, copy_function=shutil.copyfile)
        stamp = kept.arrival.received.strftime("%Y-%m-%d %H:%M:%S.%f UTC\n")
        (new / TIMESTAMP).write_text(stamp, encoding="ascii")
        if final.exists():
            final.rename(old)
        new.rename(final)
        shutil.rmtree(old, ignore_errors=True)
        self.remember(kept)

    def remember(self, kept: Kept) -> None:
        """Notes that this submission is what lies in `submitted/` as it is now."""
        seen = folder.fingerprint(self.place_of(kept.student))
        record = {"format": FORMAT, "id": kept.id, "last": self._last(kept.student), "seen": seen}
        atomically.write(self.root / kept.student / "placed.json", json.dumps(record).encode())

    def placed(self, student: str) -> tuple[Kept | None, bool]:
        """What was put into `submitted/` last, and whether everything is as it was then."""
        try:
            record = json.loads((self.root / student / "placed.json").read_bytes())
            kept = self.read(student, record["id"])
            same = record["last"] == self._last(student)
        except (OSError, ValueError, KeyError, TypeError):
            return None, False
        return kept, same and record["seen"] == folder.fingerprint(self.place_of(student))

    def adopted(self, student: str, name: str) -> object:
        """How a folder under another name of theirs was when it was taken from last."""
        return self._adopted(student).get(name)

    def remember_adopted(self, student: str, name: str, seen: list[list[object]]) -> None:
        """Notes that everything in that folder has been taken."""
        record = {**self._adopted(student), name: seen}
        atomically.write(self.root / student / "adopted.json", json.dumps(record).encode())

    def _adopted(self, student: str) -> dict[str, object]:
        try:
            record = json.loads((self.root / student / "adopted.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return record if type(record) is dict else {}

    def interrupted(self, student: str) -> bool:
        """Whether somebody was stopped while placing: what was kept last is not yet there."""
        if self.place_of(student).exists():
            return False
        kept, _ = self.placed(student)
        return any(path.exists() for path in self._beside(student)) or (
            kept is None and self.newest(student) is not None
        )

    def _last(self, student: str) -> str:
        return max(self.ids(student), default="")

    def _beside(self, student: str) -> tuple[Path, Path]:
        folder_ = self._submitted / student
        return folder_ / f".{self.assignment}.new", folder_ / f".{self.assignment}.old"


def _as_json(kept: Kept) -> dict[str, Any]:
    arrival = {**asdict(kept.arrival), "received": kept.arrival.received.isoformat()}
    return {"format": FORMAT, **asdict(kept), "arrival": arrival}


def _kept(record: dict[str, Any]) -> Kept:
    values = {name: value for name, value in record.items() if name != "format"}
    received = datetime.fromisoformat(record["arrival"]["received"]).astimezone(timezone.utc)
    arrival = Arrival(**{**record["arrival"], "received": received})
    files = tuple(File(**file) for file in record["files"])
    choices = tuple(
        Choice(**{**one, "others": tuple(one["others"])}) for one in record.get("choices", ())
    )
    kept = Kept(**{**values, "arrival": arrival, "files": files, "choices": choices})
    return replace(kept, left_out=tuple(kept.left_out))


def _make(path: Path) -> None:
    """The folder and those above it, for nobody but us."""
    for one in (path, *path.parents)[:4][::-1]:
        one.mkdir(mode=0o700, exist_ok=True)


def _settle(root: Path) -> None:
    """Everything below is read-only from here on, and on disk."""
    for below, _, names in os.walk(root):
        for name in names:
            path = Path(below, name)
            path.chmod(0o400)
            _sync(path)
        _sync(Path(below))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
