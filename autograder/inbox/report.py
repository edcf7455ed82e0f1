"""What a collection did, by student."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from autograder import harmless
from autograder.inbox.paths import Refused
from autograder.inbox.shelf import Kept


@dataclass(frozen=True)
class Handed:
    """What was found of one student."""

    student: str
    submission: str  # its id
    files: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """Something that was not taken: of a student, or of nobody known."""

    name: str
    reason: str
    way_out: str = ""
    student: str = ""


@dataclass(frozen=True)
class Report:
    """What one `autograder collect` did."""

    assignment: str
    origin: str
    new: tuple[Handed, ...] = ()  # the first submission of a student
    updated: tuple[Handed, ...] = ()  # another one
    unchanged: tuple[Handed, ...] = ()
    unmatched: tuple[LeftOut, ...] = ()  # whole submissions that were not taken
    left_out: tuple[LeftOut, ...] = ()  # files that were not taken, of submissions that were
    missing: tuple[str, ...] = ()  # students of the roster of whom there is nothing yet

    @property
    def matched(self) -> int:
        """Students of whom something was found."""
        return len(self.new) + len(self.updated) + len(self.unchanged)

    def as_json(self) -> dict[str, Any]:
        """The report with one object per student."""
        return {"matched": self.matched, **asdict(self)}


@dataclass
class Found:
    """What has been found so far."""

    handed: dict[str, list[Handed]] = field(
        default_factory=lambda: {"new": [], "updated": [], "unchanged": []}
    )
    unmatched: list[LeftOut] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def note(self, kind: str, kept: Kept, notes: tuple[str, ...]) -> None:
        told = tuple(harmless.text(note, cap=300) for note in notes)
        self.handed[kind].append(Handed(kept.student, kept.id, len(kept.files), told))

    def leave_out(self, refused: tuple[Refused, ...], student: str) -> None:
        self.left_out += [left_out(error, student) for error in refused]

    def report(self, assignment: str, origin: str, missing: Iterable[str]) -> Report:
        """All of it."""
        kinds = {kind: tuple(handed) for kind, handed in self.handed.items()}
        return Report(
            assignment,
            origin,
            **kinds,
            unmatched=tuple(self.unmatched),
            left_out=tuple(self.left_out),
            missing=tuple(missing),
        )


def left_out(error: Refused, student: str = "") -> LeftOut:
    return LeftOut(harmless.text(error.where, cap=200), error.fact, error.way_out, student)
