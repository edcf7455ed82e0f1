"""Outputs of a running cell in nbformat's form, as plain data only.

Bytes become base64, JSON is copied within bounds, and text becomes valid Unicode. An output that
cannot be represented is counted and left out; it never stops a cell.
"""

from __future__ import annotations

import io
import numbers
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autograder.sandbox.stream_text import StreamText

Output = dict[str, Any]

PICTURES = ("image/png", "image/jpeg", "image/gif")  # shown in feedback, in order of preference
PICTURES_CAP = 8 << 20  # base64 characters of pictures kept per run
DEPTH, NODES = 40, 100_000  # limits on JSON in one output


class Unwritable(ValueError):
    """Raised for an output that nbformat cannot represent."""


@dataclass(frozen=True)
class Taken:
    """Outputs of one cell, the number left out, and the number of pictures drawn."""

    items: list[Output]
    dropped: int
    pictures: int


@dataclass
class Outputs:
    """Outputs of the running cell; text and pictures are each kept up to a cap."""

    cap: int
    items: list[Output] = field(default_factory=list)
    dropped: int = 0
    pictures: int = 0
    _used: int = 0
    _pictures_used: int = 0
    _cut: bool = False  # text of this cell has been cut
    _clear: bool = False  # the next output replaces the earlier ones
    _named: dict[str, Output] = field(default_factory=dict)  # by display id
    _stream: StreamText = field(default_factory=StreamText)  # of the last output

    def show(self, kind: str, data: Any, metadata: Any, *, count: int = 0, name: str = "") -> None:
        """Keep one rich output; leave out one that is too large or cannot be represented."""
        self._clear_first()
        drawn = isinstance(data, Mapping) and any(
            key in data for key in (*PICTURES, "image/svg+xml")
        )
        self.pictures += bool(drawn)
        try:
            output: Output = {
                "output_type": kind,
                "data": _bundle(data),
                "metadata": _metadata(metadata),
            }
        except Exception:  # the object's own code failed, or the JSON is infinite
            self.dropped += 1
            return
        if kind == "execute_result":
            output["execution_count"] = count
        if not self._fits(output):
            self.dropped += 1
            return
        self._end_stream()
        self._count(output, 1)
        self.items.append(output)
        if name:
            self._named[name] = output

    def update(self, name: str, data: Any, metadata: Any) -> None:
        """Replace the content of an earlier `display(…, display_id=name)` of this cell."""
        output = self._named.get(name)
        if output is None:
            return
        try:
            fresh: Output = {"data": _bundle(data), "metadata": _metadata(metadata)}
        except Exception:
            self.dropped += 1
            return
        self._count(output, -1)
        if self._fits(fresh):
            output.update(fresh)
        else:
            self.dropped += 1
        self._count(output, 1)

    def write(self, name: str, text: str) -> None:
        """Keep stream text; consecutive writes to one stream form one output."""
        self._clear_first()
        last = self.items[-1] if self.items else None
        if last is None or last["output_type"] != "stream" or last["name"] != name:
            self._end_stream()
            self.items.append({"output_type": "stream", "name": name, "text": ""})
        self._used += self._stream.write(_text(text))
        excess = self._used - max(self.cap, 0)
        if excess > 0:
            self.dropped += not self._cut
            self._cut = True
            self._stream.cut(excess)
            self._used -= excess

    def _end_stream(self) -> None:
        """Put the text of the stream that is last into its output; leave out an empty one."""
        if self.items and self.items[-1]["output_type"] == "stream":
            text = str(self._stream)
            self._used += len(text) - self._stream.length
            self.items[-1]["text"] = text
            if not text:
                self.items.pop()
        self._stream = StreamText()

    def clear(self, *, wait: bool) -> None:
        """Drop the cell's outputs, now or (`wait`) before the next one; free the caps' share."""
        self._clear = True
        if not wait:
            self._clear_first()

    def take(self) -> Taken:
        """Return the cell's outputs and reset for the next cell."""
        self._end_stream()
        taken = Taken(self.items, self.dropped, self.pictures)
        self.items, self._named = [], {}
        self.dropped = self.pictures = 0
        self._cut = self._clear = False
        return taken

    def _clear_first(self) -> None:
        if self._clear:
            self._clear = False
            self._end_stream()
            for output in self.items:
                self._count(output, -1)
            self.items.clear()
            self._named.clear()
            self.pictures = 0

    def _fits(self, output: Output) -> bool:
        """Return True if the output fits the caps; drop its pictures if only they are too large."""
        text, pictures = _sizes(output)
        if pictures and self._pictures_used + pictures > PICTURES_CAP:
            for key in PICTURES:
                output["data"].pop(key, None)
            self.dropped += bool(output["data"])
        return bool(output["data"]) and self._used + text <= self.cap

    def _count(self, output: Output, sign: int) -> None:
        text, pictures = _sizes(output)
        self._used += sign * text
        self._pictures_used += sign * pictures


class Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of cells, as in a kernel."""

    encoding = "UTF-8"

    def __init__(self, name: str, outputs: Outputs, fd: int) -> None:
        self._name, self._outputs, self._fd = name, outputs, fd

    @property
    def name(self) -> str:
        return f"<{self._name}>"

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        self._outputs.write(self._name, text)
        return len(text)

    def fileno(self) -> int:
        return self._fd

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False


def _bundle(data: Any) -> dict[str, Any]:
    """Return the MIME bundle in nbformat's form, without empty entries."""
    kept = {}
    for key, value in dict(data).items():
        if isinstance(key, str) and value is not None:
            kept[_text(key)] = _mime(key, value)
    if not kept:
        raise Unwritable("an empty output")
    return kept


def _mime(key: str, value: Any) -> Any:
    if key == "application/json" or key.endswith("+json"):
        return _json(value)
    if isinstance(value, bytes | bytearray | memoryview):
        raw = bytes(value)
        text = key.startswith("text/") or key.endswith("+xml")
        return _text(raw.decode("utf-8", "replace")) if text else b64encode(raw).decode("ascii")
    if isinstance(value, list | tuple) and all(isinstance(line, str) for line in value):
        return _text("".join(value))
    return _text(value if isinstance(value, str) else str(value))


def _metadata(value: Any) -> dict[str, Any]:
    return _json(value) if isinstance(value, Mapping) else {}


def _json(value: Any) -> Any:
    """Return a copy of the value as JSON data; raise Unwritable beyond the bounds."""
    left = NODES

    def copy(value: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or depth > DEPTH:
            raise Unwritable("JSON without an end")
        if value is None or type(value) is bool:
            return value
        if isinstance(value, Mapping):
            return {_text(str(k)): copy(v, depth + 1) for k, v in dict(value).items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [copy(item, depth + 1) for item in value]
        if isinstance(value, bytes | bytearray):
            return b64encode(value).decode("ascii")
        if isinstance(value, numbers.Real):
            return _number(value)
        return _text(value if isinstance(value, str) else str(value))

    return copy(value, 0)


def _number(value: numbers.Real) -> int | float | str:
    if isinstance(value, numbers.Integral):
        whole = int(value)
        return whole if whole.bit_length() <= 1024 else f"an integer of {whole.bit_length()} bits"
    plain = float(value)
    return plain if abs(plain) < float("inf") else repr(plain)  # JSON has no NaN or infinity


def _text(value: str) -> str:
    """Return the text as an exact str of valid Unicode; lone surrogates become `?`."""
    return str.encode(value, "utf-8", "replace").decode("utf-8")


def _sizes(output: Output) -> tuple[int, int]:
    """Return the number of characters of text and of pictures in an output."""
    data = output.get("data", {"text": output.get("text", "")})
    pictures = sum(len(data[key]) for key in PICTURES if key in data)
    text = sum(_size(v) for key, v in data.items() if key not in PICTURES)
    return text + _size(output.get("metadata", {})), pictures


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(len(k) + _size(v) for k, v in value.items())
    if isinstance(value, list):
        return sum(map(_size, value))
    return len(value) if isinstance(value, str) else 8
