"""Listing of a folder's files; links are never followed, even if swapped in while reading."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import partial
from pathlib import Path, PurePosixPath

from autograder import sanitize
from autograder.submissions.entries import CHUNK, Entry, Offered
from autograder.submissions.paths import Refused, decoded, harmless_path

ENTRIES = 200_000  # maximum number of files listed in one folder


def offered(root: Path) -> Offered:
    """Return the regular files below `root`, sorted in each folder; reject links and devices."""
    entries: list[Entry] = []
    refused: list[Refused] = []
    for raw, status in _walk(root):
        if len(entries) + len(refused) >= ENTRIES:
            refused.append(Refused(f"there are more than {ENTRIES} files", where=str(root)))
            break
        name = decoded(os.fsencode(raw))
        try:
            entries.append(_entry(root, raw, name, status))
        except Refused as error:
            refused.append(error)
    return Offered(tuple(entries), tuple(refused))


def offered_file(path: Path) -> Offered:
    """Return one file as the only one in its folder."""
    try:
        return Offered((_entry(path.parent, path.name, path.name, path.lstat()),))
    except Refused as error:
        return Offered((), (error,))


def fingerprint(root: Path) -> list[list[object]]:
    """Return path, size, times and inode of each file, to detect changes without reading files."""
    return sorted(
        [str(raw), s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino] if s else [str(raw)]
        for raw, s in _walk(root)
    )


def _walk(root: Path) -> Iterator[tuple[str, os.stat_result | None]]:
    """Yield (path, status) of everything but folders; the status is None if it is unreadable."""
    todo = [""]
    while todo:
        below = todo.pop()
        try:
            with os.scandir(root / below) as found:
                listed = sorted(found, key=lambda one: one.name)
        except OSError:
            yield below or ".", None
            continue
        for one in listed:
            path = f"{below}/{one.name}" if below else one.name
            if one.is_dir(follow_symlinks=False):
                if path.count("/") < 100:
                    todo.append(path)
                continue
            try:
                yield path, one.stat(follow_symlinks=False)
            except OSError:
                yield path, None


def _entry(root: Path, raw: str, name: str, status: os.stat_result | None) -> Entry:
    shown = sanitize.text(name, cap=120)
    if status is None:
        raise Refused("it may not be read", where=shown, way_out="give yourself leave to read it")
    if stat.S_ISLNK(status.st_mode):
        raise Refused("it is a link, not a file", where=shown, way_out="put the file itself there")
    if not stat.S_ISREG(status.st_mode):
        raise Refused("it is no file but a device, socket or pipe", where=shown)
    return Entry(
        harmless_path(name),
        status.st_size,
        status.st_size,
        datetime.fromtimestamp(status.st_mtime, timezone.utc),
        partial(_chunks, root, raw, shown),
    )


def _chunks(root: Path, raw: str, shown: str) -> Iterator[bytes]:
    try:
        handle = _open_below(root, PurePosixPath(raw))
    except OSError as error:
        raise Refused(f"it cannot be read: {error.strerror}", where=shown) from None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Refused("it is no file but a device, socket or pipe", where=shown)
        while True:
            try:
                chunk = file.read(CHUNK)
            except OSError as error:
                raise Refused(f"it cannot be read: {error.strerror}", where=shown) from None
            if not chunk:
                return
            yield chunk


def _open_below(root: Path, path: PurePosixPath) -> int:
    """Open root/path and return the descriptor; raise OSError if any part below root is a link."""
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in path.parts[:-1]:
            deeper = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = deeper
        return os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    finally:
        os.close(at)
