"""Steps from a number to a verdict, the pattern of every check in this package.

    @check
    def in_range(value, low, high, *, name=""):
        array = read.numbers(value, name)          # what cannot be read is not met
        smallest, largest = extremes(array)        # a pure number
        return decide(low <= smallest and largest <= high, expected="…", got="…", next="…", …)

A verdict that is not fully met is raised as `NotMet`, which ends the criterion with its credit. A
verdict that is met is returned, and noted for the code that runs the criterion.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

from autograder.errors import Fault
from autograder.language import in_words
from autograder.language import msgid as msgid  # noqa: PLC0414 - checks and pages mark with it
from autograder.nouns import Message

P = ParamSpec("P")


@dataclass(frozen=True)
class Picture:
    """Picture of a student's result as SVG, with a sentence as its text alternative."""

    svg: str
    alt: str


@dataclass(frozen=True)
class Verdict:
    """Result of a check: credit from 0 to 1, the measured number, and the message."""

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


class WrongSetting(ValueError):
    """Invalid argument that the author gives to a check; never the student's fault."""


# ── Collectors of verdicts and pictures ──────────────────────────────────────────────

_noted: ContextVar[list[Verdict] | None] = ContextVar("noted_verdicts", default=None)
_pictures: ContextVar[list[Picture] | None] = ContextVar("pictures", default=None)


@contextmanager
def noting() -> Iterator[list[Verdict]]:
    """Collect the verdicts met inside the block, in order."""
    verdicts: list[Verdict] = []
    token = _noted.set(verdicts)
    try:
        yield verdicts
    finally:
        _noted.reset(token)


@contextmanager
def picturing() -> Iterator[list[Picture]]:
    """Collect pictures of unmet checks inside the block; outside of one, nothing is drawn.

    Use this only for criteria whose data the student may see: visible criteria in the student's own
    kernel.
    """
    pictures: list[Picture] = []
    token = _pictures.set(pictures)
    try:
        yield pictures
    finally:
        _pictures.reset(token)


# ── Decision ─────────────────────────────────────────────────────────────────────────


