"""Result of one `check()` as plain rows, to be shown as a table or as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.criteria.task import CriterionSpec, Task
from autograder.expect.verdict import Picture
from autograder.language import in_words, translate
from autograder.nouns import CriterionResult, fill
from autograder.presentation import result_table, result_text
from autograder.presentation.distance import Distance, distance


@dataclass(frozen=True)
class CheckRow:
    """One criterion with its result, in the student's language."""

    demand: str
    state: result_text.State
    points: float
    max_points: float
    expected: str = ""
    got: str = ""
    next: str = ""
    distance: Distance | None = None
    hints: tuple[str, ...] = ()
    more_hints: int = 0
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """Result table of one task; a notebook displays it automatically."""

    task: str
    rows: tuple[CheckRow, ...]
    printed: str = ""
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return fill(translate("Task {task}"), {"task": self.task})

    @property
    def points(self) -> float:
        return sum(row.points for row in self._seen)

    @property
    def max_points(self) -> float:
        """The maximum points of the visible criteria."""
        return sum(row.max_points for row in self._seen)

    @property
    def hidden_points(self) -> float:
        return sum(row.max_points for row in self.rows if row.state is result_text.LATER)

    @property
    def _seen(self) -> list[CheckRow]:
        return [row for row in self.rows if row.state is not result_text.LATER]

    @property
    def summary(self) -> str:
        """One sentence; it never claims that all is met while hidden points are outstanding."""
        if all(row.state is result_text.MET for row in self.rows):
            values = {
                "points": result_text.number(self.points),
                "max": result_text.number(self.max_points),
            }
            return fill(translate("All demands are met: {points} of {max} points."), values)
        return result_text.so_far(self.points, self.max_points, self.hidden_points)

    def __repr__(self) -> str:
        return result_table.as_text(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return result_table.bundle(result_table.as_text(self), result_table.as_html(self))


def as_checked(
    task: Task,
    results: Sequence[CriterionResult],
    *,
    failures: Mapping[str, int] | None = None,
    pictures: Mapping[str, tuple[Picture, ...]] | None = None,
    printed: str = "",
    notes: tuple[str, ...] = (),
) -> CheckResult:
    """Return the rows of a task in order of declaration; hidden criteria are checked later.

    `failures` counts the different failures of each criterion so far. Each failure from the second
    on reveals one more hint.
    """
    by_name = {result.name: result for result in results}
    rows = tuple(
        _row(
            declared,
            by_name[name],
            (failures or {}).get(name, 0),
            (pictures or {}).get(name, ()),
        )
        if name in by_name
        else CheckRow(_demand(declared), result_text.LATER, 0.0, declared.points)
        for name, declared in task.criteria.items()
    )
    return CheckResult(task.grade_id, rows, printed, notes)


def _row(
    declared: CriterionSpec, result: CriterionResult, failures: int, pictures: tuple[Picture, ...]
) -> CheckRow:
    expected, got, next_ = in_words(result.message)
    state = result_text.STATES[result.status]
    hints = (
        tuple(translate(hint) for hint in declared.hints) if state is result_text.NOT_MET else ()
    )
    shown = hints[: max(0, failures - 1)]
    return CheckRow(
        _demand(declared),
        state,
        result.points,
        result.max_points,
        expected,
        got,
        "" if state is result_text.MET else next_,
        distance(result.score, declared.settings),
        shown,
        len(hints) - len(shown),
        pictures if state is result_text.NOT_MET else (),
    )


def _demand(declared: CriterionSpec) -> str:
    return fill(translate(declared.demand), declared.settings)
