"""One line for each value of an answer: types, shapes, layers, rounded values, replies.

They are read from evidence as stored: nothing is decoded into objects, nothing is run.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.errors import EvidenceFault
from autograder.evidence.store import Store
from autograder.sandbox import wire

SMALL = 1 << 16  # bytes; a smaller value is read whole
HEAD = 1 << 20
NAMES = 12  # per task; the names that its criteria ask for come first
REPLIES = 6  # most replies of one function
ITEMS = 6
WIDTH = 160


def left(store: Store, values: Mapping[str, str]) -> dict[str, str]:
    """Return a line for each captured value, by its name."""
    lines = ((name, value(store, blob)) for name, blob in list(values.items())[:NAMES])
    return {name: line for name, line in lines if line}


def value(store: Store, blob: str) -> str:
    """Return one captured value as a line; "" if it cannot be read."""
    found = _frame(store, blob)
    return _line(found[0].get("v"), found[1]) if found else ""


def replies(store: Store, run: str, name: str) -> tuple[str, ...]:
    """Return the first replies of the student's functions to one criterion."""
    trace = (store.read("traces", run, name) or {}).get("trace", [])
    found = []
    for entry in trace[:REPLIES]:
        frame = _frame(store, str(entry.get("a", "")))
        if frame is not None and frame[0].get("ok") is True:
            found.append(_line(frame[0].get("v"), frame[1]))
        elif frame is not None:
            found.append(str(frame[0].get("type", "raises"))[:40])
    return tuple(found)


def _frame(store: Store, blob: str) -> tuple[dict[str, Any], bytes] | None:
    """Return header and body of a frame; for a large one the header and b"".

    Return None if it cannot be read.
    """
    try:
        data = store.head(blob, HEAD)
        if len(data) <= SMALL:
            (frame,) = wire.Reader().feed(data)
            return frame.header, frame.body
        (length,) = struct.unpack_from("<I", data)
        return wire.parse_header(data[12 : 12 + length]), b""
    except (EvidenceFault, ValueError, struct.error):
        return None


# ── A node in words ──────────────────────────────────────────────────────────────────


def _line(node: Any, body: bytes) -> str:
    return _said(node, body, 0)[:WIDTH]


def _said(node: Any, body: bytes, depth: int) -> str:
    if node is None or isinstance(node, bool | int | str):
        return repr(node)[:60]
    if not isinstance(node, dict) or depth > 3:
        return "…"
    if "f" in node:
        return _rounded(_number(node["f"]))
    if "a" in node:
        return _array(node, body)
    for tag, (begin, end) in _BRACKETS.items():
        if tag in node:
            return _sequence(node[tag], body, depth, begin, end)
    if "d" in node:
        pairs = [
            f"{_said(k, body, depth + 1)}: {_said(v, body, depth + 1)}"
            for k, v in node["d"][:ITEMS]
        ]
        return f"{{{', '.join(pairs)}{', …' if len(node['d']) > ITEMS else ''}}}"
    if "model" in node:
        return _model(node["model"])
    if "remote" in node:
        return f"{node.get('kind', 'object')} {node.get('name', '')}".strip()
    return next((word for key, word in _WORDS.items() if key in node), "…")


_BRACKETS = {"l": ("[", "]"), "t": ("(", ")"), "set": ("{", "}"), "fset": ("{", "}")}
_WORDS = {
    "frame": "DataFrame",
    "series": "Series",
    "history": "History",
    "b": "bytes",
    "sparse": "sparse matrix",
    "c": "complex",
    "i": "large int",
}


def _sequence(items: Any, body: bytes, depth: int, begin: str, end: str) -> str:
    if isinstance(items, dict):
        return f"{begin}{_said(items, body, depth + 1)}{end}"
    more = ", …" if len(items) > ITEMS else ""
    return begin + ", ".join(_said(one, body, depth + 1) for one in items[:ITEMS]) + more + end


def _array(node: Mapping[str, Any], body: bytes) -> str:
    shape = tuple(node.get("sh", ()))
    kind = str(node["a"])
    if not shape and node.get("of") == "scalar":
        return _scalar(kind, body) or kind
    return f"{node.get('of', 'array')} {_DTYPES.get(kind, kind)} {shape}"


_DTYPES = {
    "f4": "float32",
    "f8": "float64",
    "f2": "float16",
    "i4": "int32",
    "i8": "int64",
    "u1": "uint8",
    "b1": "bool",
    "i1": "int8",
    "i2": "int16",
}


def _scalar(kind: str, body: bytes) -> str:
    """Return the number if it is the only one in the body, else ""."""
    form = {"f4": "<f", "f8": "<d", "i4": "<i", "i8": "<q", "u1": "<B", "b1": "<?"}.get(kind)
    if form is None or len(body) != struct.calcsize(form):
        return ""
    (number,) = struct.unpack(form, body)
    return _rounded(float(number)) if kind.startswith("f") else repr(number)


def _rounded(number: float) -> str:
    return f"{number:.3g}"


def _number(text: Any) -> float:
    try:
        return float.fromhex(text)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _model(description: Any) -> str:
    """Return the classes of a model's layers in order, with a count for repeated ones."""
    try:
        layers = description["config"]["config"]["layers"]
        names: Sequence[str] = [str(layer["class_name"]) for layer in layers]
    except (KeyError, TypeError):
        return "model"
    parts: list[list[Any]] = []
    for name in names:
        if parts and parts[-1][0] == name:
            parts[-1][1] += 1
        else:
            parts.append([name, 1])
    return "model " + " ".join(f"{name}×{n}" if n > 1 else name for name, n in parts)
