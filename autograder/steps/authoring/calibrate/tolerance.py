"""Statistics of scores: the variation of right answers, and the thresholds it allows.

Scores are first brought to a scale on which they are about normal: rates to their logit,
distances to their logarithm. Factors are those of one-sided normal tolerance bounds (Hahn and
Meeker, *Statistical Intervals*, 1991); intervals for counts are Clopper and Pearson's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

CONTENT = 0.999  # share of right answers that must pass
CONFIDENCE = 0.95
Scale = Literal["logit", "log", "as it is"]


def tolerance_factor(n: int, content: float = CONTENT, confidence: float = CONFIDENCE) -> float:
    """Return the k for which mean − k·sd of n normal values lies below `content` of all values.

    That holds for a share `confidence` of all samples. From the noncentral t distribution:
    k = t(confidence; n−1, √n·z(content)) / √n. Raises ValueError if n < 2.

    >>> round(tolerance_factor(30), 2), round(tolerance_factor(10, 0.95), 3)
    (4.02, 2.911)
    """
    if n < 2:
        raise ValueError(f"{n} values have no scatter")
    shift = math.sqrt(n) * stats.norm.ppf(content)
    return float(stats.nct.ppf(confidence, n - 1, shift) / math.sqrt(n))


def failure_bound(k: float, n: int, confidence: float = CONFIDENCE) -> float:
    """Return the largest share of values beyond mean − k·sd that n values leave possible.

    The inverse of `tolerance_factor`: at its k this is 1 − content.

    >>> round(failure_bound(tolerance_factor(30), 30), 4)
    0.001
    """
    if n < 2:
        return 1.0
    low, high = 0.0, 1.0  # bounds of the share that may lie beyond
    for _ in range(60):
        middle = (low + high) / 2
        shift = math.sqrt(n) * stats.norm.isf(middle)
        enough = stats.nct.cdf(k * math.sqrt(n), n - 1, shift) >= confidence
        low, high = (low, middle) if enough else (middle, high)
    return high


def runs_for_lowest(share: float, confidence: float = CONFIDENCE) -> int:
    """Return the number of values needed for all but `share` to exceed the lowest (Wilks, 1941).

    >>> runs_for_lowest(0.01), runs_for_lowest(0.05)
    (299, 59)
    """
    return math.ceil(math.log(1 - confidence) / math.log(1 - share))


def interval(count: int, of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a share, seen `count` times in `of` trials.

    >>> [round(bound, 3) for bound in interval(0, 30)]
    [0.0, 0.116]
    """
    if of == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(stats.beta.ppf(tail, count, of - count + 1))
    high = 1.0 if count == of else float(stats.beta.ppf(1 - tail, count + 1, of - count))
    return low, high


# ── Scales ───────────────────────────────────────────────────────────────────────────


def scale_of(
    scores: Sequence[float], threshold: float, sign: int, others: Sequence[float] = ()
) -> Scale:
    """Choose the scale: logit for rates (at_least, up to 1), log for other positive numbers.

    Other scores stay as they are. The scores of wrong answers, `others`, show what can be below 0:
    a difference has no logarithm. The log scale is not used for scores that vary by more than a
    factor of two (one sd). Such scores are errors of an estimate, and the logarithm of a score that
    is near 0 by luck can be anything.
    """
    if sign > 0 and 0 < threshold <= 1 and all(0 <= score <= 1 for score in scores):
        return "logit"
    positive = threshold > 0 and min(*scores, *others) > 0
    return "log" if positive and np.std(np.log(scores)) < math.log(2) else "as it is"


def to_scale(scale: Scale, n: int = 1000) -> Callable[[float], float]:
    """Return the function onto the scale; a rate of 0 or 1 is moved by half an example of `n`."""
    edge = 0.5 / n

    def logit(score: float) -> float:
        inside = min(max(score, edge), 1 - edge)
        return math.log(inside / (1 - inside))

    functions: dict[Scale, Callable[[float], float]] = {
        "logit": logit,
        "log": math.log,
        "as it is": float,
    }
    return functions[scale]


