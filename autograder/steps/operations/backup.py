"""Backup of a course into one file while it is in use, and restore into a folder.

The gradebook is copied first, as of one moment. Files are written to disk before the gradebook
records them, so the files packed after it are never too few.
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

from autograder import atomic_files, config
from autograder.config import Course
from autograder.errors import AutograderError, NotFound
from autograder.evidence import results

DATABASE = "gradebook.db"
EVIDENCE = PurePosixPath(".autograder/evidence")
JOURNALS = ("", "-wal", "-shm", "-journal")
PASSING = (".venv", ".git", "__pycache__", ".ipynb_checkpoints")  # recreated, or stored elsewhere


@dataclass(frozen=True)
class Packed:
    """Contents of a backup, or of a restored course."""

    path: Path
    files: int
    size: int  # total bytes of the files
    gradebook: bool  # False: it lies elsewhere and needs its own backup

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        plain: dict[str, Any] = results.as_json(self)
        return plain


def backup(course: Course, path: Path, *, evidence: bool = True) -> Packed:
    """Pack the whole course into one tar file that only its owner may read.

    Without `evidence` the file is much smaller, but a regrade has to run submissions again. Raises
    `AutograderError` if the file exists or would lie in the course itself.
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
                with suppress(FileNotFoundError):  # it was just replaced or removed
                    size += _add(tar, name, file)
                    files += file.is_file()
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return Packed(path, files, size, database is not None)


def restore(path: Path, folder: Path) -> Packed:
    """Unpack a backup into a folder that is new or empty.

    Raises `NotFound` if there is no such file, `AutograderError` if it is no backup or is damaged.
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
            atomic_files.make_private(folder)
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
    """Add a file as it was when opened; return the number of bytes packed."""
    if file.is_dir():
        tar.add(file, name, recursive=False)
        return 0
    with file.open("rb") as opened:
        info = tar.gettarinfo(arcname=name, fileobj=opened)
        tar.addfile(info, opened)
        return info.size


def _files(course: Course, database: Path | None, *, evidence: bool) -> Iterator[tuple[str, Path]]:
    """Yield (name in the backup, file or folder), folders before their contents."""
    with tempfile.TemporaryDirectory() as scratch:
        if database is not None:
            yield DATABASE, _snapshot(database, Path(scratch) / DATABASE)
        for file in sorted(course.root.rglob("*")):
            name = PurePosixPath(file.relative_to(course.root).as_posix())
            passing = any(part in PASSING for part in name.parts)
            if passing or (not evidence and EVIDENCE in (name, *name.parents)):
                continue
            if database is not None and file.name.removeprefix(database.name) in JOURNALS:
                continue  # the snapshot replaces it
            if file.is_dir() or file.is_file():
                yield str(name), file


def _database(course: Course) -> Path | None:
    """Return the gradebook file; None if it is on a server or outside the course."""
    url = make_url(course.db_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    file = Path(url.database)
    return file if file.is_file() and file.resolve().is_relative_to(course.root.resolve()) else None


def _snapshot(database: Path, to: Path) -> Path:
    """Copy the whole database as of one moment, even while others write."""
    to.touch(mode=0o600)
    with closing(sqlite3.connect(database)) as there, closing(sqlite3.connect(to)) as here:
        there.backup(here)
        here.execute("PRAGMA journal_mode=DELETE")  # one file, without a journal
    return to


def _must_be_sound(database: Path) -> None:
    with closing(sqlite3.connect(database)) as here:
        said = here.execute("PRAGMA integrity_check").fetchone()[0]
    if said != "ok":
        raise AutograderError(f"the gradebook of the backup is damaged: {said}")
