"""Pictures that a student's text refers to, as attachments or files beside the notebook.

![loss](attachment:loss.png)   attached to the cell
![loss](plots/loss.png)        a file beside the notebook
<img src="plots/loss.png">     likewise
"""

from __future__ import annotations

import base64
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

MOST = 20  # pictures per cell
LARGEST = 16 << 20  # bytes of one picture file
_ATTACHED = "attachment:"
_NO_TEXT = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`|<!--.*?-->", re.MULTILINE | re.DOTALL)
_IMAGE = re.compile(
    r"""!\[[^\]]*\]\(\s*(?P<target><[^>\n]*>|(?:[^()\s]|\([^()\s]*\))+)(?:\s+["'][^)]*)?\s*\)"""
    r"""|<img\b[^>]*?\bsrc\s*=\s*(?:(?P<quote>["'])(?P<quoted>[^>\n]*?)(?P=quote)"""
    r"""|(?P<source>[^"'\s>]+))[^>]*>""",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(https?|data|blob):|//", re.IGNORECASE)
_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


def references(text: str) -> list[str]:
    """Return the pictures that a markdown text refers to, without those on the web."""
    plain = _NO_TEXT.sub("", text)
    found = (_target(one) for one in _IMAGE.finditer(plain))
    return list(dict.fromkeys(one for one in found if one and not _SCHEME.match(one)))[:MOST]


def missing(text: str, attachments: Collection[str], files: Collection[str]) -> Iterator[str]:
    """Yield the pictures that the text refers to and that were not submitted."""
    attached, beside = set(map(_composed, attachments)), set(files)
    for target in references(text):
        if target.startswith(_ATTACHED):
            name = target.removeprefix(_ATTACHED)
            if not {_composed(name), _composed(unquote(name))} & attached:
                yield _composed(unquote(name))
        elif _beside(target) not in beside:
            yield _composed(unquote(target))


def bundle(
    text: str, attachments: Mapping[str, Mapping[str, str]], folder: Path
) -> dict[str, dict[str, str]]:
    """Return the pictures of a text by the names it uses, in nbformat's format of attachments.

    Files are read only below `folder`, never through a link.
    """
    found: dict[str, dict[str, str]] = {}
    attached = {_composed(name): kinds for name, kinds in attachments.items()}
    for target in references(text):
        name = target.removeprefix(_ATTACHED)
        if target.startswith(_ATTACHED):
            kinds = attached.get(_composed(name)) or attached.get(_composed(unquote(name)))
        else:
            kinds = _read(folder, _beside(target))
        if kinds:
            found[target.removeprefix(_ATTACHED)] = dict(kinds)
    return found


def rewritten(text: str, new: Callable[[str], str]) -> str:
    """Return the text with each picture that `new` gives a name attached under that name."""

    def attached(one: re.Match[str]) -> str:
        name = new(_target(one).removeprefix(_ATTACHED))
        return f"![]({_ATTACHED}{name})" if name else one.group()

    return _IMAGE.sub(attached, text)


def _target(found: re.Match[str]) -> str:
    return (found["target"] or found["quoted"] or found["source"] or "").strip("<>").strip()


def _composed(name: str) -> str:
    """The name in form NFC, as submitted files are kept: macOS links to decomposed ones."""
    return unicodedata.normalize("NFC", name)


def _beside(target: str) -> str:
    """Return the path of a file below the notebook's folder; "" if it leads elsewhere."""
    path = _composed(unquote(re.split(r"[?#]", target, maxsplit=1)[0])).replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ":" in path or ".." in parts or not parts or "\0" in path:
        return ""
    return str(PurePosixPath(*parts))


def _read(folder: Path, name: str) -> dict[str, str]:
    """Return a picture file as a MIME bundle; {} if it is missing, not a picture or too large."""
    path = folder / name
    if not name or path.resolve() != folder.resolve() / name:
        return {}
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return {}
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > LARGEST:
            return {}
        data = file.read()
    kind = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), "")
    return {kind: base64.b64encode(data).decode("ascii")} if kind else {}
