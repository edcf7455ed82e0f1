"""What a person has said of one answer, as plain values: the state, and the score it makes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from autograder.evidence.store import fingerprint
from autograder.gradebook.connection import storable
from autograder.gradebook.leases import Answer
from autograder.gradebook.released import ReleasedTask
from autograder.gradebook.rubric import Rubric, within
from autograder.nouns import TaskKind

SAME = 1e-9  # points


@dataclass(frozen=True)
class Line:
    """A remark on one line of a cell, counted from 1; `shown` if the student may read it."""

    id: str
    cell: str
    line: int
    text: str
    shown: bool
    who: str


@dataclass(frozen=True)
class State:
    """What a person has said of one answer."""

    items: frozenset[str] = frozenset()
    scored: bool = False  # the score is a person's
    adjustment: float = 0.0
    reason: str = ""
    extra: float | None = None
    comment: str = ""
    note: str = ""  # for staff alone
    flagged: bool = False
    lines: tuple[Line, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The state as the audit keeps it."""
        lines = [vars(line) for line in self.lines]
        plain: dict[str, Any] = storable(
            {**vars(self), "items": sorted(self.items), "lines": lines}
        )
        return plain

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> State:
        """The state that the audit kept."""
        known = {k: v for k, v in data.items() if k in cls.__dataclass_fields__}
        lines = tuple(Line(**line) for line in known.get("lines", ()))
        return cls(**{**known, "items": frozenset(known.get("items", ())), "lines": lines})


@dataclass(frozen=True)
class Mark:
    """All that is known of the score of one answer."""

    answer: Answer
    task: ReleasedTask
    submission: str  # ULID of the one that counts; "" if nbgrader alone graded it
    auto: float | None
    manual: float | None
    waits: bool  # for a person
    state: State
    rubric: Rubric
    elsewhere: bool  # the score was given by nbgrader's formgrader
    comment_cell: str
    who: str  # who changed it last

    @property
    def edition(self) -> str:
        """A digest of all that a page shows of the answer."""
        shown = [
            self.state.as_json(), self.auto, self.manual, self.waits, self.submission,
            self.rubric.start, [[i.id, i.text, i.points] for i in self.rubric.items],
        ]  # fmt: skip
        return fingerprint(shown)[:24]

    @property
    def score(self) -> float:
        """What the gradebook counts."""
        found = self.auto if self.manual is None else self.manual
        return (found or 0.0) + (self.state.extra or 0.0)

    @property
    def outdated(self) -> bool:
        """Whether what it was made of has changed since, so that the sum would be another."""
        wanted = wanted_score(self)
        return wanted is not None and self.manual is not None and abs(wanted - self.manual) > SAME


def settled(found: Mark, state: State) -> State:
    """The state with `scored` as its items and adjustment demand."""
    touched = (state.items, state.adjustment) != (found.state.items, found.state.adjustment)
    if not touched:
        return state
    if state.items or state.adjustment:
        return replace(state, scored=True)
    manual = found.task.kind is TaskKind.MANUAL
    return replace(state, scored=manual and state.items == found.state.items)


def wanted_score(found: Mark, state: State | None = None) -> float | None:
    """The manual score that items and adjustment make; None if no person has scored it."""
    state = state or found.state
    if not state.scored:
        return None
    points = found.rubric.points(state.items, auto=found.auto, most=found.task.points)
    return within(points + state.adjustment, found.task.points)
