"""Copies of kept work on the portal, for runtimes whose disk is deleted and that have no Drive."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from autograder import atomic_files
from autograder.evidence import saved_work
from autograder.student import environment, portal

MOST = 512 << 20  # maximum bytes of one copy


def possible() -> bool:
    """Return whether the portal address, the sign-in token and the assignment are known."""
    return bool(portal.address() and portal.token() and environment.released().assignment)


def put(name: str, folder: Path) -> bool:
    """Upload the value kept under this name to the portal; return whether that succeeded."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in (folder / f"{name}.json", *folder.glob(f"{name}-????????.npz")):
            archive.write(path, path.name)
    try:
        portal.put(_place(name), out.getvalue())
    except (portal.Unreachable, portal.NotSignedIn, portal.Declined):
        return False
    return True


def fetch(name: str, folder: Path) -> bool:
    """Download the portal's copy of a kept value into the folder; return whether it is there."""
    try:
        data = portal.get(_place(name), MOST)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {
                member.filename: archive.read(member)
                for member in archive.infolist()
                if _belongs(member, name)
            }
    except (portal.Unreachable, portal.NotSignedIn, portal.Declined, zipfile.BadZipFile, OSError):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in sorted(files.items(), key=lambda one: one[0].endswith(".json")):
        atomic_files.write(folder / file, content)
    return name in saved_work.names(folder)


def _belongs(member: zipfile.ZipInfo, name: str) -> bool:
    right = member.filename == f"{name}.json" or (
        member.filename.startswith(f"{name}-")
        and member.filename.endswith(".npz")
        and "/" not in member.filename
        and "\\" not in member.filename
    )
    return right and member.file_size <= MOST and member.compress_type == zipfile.ZIP_STORED


def _place(name: str) -> str:
    assignment = portal.quoted(environment.released().assignment)
    return f"/api/assignments/{assignment}/kept/{portal.quoted(name)}"
