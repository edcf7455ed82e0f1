"""Atomic file writes: a temporary file in the same folder, then a rename.

Missing folders are created readable by their owner only.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write(path: Path, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """Write the bytes to the path in one step; a process killed meanwhile leaves the old file.

    With `durable`, wait until the data and the file name are on the disk (fsync), so that they
    survive a power cut. Files that can be rebuilt from others do not need it.
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
    """Create a folder and its missing parents with mode 0700."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _sync(folder: Path) -> None:
    with suppress(OSError):  # some systems cannot open folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
