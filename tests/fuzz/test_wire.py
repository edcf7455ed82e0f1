"""The frame reader and the codec under any bytes: a value, or a refusal of theirs, in little memory."""

from __future__ import annotations

import json
import os
import struct
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.evidence.codec import BadValue, decode
from autograder.sandbox.wire import BadFrame, Frame, Reader, pack, read_frame

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "f",
                    "l",
                    "t",
                    "d",
                    "a",
                    "o",
                    "i",
                    "c",
                    "b",
                    "set",
                    "fset",
                    "range",
                    "slice",
                    "ellipsis",
                    "sh",
                    "n",
                    "of",
                    "all",
                    "history",
                    "frame",
                    "series",
                    "sparse",
                ]
            ),
            inner | st.sampled_from(["<f8", "|b1", "<U3", "O", "scalar", "tensor", "0x1p3"]),
            max_size=4,
        )
    ),
    max_leaves=20,
)


def framed(header: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<IQ", len(header), len(body)) + header + body


@given(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=4),
    st.binary(max_size=200),
    st.lists(st.integers(1, 50), max_size=30),
)
def test_a_frame_is_the_same_however_its_bytes_arrive(
    header: dict[str, Any], body: bytes, cuts: list[int]
) -> None:
    data = b"".join(map(bytes, pack(header, [body]))) * 2
    reader, frames, at = Reader(), [], 0
    for cut in [*cuts, len(data)]:
        frames += list(reader.feed(data[at : at + cut]))
        at += cut
    assert frames == [Frame(header, body)] * 2
    assert reader.pending == 0


@given(st.binary(max_size=300))
@example(b"\xff" * 12)
@example(framed(b"[]"))
@example(framed(b'{"a": NaN}'))
@example(framed(b"[" * 100_000))
@example(framed(b'{"a":' * 5_000))
@example(framed(b"\xff\xfe"))
@example(framed(b'{"a": ' + b"9" * 10_000 + b"}"))
def test_any_bytes_are_frames_or_a_bad_frame(data: bytes) -> None:
    reader = Reader()
    try:
        for frame in reader.feed(data):
            assert type(frame.header) is dict
    except BadFrame:
        pass


@given(st.binary(min_size=12, max_size=40))
def test_a_blocking_reader_judges_the_same_bytes_the_same(data: bytes) -> None:
    def all_of() -> list[Frame] | str:
        try:
            return list(Reader().feed(data))
        except BadFrame:
            return "bad"

    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    found: list[Frame] | str = []
    try:
        while (frame := read_frame(read)) is not None:
            assert isinstance(found, list)
            found.append(frame)
    except BadFrame:
        found = "bad"
    finally:
        os.close(read)
    assert found == all_of()


@pytest.mark.parametrize("lengths", [(1 << 31, 0), (2, 1 << 62), (1 << 31, 1 << 62)])
def test_a_length_past_the_cap_is_refused_before_anything_is_allocated(
    lengths: tuple[int, int],
) -> None:
    tracemalloc.start()
    with pytest.raises(BadFrame):
        list(Reader().feed(struct.pack("<IQ", *lengths)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@given(JSON)
@settings(max_examples=300, deadline=None)
def test_any_node_is_a_value_or_a_bad_value(node: Any) -> None:
    try:
        decode(node, [b"", b"12345678"])
    except BadValue:
        pass


def nested_arrays(depth: int) -> Any:
    node: Any = None
    for _ in range(depth):
        node = {"o": [node], "sh": [1]}
    return node


@pytest.mark.parametrize(
    "node",
    [
        {"o": [], "sh": [1 << 30]},
        {"o": [None], "sh": [1 << 20, 1 << 20]},
        {"a": "<f8", "sh": [1 << 40], "n": 0},
        {"a": "S0", "sh": [1 << 60], "n": 0},
        {"l": {"a": "<f8", "sh": [1 << 40], "n": 0}, "all": True},
        {"i": "9" * 100_000},
        {"range": [0, 1 << 70, 0]},
        {"set": [{"l": []}]},
        {"a": "O", "sh": [1], "n": 1},
        nested_arrays(300),
    ],
    ids=lambda node: json.dumps(node)[:40],
)
def test_a_bomb_is_refused_in_little_memory(node: Any) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadValue):
            decode(node, [b"", b"12345678"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20
