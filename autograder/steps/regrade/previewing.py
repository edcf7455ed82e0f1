"""Preview of a regrade by the current source. It is rehearsed, so nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograder.config import Course
from autograder.evidence import results
from autograder.gradebook.regrades.regrading import Regraded, regrade
from autograder.gradebook.scores.nbgrader_scores import AuditContext
from autograder.nouns import Result, Submission
from autograder.steps.assignments import load_assignment
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.regrade.judging import Again, digest, judge_again, must_have, recorded

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Turn:
    """Status of one criterion before and after, and the number of submissions with that change."""

    criterion: str  # its full id
    before: str
    after: str
    submissions: int


@dataclass(frozen=True)
class Left:
    """A student with a submission that is not judged again, and why."""

    student: str
    why: str


@dataclass(frozen=True)
class Preview:
    """Changes that a regrade would make."""

    assignment: str
    tasks: tuple[str, ...]  # tasks judged again; empty: all
    source: str  # digest of the source that judged
    judged: int  # number of submissions
    students: tuple[Regraded, ...] = ()  # students whose scores change
    words: tuple[str, ...] = ()  # same scores: messages or submissions that do not count change
    turns: tuple[Turn, ...] = ()
    left: tuple[Left, ...] = ()
    submissions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # to record

    @property
    def up(self) -> int:
        """Number of students who get more points."""
        return sum(one.after > one.before for one in self.students)

    @property
    def down(self) -> int:
        """Number of students who get fewer points."""
        return sum(one.after < one.before for one in self.students)

    def as_json(self) -> dict[str, Any]:
        """Return the preview as JSON values."""
        return {**results.as_json(self), "up": self.up, "down": self.down}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preview:
        """Read a preview that `as_json` made."""
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
    """Return the changes that a regrade would make.

    Nothing is run, except with `runs` where evidence does not answer a question. Students with
    unchanged scores are not listed. Students whose evidence does not suffice are listed with the
    reason, and keep their scores. Raises `NotFound` for an unknown assignment or task.
    """
    source = load_assignment(course, assignment)
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
    """Yield every student whose scores would change, ordered by name."""
    for _, many in sorted(changed.items()):
        if any(one.points_move for one in many):
            found = regrade(course, pairs(many), AuditContext(), rehearse=True)
            if found.tasks or found.before != found.after:
                yield found


def pairs(many: Sequence[Again]) -> list[tuple[Submission, Result]]:
    """Return one student's submissions with their new results, oldest first."""
    ordered = sorted(many, key=lambda one: one.submission.id)
    return [(one.submission, one.result) for one in ordered if one.result is not None]
