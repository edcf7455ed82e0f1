"""The set-up cell of a release: readable code, with the files and the wheel as data."""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from autograder.language import msgid, translate
from autograder.notebook.release import first_cell
from autograder.notebook.release.wheel import DISTRIBUTION, LOCAL_LABEL, Wheel

_COPIED = "# ── What follows is copied"
_LINE = 1000  # characters of data per line: few lines, but short enough to display
_WORDS = {
    "aside": msgid(
        "{name} had been changed: yours is kept as {kept}, the assignment's own is back."
    ),
    "restart": msgid("{name} is newer now: restart the kernel, then run this cell again."),
    "other": msgid(
        "autograder {here} is installed here and used; this notebook was made with {made}."
    ),
    "damaged": msgid("This cell is damaged. Download the notebook again, or ask for a new copy."),
    "ready": msgid("Ready: autograder {version}."),
}


def setup_cell(
    notebook: Mapping[str, Any],
    files: Mapping[str, bytes],
    wheel: Wheel,
    *,
    portal_url: str = "",
    former: Mapping[str, Collection[str]] | None = None,
) -> str:
    """Return the source of the set-up cell.

    `notebook` holds the facts that the student's side needs (see student.here). `files` are written
    beside the notebook. `former` has the digests of earlier releases' files, by name.
    """
    release = {
        "notebook": notebook,
        "distribution": DISTRIBUTION,
        "label": LOCAL_LABEL,
        "wheel_url": f"{portal_url.rstrip('/')}/wheel/{wheel.name}" if portal_url else "",
        "words": {key: translate(text) for key, text in _WORDS.items()},
        "files": {
            name: {**_carried(data), "former": sorted((former or {}).get(name, ()))}
            for name, data in sorted(files.items())
        },
        "wheel": {"name": wheel.name, "version": wheel.version, **_carried(wheel.data)},
    }
    title = translate("Set-up: run this cell first")
    return "\n".join(
        [
            f'#@title {title} {{ display-mode: "form" }}',
            _code(),
            "",
            f"_autograder_setup(r'''{_json(release)}''')",
            "del _autograder_setup",
        ]
    )


def _code() -> str:
    text = Path(first_cell.__file__).read_text(encoding="utf-8")
    copied = text[text.index(_COPIED) :].split("\n", 1)[1]
    plain = copied.replace("dict[str, Any]", "dict").replace(": Any", "")
    return re.sub(r"  # noqa.*", "", plain).strip()


def _carried(data: bytes) -> dict[str, Any]:
    packed = base64.b85encode(lzma.compress(data, preset=9)).decode("ascii")
    lines = [packed[at : at + _LINE] for at in range(0, len(packed), _LINE)]
    return {"sha256": hashlib.sha256(data).hexdigest(), "data": lines}


def _json(value: Any) -> str:
    """Return the value as JSON that is safe between three single quotes."""
    return json.dumps(value, ensure_ascii=False, indent=1).replace("'", "\\u0027")
