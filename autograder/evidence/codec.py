"""The one codec for every captured value, argument and reply: JSON nodes and raw buffers.

A value arrives as the type it left. Exact types only, nothing coerced, never pickle: what is not
listed here is handed to `stranger`, which may describe it (a model, a remote) or refuse it.

    node, buffers = encode(value)            # node is JSON, buffers are bytes-like
    value = decode(node, buffers)
"""

from __future__ import annotations

import math
import sys
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Buffer = bytes | bytearray | memoryview
Node = Any  # what JSON can hold

DEPTH_CAP = 64
ITEM_CAP = 4_000_000
DTYPE_KINDS = "biufcSUMm"  # bool, int, uint, float, complex, bytes, str, datetime, timedelta


class Unencodable(ValueError):
    """A value that cannot cross; the message says which type and why."""


class BadValue(ValueError):
    """A node and buffers that this codec did not write."""


Stranger = Callable[[Any, "Encoder"], Node]


class Encoder:
    """Collects the buffers of one value while its node is built."""

    def __init__(self, stranger: Stranger | None = None, *, cap: int = 1 << 30) -> None:
        self.buffers: list[Buffer] = []
        self._stranger = stranger
        self._left = cap
        self._items = ITEM_CAP

    def node(self, value: Any, depth: int = 0) -> Node:
        """The node for one value; Unencodable if it cannot cross."""
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
        """The node of a NumPy array whose type is exactly ndarray."""
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
        """The index under which raw bytes travel beside the node."""
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
_EMPTY: dict[str, Callable[[], Any]] = {
    "dict": dict,
    "Counter": Counter,
    "defaultdict": lambda: defaultdict(None),
    "OrderedDict": OrderedDict,
}


def encode(
    value: Any, stranger: Stranger | None = None, *, cap: int = 1 << 30
) -> tuple[Node, list[Buffer]]:
    """The node and the buffers of one value; Unencodable if it cannot cross."""
    encoder = Encoder(stranger, cap=cap)
    return encoder.node(value), encoder.buffers


_MALFORMED = (
    *(KeyError, TypeError, ValueError, OverflowError, IndexError, AttributeError),
    *(MemoryError, RecursionError),
)
Special = Callable[[dict[str, Any], "Decoder"], Any]


