"""What judging by the source as it is now would change: rehearsed, so that nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograder.config import Course
from autograder.evidence import results
from autograder.gradebook.applying import By
from autograder.gradebook.regrading import Regraded, regrade
from autograder.nouns import Result, Submission
from autograder.steps.grade import read
from autograder.steps.judging.workers import Workers
from autograder.steps.regrade.judging import Again, digest, judge_again, must_have, recorded

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Turn:
    """How one criterion ended before and ends now, in how many submissions."""

    criterion: str  # its whole id
    before: str
    after: str
    submissions: int


@dataclass(frozen=True)
class Left:
    """A student of whom a submission is not judged again, and why."""

    student: str
    why: str


@dataclass(frozen=True)
class Preview:
    """What a regrade would change."""

    assignment: str
    tasks: tuple[str, ...]  # judged again; empty: all
    source: str  # digest of what judged
    judged: int  # submissions
    students: tuple[Regraded, ...] = ()  # whose scores change
    words: tuple[str, ...] = ()  # students of whom only messages or lesser submissions change
    turns: tuple[Turn, ...] = ()
    left: tuple[Left, ...] = ()
    submissions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # to be recorded

    @property
    def up(self) -> int:
        """How many students get more points."""
        return sum(one.after > one.before for one in self.students)

    @property
    def down(self) -> int:
        """How many get less."""
        return sum(one.after < one.before for one in self.students)

    def as_json(self) -> dict[str, Any]:
        """The preview as JSON can hold it."""
        return {**results.as_json(self), "up": self.up, "down": self.down}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preview:
        """What `as_json` made."""
        return results.from_json(
            cls, {name: value for name, value in data.items() if name not in ("up", "down")}
        )


def preview(
    course: Course,
    assignment: str,
    workers: Workers,
    *,
    tasks: Collection[str] = (),
    runs: bool = False,
    progress: Tell = lambda *_: None,
) -> Preview:
    """What would change; NotFound for an assignment or task that is not there.

    Nothing is run, unless `runs`: then what evidence does not answer runs again. Who keeps the same
    scores is not listed; whose evidence does not answer is listed with why, and keeps what they
    have.
    """
    source = read(course, assignment)
    must_have(source, tasks)
    chosen = recorded(course, assignment)
    changed: dict[str, list[Again]] = {}
    turns: Counter[tuple[str, str, str]] = Counter()
    left = []
    for count, one in enumerate(judge_again(course, source, workers, chosen, tasks, runs=runs), 1):
        progress(count, len(chosen))
        if one.why_not:
            left.append(Left(one.submission.student, one.why_not))
        elif one.turns:
            changed.setdefault(one.submission.student, []).append(one)
            turns.update((name, *ends) for name, ends in one.turns.items() if ends[0] != ends[1])
    students = tuple(_rehearsed(course, changed))
    return Preview(
        assignment=assignment,
        tasks=tuple(tasks),
        source=digest(source),
        judged=len(chosen),
        students=students,
        words=tuple(sorted(changed.keys() - {one.student for one in students})),
        turns=tuple(Turn(*turn, count) for turn, count in sorted(turns.items())),
        left=tuple(sorted(left, key=lambda one: one.student)),
        submissions={
            student: tuple(sorted(one.submission.id for one in many))
            for student, many in sorted(changed.items())
        },
    )


def _rehearsed(course: Course, changed: Mapping[str, Sequence[Again]]) -> Iterator[Regraded]:
    """Every student whose scores would change, by name."""
    for _, many in sorted(changed.items()):
        if any(one.points_move for one in many):
            found = regrade(course, pairs(many), By(), rehearse=True)
            if found.tasks or found.before != found.after:
                yield found


def pairs(many: Sequence[Again]) -> list[tuple[Submission, Result]]:
    """One student's submissions with what they are judged to be now, oldest first."""
    ordered = sorted(many, key=lambda one: one.submission.id)
    return [(one.submission, one.result) for one in ordered if one.result is not None]
