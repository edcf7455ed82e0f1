"""Verdicts: credit stays in its range, words can always be said, faults of ours pass through."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.errors import SandboxFault
from autograder.expect.verdict import (
    NotMet,
    Verdict,
    WrongSetting,
    check,
    decide,
    linear_credit,
    noting,
    plain,
    short,
)

pytestmark = pytest.mark.check
WORDS = {"expected": "{a}", "got": "{b}", "next": "c"}


def credit_of(value: Any) -> float:
    try:
        return decide(value, **WORDS, a=1, b=2).credit
    except NotMet as failure:
        return failure.verdict.credit


def test_any_value_can_be_put_into_words_and_stored(hostile: list[Any]) -> None:
    for value in hostile:
        words = plain({"a": value, "b": [value], "c": {"k": (value,)}})
        json.dumps(words, allow_nan=False)
        assert all(len(str(w)) < 3000 for w in words.values())
        assert 0.0 <= credit_of(value) <= 1.0


def test_a_value_that_lies_about_its_class_is_still_put_into_words() -> None:
    class Liar(str):
        __slots__ = ()

        def __str__(self) -> str:
            raise SystemExit

        def __getitem__(self, key: Any) -> str:
            raise SystemExit

        def isprintable(self) -> bool:
            raise SystemExit

    assert short(Liar("x\x1b[2J")) == "x\N{REPLACEMENT CHARACTER}[2J"


def test_credit_that_is_no_number_counts_as_nothing() -> None:
    assert [credit_of(v) for v in (float("nan"), -3, 7, True, "x", None)] == [0, 0, 1, 1, 0, 0]


NUMBERS = st.floats(-1e6, 1e6)


@given(value=st.floats(), threshold=NUMBERS, span=st.floats(1e-3, 1e6))
def test_linear_credit_is_1_only_at_or_past_the_threshold(
    value: float, threshold: float, span: float
) -> None:
    up = linear_credit(value, at_least=threshold, partial_from=threshold - span)
    down = linear_credit(-value, at_most=-threshold, partial_from=span - threshold)
    assert 0.0 <= up <= 1.0
    assert up == down
    assert (up == 1.0) == (math.isfinite(value) and value >= threshold)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"at_least": 1, "at_most": 2},
        {"at_least": float("nan")},
        {"at_least": 1, "partial_from": 1},
    ],
)
def test_wrong_settings_are_the_authors_fault(settings: dict[str, float]) -> None:
    with pytest.raises(WrongSetting):
        linear_credit(0.5, **settings)


def test_faults_and_interrupts_pass_through_a_check_and_nothing_else_does() -> None:
    @check
    def raising(error: BaseException) -> Verdict:
        raise error

    for error in (SandboxFault("ours"), WrongSetting("author"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            raising(error)
    for error in (ValueError(), SystemExit(), GeneratorExit(), RecursionError(), MemoryError()):
        with pytest.raises(NotMet):
            raising(error)
    with pytest.raises(TypeError):
        raising()  # a wrong call


def test_what_is_met_is_noted_and_what_is_not_is_raised() -> None:
    with noting() as verdicts:
        decide(1, **WORDS, a=1, b=2, score=0.5)
        with pytest.raises(NotMet, match="Expected: 1"):
            decide(0.5, **WORDS, a=1, b=2)
    assert [v.score for v in verdicts] == [0.5]


def test_a_score_that_is_not_finite_is_left_out() -> None:
    assert decide(1, **WORDS, a=1, b=2, score=np.inf).score is None
    assert decide(1, **WORDS, a=1, b=2, score=np.float32(2)).score == 2.0
