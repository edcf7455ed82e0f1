"""Names of assignments: valid as a folder on every system, in a URL, and in a zip."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from autograder.errors import AutograderError

LONGEST = 150  # bytes of UTF-8: folders beside it have longer names, and zips hold whole paths
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?\Z", re.IGNORECASE)
_NOT_IN_PATHS = "/\\"
_NOT_EVERYWHERE = '<>:"|?*#%'  # not allowed on Windows, or in a URL


def check_name(name: str, *, everywhere: bool = True) -> None:
    """Raise AutograderError unless the name is valid for an assignment.

    With `everywhere` false, reject only names that leave the folder or that nothing would find: an
    existing course keeps its other names.
    """
    for fact, way_out in (*_unsafe(name), *(_not_portable(name) if everywhere else ())):
        shown = f"{name[:60]}…" if len(name) > 60 else name
        raise AutograderError(f"{shown!r} cannot be an assignment's name: {fact}", way_out=way_out)


def _unsafe(name: str) -> Iterator[tuple[str, str]]:
    if not name.strip():
        yield "it is empty", "name the assignment's folder in source/"
    elif any(char in name for char in _NOT_IN_PATHS):
        last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
        yield "it is a path", f"name the folder alone: {last}"
    elif name.startswith("."):
        yield (
            "it begins with a dot, and such folders are hidden: students' pages would not have it",
            f"rename the folder to {name.lstrip('.') or 'hw1'}",
        )
    elif not name.isprintable():
        yield "it has characters that are not printed", f"rename the folder to {_plain(name)}"


def _not_portable(name: str) -> Iterator[tuple[str, str]]:
    plain = _plain(name)
    odd = sorted({char for char in name if char in _NOT_EVERYWHERE})
    if odd:
        yield f"it has {' '.join(odd)}, which not every system has in names", f"try {plain}"
    if name != name.strip() or name.endswith("."):
        yield "it begins or ends with a space, or ends with a dot", f"rename the folder to {plain}"
    if _RESERVED.match(name):
        yield "Windows keeps this name for itself", f"rename the folder to {plain}_1"
    if re.fullmatch(r"[a-z]{2}", name):
        yield "release/ has folders of this kind for languages", f"rename the folder to {plain}_1"
    if len(name.encode("utf-8", "replace")) > LONGEST:
        yield f"it is longer than {LONGEST} bytes", "give the folder a shorter name"
    if name != unicodedata.normalize("NFC", name):
        yield (
            "its letters are in parts (Unicode form NFD), as macOS makes them",
            f"rename the folder to {plain}, typed anew",
        )


def _plain(name: str) -> str:
    kept = "".join(
        c if c.isprintable() and c not in _NOT_EVERYWHERE + _NOT_IN_PATHS else "_" for c in name
    )
    return unicodedata.normalize("NFC", kept).strip(" .")[:60] or "hw1"
