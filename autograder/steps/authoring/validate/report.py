"""Results of a validation, as frozen values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from autograder.nouns import Usage


@dataclass(frozen=True)
class ValidationRow:
    """One criterion: its status on the solution, and the mistakes that show that it can fail."""

    notebook: str
    task: str
    criterion: str
    points: float
    hidden: bool
    solution: str  # status on the solution
    score: float | None
    caught: tuple[str, ...]  # mistakes that were run and fail it
    waiting: tuple[str, ...]  # slow mistakes that name it and were not run
    threshold: str  # calibration in words; "" if it has no threshold that needs it


@dataclass(frozen=True)
class Tried:
    """One mistake: what it should fail, what it failed, and the CPU time of its run."""

    notebook: str
    task: str
    mistake: str
    named: tuple[str, ...]
    failed: tuple[str, ...]  # task/criterion
    judged: int  # number of criteria that it could have changed
    left_out: int  # number of cells that its run left out
    cpu_seconds: float
    ran: bool  # False: judged from stored evidence
    differences: tuple[str, ...]

    @property
    def as_named(self) -> bool:
        return not self.differences


@dataclass(frozen=True)
class Spent:
    """Resources that the solution of one notebook used."""

    notebook: str
    usage: Usage


@dataclass(frozen=True)
class Validated:
    """Validation results of one assignment."""

    assignment: str
    rows: tuple[ValidationRow, ...]
    mistakes: tuple[Tried, ...]
    slow_left_out: int
    spent: tuple[Spent, ...]
    breaches: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def ran(self) -> int:
        return sum(one.ran for one in self.mistakes)


@dataclass(frozen=True)
class ValidationReport:
    """Result of one `autograder validate`."""

    assignments: tuple[Validated, ...]
    tier: str
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not any(one.breaches for one in self.assignments)

    def as_json(self) -> dict[str, Any]:
        """Return every assignment with its rows, mistakes, breaches and figures."""
        return {
            "ok": self.ok,
            "tier": self.tier,
            "notes": list(self.notes),
            "assignments": [asdict(one) for one in self.assignments],
        }
