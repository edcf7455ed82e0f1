"""What a task is marked by: items with points, added to 0, to full marks or to what was found.

>>> Rubric("full", (Item("a", "no skips", -2.0),)).points(frozenset("a"), auto=None, most=10.0)
8.0
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from autograder.gradebook.staff_tables import RubricItemRow, RubricMarkRow, RubricRow

STARTS = ("zero", "full", "auto")
KEYS = "1234567890"  # of the first ten items


@dataclass(frozen=True)
class Item:
    """One item; `used` by how many answers."""

    id: str
    text: str
    points: float
    used: int = 0


@dataclass(frozen=True)
class Rubric:
    """The items of a task in order, and what their points are added to."""

    start: str
    items: tuple[Item, ...]

    def points(self, has: Collection[str], *, auto: float | None, most: float) -> float:
        """What an answer with these items is worth, between 0 and `most`."""
        base = {"zero": 0.0, "full": most}.get(self.start, auto or 0.0)
        return within(base + sum(i.points for i in self.items if i.id in has), most)


def within(points: float, most: float) -> float:
    """The points, not below 0 and not above `most`."""
    return min(max(points, 0.0), most)


def rubric_of(
    session: Session, assignment: str, notebook: str, task: str, *, manual: bool
) -> Rubric:
    """A task's rubric; without one of its own it adds to 0, or to what was found automatically."""
    known = session.get(RubricRow, (assignment, notebook, task))
    rows = session.execute(
        select(RubricItemRow, func.count(RubricMarkRow.student))
        .outerjoin(RubricMarkRow, RubricMarkRow.item == RubricItemRow.id)
        .where(
            RubricItemRow.assignment == assignment, RubricItemRow.notebook == notebook,
            RubricItemRow.task == task,
        )
        .group_by(RubricItemRow.id)
        .order_by(RubricItemRow.position, RubricItemRow.id)
    ).all()  # fmt: skip
    items = tuple(Item(row.id, row.text, row.points, used) for row, used in rows)
    return Rubric(known.start if known else "zero" if manual else "auto", items)
