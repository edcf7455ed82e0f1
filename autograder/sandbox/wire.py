"""Frames over a pipe: length, JSON header, raw body. No pickle, no objects, no code.

    frame = u32 header length | u64 body length | header (JSON, UTF-8) | body (bytes)

Lengths are little-endian and are checked against caps before anything is allocated.
"""

from __future__ import annotations

import json
import math
import os
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

HEADER_CAP = 8 << 20
BODY_CAP = 1 << 30
NESTING_CAP = 420  # lists and objects in a header; a value takes three per level, of 128 at most
_LENGTHS = struct.Struct("<IQ")

Buffer = bytes | bytearray | memoryview


class BadFrame(ValueError):
    """Raised for bytes that are no frame, or for a frame beyond its caps."""


@dataclass(frozen=True)
class Frame:
    """One message: a JSON object and the raw bytes it refers to."""

    header: dict[str, Any]
    body: bytes = b""


def pack(header: dict[str, Any], buffers: Sequence[Buffer] = ()) -> list[Buffer]:
    """Return the frame as pieces to be written one after another, without copying."""
    text = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        "utf-8", "replace"
    )
    length = sum(memoryview(b).nbytes for b in buffers)
    if len(text) > HEADER_CAP or length > BODY_CAP:
        raise BadFrame(f"a frame of {len(text)} + {length} bytes is past the cap")
    return [_LENGTHS.pack(len(text), length) + text, *buffers]


def parse_header(data: bytes) -> dict[str, Any]:
    """Return the header as a dict; raise BadFrame unless it is a JSON object.

    The result can be written again: only finite numbers, no lone surrogates, and at most
    `NESTING_CAP` levels.
    """
    try:
        text = data.decode()  # `json.loads` of bytes would let halves of surrogate pairs in
        header = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if _SURROGATE.search(data):
            header = json.loads(json.dumps(header, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise BadFrame("the header is not JSON") from error
    if type(header) is not dict:
        raise BadFrame("the header is not an object")
    if _nested_past(header, NESTING_CAP):
        raise BadFrame(f"the header is nested more than {NESTING_CAP} deep")
    return header


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadFrame(f"the header holds {text[:20]}")
    return number


def _nested_past(value: Any, most: int) -> bool:
    """Return True if lists and objects are nested deeper than `most`."""
    level = [value]
    for _ in range(most):
        level = [
            item
            for node in level
            for item in (node.values() if type(node) is dict else node)
            if type(item) in (dict, list)
        ]
        if not level:
            return False
    return True


def _no_constant(name: str) -> None:
    raise BadFrame(f"the header holds {name}")


class Reader:
    """Parses frames from bytes as they arrive; unusable after it has raised BadFrame."""

    def __init__(self, *, header_cap: int = HEADER_CAP, body_cap: int = BODY_CAP) -> None:
        self._buffer = bytearray()
        self._caps = (header_cap, body_cap)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames completed by these bytes."""
        self._buffer += data
        while len(self._buffer) >= _LENGTHS.size:
            head, body = _LENGTHS.unpack_from(self._buffer)
            _check(head, body, self._caps)
            start, end = _LENGTHS.size + head, _LENGTHS.size + head + body
            if len(self._buffer) < end:
                return
            view = memoryview(self._buffer)
            frame = Frame(parse_header(bytes(view[_LENGTHS.size : start])), bytes(view[start:end]))
            view.release()
            del self._buffer[:end]
            yield frame

    @property
    def pending(self) -> int:
        """Number of buffered bytes of an incomplete frame."""
        return len(self._buffer)


def unpack(data: memoryview) -> tuple[dict[str, Any], memoryview]:
    """Return header and body of the one frame that this is, nothing copied."""
    if len(data) < _LENGTHS.size:
        raise BadFrame("no whole frame")
    head, body = _LENGTHS.unpack_from(data)
    _check(head, body, (HEADER_CAP, BODY_CAP))
    start = _LENGTHS.size + head
    if len(data) != start + body:
        raise BadFrame("not one frame")
    return parse_header(bytes(data[_LENGTHS.size : start])), data[start:]


def read_frame(fd: int) -> Frame | None:
    """Return the next frame of a blocking descriptor; None at its end."""
    lengths = _read_exactly(fd, _LENGTHS.size)
    if lengths is None:
        return None
    head, body = _LENGTHS.unpack(lengths)
    _check(head, body, (HEADER_CAP, BODY_CAP))
    text, data = _read_exactly(fd, head), _read_exactly(fd, body)
    if text is None or data is None:
        return None
    return Frame(parse_header(text), data)


def write_frame(fd: int, header: dict[str, Any], buffers: Sequence[Buffer] = ()) -> None:
    """Write one frame to a blocking descriptor."""
    for piece in pack(header, buffers):
        view = memoryview(piece).cast("B")
        while view:
            view = view[os.write(fd, view) :]


def _check(head: int, body: int, caps: tuple[int, int]) -> None:
    if head > caps[0] or body > caps[1]:
        raise BadFrame(f"a frame of {head} + {body} bytes is past the cap")


def _read_exactly(fd: int, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        piece = os.read(fd, min(1 << 20, count - len(data)))
        if not piece:
            return None
        data += piece
    return bytes(data)
