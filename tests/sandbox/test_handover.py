"""Arguments are copies: whatever a function does to what it is given, the check's own stay."""

from __future__ import annotations

import contextlib
import copy
import inspect
import os
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import expect
from autograder.evidence.codec import Encoder, encode, lengths, split
from autograder.expect.handover import Lent, lent
from autograder.expect.verdict import NotMet
from autograder.sandbox.checking_process.remote import Link
from autograder.sandbox.student_process.object_server import Exports
from autograder.sandbox.wire import Buffer, Frame, read_frame, write_frame

HOSTILE = """
import collections, collections.abc
import numpy as np

def spoil(value, depth=0):
    "Changes everything in place that can be changed."
    if depth > 20:
        return
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            for item in value.ravel(): spoil(item, depth + 1)
        if value.flags.writeable: value[...] = np.zeros(1, value.dtype)[0]
    elif isinstance(value, (list, collections.UserList)):
        for item in list(value): spoil(item, depth + 1)
        value[:] = ["a", "b"]
    elif isinstance(value, collections.abc.MutableMapping):
        for item in list(value.values()): spoil(item, depth + 1)
        value.clear(); value["spoilt"] = 1
    elif isinstance(value, set):
        value.clear()
    elif isinstance(value, bytearray):
        value[:] = b"spoilt"
    elif isinstance(value, tuple):
        for item in value: spoil(item, depth + 1)
    elif hasattr(value, "iloc"):
        value.iloc[:] = 0
    elif hasattr(value, "data") and hasattr(value, "nnz"):
        value.data[:] = 0
    elif callable(value):
        spoil(value(), depth + 1)

def plain(*args, **kwargs):
    for value in (*args, *kwargs.values()): spoil(value)
    return 0.0

def raising(*args, **kwargs):
    plain(*args, **kwargs)
    raise ValueError

def later(*args, **kwargs):
    yield 1
    plain(*args, **kwargs)
    yield 2

class Model:
    def __init__(self, *args, **kwargs): plain(*args, **kwargs)
    def fit(self, *args, **kwargs): plain(*args, **kwargs); return self
    def __call__(self, *args, **kwargs): return plain(*args, **kwargs)
    def __getitem__(self, key): spoil(key); return 0
    def __contains__(self, key): spoil(key); return True

model = Model()
nested = {"functions": [plain]}
"""


@contextmanager
def at_the_wall(names: dict[str, Any]) -> Iterator[Callable[[str], Any]]:
    """Look up a student's names as the clean process does, bytes in pipes between."""
    (theirs, ours), (back, out) = os.pipe(), os.pipe()
    exports = Exports(names)
    student = Thread(target=exports.serve, args=(theirs, out), kwargs={"call_seconds": 60})

    def exchange(header: dict[str, Any], buffers: list[Buffer]) -> Frame:
        write_frame(ours, header, buffers)
        reply = read_frame(back)
        assert reply is not None
        return reply

    link = Link(exchange, {})

    def lookup(name: str) -> Any:
        encoder = Encoder(exports.stranger)
        node = encoder.node(names[name])
        body = b"".join(bytes(b) for b in encoder.buffers)
        return link.decode(node, split(body, lengths(encoder.buffers)))

    with pytest.MonkeyPatch.context() as patch:
        # no alarm outside the main thread
        patch.setattr(
            "autograder.sandbox.student_process.object_server.cpu_alarm",
            lambda *_, **__: contextlib.nullcontext(),
        )
        student.start()
        try:
            yield lookup
        finally:
            os.close(ours)
            student.join(10)
            for fd in (theirs, back, out):
                os.close(fd)


@contextmanager
def in_a_kernel(names: dict[str, Any]) -> Iterator[Callable[[str], Any]]:
    """Look up a student's names as `task.check()` does."""
    yield lambda name: lent(names[name])


PLACES = {"at the wall": at_the_wall, "in a kernel": in_a_kernel}


def hostile() -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(HOSTILE, names)
    return names


def calls(lookup: Callable[[str], Any]) -> Iterator[Callable[..., Any]]:
    """Every way in which a student's code can be given something."""
    yield lookup("plain")
    yield lookup("raising")
    yield lambda *args, **kwargs: list(lookup("later")(*args, **kwargs))
    yield lookup("Model")
    yield lambda *args, **kwargs: lookup("Model")(1).fit(*args, **kwargs)
    yield lookup("model")
    yield lookup("model").fit
    yield lambda *args, **kwargs: [lookup("model")[a] for a in (*args, *kwargs.values())]
    yield lambda *args, **kwargs: [a in lookup("model") for a in (*args, *kwargs.values())]
    yield lookup("nested")["functions"][0]
    yield lambda *args, **kwargs: lookup("plain")(lambda: [args, kwargs])


