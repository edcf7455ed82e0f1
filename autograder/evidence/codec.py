"""The one codec for every captured value, argument and reply: JSON nodes and raw buffers.

A value arrives with the type it had. Only exact types are accepted, nothing is converted, and
pickle is never used. All other types go to `stranger`, which may describe them (a model, a remote)
or reject them.

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
    """Return the node and the buffers of a value. Raises Unencodable."""
    encoder = Encoder(stranger, cap=cap)
    return encoder.node(value), encoder.buffers


def decode(node: Node, buffers: Sequence[Buffer], special: dict[str, Special] | None = None) -> Any:
    """Return the encoded value. Raises BadValue if the node or a buffer is not valid."""
    return Decoder(buffers, special).value(node)


def split(body: bytes | memoryview, lengths: Any) -> list[memoryview]:
    """Split a frame's body into its buffers. Raises BadValue if the lengths do not fit."""
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
    """Return the lengths that `split` needs to separate the buffers."""
    return [memoryview(b).nbytes for b in buffers]