def check(function: Callable[P, Verdict]) -> Callable[P, Verdict]:
    """Make a check safe: any error that a student's value causes becomes NotMet.

    Faults of the grader and wrong settings of the author are raised unchanged.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def safe(*args: P.args, **kwargs: P.kwargs) -> Verdict:
        signature.bind(*args, **kwargs)  # a wrong call is the author's TypeError
        try:
            return function(*args, **kwargs)
        except (NotMet, WrongSetting, Fault, KeyboardInterrupt):
            raise
        except BaseException as failure:
            return unreadable(failure)

    return safe


def unreadable(failure: BaseException) -> Verdict:
    """Return the verdict for a value that raises an error when it is read."""
    return decide(
        0.0,
        expected="a value that can be looked at",
        got="looking at it raises {type}: {text}",
        next="Use plain arrays, numbers, lists, functions and Keras models.",
        type=type(failure).__name__,
        text=sentence_of(failure),
    )


def decide(
    credit: float | bool,
    *,
    expected: str,
    got: str,
    next: str,
    score: float | None = None,
    picture: Callable[[], Picture] | None = None,
    **values: Any,
) -> Verdict:
    """Return the verdict for a credit in [0, 1] (NaN counts as 0). Raises NotMet below 1.

    `expected`, `got` and `next` are English templates, the msgids of the catalogues; `values` fill
    them in. Values named `case_…` come from the check's own data. Of a hidden criterion's verdict,
    students see only credit and score. `picture` draws only inside `picturing()`.
    """
    share = _number(credit, 0.0)
    share = min(1.0, max(0.0, share)) if math.isfinite(share) else 0.0
    measured = None if score is None else _number(score, math.nan)
    if measured is not None and not math.isfinite(measured):
        measured = None
    verdict = Verdict(share, Message(expected, got, next, plain(values)), measured)
    if not verdict.met:
        _draw(picture)
        raise NotMet(verdict)
    noted = _noted.get()
    if noted is not None:
        noted.append(verdict)
    return verdict


def _draw(picture: Callable[[], Picture] | None) -> None:
    pictures = _pictures.get()
    if picture is None or pictures is None:
        return
    try:
        pictures.append(picture())
    except Exception:
        return  # a failed picture does not suppress the message


def _number(value: Any, otherwise: float) -> float:
    try:
        return float(value)
    except Exception:
        return otherwise


def linear_credit(
    value: float,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    partial_from: float | None = None,
) -> float:
    """Return credit in [0, 1]: 1 at or past the threshold, falling linearly to 0 at `partial_from`.

    A value that is not finite has credit 0. Exactly one of `at_least`, `at_most` is given.

    >>> linear_credit(0.7, at_least=0.8, partial_from=0.6)
    0.5
    >>> linear_credit(float("nan"), at_least=0.8)
    0.0
    """
    if (at_least is None) == (at_most is None):
        raise WrongSetting("give exactly one of at_least= and at_most=")
    threshold = at_least if at_least is not None else at_most
    assert threshold is not None
    if not math.isfinite(threshold):
        raise WrongSetting(f"a threshold must be a finite number, not {threshold}")
    sign = 1.0 if at_least is not None else -1.0
    span = threshold - partial_from if partial_from is not None else sign
    if not sign * span > 0:
        raise WrongSetting(f"partial_from={partial_from} is not on the failing side of {threshold}")
    if not math.isfinite(value):
        return 0.0
    if sign * (value - threshold) >= 0:
        return 1.0
    if partial_from is None:
        return 0.0
    # rounded so that 0.7 of [0.6, 0.8] is 0.5, and capped below full credit
    return min(max(round(float(value - partial_from) / span, 9), 0.0), 1.0 - 1e-9)


# ── Text ─────────────────────────────────────────────────────────────────────────────


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as displayable text and numbers: arrays shortened, floats rounded."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return value if abs(value) < 10**15 else short(value)
    if issubclass(kind, str):
        return legible(value, 2000)
    return short(value)


def short(value: Any) -> str:
    """Return a value in a few characters: 4 significant digits, long text and arrays cut.

    Never raises, whatever the value's methods do.

    >>> short(0.123456), short((None, 64)), short([1.0, 2.5])
    ('0.1235', '(None, 64)', '[1, 2.5]')
    """
    try:
        return _short(value, depth=3)
    except Exception:
        return f"a {type(value).__name__}"


def _short(value: Any, depth: int) -> str:
    kind = type(value)
    if value is None or kind is bool:
        return str(value)
    if issubclass(kind, str):
        return legible(value, 300)
    if issubclass(kind, int):
        return int.__repr__(value)[:40] if abs(int(value)) < 10**40 else "a very large number"
    if issubclass(kind, float):
        return float.__format__(value, ".4g")
    if kind in (tuple, list) and depth > 0:
        return _row(value, depth)
    if kind is dict and depth > 0:
        pairs = [f"{_short(k, 0)}: {_short(v, depth - 1)}" for k, v in list(value.items())[:12]]
        return "{" + ", ".join(pairs) + (", …" if len(value) > 12 else "") + "}"
    return _array(value, depth) or f"a {kind.__name__}"


def _quoted(text: str) -> str:
    return f"'{legible(text, 60)}'"


def _row(value: Any, depth: int) -> str:
    items = [_quoted(v) if issubclass(type(v), str) else _short(v, depth - 1) for v in value[:12]]
    inner = ", ".join(items) + (", …" if len(value) > 12 else "")
    if type(value) is list:
        return f"[{inner}]"
    return f"({inner},)" if len(value) == 1 else f"({inner})"


def _array(value: Any, depth: int) -> str:
    shape = getattr(value, "shape", None)
    dtype = getattr(value, "dtype", None)
    if shape is None or dtype is None or depth == 0:
        return ""
    axes = tuple(int(axis) for axis in shape)
    size = math.prod(axes)
    if size <= 12 and callable(getattr(value, "tolist", None)):
        inner = value.tolist()
        if type(inner) in (bool, int, float, str, list, tuple):
            return _short(inner, depth - 1 if axes else 0)
    return f"{type(value).__name__} of shape {_short(axes, 1)}"


def legible(text: str, most: int) -> str:
    r"""Return the text without control characters, cut to at most `most` characters.

    >>> legible("a\x1b[31mb", 10)
    'a�[31mb'
    """
    cut = str.__str__(text)[: most + 1]
    shown = "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in cut
    )
    return shown if len(shown) <= most else shown[:most] + "…"


def sentence_of(failure: BaseException) -> str:
    """Return an exception's text; "" if reading it fails."""
    try:
        return legible(str(failure), 300)
    except BaseException:
        return ""
