"""Manual grading of one answer, as plain values: its state and the resulting score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from autograder.evidence.store import fingerprint
from autograder.gradebook.database.connection import storable
from autograder.gradebook.marking.leases import Answer
from autograder.gradebook.marking.rubric import Rubric, within
from autograder.gradebook.scores.released_tasks import ReleasedTask
from autograder.nouns import TaskKind

SAME = 1e-9  # points


@dataclass(frozen=True)
class Line:
    """A comment on one line of a cell, counted from 1; `shown` if the student may read it."""

    id: str
    cell: str
    line: int
    text: str
    shown: bool
    who: str


@dataclass(frozen=True)
class State:
    """Manual grading of one answer: rubric items, adjustment, comments, note, flag."""

    items: frozenset[str] = frozenset()
    scored: bool = False  # the score is manual
    adjustment: float = 0.0
    reason: str = ""
    extra: float | None = None
    comment: str = ""
    note: str = ""  # for staff only
    flagged: bool = False
    lines: tuple[Line, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON, for the audit log."""
        lines = [vars(line) for line in self.lines]
        plain: dict[str, Any] = storable(
            {**vars(self), "items": sorted(self.items), "lines": lines}
        )
        return plain

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> State:
        """Return the state from the JSON of an audit entry; unknown keys are ignored."""
        known = {k: v for k, v in data.items() if k in cls.__dataclass_fields__}
        lines = tuple(Line(**line) for line in known.get("lines", ()))
        return cls(**{**known, "items": frozenset(known.get("items", ())), "lines": lines})


@dataclass(frozen=True)
class Mark:
    """Scores and grading state of one answer."""

    answer: Answer
    task: ReleasedTask
    submission: str  # ULID of the one that counts; "" if nbgrader alone graded it
    auto: float | None
    manual: float | None
    waits: bool  # for manual grading
    state: State
    rubric: Rubric
    elsewhere: bool  # nbgrader's formgrader wrote the score
    comment_cell: str
    who: str  # the last person to change it

    @property
    def edition(self) -> str:
        """A digest of all that a page shows of the answer."""
        shown = [
            self.state.as_json(),
            self.auto,
            self.manual,
            self.waits,
            self.submission,
            self.rubric.start,
            [[i.id, i.text, i.points] for i in self.rubric.items],
        ]
        return fingerprint(shown)[:24]

    @property
    def score(self) -> float:
        """Score in the gradebook: manual, else automatic, else 0; plus extra credit."""
        found = self.auto if self.manual is None else self.manual
        return (found or 0.0) + (self.state.extra or 0.0)

    @property
    def outdated(self) -> bool:
        """True if the manual score differs from its rubric items and adjustment as they are now."""
        wanted = wanted_score(self)
        return wanted is not None and self.manual is not None and abs(wanted - self.manual) > SAME


def settled(found: Mark, state: State) -> State:
    """Return the state with `scored` updated after a change of its items or adjustment."""
    touched = (state.items, state.adjustment) != (found.state.items, found.state.adjustment)
    if not touched:
        return state
    if state.items or state.adjustment:
        return replace(state, scored=True)
    manual = found.task.kind is TaskKind.MANUAL
    return replace(state, scored=manual and state.items == found.state.items)


def wanted_score(found: Mark, state: State | None = None) -> float | None:
    """Return the manual score from items and adjustment; None if there is no manual score."""
    state = state or found.state
    if not state.scored:
        return None
    points = found.rubric.points(state.items, auto=found.auto, most=found.task.points)
    return within(points + state.adjustment, found.task.points)
