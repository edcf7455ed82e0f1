"""From a number to a verdict: the one pattern every check of this package follows.

A check computes a number from plain values, then calls one of `decide`, `threshold` or `met`.
A verdict that is not fully met is raised as `NotMet`, which ends the criterion with its credit;
a verdict that is met is returned, and noted for whoever runs the criterion.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from autograder.language import in_words
from autograder.nouns import Message


@dataclass(frozen=True)
class Verdict:
    """What a check found: credit from 0 to 1, the number it measured, and the words for it."""

    credit: float
    message: Message
    score: float | None = None

    @property
    def met(self) -> bool:
        return self.credit >= 1.0


class NotMet(AssertionError):
    """Raised by a check whose demand is not fully met; str() is Expected / Got / Next."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(verdict)

    def __str__(self) -> str:
        expected, got, next_ = in_words(self.verdict.message)
        return f"Expected: {expected}\nGot: {got}\nNext: {next_}"


_noted: ContextVar[list[Verdict] | None] = ContextVar("noted_verdicts", default=None)


@contextmanager
def noting() -> Iterator[list[Verdict]]:
    """The list of verdicts met inside the block, in order."""
    verdicts: list[Verdict] = []
    token = _noted.set(verdicts)
    try:
        yield verdicts
    finally:
        _noted.reset(token)


def decide(
    credit: float | bool,
    *,
    expected: str,
    got: str,
    next: str,
    score: float | None = None,
    **values: Any,
) -> Verdict:
    """The verdict for a credit in [0, 1] (NaN counts as 0); raises NotMet below 1.

    `expected`, `got` and `next` are English templates, the msgids of the catalogues; `values`
    fill them in and must be plain (numbers, strings, tuples of them).
    """
    share = float(credit)
    share = min(1.0, max(0.0, share)) if math.isfinite(share) else 0.0
    if score is not None and not math.isfinite(score):
        score = None
    verdict = Verdict(share, Message(expected, got, next, plain(values)), score)
    if not verdict.met:
        raise NotMet(verdict)
    noted = _noted.get()
    if noted is not None:
        noted.append(verdict)
    return verdict


def linear_credit(
    value: float,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    partial_from: float | None = None,
) -> float:
    """Credit in [0, 1]: 1 at or past the threshold, falling linearly to 0 at `partial_from`.

    A value that is not finite has credit 0. Exactly one of `at_least`, `at_most` is given.

    >>> linear_credit(0.7, at_least=0.8, partial_from=0.6)
    0.5
    >>> linear_credit(float("nan"), at_least=0.8)
    0.0
    """
    if (at_least is None) == (at_most is None):
        raise ValueError("give exactly one of at_least= and at_most=")
    threshold = at_least if at_least is not None else at_most
    assert threshold is not None
    if not math.isfinite(value):
        return 0.0
    sign = 1.0 if at_least is not None else -1.0
    if sign * (value - threshold) >= 0:
        return 1.0
    if partial_from is None:
        return 0.0
    span = threshold - partial_from
    if sign * span <= 0:
        raise ValueError(f"partial_from={partial_from} must lie on the failing side of {threshold}")
    # rounded so that 0.7 of [0.6, 0.8] is 0.5, and never up to a full mark
    return min(max(round((value - partial_from) / span, 9), 0.0), 1.0 - 1e-9)


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as text and numbers fit to be shown and stored: arrays shortened, floats rounded."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value if not isinstance(value, str) else value[:2000]
    if isinstance(value, float):
        return short(value)
    return short(value)


def short(value: Any) -> str:
    """A value in a few characters: 4 significant digits, long text and arrays cut.

    >>> short(0.123456), short((None, 64)), short([1.0, 2.5])
    ('0.1235', '(None, 64)', '[1, 2.5]')
    """
    if isinstance(value, bool | str) or value is None:
        return str(value)[:300]
    if isinstance(value, int):
        return str(value)[:40]
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple | list):
        inner = ", ".join(short(v) for v in value[:12]) + (", …" if len(value) > 12 else "")
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        return short(item())
    tolist = getattr(value, "tolist", None)
    if callable(tolist) and getattr(value, "size", 1 << 30) <= 12:
        return short(tolist())
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"{type(value).__name__} of shape {tuple(shape)}"
    return f"a {type(value).__name__}"
