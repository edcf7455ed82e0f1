"""Untrusted cell outputs: validate them and leave out whatever is not a notebook output.

Outputs are only displayed. An unreadable body costs that cell's outputs and nothing else. It is no
evidence against the student, for the grader's own encoding may be at fault.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PICTURES = ("image/png", "image/jpeg", "image/gif")  # feedback shows the first of these that exists
RICH = frozenset({"display_data", "execute_result"})


@dataclass(frozen=True)
class CellOutputs:
    """Displayable outputs of a cell, the pictures in them, and the number left out."""

    body: bytes = b""  # JSON; empty if there are no outputs
    pictures: tuple[bytes, ...] = ()
    unreadable: int = 0


def read_outputs(body: bytes) -> CellOutputs:
    """Read the outputs of one cell. Raises nothing."""
    try:
        claimed = json.loads(body, parse_constant=lambda _: None) if body else []
    except (ValueError, RecursionError):
        return CellOutputs(unreadable=1)
    if type(claimed) is not list:
        return CellOutputs(unreadable=1)
    outputs = [_output(one) for one in claimed]
    kept = [one for one in outputs if one is not None]
    if not kept:
        return CellOutputs(unreadable=len(outputs))
    return CellOutputs(
        json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace"),
        tuple(picture for one in kept for picture in _picture(one)),
        len(outputs) - len(kept),
    )


def _output(claimed: Any) -> dict[str, Any] | None:
    """Return the output with only the keys that nbformat defines; None if it is not an output."""
    if type(claimed) is not dict:
        return None
    kind = claimed.get("output_type")
    if kind == "stream":
        name, text = claimed.get("name"), claimed.get("text")
        if name not in ("stdout", "stderr") or type(text) is not str:
            return None
        return {"output_type": kind, "name": name, "text": text}
    data, metadata = claimed.get("data"), claimed.get("metadata")
    if kind not in RICH or type(data) is not dict or type(metadata) is not dict:
        return None
    kept = {key: value for key, value in data.items() if _is_shown(key, value)}
    if not kept:
        return None
    output: dict[str, Any] = {"output_type": kind, "data": kept, "metadata": metadata}
    if kind == "execute_result":
        count = claimed.get("execution_count")
        output["execution_count"] = count if type(count) is int else None
    return output


def _is_shown(key: str, value: Any) -> bool:
    if key in PICTURES:
        return _decoded(value) is not None
    return key == "application/json" or key.endswith("+json") or type(value) is str


def _picture(output: dict[str, Any]) -> Iterator[bytes]:
    for key in PICTURES:
        picture = _decoded(output.get("data", {}).get(key))
        if picture is not None:
            yield picture
            return


def _decoded(text: Any) -> bytes | None:
    """Return the bytes of a base64 picture; None if it is not valid base64."""
    if type(text) is not str:
        return None
    try:
        return b64decode(re.sub(r"\s", "", text), validate=True) or None
    except (binascii.Error, ValueError):
        return None
