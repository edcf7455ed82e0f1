"""The one codec for every captured value, argument and reply: JSON nodes and raw buffers.

A value arrives as the type it left. Exact types only, nothing coerced, never pickle: what is not
listed here is handed to `stranger`, which may describe it (a model, a remote) or refuse it.

    node, buffers = encode(value)            # node is JSON, buffers are bytes-like
    value = decode(node, buffers)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograder.evidence.decoding import BadValue, Decoder, Special
from autograder.evidence.encoding import Buffer, Encoder, Node, Stranger, Unencodable

__all__ = [
    "BadValue",
    "Buffer",
    "Decoder",
    "Encoder",
    "Node",
    "Unencodable",
    "decode",
    "encode",
    "lengths",
    "split",
]


def encode(
    value: Any, stranger: Stranger | None = None, *, cap: int = 1 << 30
) -> tuple[Node, list[Buffer]]:
    """The node and the buffers of one value; Unencodable if it cannot cross."""
    encoder = Encoder(stranger, cap=cap)
    return encoder.node(value), encoder.buffers


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