def from_scale(scale: Scale) -> Callable[[float], float]:
    """Return the function from the scale back to the score."""
    functions: dict[Scale, Callable[[float], float]] = {
        "logit": lambda x: 1 / (1 + math.exp(-x)),
        "log": math.exp,
        "as it is": float,
    }
    return functions[scale]


# ── Bounds ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Bound:
    """Bound that n right answers allow to demand; `mean` and `sd` are on the scale."""

    n: int
    scale: Scale
    mean: float
    sd: float
    bound: float
    worst: float  # worst of the scores
    sign: int  # 1: more is better
    examples: int = 1000  # examples that a rate is a share of

    def distance(self, threshold: float) -> float:
        """Return by how many sd the threshold lies on the failing side of the mean.

        Return ±inf if sd is 0.
        """
        gap = self.sign * (self.mean - to_scale(self.scale, self.examples)(threshold))
        return gap / self.sd if self.sd > 0 else math.copysign(math.inf, gap)


def bound_of(
    scores: Sequence[float],
    threshold: float,
    sign: int,
    examples: int = 1000,
    others: Sequence[float] = (),
) -> Bound:
    """Return mean − k·sd on the scale (sign −1: mean + k·sd), never past the worst score seen."""
    scale = scale_of(scores, threshold, sign, others)
    scaled = np.array([to_scale(scale, examples)(score) for score in scores])
    mean, sd = float(scaled.mean()), float(scaled.std(ddof=1))
    far = mean - sign * tolerance_factor(len(scores)) * sd
    worst = min(scores) if sign > 0 else max(scores)
    bound = from_scale(scale)(far)
    bound = min(bound, worst) if sign > 0 else max(bound, worst)
    return Bound(len(scores), scale, mean, sd, bound, worst, sign, examples)


def rounded(bound: float, sign: int, scale: Scale) -> float:
    """Return a readable threshold, rounded toward the student.

    Rates are rounded to 0.01, or to 0.001 above 0.99; other numbers to two significant digits.

    >>> rounded(0.9278, 1, "logit"), rounded(0.9964, 1, "logit"), rounded(37.2, -1, "log")
    (0.92, 0.996, 38.0)
    """
    if bound == 0 or not math.isfinite(bound):
        return bound
    digits = 1 - math.floor(math.log10(abs(bound)))
    if scale == "logit":
        digits = 3 if bound > 0.99 else 2
    step = 10.0**digits
    move = math.floor if sign > 0 else math.ceil
    return round(move(round(bound * step, 6)) / step, max(digits, 0))


# ── Failure rate of right answers ────────────────────────────────────────────────────


def expected_failure(
    bound: Bound, threshold: float, pairs: Sequence[tuple[float, float]] = ()
) -> float:
    """Return the expected share of right answers beyond the threshold.

    Scores are taken as normal on the scale. With `pairs`, the scores of one answer at two
    attempts, it is the share beyond the threshold at both.
    """
    far = -bound.distance(threshold)
    if math.isinf(far):
        return 0.0 if far < 0 else 1.0
    once = float(stats.t.cdf(far / math.sqrt(1 + 1 / bound.n), bound.n - 1))
    if len(pairs) < 3:
        return once
    scaled = np.array([[to_scale(bound.scale, bound.examples)(s) for s in pair] for pair in pairs])
    if (scaled.std(axis=0) == 0).any():
        return once
    alike = float(np.corrcoef(scaled.T)[0, 1])
    alike = min(max(alike, 0.0), 1 - 1e-6)
    both = stats.multivariate_normal.cdf([far, far], [0, 0], [[1, alike], [alike, 1]])
    return float(min(once, max(both, 0.0)))


def any_of(shares: Sequence[float]) -> float:
    """Return the probability that at least one of several independent events happens."""
    return 1 - math.prod(1 - share for share in shares)
