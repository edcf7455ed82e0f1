"""What every test of a check asks for: its credit, its words, and values a student might make."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from autograder.expect.verdict import NotMet, Verdict


def verdict_of(check: Callable[..., Verdict], *args: Any, **settings: Any) -> Verdict:
    """What a check found, met or not. Anything else it raises is a fault of the check."""
    try:
        return check(*args, **settings)
    except NotMet as failure:
        return failure.verdict


@pytest.fixture
def verdict() -> Callable[..., Verdict]:
    return verdict_of


@pytest.fixture
def credit() -> Callable[..., float]:
    return lambda check, *args, **settings: verdict_of(check, *args, **settings).credit


class Hostile:
    """An object whose every door is locked."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("no")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise SystemExit("gone")

    def __iter__(self) -> Any:
        raise MemoryError

    def __len__(self) -> int:
        return -1  # noqa: PLE0303

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise SystemExit(0)

    def __repr__(self) -> str:
        raise ValueError


class Liar(np.ndarray):
    """An array that says yes to every comparison."""

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        return np.True_

    def __array_function__(self, *args: Any, **kwargs: Any) -> Any:
        return np.True_

    def __eq__(self, other: Any) -> Any:
        return np.True_


def hostile_values() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return [
        None,
        True,
        False,
        0,
        -1,
        10**400,
        0.5,
        float("nan"),
        float("inf"),
        1j,
        "",
        "text",
        b"\xff",
        (),
        [],
        {},
        set(),
        [[1, 2], [3]],
        [None],
        ["a", 1],
        loop,
        {"a": float("nan")},
        np.array([]),
        np.zeros((0, 4)),
        np.array(np.nan),
        np.full((2, 3), np.inf),
        np.array(["a"]),
        np.array([object()], dtype=object),
        np.zeros(3, dtype=complex),
        np.zeros((1, 1, 1, 1)),
        np.arange(4.0),
        np.zeros((2, 8, 8, 1)),
        np.array([1, 2], "int8"),
        np.zeros(2, dtype=[("a", float)]),
        np.array("2020-01-01", dtype="datetime64[D]"),
        np.arange(6.0).view(Liar),
        Hostile(),
        object(),
        print,
        lambda *a, **k: None,
        lambda *a, **k: float("nan"),
        lambda *a, **k: (_ for _ in ()).throw(SystemExit(1)),
        range(3),
        iter([1]),
        slice(1),
        type,
        NotImplemented,
        [(1, 0.5, (0, 0, 1, 1))],
        [[("a", 1, 2, 3, 4, 5)]],
        [[[float("nan")] * 6]],
    ]


HOSTILE = hostile_values()


@pytest.fixture
def hostile() -> list[Any]:
    return HOSTILE


@pytest.fixture
def never_met() -> Callable[..., None]:
    """Asserts that no value of the list is met, and that nothing but NotMet is raised."""

    def run(
        check: Callable[[Any], Verdict], allowed: Callable[[Any], bool] = lambda _: False
    ) -> None:
        for i, value in enumerate(HOSTILE):
            found = verdict_of(check, value)
            assert 0.0 <= found.credit <= 1.0
            assert str(NotMet(found))
            if found.met:
                assert allowed(value), f"value {i} of type {type(value).__name__} was met"

    return run
