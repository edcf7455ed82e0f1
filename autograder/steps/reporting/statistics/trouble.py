"""Trouble in a class: criteria it is stuck at, unclear wording, students who may fall behind."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from autograder.gradebook.scores.item_scores import Attempt, Attempts, Demanded
from autograder.language import msgid, translate
from autograder.nouns import fill
from autograder.steps.reporting.statistics.items import points_of

JUDGED = frozenset({"passed", "failed"})
GOOD = 1 / 3  # of the class, ranked by all the other criteria
FEWEST_GOOD = 5
OFTEN = 0.3  # of the good students
NO_GAIN = 3  # submissions in a row without a gain
HALF = 0.5
SOON = timedelta(days=2)


@dataclass(frozen=True)
class Stuck:
    """A criterion at which students are stuck: the first of its task that they fail."""

    demanded: Demanded
    students: int
    share: float  # of all students who submitted
    tries: float  # submissions of each that failed it, on average


@dataclass(frozen=True)
class Unclear:
    """A criterion that good students fail at first, and pass after reading its message."""

    demanded: Demanded
    good: int  # good students who were graded on it
    failed_first: int
    passed_later: int

    @property
    def share(self) -> float:
        return self.failed_first / self.good


@dataclass(frozen=True)
class AtRisk:
    """One student who may need help, with the reasons."""

    student: str
    reasons: tuple[str, ...]


# ── Where the class is stuck ─────────────────────────────────────────────────────────


def stuck(found: Attempts) -> tuple[Stuck, ...]:
    """Return the criteria at which most students are stuck, the worst first."""
    known = {one.criterion: one for one in found.demanded}
    mine = by_student(found)
    at: Counter[str] = Counter()
    tries: Counter[str] = Counter()
    for attempts in mine.values():
        for criterion in _first_unmet(attempts[-1], known):
            at[criterion] += 1
            tries[criterion] += sum(_status(a, criterion) == "failed" for a in attempts)
    return tuple(
        Stuck(known[name], count, count / len(mine), tries[name] / count)
        for name, count in sorted(at.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def by_student(found: Attempts) -> dict[str, list[Attempt]]:
    """Return the submissions of every student, oldest first."""
    mine = defaultdict[str, list[Attempt]](list)
    for attempt in found.attempts:
        mine[attempt.student].append(attempt)
    return mine


def _first_unmet(attempt: Attempt, known: Mapping[str, Demanded]) -> Iterator[str]:
    """Yield the first failed criterion of each task; later ones rarely matter yet."""
    seen = set()
    for mark in attempt.marks:
        one = known[mark.criterion]
        task = (one.notebook, one.task)
        if mark.status == "failed" and task not in seen:
            seen.add(task)
            yield mark.criterion


def _status(attempt: Attempt, criterion: str) -> str:
    return next((m.status for m in attempt.marks if m.criterion == criterion), "")


# ── Unclear wording ──────────────────────────────────────────────────────────────────


def unclear(found: Attempts) -> tuple[Unclear, ...]:
    """Return the criteria that may be worded unclearly, the likeliest first.

    Good students are the best third by all the other criteria of the submission that counts. A
    criterion is suspect if at least 30 % of them, and at least three, failed it when first graded
    on it, and at least half of those passed it in a later submission.
    """
    mine = by_student(found)
    points = {
        student: points_of(next((a for a in attempts if a.counts), attempts[-1]))
        for student, attempts in mine.items()
    }
    judged: dict[str, dict[str, list[str]]] = {one.criterion: {} for one in found.demanded}
    for attempt in found.attempts:  # oldest first
        for mark in attempt.marks:
            if mark.status in JUDGED:
                judged[mark.criterion].setdefault(attempt.student, []).append(mark.status)
    suspects = (_suspect(one, judged[one.criterion], points) for one in found.demanded)
    return tuple(sorted((s for s in suspects if s), key=lambda s: -s.share))


def _suspect(
    one: Demanded,
    judged: Mapping[str, Sequence[str]],  # the statuses in submission order, by student
    points: Mapping[str, Mapping[str, float]],
) -> Unclear | None:
    rest = {s: sum(points[s].values()) - points[s].get(one.criterion, 0.0) for s in judged}
    good = sorted(rest, key=lambda s: (-rest[s], s))[: math.ceil(len(points) * GOOD)]
    first = [s for s in good if judged[s][0] == "failed"]
    later = sum("passed" in judged[s] for s in first)
    likely = (
        len(good) >= FEWEST_GOOD
        and len(first) >= max(3, OFTEN * len(good))
        and later >= len(first) / 2
    )
    return Unclear(one, len(good), len(first), later) if likely else None


# ── Who may fall behind ──────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Situation:
    """Facts about a class from which students at risk are found."""

    students: Sequence[str]  # everybody on the roster, or everybody who submitted
    handed_in: frozenset[str]
    totals: Mapping[str, float]  # share of the points, by student
    elsewhere: Mapping[str, Sequence[str]]  # other assignments with less than half, by student
    due: datetime | None
    now: datetime


def at_risk(found: Attempts, class_: Situation) -> tuple[AtRisk, ...]:
    """Return the students who may need help, those with the most reasons first."""
    mine = by_student(found)
    listed = [
        AtRisk(student, tuple(_reasons(student, mine.get(student, ()), class_)))
        for student in class_.students
    ]
    some = [one for one in listed if one.reasons]
    return tuple(sorted(some, key=lambda r: (-len(r.reasons), r.student)))


def _reasons(student: str, attempts: Sequence[Attempt], class_: Situation) -> Iterator[str]:
    total = class_.totals.get(student)
    if student not in class_.handed_in:
        if class_.due is not None and class_.now > class_.due - SOON:
            yield translate("nothing handed in")
    elif total is not None and total < HALF:
        yield _said(msgid("{percent} % of the points"), percent=round(100 * total))
    if attempts and (untouched := _untouched(attempts[-1])) > HALF:
        yield _said(
            msgid("{percent} % of the criteria not attempted"), percent=round(100 * untouched)
        )
    if len(attempts) >= NO_GAIN and not _gained([a.total for a in attempts[-NO_GAIN:]]):
        yield _said(msgid("no gain in the last {n} submissions"), n=NO_GAIN)
    if low := class_.elsewhere.get(student, ()):
        yield _said(msgid("less than half in {others} too"), others=", ".join(low))


def _said(template: str, **values: object) -> str:
    return fill(translate(template), values)


def _untouched(attempt: Attempt) -> float:
    statuses = [mark.status for mark in attempt.marks]
    return statuses.count("not_attempted") / len(statuses) if statuses else 0.0


def _gained(totals: Sequence[float]) -> bool:
    return max(totals[1:]) > totals[0]