class Decoder:
    """Turns nodes back into values; every node is checked as if an enemy had written it.

    `special` maps the tag of a node that `stranger` wrote (like "model" or "remote") to the
    function that makes its value.
    """

    def __init__(
        self, buffers: Sequence[Buffer], special: dict[str, Special] | None = None
    ) -> None:
        self._buffers = buffers
        self._special = special or {}

    def value(self, node: Node, depth: int = 0) -> Any:
        """The value of one node; BadValue if the node is malformed."""
        if depth > 2 * DEPTH_CAP:
            raise BadValue("nested too deep")
        if node is None or type(node) in (bool, int, str):
            return node
        if type(node) is not dict or not node:
            raise BadValue("not a node")
        for tag, special in self._special.items():
            if tag in node:
                return special(node, self)
        try:
            return self._plain(node, depth)
        except BadValue:
            raise
        except _MALFORMED as error:
            raise BadValue(f"malformed node: {type(error).__name__}") from error

    def _plain(self, node: dict[str, Any], depth: int) -> Any:
        def inner(x: Node) -> Any:
            return self.value(x, depth + 1)

        if "f" in node:
            return _float(node["f"])
        if "l" in node or "t" in node:
            body: Any = node.get("l", node.get("t"))
            items = self.array(body).tolist() if node.get("all") else [inner(x) for x in body]
            return items if "l" in node else tuple(items)
        if "d" in node:
            out = _EMPTY[node["of"]]()
            for key, value in node["d"]:
                out[inner(key)] = inner(value)
            return out
        if "a" in node or "o" in node:
            return self._arraylike(node)
        if "i" in node:
            if len(node["i"]) > 4000:
                raise BadValue("an integer of too many digits")
            return int(node["i"])
        if "c" in node:
            return complex(_float(node["c"][0]), _float(node["c"][1]))
        if "b" in node:
            data = bytes(self.raw(node["b"]))
            return bytearray(data) if node.get("of") == "bytearray" else data
        if "set" in node:
            return {inner(x) for x in node["set"]}
        if "fset" in node:
            return frozenset(inner(x) for x in node["fset"])
        if "range" in node:
            return range(*(int(x) for x in node["range"]))
        if "slice" in node:
            return slice(*(inner(x) for x in node["slice"]))
        if "ellipsis" in node:
            return Ellipsis
        return self._library(node, inner)

    def _arraylike(self, node: dict[str, Any]) -> Any:
        array = self.array(node)
        if node.get("of") == "scalar":
            return array[()]
        if node.get("of") == "tensor":
            import tensorflow as tf

            return tf.constant(array)
        return array

    def array(self, node: dict[str, Any]) -> np.ndarray[Any, Any]:
        """A fresh, writable array; dtype, shape and length are checked against the buffer."""
        shape = node["sh"]
        if (
            type(shape) is not list
            or len(shape) > 32
            or any(type(n) is not int or n < 0 for n in shape)
        ):
            raise BadValue("not a shape")
        if "o" in node:
            if type(node["o"]) is not list or len(node["o"]) != math.prod(shape):
                raise BadValue("the shape does not fit the items")
            items = [self.value(x, 1) for x in node["o"]]
            out = np.empty(len(items), dtype=object)
            for i, item in enumerate(items):
                out[i] = item
            return out.reshape(shape)
        dtype = np.dtype(node["a"])
        if dtype.kind not in DTYPE_KINDS or dtype.names or dtype.hasobject:
            raise BadValue("not an allowed dtype")
        data = self.raw(node["n"])
        if math.prod(shape) * dtype.itemsize != memoryview(data).nbytes:
            raise BadValue("the shape does not fit the bytes")
        return np.frombuffer(data, dtype).reshape(shape).copy()

    def raw(self, index: Any) -> Buffer:
        """The raw bytes of one buffer."""
        if type(index) is not int or not 0 <= index < len(self._buffers):
            raise BadValue("no such buffer")
        return self._buffers[index]

    def _library(self, node: dict[str, Any], inner: Callable[[Node], Any]) -> Any:
        if "history" in node:
            return _history(inner(node["history"]))
        if "sparse" in node:
            return self._sparse(node)
        if "frame" in node or "series" in node or "index_of" in node:
            return self._frame(node, inner)
        raise BadValue(f"unknown node {sorted(node)[:3]}")

    def _sparse(self, node: dict[str, Any]) -> Any:
        import scipy.sparse

        name = node["sparse"]
        if name not in _SPARSE:
            raise BadValue("not a sparse matrix")
        data, row, column = (self.array(p) for p in node["parts"])
        shape = tuple(int(n) for n in node["sh"])
        coo = scipy.sparse.coo_matrix((data, (row, column)), shape=shape)
        return getattr(scipy.sparse, name)(coo)

    def _frame(self, node: dict[str, Any], inner: Callable[[Node], Any]) -> Any:
        import pandas as pd

        if "frame" in node:
            index = self._column(node["index"])
            series = [pd.Series(self._column(c), index=index) for c in node["frame"]]
            frame = pd.concat(series, axis=1) if series else pd.DataFrame(index=index)
            frame.columns = inner(node["columns"])
            return frame
        if "series" in node:
            index = self._column(node["index"])
            return pd.Series(self._column(node["series"]), index=index, name=inner(node["name"]))
        return pd.Index(self._column(node["index_of"]), name=inner(node["name"]))

    def _column(self, node: dict[str, Any]) -> Any:
        import pandas as pd

        values = self.value(node["v"])
        dtype = node["dtype"]
        if type(dtype) is not str or len(dtype) > 60:
            raise BadValue("not a column's dtype")
        if dtype in ("object", "category") or dtype.startswith(
            ("str", "Int", "Float", "boolean", "U")
        ):
            return pd.array(list(values), dtype=dtype) if dtype != "object" else values
        return values


_SPARSE = frozenset(
    f"{kind}_{form}"
    for kind in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")
    for form in ("matrix", "array")
)


def decode(node: Node, buffers: Sequence[Buffer], special: dict[str, Special] | None = None) -> Any:
    """The value that was encoded; BadValue if the node or a buffer is not what we write."""
    return Decoder(buffers, special).value(node)


def split(body: bytes, lengths: Any) -> list[memoryview]:
    """The buffers that lie one after the other in a frame's body."""
    if type(lengths) is not list or any(type(n) is not int or n < 0 for n in lengths):
        raise BadValue("not a list of lengths")
    if sum(lengths) != len(body):
        raise BadValue("the lengths do not fit the body")
    view, out, start = memoryview(body), [], 0
    for length in lengths:
        out.append(view[start : start + length])
        start += length
    return out


def lengths(buffers: Sequence[Buffer]) -> list[int]:
    """What `split` needs to take the buffers apart again."""
    return [memoryview(b).nbytes for b in buffers]


def _float(text: Any) -> float:
    if type(text) is not str or len(text) > 40:
        raise BadValue("not a float")
    return float.fromhex(text) if "x" in text else float(text)


def _long(value: int) -> str:
    if value.bit_length() > 12_000:
        raise Unencodable(f"an integer of {value.bit_length()} bits")
    return str(value)


def _history(parts: Any) -> Any:
    import keras

    if type(parts) is not dict or set(parts) != {"history", "epoch", "params"}:
        raise BadValue("not a History")
    history = keras.callbacks.History()
    history.history, history.epoch = parts["history"], parts["epoch"]
    history.set_params(parts["params"])
    return history
