"""What a calibration found, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Interval = tuple[float, float]


@dataclass(frozen=True)
class Rate:
    """How often something happened, with the 95 % interval of Clopper and Pearson."""

    count: int
    of: int
    interval: Interval


@dataclass(frozen=True)
class Separation:
    """A mistake beside the bound of right answers."""

    mistake: str
    runs: int
    best: float | None  # the score nearest to passing; None: it never got as far as a score
    caught: Rate  # at the threshold of the notebook, second attempts included
    separable: bool  # no run reaches the proposed threshold


@dataclass(frozen=True)
class Row:
    """One threshold: what right answers allow to demand, what it does as it is."""

    notebook: str
    task: str
    criterion: str
    setting: str
    threshold: float  # of the notebook
    retry: bool
    n: int
    silent: int  # runs of the solution that gave no number
    scale: str = ""
    mean: float | None = None  # back from the scale
    worst: float | None = None
    bound: float | None = None
    proposed: float | None = None
    failed: Rate | None = None  # right answers, second attempts included
    expected: float | None = None  # share of right answers, by the model, retry included
    at_most: float | None = None  # the same at one attempt, with 95 % confidence
    checked: Rate | None = None  # right answers that failed on unused seeds
    mistakes: tuple[Separation, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.task}/{self.criterion}"


@dataclass(frozen=True)
class Joint:
    """The chance that a right student loses any point in one notebook."""

    notebook: str
    expected: float
    at_most: float
    seen: Rate


@dataclass(frozen=True)
class Report:
    """What one `autograder calibrate` did and found."""

    assignment: str
    file: str
    rows: tuple[Row, ...]
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
        """The report as plain values."""
        return {**asdict(self), "ok": self.ok}
