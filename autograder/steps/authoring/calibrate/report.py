"""Results of a calibration, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Interval = tuple[float, float]


@dataclass(frozen=True)
class Rate:
    """Observed frequency of an event, with its 95 % Clopper-Pearson interval."""

    count: int
    of: int
    interval: Interval


@dataclass(frozen=True)
class Separation:
    """Scores of a mistake compared with the bound of right answers."""

    mistake: str
    runs: int
    best: float | None  # the score nearest to passing; None if no run gave a score
    caught: Rate  # at the notebook's threshold, second attempts included
    separable: bool  # no run reaches the proposed threshold


@dataclass(frozen=True)
class CalibrationRow:
    """One threshold: what right answers allow it to demand, and its effect as it is."""

    notebook: str
    task: str
    criterion: str
    setting: str
    threshold: float  # as it is in the notebook
    retry: bool
    n: int
    silent: int  # runs of the solution without a score
    scale: str = ""
    mean: float | None = None  # in units of the score
    worst: float | None = None
    bound: float | None = None
    proposed: float | None = None
    failed: Rate | None = None  # right answers that failed, second attempts included
    expected: float | None = None  # share expected to fail by the model, retry included
    at_most: float | None = None  # upper bound of that share at one attempt, 95 % confidence
    checked: Rate | None = None  # right answers that failed on unused seeds
    mistakes: tuple[Separation, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.task}/{self.criterion}"


@dataclass(frozen=True)
class Joint:
    """Probability that a right answer loses any point in one notebook."""

    notebook: str
    expected: float
    at_most: float
    seen: Rate


@dataclass(frozen=True)
class CalibrationReport:
    """Result of one `autograder calibrate`."""

    assignment: str
    file: str
    rows: tuple[CalibrationRow, ...]
    joint: tuple[Joint, ...]
    ran: int
    reused: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    versions: Mapping[str, str]
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {**asdict(self), "ok": self.ok}
