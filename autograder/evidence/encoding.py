"""Encoder from a value to a node and buffers: exact types only, others go to `stranger`."""

from __future__ import annotations

import math
import sys
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

Buffer = bytes | bytearray | memoryview
Node = Any  # any JSON value

DEPTH_CAP = 64
ITEM_CAP = 4_000_000
DTYPE_KINDS = "biufcSUMm"  # bool, int, uint, float, complex, bytes, str, datetime, timedelta


class Unencodable(ValueError):
    """A value that cannot cross the wall; the message gives its type and the reason."""


Stranger = Callable[[Any, "Encoder"], Node]


class Encoder:
    """Collects the buffers of one value while building its node."""

    def __init__(self, stranger: Stranger | None = None, *, cap: int = 1 << 30) -> None:
        self.buffers: list[Buffer] = []
        self._stranger = stranger
        self._left = cap
        self._items = ITEM_CAP

    def node(self, value: Any, depth: int = 0) -> Node:
        """Return the node of one value. Raises Unencodable."""
        if depth > DEPTH_CAP:
            raise Unencodable(f"nested more than {DEPTH_CAP} deep")
        self._items -= 1
        if self._items < 0:
            raise Unencodable(f"more than {ITEM_CAP} items")
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return value.encode("utf-8", "replace").decode()
        if kind is int:
            return value if -(1 << 53) < value < 1 << 53 else {"i": _long(value)}
        if kind is float:
            return {"f": value.hex()} if math.isfinite(value) else {"f": repr(value)}
        if kind is complex:
            return {"c": [value.real.hex(), value.imag.hex()]}
        if kind is bytes or kind is bytearray:
            return {"b": self.buffer(bytes(value)), "of": kind.__name__}
        if kind in _SEQUENCES:
            return self._sequence(kind, value, depth)
        if kind in _MAPPINGS:
            pairs = [[self.node(k, depth + 1), self.node(v, depth + 1)] for k, v in value.items()]
            return {"d": pairs, "of": _MAPPINGS[kind]}
        if kind is np.ndarray:
            return self.array(value)
        if issubclass(kind, np.generic) and kind.__module__ == "numpy":
            return {**self.array(np.asarray(value)), "of": "scalar"}
        if kind is range:
            return {"range": [value.start, value.stop, value.step]}
        if kind is slice:
            return {
                "slice": [self.node(x, depth + 1) for x in (value.start, value.stop, value.step)]
            }
        if value is Ellipsis:
            return {"ellipsis": 1}
        return self._library(kind, value, depth)

    def array(self, value: np.ndarray[Any, Any]) -> dict[str, Any]:
        """Return the node of a NumPy array whose type is exactly ndarray."""
        if value.dtype == object:
            if value.size > 100_000:
                raise Unencodable("an object array of more than 100,000 items")
            return {"o": [self.node(x, 1) for x in value.ravel()], "sh": list(value.shape)}
        if value.dtype.kind not in DTYPE_KINDS or value.dtype.names:
            raise Unencodable(f"an array of dtype {value.dtype}")
        little = np.ascontiguousarray(value)
        if little.dtype.byteorder == ">" or sys.byteorder == "big":
            little = little.astype(little.dtype.newbyteorder("<"))
        index = self.buffer(little.reshape(-1).view(np.uint8).data if little.size else b"")
        return {"a": little.dtype.str.lstrip("<=|"), "sh": list(value.shape), "n": index}

    def buffer(self, data: Buffer) -> int:
        """Add raw bytes that travel beside the node; return their index."""
        self._left -= memoryview(data).nbytes
        if self._left < 0:
            raise Unencodable("larger than the cap for captured values")
        self.buffers.append(data)
        return len(self.buffers) - 1

    def _sequence(self, kind: type, value: Any, depth: int) -> Node:
        tag = _SEQUENCES[kind]
        if kind in (list, tuple) and len(value) > 16:
            kinds = set(map(type, value))
            if kinds == {float}:
                return {tag: self.array(np.array(value, np.float64)), "all": "f"}
            if kinds == {int} and all(-(1 << 63) <= x < 1 << 63 for x in value):
                return {tag: self.array(np.array(value, np.int64)), "all": "i"}
        return {tag: [self.node(x, depth + 1) for x in value]}

    def _library(self, kind: type, value: Any, depth: int) -> Node:
        module = kind.__module__ or ""
        if module.startswith("tensorflow.") and kind.__name__ in (
            "EagerTensor",
            "ResourceVariable",
        ):
            return {**self.array(np.asarray(value.numpy())), "of": "tensor"}
        if module.startswith("keras.src.") and kind.__name__ in ("Variable", "KerasVariable"):
            return {**self.array(np.asarray(value.numpy())), "of": "tensor"}
        if kind.__name__ == "History" and module.startswith("keras.src.callbacks"):
            parts = {name: getattr(value, name, None) for name in ("history", "epoch", "params")}
            return {"history": self.node(parts, depth + 1)}
        if module.split(".")[0] == "pandas" and kind.__name__ in (
            "DataFrame",
            "Series",
            "Index",
            "RangeIndex",
        ):
            return self._frame(kind.__name__, value, depth)
        if module.split(".")[:2] == ["scipy", "sparse"] and hasattr(value, "tocoo"):
            coo = value.tocoo()
            triplet = [self.node(np.asarray(p)) for p in (coo.data, coo.row, coo.col)]
            return {"sparse": kind.__name__, "parts": triplet, "sh": list(map(int, value.shape))}
        if self._stranger is None:
            raise Unencodable(f"a {module}.{kind.__name__}")
        return self._stranger(value, self)

    def _frame(self, name: str, value: Any, depth: int) -> Node:
        if name == "DataFrame":
            columns = [value.iloc[:, i] for i in range(value.shape[1])]
            return {
                "frame": [self._column(c) for c in columns],
                "columns": self.node(list(value.columns), depth + 1),
                "index": self._column(value.index),
            }
        if name == "Series":
            return {
                "series": self._column(value),
                "name": self.node(value.name, depth + 1),
                "index": self._column(value.index),
            }
        return {"index_of": self._column(value), "name": self.node(value.name, depth + 1)}

    def _column(self, column: Any) -> Node:
        values = column.to_numpy()
        return {"v": self.node(np.asarray(values)), "dtype": str(column.dtype)}


_SEQUENCES: dict[type, str] = {list: "l", tuple: "t", set: "set", frozenset: "fset"}
_MAPPINGS: dict[type, str] = {
    dict: "dict",
    Counter: "Counter",
    defaultdict: "defaultdict",
    OrderedDict: "OrderedDict",
}


def _long(value: int) -> str:
    if value.bit_length() > 12_000:
        raise Unencodable(f"an integer of {value.bit_length()} bits")
    return str(value)
