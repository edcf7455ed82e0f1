"""Report of a collection, by student."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from autograder import sanitize
from autograder.submissions.paths import Refused
from autograder.submissions.store import StoredSubmission


@dataclass(frozen=True)
class Handed:
    """One student's submission found by a collection."""

    student: str
    submission: str  # its id
    files: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """A file or submission that was left out; `student` is "" if unknown."""

    name: str
    reason: str
    way_out: str = ""
    student: str = ""


@dataclass(frozen=True)
class CollectionReport:
    """Result of one `autograder collect`."""

    assignment: str
    origin: str
    new: tuple[Handed, ...] = ()  # first submissions of a student
    updated: tuple[Handed, ...] = ()  # later submissions
    unchanged: tuple[Handed, ...] = ()
    unmatched: tuple[LeftOut, ...] = ()  # whole submissions that were left out
    left_out: tuple[LeftOut, ...] = ()  # files left out of submissions that were collected
    missing: tuple[str, ...] = ()  # students on the roster without a submission

    @property
    def matched(self) -> int:
        """Number of students with a submission in this collection."""
        return len(self.new) + len(self.updated) + len(self.unchanged)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON, with one object per student."""
        return {"matched": self.matched, **asdict(self)}


@dataclass
class CollectionProgress:
    """Results of a collection so far."""

    handed: dict[str, list[Handed]] = field(
        default_factory=lambda: {"new": [], "updated": [], "unchanged": []}
    )
    unmatched: list[LeftOut] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def note(self, kind: str, kept: StoredSubmission, notes: tuple[str, ...]) -> None:
        told = tuple(sanitize.text(note, cap=300) for note in notes)
        self.handed[kind].append(Handed(kept.student, kept.id, len(kept.files), told))

    def leave_out(self, refused: tuple[Refused, ...], student: str) -> None:
        self.left_out += [left_out(error, student) for error in refused]

    def report(self, assignment: str, origin: str, missing: Iterable[str]) -> CollectionReport:
        """Return the complete report."""
        kinds = {kind: tuple(handed) for kind, handed in self.handed.items()}
        return CollectionReport(
            assignment,
            origin,
            **kinds,
            unmatched=tuple(self.unmatched),
            left_out=tuple(self.left_out),
            missing=tuple(missing),
        )


def left_out(error: Refused, student: str = "") -> LeftOut:
    return LeftOut(sanitize.text(error.where, cap=200), error.fact, error.way_out, student)
