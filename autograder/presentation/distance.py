"""Distance of a score from its target: as a sentence, and as positions on a line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograder.expect.verdict import msgid, short
from autograder.language import translate
from autograder.nouns import fill

PAD = 0.08  # margin at both ends, as a fraction of the line


@dataclass(frozen=True)
class Distance:
    """A score, its target, and known scores of correct solutions and of a simple baseline."""

    score: float
    target: float
    rising: bool  # True: at least the target is required; False: at most
    partial_from: float | None = None
    baseline: float | None = None
    right_answers: tuple[float, float] | None = None

    @property
    def reached(self) -> bool:
        return self.score >= self.target if self.rising else self.score <= self.target


def distance(score: float | None, settings: Mapping[str, Any]) -> Distance | None:
    """Return the distance of a score from the threshold in the settings. The settings are
    `at_least` or `at_most`, `partial_from`, `baseline` and `right_answers=(lo, hi)`. Return None
    without a number or a single threshold.
    """
    bounds = [name for name in ("at_least", "at_most") if _is_number(settings.get(name))]
    if not _is_number(score) or len(bounds) != 1:
        return None
    assert score is not None
    return Distance(
        float(score),
        float(settings[bounds[0]]),
        bounds[0] == "at_least",
        _number(settings.get("partial_from")),
        _number(settings.get("baseline")),
        _pair(settings.get("right_answers")),
    )


def legend(found: Distance) -> list[tuple[str, str]]:
    """Return the legend of the line as (mark, words): the score, the target, the start of partial
    credit, the range of correct solutions, and the baseline.
    """
    reached = msgid("{score} now, the demand is met") if found.reached else msgid("{score} now")
    demanded = (
        msgid("{target} or more is demanded")
        if found.rising
        else msgid("{target} or less is demanded")
    )
    parts: list[tuple[str, str, dict[str, float]]] = [
        ("score", reached, {"score": found.score}),
        ("target", demanded, {"target": found.target}),
    ]
    if found.right_answers:
        lo, hi = found.right_answers
        parts.append(("right", msgid("right answers reach {lo} to {hi}"), {"lo": lo, "hi": hi}))
    if found.baseline is not None:
        parts.append(("base", msgid("a simple baseline reaches {base}"), {"base": found.baseline}))
    if found.partial_from is not None and not found.reached:
        parts.append(("start", msgid("points begin at {start}"), {"start": found.partial_from}))
    return [
        (mark, fill(translate(template), {k: short(v) for k, v in values.items()}))
        for mark, template, values in parts
    ]


def in_words(found: Distance) -> str:
    """Return the whole legend as one sentence."""
    return "; ".join(text for _, text in legend(found))


@dataclass(frozen=True)
class Places:
    """Positions on a line from 0 to 1; further right is always better."""

    score: float
    target: float
    baseline: float | None
    partial_from: float | None
    right_answers: tuple[float, float] | None


def places(found: Distance) -> Places:
    """Return the positions of all numbers on one line; a far outlying score is put at the end."""
    known = [found.target, *_known(found)]
    if len(known) == 1:  # nothing to compare with: measure from zero
        known.append(0.0)
    low, high = min(known), max(known)
    reach = (high - low) or abs(found.target) or 1.0
    score = min(max(found.score, low - reach), high + reach)
    low, high = min(low, score), max(high, score)
    width = (high - low) or 1.0
    low, width = low - PAD * width, width * (1 + 2 * PAD)

    def place(value: float) -> float:
        share = (value - low) / width
        return round(share if found.rising else 1 - share, 4)

    pair = None
    if found.right_answers:
        first, second = sorted(map(place, found.right_answers))
        pair = (first, second)
    return Places(
        place(score),
        place(found.target),
        None if found.baseline is None else place(found.baseline),
        None if found.partial_from is None or found.reached else place(found.partial_from),
        pair,
    )


def _known(found: Distance) -> list[float]:
    pair = found.right_answers or ()
    return [v for v in (*pair, found.baseline, found.partial_from) if v is not None]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number(value: Any) -> float | None:
    return float(value) if _is_number(value) else None


def _pair(value: Any) -> tuple[float, float] | None:
    if isinstance(value, tuple | list) and len(value) == 2 and all(map(_is_number, value)):
        return float(min(value)), float(max(value))
    return None