arrays = st.builds(
    lambda shape, kind: np.arange(1, 1 + int(np.prod(shape))).reshape(shape).astype(kind),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from(["f4", "f8", "i8", "?", "U3", "c16"]),
)
leaves = st.one_of(
    arrays,
    st.integers(-9, 9),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.none(),
    st.builds(bytearray, st.binary(max_size=3)),
    st.sets(st.integers(0, 9), max_size=3),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
    ),
    max_leaves=6,
)


def written(value: Any) -> Any:
    """Plain data as the codec writes it, to be compared."""
    node, buffers = encode(value)
    return node, [bytes(b) for b in buffers]


@pytest.mark.parametrize("place", PLACES)
def test_arguments_never_change(place: str) -> None:
    with PLACES[place](hostile()) as lookup:
        ways = list(calls(lookup))

        @settings(max_examples=25, deadline=None)
        @given(
            st.lists(values, min_size=1, max_size=3), st.dictionaries(st.sampled_from("pq"), values)
        )
        def hold(args: list[Any], kwargs: dict[str, Any]) -> None:
            before = written([args, kwargs])
            for way in ways:
                with contextlib.suppress(Exception):
                    way(*args, **kwargs)
                assert written([args, kwargs]) == before

        hold()


SPECIAL = {
    "a table": lambda: pd.DataFrame({"a": [1.0, 2.0]}),
    "a counter": lambda: Counter("aab"),
    "an ordered dict": lambda: OrderedDict(a=[1]),
    "a default dict": lambda: defaultdict(list, a=[1]),
    "a view": lambda: np.arange(6.0)[::2],
    "arrays in a tuple": lambda: (np.ones(2), [np.ones(2)]),
    "an array of lists": lambda: np.array([[1], [2, 3]], dtype=object),
}


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("place", PLACES)
def test_nor_do_those_of_a_library(place: str, name: str) -> None:
    value = SPECIAL[name]()
    before = copy.deepcopy(value)
    with PLACES[place](hostile()) as lookup:
        for way in calls(lookup):
            with contextlib.suppress(Exception):
                way(value)
    assert written(value) == written(before)


@pytest.mark.parametrize("place", PLACES)
def test_a_check_that_asks_sees_what_the_call_did(place: str) -> None:
    given_ = [np.ones(2), {"deep": [1.0, [2.0]]}]
    with PLACES[place](hostile()) as lookup:
        after = expect.arguments_after(lookup("plain"), *given_)
        with pytest.raises(NotMet, match="argument 2 was changed"):
            expect.input_unchanged(lookup("plain"), 1, given_[1])
        with pytest.raises(NotMet, match="argument 1 was changed"):
            expect.input_unchanged(lookup("model"), given_[0])
    assert after[0].tolist() == [0, 0]
    assert after[1] == {"spoilt": 1}
    assert given_[0].tolist() == [1, 1]
    assert given_[1] == {"deep": [1.0, [2.0]]}


@pytest.mark.parametrize("place", PLACES)
def test_what_a_callback_is_given_and_gives_is_a_copy_too(place: str) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(
        "def f(learn):\n    mine = [0]\n    table = learn(mine)\n    table[0] = 9\n"
        "    mine[0] = 9\n    return table[0]",
        names,
    )
    table, reached = [1], []

    def learn(mine: list[int]) -> list[int]:
        reached.append(mine)
        return table

    with PLACES[place](names) as lookup:
        assert lookup("f")(learn) == 9
    assert table == [1]
    assert reached == [[0]]


def test_a_lent_function_is_called_and_described_like_the_function() -> None:
    def own(x: int, n: int = 2) -> int:
        "Own words."
        return x**n

    own.__module__ = "__main__"
    found = lent(own)
    assert isinstance(found, Lent)
    assert (found(3), found.__name__, found.__doc__) == (9, "own", "Own words.")
    assert inspect.signature(found) == inspect.signature(own)
    assert inspect.getsource(found) == inspect.getsource(own)
    numbers = [1.0] * 50
    assert lent(numbers) is numbers
