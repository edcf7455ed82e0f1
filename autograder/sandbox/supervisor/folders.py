"""Temporary folders that live as long as their process; those of killed processes are swept."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PREFIX = "autograder-"
_YOUNG = 60.0  # seconds during which a new folder may still be unlocked


@dataclass(frozen=True)
class Folder:
    """A temporary folder of ours; its lock ends with this process."""

    path: str
    _lock: int

    def remove(self) -> None:
        """Remove the folder with all its content."""
        remove_tree(self.path)
        os.close(self._lock)


def make(kind: str) -> Folder:
    """Create a temporary folder of a kind ("warm", "job"), locked by this process."""
    path = tempfile.mkdtemp(prefix=f"{PREFIX}{kind}-")
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return Folder(path, lock)


def sweep() -> int:
    """Remove the folders that killed graders left behind; return their number."""
    count = 0
    here = Path(tempfile.gettempdir())
    for path in (*here.glob(f"{PREFIX}warm-*"), *here.glob(f"{PREFIX}job-*")):
        with contextlib.suppress(OSError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if time.time() - os.fstat(lock).st_mtime > _YOUNG:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    remove_tree(str(path))
                    count += 1
            finally:
                os.close(lock)
    return count


def remove_tree(folder: str) -> None:
    """Remove a folder, whatever modes were left in it; follow no symbolic link."""
    if not folder:
        return
    with contextlib.suppress(FileNotFoundError):
        for _, names, _, parent in os.fwalk(folder, follow_symlinks=False):
            for name in names:
                if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                    os.chmod(name, 0o700, dir_fd=parent)
    shutil.rmtree(folder, ignore_errors=True)
