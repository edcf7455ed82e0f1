"""A course as one file, while it is in use, and a folder made of that file again.

The gradebook is taken first, as it is at one moment; whatever it speaks of is on disk before it is
recorded, so the files that are packed after it are never too few.
"""

from __future__ import annotations

import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import make_url

from autograder import atomically, config
from autograder.config import Course
from autograder.errors import AutograderError, NotFound
from autograder.evidence import results

DATABASE = "gradebook.db"
EVIDENCE = PurePosixPath(".autograder/evidence")
JOURNALS = ("", "-wal", "-shm", "-journal")
PASSING = (".venv", ".git", "__pycache__", ".ipynb_checkpoints")  # made again, or kept elsewhere


@dataclass(frozen=True)
class Packed:
    """What a backup holds, or what was restored from it."""

    path: Path
    files: int
    size: int  # bytes of the files
    gradebook: bool  # whether it is in it; another database is backed up by its own means

    def as_json(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        plain: dict[str, Any] = results.as_json(self)
        return plain


def backup(course: Course, path: Path, *, evidence: bool = True) -> Packed:
    """Everything of a course in one tar file that its owner alone may read.

    Without `evidence` it is much smaller, and submissions run again when they are judged again.
    AutograderError where there is such a file, or where it would lie in the course itself.
    """
    path = path.resolve()
    if path.exists():
        raise AutograderError(f"{path} is there already", way_out="choose another name")
    if path.is_relative_to(course.root.resolve()):
        raise AutograderError(
            f"{path} lies in the course itself", way_out="choose a folder on another disk"
        )
    database = _database(course)
    files = size = 0
    half = path.with_name(f".{path.name}.part")
    try:
        half.touch(mode=0o600)
        with tarfile.open(half, "w") as tar:
            for name, file in _files(course, database, evidence=evidence):
                with suppress(FileNotFoundError):  # it was replaced or removed just now
                    size += _add(tar, name, file)
                    files += file.is_file()
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return Packed(path, files, size, database is not None)


def restore(path: Path, folder: Path) -> Packed:
    """The course of a backup in a folder that is not there yet, or is empty.

    NotFound without such a file; AutograderError for one that is no backup or is damaged.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    if folder.exists() and any(folder.iterdir()):
        raise AutograderError(f"{folder} is not empty", way_out="choose a new folder")
    try:
        with tarfile.open(path) as tar:
            names = tar.getnames()
            if "course_config.py" not in names:
                raise AutograderError(f"{path} is no backup of a course")
            atomically.make_private(folder)
            tar.extractall(folder, filter="tar")
    except (tarfile.TarError, EOFError) as error:
        raise AutograderError(f"{path} cannot be read: {error}") from error
    found = [one for one in folder.rglob("*") if one.is_file()]
    size = sum(one.stat().st_size for one in found)
    database = _database(config.load(folder))
    if database is not None:
        database.chmod(0o600)
        _must_be_sound(database)
    return Packed(folder, len(found), size, database is not None)


def _add(tar: tarfile.TarFile, name: str, file: Path) -> int:
    """How many bytes were packed: of the file as it was opened, should it be replaced meanwhile."""
    if file.is_dir():
        tar.add(file, name, recursive=False)
        return 0
    with file.open("rb") as opened:
        info = tar.gettarinfo(arcname=name, fileobj=opened)
        tar.addfile(info, opened)
        return info.size


def _files(course: Course, database: Path | None, *, evidence: bool) -> Iterator[tuple[str, Path]]:
    """(name in the backup, file or folder), folders before what is in them."""
    with tempfile.TemporaryDirectory() as scratch:
        if database is not None:
            yield DATABASE, _snapshot(database, Path(scratch) / DATABASE)
        for file in sorted(course.root.rglob("*")):
            name = PurePosixPath(file.relative_to(course.root).as_posix())
            passing = any(part in PASSING for part in name.parts)
            if passing or (not evidence and EVIDENCE in (name, *name.parents)):
                continue
            if database is not None and file.name.removeprefix(database.name) in JOURNALS:
                continue  # it is there as of one moment
            if file.is_dir() or file.is_file():
                yield str(name), file


def _database(course: Course) -> Path | None:
    """The file of the gradebook; None if it lies in a server, or outside the course."""
    url = make_url(course.db_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    file = Path(url.database)
    return file if file.is_file() and file.resolve().is_relative_to(course.root.resolve()) else None


def _snapshot(database: Path, to: Path) -> Path:
    """The whole database as it is at one moment, whoever writes meanwhile."""
    to.touch(mode=0o600)
    with closing(sqlite3.connect(database)) as there, closing(sqlite3.connect(to)) as here:
        there.backup(here)
        here.execute("PRAGMA journal_mode=DELETE")  # one file, without a journal beside it
    return to


def _must_be_sound(database: Path) -> None:
    with closing(sqlite3.connect(database)) as here:
        said = here.execute("PRAGMA integrity_check").fetchone()[0]
    if said != "ok":
        raise AutograderError(f"the gradebook of the backup is damaged: {said}")
