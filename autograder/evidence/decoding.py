"""Decoder from a node and buffers to a value; it treats every node as untrusted input."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.evidence.encoding import DEPTH_CAP, DTYPE_KINDS, Buffer, Node


class BadValue(ValueError):
    """A node and buffers that this codec did not write."""


_EMPTY: dict[str, Callable[[], Any]] = {
    "dict": dict,
    "Counter": Counter,
    "defaultdict": lambda: defaultdict(None),
    "OrderedDict": OrderedDict,
}


_MALFORMED = (
    *(KeyError, TypeError, ValueError, OverflowError, IndexError, AttributeError),
    *(MemoryError, RecursionError),
)
Special = Callable[[dict[str, Any], "Decoder"], Any]


class Decoder:
    """Turns nodes into values; treats every node as untrusted input.

    `special` maps the tag of a node written by `stranger` ("model", "remote") to the function that
    makes its value.
    """

    def __init__(
        self, buffers: Sequence[Buffer], special: dict[str, Special] | None = None
    ) -> None:
        self._buffers = buffers
        self._special = special or {}

    def value(self, node: Node, depth: int = 0) -> Any:
        """Return the value of one node. Raises BadValue if the node is malformed."""
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
        """Return a new, writable array; dtype, shape and length are checked against the buffer."""
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
        """Return the raw bytes of one buffer."""
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


def _float(text: Any) -> float:
    if type(text) is not str or len(text) > 40:
        raise BadValue("not a float")
    return float.fromhex(text) if "x" in text else float(text)


def _history(parts: Any) -> Any:
    import keras

    if type(parts) is not dict or set(parts) != {"history", "epoch", "params"}:
        raise BadValue("not a History")
    history = keras.callbacks.History()
    history.history, history.epoch = parts["history"], parts["epoch"]
    history.set_params(parts["params"])
    return history
