"""Writing of one student's files to our folder, within limits; files left out are reported."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder import atomic_files
from autograder.nouns import Choice
from autograder.submissions.entries import Entry
from autograder.submissions.paths import TIMESTAMP, Refused, harmless_path, is_noise

RATIO = 250  # unpacked bytes per packed byte; real notebooks and images stay below 50
RATIO_FROM = 16 << 20  # bytes; smaller submissions can do no harm
FIRST = {".ipynb": 0, ".py": 1, ".json": 2}


@dataclass(frozen=True)
class Caps:
    """Limits on one submission, unpacked."""

    bytes: int
    files: int
    for_student: bool = False  # a student reads the errors, so name no settings


@dataclass(frozen=True)
class File:
    """One file of a submission."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Taken:
    """The files written for one submission, in order of path, and those left out."""

    files: tuple[File, ...]
    refused: tuple[Refused, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)  # path -> path as submitted
    choices: tuple[Choice, ...] = ()


def take(entries: Iterable[Entry], into: Path, caps: Caps) -> Taken:
    """Write the files below `into`, an existing empty folder.

    Notebooks come first, so that a large data set cannot displace a student's answers. Sizes are
    counted while reading; a file that exceeds the limit is deleted. If a name is already used, a
    notebook gets another name, and any other file is rejected.
    """
    files: list[File] = []
    renamed: dict[str, str] = {}
    refused: list[Refused] = []
    known: dict[str, str] = {}
    left, packed = caps.bytes, 0
    for entry in sorted(entries, key=_urgency):
        if is_noise(entry.path) or entry.path == PurePosixPath(TIMESTAMP):
            continue
        try:
            if len(files) >= caps.files:
                raise Refused.because(
                    "a submission may have {most} files, this is one too many",
                    where=str(entry.path),
                    most=caps.files,
                    way_out="hand in fewer files"
                    if caps.for_student
                    else "c.Submissions.max_files = ... allows more",
                )
            if harmless_path(str(entry.path)) != entry.path:
                raise Refused.because("its name could do harm", where=str(entry.path))
            path = entry.path
            entry = entry.under(_free(path, known))
            if entry.path != path:
                renamed[str(entry.path)] = str(path)
            _claim(entry.path, known)
            packed += entry.packed
            file = _write(entry, into, left, caps, packed, caps.bytes - left)
        except Refused as error:
            error.where = str(entry.path)
            refused.append(error)
            continue
        left -= file.size
        files.append(file)
    return Taken(tuple(sorted(files, key=lambda f: f.path)), tuple(refused), renamed)


def digest_of(files: Iterable[File]) -> str:
    """Return the SHA-256 of the lines that `sha256sum` prints for the files, in order of path."""
    lines = (f"{file.sha256}  {file.path}\n" for file in sorted(files, key=lambda f: f.path))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def without_wrapping(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Remove the outer folders that all files share; noise files are dropped."""
    inner = tuple(e for e in entries if not is_noise(e.path))
    while inner and all(len(e.path.parts) > 1 for e in inner):
        if len({e.path.parts[0] for e in inner}) > 1:
            break
        inner = tuple(e.under(PurePosixPath(*e.path.parts[1:])) for e in inner)
    return inner


def _urgency(entry: Entry) -> tuple[int, int, str]:
    return FIRST.get(entry.path.suffix.casefold(), 3), len(entry.path.parts), str(entry.path)


def _free(path: PurePosixPath, known: dict[str, str]) -> PurePosixPath:
    """Return the path; number a notebook's name if it is used already, ignoring case."""
    found, number = path, 2
    while path.suffix.casefold() == ".ipynb" and known.get(str(found).casefold()) is not None:
        found, number = path.with_name(f"{path.stem} [{number}]{path.suffix}"), number + 1
    return found


def _claim(path: PurePosixPath, known: dict[str, str]) -> None:
    """Reserve the path; raise Refused if it is used already, ignoring case."""
    key = str(path).casefold()
    taken = known.get(key)
    if taken is not None:
        raise Refused.because(
            "it is there twice"
            if taken == str(path)
            else "its name differs from {taken} only in upper and lower case",
            where=str(path),
            way_out="the first one was taken; rename the other",
            taken=taken,
        )
    folders = ["/".join(path.parts[:n]) for n in range(1, len(path.parts))]
    clash = [f for f in folders if known.get(f.casefold(), f + "/") != f + "/"]
    if clash:
        raise Refused.because(
            "{other} is a file or folder of another spelling", where=str(path), other=clash[0]
        )
    known[key] = str(path)
    known.update({folder.casefold(): folder + "/" for folder in folders})


def _write(entry: Entry, into: Path, left: int, caps: Caps, packed: int, before: int) -> File:
    target = into / entry.path
    atomic_files.make_private(target.parent)
    sha, size = hashlib.sha256(), 0
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in entry.chunks():
                size += len(chunk)
                _check(entry, size, left, caps, packed, before)
                sha.update(chunk)
                file.write(chunk)
    except BaseException:
        with suppress(OSError):
            target.unlink()
        raise
    return File(str(entry.path), size, sha.hexdigest())


def _check(entry: Entry, size: int, left: int, caps: Caps, packed: int, before: int) -> None:
    if size > left:
        raise Refused.because(
            "with it the submission has more than {most} MB",
            where=str(entry.path),
            most=caps.bytes >> 20,
            way_out="hand in fewer or smaller files"
            if caps.for_student
            else "c.Submissions.max_mb = ... allows more",
        )
    whole = before + size
    if whole > RATIO_FROM and whole > RATIO * max(packed, 1):
        raise Refused.because(
            "it unpacks to more than {times} times its size",
            where=str(entry.path),
            times=RATIO,
            way_out="hand in fewer or smaller files"
            if caps.for_student
            else "if it is honest, hand it in as a folder",
        )
