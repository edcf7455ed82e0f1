"""Store of all submissions, kept unchanged; the newest is also placed in `submitted/`.

    .autograder/submissions/<assignment>/<student>/<ULID>/
        manifest.json   who, when, what: written last, before the folder is renamed
        files/          as submitted, with the notebooks to grade under the assignment's names
    .autograder/submissions/<assignment>/<student>/placed.json   the submission in submitted/ now

A folder is made under a temporary name and then renamed, so that it is complete or absent. After an
interruption between keeping and placing, `placed.json` shows it, and the next run places the
submission.
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

from autograder import atomic_files
from autograder.notebook.release.release_record import issued_release
from autograder.nouns import Choice, Submission
from autograder.submissions import folder
from autograder.submissions.arrivals import Arrival
from autograder.submissions.extraction import File, Taken, digest_of
from autograder.submissions.paths import TIMESTAMP

FORMAT = 1
STALE_SECONDS = 24 * 3600
_LANGUAGE = re.compile("[a-z]{2}")
_ULID = re.compile("[0-7][0-9A-HJKMNP-TV-Z]{25}")


@dataclass(frozen=True)
class StoredSubmission:
    """One submission, as recorded in its manifest."""

    id: str
    assignment: str
    student: str
    arrival: Arrival
    sha256: str
    release: int
    files: tuple[File, ...]
    left_out: tuple[str, ...] = ()
    late: bool = False  # submitted before one that was already there: never the newest
    language: str = ""  # of the release that its notebooks were made from; "": the source's
    renamed: Mapping[str, str] = field(default_factory=dict)  # path -> path as submitted
    choices: tuple[Choice, ...] = ()  # files graded under another name, and those not graded
    issued: bool = False  # a token proves `release`; submissions older than tokens only claim it


class SubmissionStore:
    """Store of one assignment's submissions."""

    def __init__(
        self,
        state: Path,
        submitted: Path,
        assignment: str,
        key: bytes = b"",
        served: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        """Set the course's `key`, which proves the release of a notebook; "" accepts no proof.

        `served` returns the oldest release served to each student; a claim to an older release is
        ignored.
        """
        self.assignment = assignment
        self._key, self._served = key, cache(served)
        self.root = state / "submissions" / assignment
        self._submitted = submitted

    # ── Keeping ──────────────────────────────────────────────────────────────────────

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Yield a temporary folder for an incoming submission; delete stale ones."""
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
        """Lock this student's submissions."""
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
    ) -> StoredSubmission:
        """Store a submission and return it; move `staged` into the store and sync it to disk."""
        release, language = self._made_from(staged / "files", taken.files)
        kept = StoredSubmission(
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
        atomic_files.write(staged / "manifest.json", text.encode(), mode=0o400)
        _settle(staged)
        _make(self.root / student)
        staged.rename(self.root / student / kept.id)
        _sync(self.root / student)
        return kept

    def _made_from(self, root: Path, files: tuple[File, ...]) -> tuple[int, str]:
        """Return number and language of the release that the notebooks were made from.

        The number is 0 if no notebook has a number with a valid token. The language is not
        verified, because it only selects the language of texts.
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

    def all_of(self, student: str) -> tuple[StoredSubmission, ...]:
        """Return all submissions of a student, in order of arrival."""
        return tuple(kept for id_ in self.ids(student) if (kept := self.read(student, id_)))

    def unknown(self, student: str, known: Container[str]) -> tuple[StoredSubmission, ...]:
        """Return a student's submissions whose ids are not in `known`, oldest first."""
        new = (id_ for id_ in self.ids(student) if id_ not in known)
        return tuple(kept for id_ in new if (kept := self.read(student, id_)))

    def read(self, student: str, id_: str) -> StoredSubmission | None:
        """Return one submission; None if it does not exist or has another format."""
        try:
            record = json.loads((self.root / student / id_ / "manifest.json").read_bytes())
            return _kept(record) if record["format"] == FORMAT else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def newest(self, student: str) -> StoredSubmission | None:
        """Return the newest submission, which belongs in `submitted/`; None if there is none."""
        for id_ in reversed(self.ids(student)):
            kept = self.read(student, id_)
            if kept and not kept.late:
                return kept
        return None

    def ids(self, student: str) -> list[str]:
        """Return the ids of a student's submissions, in order of arrival."""
        try:
            names = [path.name for path in (self.root / student).iterdir()]
        except OSError:
            return []
        return sorted(name for name in names if _ULID.fullmatch(name))

    def _next_id(self, student: str) -> str:
        """Return a new ULID that sorts after all earlier ones, even if the clock was set back."""
        last = self._last(student)
        after = ULID.from_int(int(ULID.from_str(last)) + 1) if last else ULID()
        return str(max(ULID(), after))

    def students(self) -> list[Path]:
        """Return the store folders of all students who have ever submitted."""
        found = self.root.iterdir() if self.root.is_dir() else ()
        return sorted(path for path in found if path.is_dir() and path.name[:1] != ".")

    def submission(self, kept: StoredSubmission) -> Submission:
        """Return the submission for grading, with the path of the kept, read-only files."""
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

    def _believed(self, kept: StoredSubmission) -> int:
        """Return the release that a submission was made from; 0, the current one, if unproved."""
        if not kept.issued or not kept.release:
            return 0
        return kept.release if kept.release >= self._served().get(kept.student, 0) else 0

    def files(self, kept: StoredSubmission) -> Path:
        """Return the folder of a submission's files."""
        return self.root / kept.student / kept.id / "files"

    # ── Placing ──────────────────────────────────────────────────────────────────────

    def place_of(self, student: str) -> Path:
        """Return nbgrader's `submitted/` folder of this student and assignment."""
        return self._submitted / student / self.assignment

    def place(self, kept: StoredSubmission) -> None:
        """Copy the submission to `submitted/`, with nbgrader's time stamp."""
        final = self.place_of(kept.student)
        new, old = self._beside(kept.student)
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
        atomic_files.make_private(new.parent)
        shutil.copytree(self.files(kept), new, copy_function=shutil.copyfile)
        stamp = kept.arrival.received.strftime("%Y-%m-%d %H:%M:%S.%f UTC\n")
        (new / TIMESTAMP).write_text(stamp, encoding="ascii")
        if final.exists():
            final.rename(old)
        new.rename(final)
        shutil.rmtree(old, ignore_errors=True)
        self.remember(kept)

    def remember(self, kept: StoredSubmission) -> None:
        """Record that `submitted/`, as it is now, contains this submission."""
        seen = folder.fingerprint(self.place_of(kept.student))
        record = {"format": FORMAT, "id": kept.id, "last": self._last(kept.student), "seen": seen}
        atomic_files.write(self.root / kept.student / "placed.json", json.dumps(record).encode())

    def placed(self, student: str) -> tuple[StoredSubmission | None, bool]:
        """Return the submission placed last, and True if nothing has changed since.

        Nothing has changed if the folder in `submitted/` is the same and no submission was kept
        since.
        """
        try:
            record = json.loads((self.root / student / "placed.json").read_bytes())
            kept = self.read(student, record["id"])
            same = record["last"] == self._last(student)
        except (OSError, ValueError, KeyError, TypeError):
            return None, False
        return kept, same and record["seen"] == folder.fingerprint(self.place_of(student))

    def adopted(self, student: str, name: str) -> object:
        """Return the fingerprint of a folder under another name when it was last adopted."""
        return self._adopted(student).get(name)

    def remember_adopted(self, student: str, name: str, seen: list[list[object]]) -> None:
        """Record that everything in a folder has been adopted; `seen` is its fingerprint."""
        record = {**self._adopted(student), name: seen}
        atomic_files.write(self.root / student / "adopted.json", json.dumps(record).encode())

    def _adopted(self, student: str) -> dict[str, object]:
        try:
            record = json.loads((self.root / student / "adopted.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return record if type(record) is dict else {}

    def interrupted(self, student: str) -> bool:
        """Return True if placing was interrupted, before the newest submission was in place."""
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


def _as_json(kept: StoredSubmission) -> dict[str, Any]:
    arrival = {**asdict(kept.arrival), "received": kept.arrival.received.isoformat()}
    return {"format": FORMAT, **asdict(kept), "arrival": arrival}


def _kept(record: dict[str, Any]) -> StoredSubmission:
    values = {name: value for name, value in record.items() if name != "format"}
    received = datetime.fromisoformat(record["arrival"]["received"]).astimezone(timezone.utc)
    arrival = Arrival(**{**record["arrival"], "received": received})
    files = tuple(File(**file) for file in record["files"])
    choices = tuple(
        Choice(**{**one, "others": tuple(one["others"])}) for one in record.get("choices", ())
    )
    kept = StoredSubmission(**{**values, "arrival": arrival, "files": files, "choices": choices})
    return replace(kept, left_out=tuple(kept.left_out))


def _make(path: Path) -> None:
    """Create a folder and its parents, accessible only to our user."""
    for one in (path, *path.parents)[:4][::-1]:
        one.mkdir(mode=0o700, exist_ok=True)


def _settle(root: Path) -> None:
    """Make all files below read-only and sync them to disk."""
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
