"""The statistics of one assignment: values for pages, JSON for scripts, tables for spreadsheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from statistics import mean, median, quantiles, stdev
from typing import Any

from autograder import gradebook
from autograder.config import Course
from autograder.errors import NotFound
from autograder.gradebook import StudentScore
from autograder.gradebook.portal import sprints
from autograder.gradebook.scores.item_scores import Attempts, attempts
from autograder.steps import roster
from autograder.steps.assignments import require_assignment
from autograder.steps.reporting.statistics.items import Item, items
from autograder.steps.reporting.statistics.trouble import (
    HALF,
    AtRisk,
    Situation,
    Stuck,
    Unclear,
    at_risk,
    by_student,
    stuck,
    unclear,
)

BINS = 10


@dataclass(frozen=True)
class Spread:
    """Distribution of a number over the class; None where there are no values."""

    n: int
    mean: float | None = None
    median: float | None = None
    low: float | None = None  # first quartile
    high: float | None = None  # third quartile
    deviation: float | None = None


@dataclass(frozen=True)
class Bin:
    """Number of students with `start` to `end` percent of the points; 100 is in the last bin."""

    start: int
    end: int
    students: int


@dataclass(frozen=True)
class Statistics:
    """Statistics of one assignment, over the submissions that count."""

    assignment: str
    max_score: float
    handed_in: int
    enrolled: int  # on the roster; 0 without a roster
    waiting: int  # students whose work partly waits for a person; their score so far is included
    score: Spread  # points after late penalties
    bins: tuple[Bin, ...]
    submissions: Spread  # number per student
    hours: Spread  # from a student's first submission, or a sprint's start, to the last submission
    items: tuple[Item, ...]
    stuck: tuple[Stuck, ...]
    unclear: tuple[Unclear, ...]
    at_risk: tuple[AtRisk, ...]

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON; each table by its name, with a row as an object."""
        facts = {
            k: v
            for k, v in asdict(self).items()
            if k
            in (
                "assignment",
                "max_score",
                "handed_in",
                "enrolled",
                "waiting",
                "score",
                "submissions",
                "hours",
            )
        }
        tables = {}
        for name in TABLES:
            headings, rows = table(self, name)
            tables[name] = [dict(zip(headings, row, strict=True)) for row in rows]
        return {**facts, **tables}


def statistics(course: Course, assignment: str, now: datetime | None = None) -> Statistics:
    """Return the statistics of an assignment; empty before anything is graded.

    Raises NotFound if there is no such assignment.
    """
    require_assignment(course, assignment)
    found = attempts(course, assignment)
    scores = gradebook.student_scores(course, assignment)
    enrolled = [p.id for p in roster.people(course) if p.role == "student"]
    listed = [s for s in scores if not enrolled or s.student in set(enrolled)]
    return Statistics(
        assignment=assignment,
        max_score=max((s.max_score for s in scores), default=0.0),
        handed_in=len(listed),
        enrolled=len(enrolled),
        waiting=sum(s.needs_person for s in listed),
        score=spread([s.total for s in listed]),
        bins=bins([_share(s) for s in listed]),
        submissions=spread([float(len(many)) for many in by_student(found).values()]),
        hours=spread(_hours(course, assignment, found)),
        items=items(found),
        stuck=stuck(found),
        unclear=unclear(found),
        at_risk=at_risk(found, _class(course, assignment, enrolled, listed, now)),
    )


def spread(values: Sequence[float]) -> Spread:
    """Return mean, quartiles (inclusive) and standard deviation of a sample."""
    if len(values) < 2:
        only = values[0] if values else None
        return Spread(len(values), only, only, only, only)
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Spread(len(values), mean(values), median(values), low, high, stdev(values))


def bins(shares: Sequence[float]) -> tuple[Bin, ...]:
    """Return the distribution in ten bins."""
    counts = [0] * BINS
    for share in shares:
        counts[min(int(share * BINS + 1e-9), BINS - 1)] += 1
    width = 100 // BINS
    return tuple(Bin(i * width, (i + 1) * width, count) for i, count in enumerate(counts))


def _share(score: StudentScore) -> float:
    return min(max(score.total / score.max_score, 0.0), 1.0) if score.max_score else 0.0


def _hours(course: Course, assignment: str, found: Attempts) -> list[float]:
    """Return hours from the start of a sprint, or the first submission, to the last one.

    A daily assignment has no start time, so only students with several submissions count.
    """
    begun = sprints.all_of(course, assignment)
    hours = []
    for student, many in by_student(found).items():
        last = many[-1].received.replace(tzinfo=timezone.utc)
        if student in begun:
            hours.append((last - begun[student].started).total_seconds() / 3600)
        elif len(many) > 1:
            hours.append((many[-1].received - many[0].received).total_seconds() / 3600)
    return hours


def _class(
    course: Course,
    assignment: str,
    enrolled: Sequence[str],
    scores: Sequence[StudentScore],
    now: datetime | None,
) -> Situation:
    others = sorted(p.name for p in course.release.glob("*") if p.is_dir())
    low: dict[str, list[str]] = {}
    for other in others:
        if other != assignment:
            for score in gradebook.student_scores(course, other):
                if not score.needs_person and _share(score) < HALF:
                    low.setdefault(score.student, []).append(other)
    totals = {s.student: _share(s) for s in scores if not s.needs_person}
    everybody = enrolled or [s.student for s in scores]
    return Situation(
        everybody,
        frozenset(s.student for s in scores),
        totals,
        low,
        course.due(assignment),
        now or datetime.now(timezone.utc),
    )


# ── Tables ───────────────────────────────────────────────────────────────────────────

_STATUSES = ("passed", "failed", "not_attempted", "not_run", "error", "unreadable")
_CRITERION = ("notebook", "task", "criterion", "demand")
TABLES: Mapping[str, tuple[str, ...]] = {
    "criteria": (
        *_CRITERION,
        "hidden",
        "points",
        "students",
        "right",
        "discrimination",
        *_STATUSES,
    ),
    "distribution": ("from_percent", "to_percent", "students"),
    "stuck": (*_CRITERION, "students", "share", "tries"),
    "unclear": (*_CRITERION, "good_students", "failed_first", "passed_later", "share"),
    "at_risk": ("student", "reasons"),
}
Table = tuple[tuple[str, ...], list[tuple[Any, ...]]]


def table(found: Statistics, name: str) -> Table:
    """Return (headings, rows) of one of `TABLES`. Raises NotFound."""
    if name not in TABLES:
        raise NotFound(f"there is no table {name!r}", way_out=f"there are {', '.join(TABLES)}")
    return TABLES[name], list(_ROWS[name](found))


def _names(one: Item | Stuck | Unclear) -> tuple[Any, ...]:
    d = one.demanded
    return (d.notebook, d.task, d.name, d.demand)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


_ROWS: Mapping[str, Any] = {
    "criteria": lambda s: (
        (
            *_names(i),
            i.demanded.hidden,
            i.demanded.max_points,
            i.students,
            _rounded(i.right),
            _rounded(i.discrimination),
            *(i.ended.get(k, 0) for k in _STATUSES),
        )
        for i in s.items
    ),
    "distribution": lambda s: ((b.start, b.end, b.students) for b in s.bins),
    "stuck": lambda s: (
        (*_names(i), i.students, _rounded(i.share), _rounded(i.tries)) for i in s.stuck
    ),
    "unclear": lambda s: (
        (*_names(i), i.good, i.failed_first, i.passed_later, _rounded(i.share)) for i in s.unclear
    ),
    "at_risk": lambda s: ((r.student, "; ".join(r.reasons)) for r in s.at_risk),
}
