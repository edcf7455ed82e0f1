"""A value arrives as the type it left, and nothing that we did not write is taken for one."""

from __future__ import annotations

import json
import math
from collections import Counter, OrderedDict, defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from autograder.evidence.codec import BadValue, Unencodable, decode, encode, lengths, split

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.complex_numbers(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | st.integers() | st.booleans(), inner, max_size=4)
    ),
    max_leaves=20,
)


def crossed(value: Any) -> Any:
    """The value after a journey as bytes and JSON text."""
    node, buffers = encode(value)
    body = b"".join(bytes(b) for b in buffers)
    return decode(json.loads(json.dumps(node)), split(body, lengths(buffers)))


def same(a: Any, b: Any) -> bool:
    """Equal, of exactly the same types, NaN equal to NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return len(a) == len(b) and all(
            same(k, m) and same(a[k], b[m]) for k, m in zip(a, b, strict=True)
        )
    return bool(a == b)


@given(plain)
def test_plain_values_arrive_as_they_left(value: Any) -> None:
    assert same(crossed(value), value)


@given(
    arrays.arrays(
        st.sampled_from(
            ["?", "i1", "u2", "i4", "i8", "f2", "f4", "f8", "c16", "U3", "S2", "M8[s]"]
        ),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0),
    )
)
def test_arrays_arrive_with_dtype_shape_and_bytes(value: np.ndarray[Any, Any]) -> None:
    other = crossed(value)
    assert type(other) is np.ndarray
    assert other.dtype == value.dtype
    assert other.shape == value.shape
    assert other.tobytes() == value.tobytes()
    assert other.flags.writeable


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        frozenset({"a"}),
        Counter("aab"),
        OrderedDict(b=1, a=2),
        bytearray(b"x"),
        range(2, 9, 3),
        np.float32(1.5),
        np.bool_(True),
        list(range(1000)),
        [0.5, math.inf] * 20,
        tuple(range(50)),
    ],
    ids=lambda v: type(v).__name__,
)
def test_special_types_stay_themselves(value: Any) -> None:
    other = crossed(value)
    assert type(other) is type(value)
    assert other == value


def test_a_big_endian_array_arrives_with_its_values() -> None:
    assert crossed(np.array([1, 2], ">i4")).tolist() == [1, 2]


def test_a_defaultdict_arrives_without_its_factory() -> None:
    other = crossed(defaultdict(list, a=[1]))
    assert type(other) is defaultdict
    assert other.default_factory is None
    assert other["a"] == [1]


def test_frames_and_series_arrive_with_index_columns_and_dtypes() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {"n": [1, 2], "x": [0.5, None], "word": ["가", "b"], "kind": pd.Categorical(["u", "v"])},
        index=["r1", "r2"],
    )
    pd.testing.assert_frame_equal(crossed(frame), frame, check_categorical=False)
    series = pd.Series([True, False], name="s")
    pd.testing.assert_series_equal(crossed(series), series)


def test_sparse_matrices_arrive_in_their_format() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    other = crossed(sparse.csr_matrix(np.eye(3)))
    assert type(other) is sparse.csr_matrix
    assert (other.toarray() == np.eye(3)).all()


class Sneaky(dict):  # type: ignore[type-arg]
    """A subclass could do anything when it is asked; it is not asked."""

    def items(self) -> Any:
        raise RuntimeError("asked")


class SneakyArray(np.ndarray[Any, Any]):
    """An array that may answer comparisons as it likes."""


@pytest.mark.parametrize(
    "value",
    [
        Sneaky(a=1),
        np.zeros(3).view(SneakyArray),
        object(),
        lambda: 0,
        type,
        (x for x in ()),
        np.zeros(2, [("a", "i4")]),
        1 << 20_000,
    ],
    ids=lambda v: type(v).__name__,
)
def test_anything_but_exact_types_is_refused(value: Any) -> None:
    with pytest.raises(Unencodable):
        encode(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(Unencodable, match="deep"):
        encode(loop)


def test_values_past_the_cap_are_refused() -> None:
    with pytest.raises(Unencodable, match="cap"):
        encode(np.zeros(1000), cap=100)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "a",
                    "sh",
                    "n",
                    "d",
                    "of",
                    "l",
                    "t",
                    "all",
                    "f",
                    "i",
                    "c",
                    "b",
                    "set",
                    "range",
                    "slice",
                    "o",
                    "history",
                    "sparse",
                    "parts",
                    "frame",
                    "index",
                    "columns",
                    "v",
                    "dtype",
                    "series",
                    "name",
                    "fset",
                    "index_of",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=400)
@given(json_values, st.lists(st.binary(max_size=16), max_size=3))
def test_a_forged_node_is_a_value_or_a_bad_value_never_another_error(
    node: Any, buffers: list[bytes]
) -> None:
    try:
        decode(node, buffers)
    except BadValue:
        pass


@pytest.mark.parametrize(
    "node",
    [
        {"a": "f8", "sh": [1 << 40], "n": 0},
        {"a": "f8", "sh": [-1], "n": 0},
        {"a": "O", "sh": [1], "n": 0},
        {"a": "f8", "sh": [1], "n": 7},
        {"i": "9" * 10_000},
        {"sparse": "__class__", "parts": [], "sh": [1, 1]},
        {"unknown": 1},
        {},
        [1],
    ],
    ids=str,
)
def test_bombs_and_lies_are_refused(node: Any) -> None:
    with pytest.raises(BadValue):
        decode(node, [b"12345678"])


def test_lengths_that_do_not_fit_the_body_are_refused() -> None:
    for wrong in ([3], [1, -1, 2], "2", [1, 1, 1]):
        with pytest.raises(BadValue):
            split(b"ab", wrong)
