"""Item analysis: difficulty and discrimination of every criterion.

Difficulty is the share of the item's points that the class got. Discrimination is the corrected
item-total correlation: Pearson's r between an item and the sum of all the others, so that no item
is correlated with itself (Henrysson 1963, "Correction of item-total correlations in item analysis",
Psychometrika 28, 211-218).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation

from autograder.gradebook.scores.item_scores import Attempt, Attempts, Demanded

FEWEST = 5  # students; with fewer, a correlation means nothing
LOW = 0.2  # items with less discrimination need a look (Ebel's rule of thumb)


@dataclass(frozen=True)
class Item:
    """One criterion, over the submissions that count."""

    demanded: Demanded
    students: int
    right: float | None  # share of its points that the class got
    discrimination: float | None  # None: too few students, or no variation
    ended: Mapping[str, int]  # number of submissions by status

    @property
    def doubtful(self) -> bool:
        """True if the item separates good from poor work so badly that a person should check it."""
        return self.discrimination is not None and self.discrimination < LOW


def items(found: Attempts) -> tuple[Item, ...]:
    """Return every criterion, in the order of the notebook."""
    counting = [one for one in found.attempts if one.counts]
    points = [points_of(one) for one in counting]
    ended: dict[str, Counter[str]] = {}
    for attempt in counting:
        for mark in attempt.marks:
            ended.setdefault(mark.criterion, Counter())[mark.status] += 1
    totals = [sum(mine.values()) for mine in points]
    return tuple(
        _item(one, points, totals, ended.get(one.criterion, Counter())) for one in found.demanded
    )


def points_of(attempt: Attempt) -> dict[str, float]:
    """Return points by criterion."""
    return {mark.criterion: mark.points for mark in attempt.marks}


def _item(
    one: Demanded,
    points: Sequence[Mapping[str, float]],
    totals: Sequence[float],
    ended: Mapping[str, int],
) -> Item:
    got = [mine.get(one.criterion, 0.0) for mine in points]
    rest = [total - mine for total, mine in zip(totals, got, strict=True)]
    most = one.max_points * len(got)
    return Item(one, len(got), sum(got) / most if most else None, _r(got, rest), dict(ended))


def _r(item: Sequence[float], rest: Sequence[float]) -> float | None:
    if len(item) < FEWEST:
        return None
    try:
        return correlation(item, rest)
    except StatisticsError:  # no variation
        return None
