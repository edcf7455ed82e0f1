"""A file put in its place whole or not at all: written beside it, then renamed.

Folders that have to be made for it are their owner's alone.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write(path: Path, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """Puts the bytes at the path in one step; whoever is killed meanwhile leaves the old file.

    `durable` waits until they and their name are on the disk (fsync), so that they also survive a
    power cut; what can be made again from the rest does without.
    """
    make_private(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    if durable:
        _sync(path.parent)


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are not there yet, for their owner alone (0700)."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _sync(folder: Path) -> None:
    with suppress(OSError):  # not every system opens folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
