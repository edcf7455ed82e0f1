"""Rubric of a task: items whose points are added to 0, to full marks or to the automatic score.

>>> Rubric("full", (Item("a", "no skips", -2.0),)).points(frozenset("a"), auto=None, most=10.0)
8.0
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from autograder.gradebook.database.staff_tables import RubricItemRow, RubricMarkRow, RubricRow

STARTS = ("zero", "full", "auto")
KEYS = "1234567890"  # of the first ten items


@dataclass(frozen=True)
class Item:
    """One item; `used` is the number of answers that have it."""

    id: str
    text: str
    points: float
    used: int = 0


@dataclass(frozen=True)
class Rubric:
    """The items of a task in order, and the start that their points are added to."""

    start: str
    items: tuple[Item, ...]

    def points(self, has: Collection[str], *, auto: float | None, most: float) -> float:
        """Return the points of an answer with these items, between 0 and `most`."""
        base = {"zero": 0.0, "full": most}.get(self.start, auto or 0.0)
        return within(base + sum(i.points for i in self.items if i.id in has), most)


def within(points: float, most: float) -> float:
    """Clip the points to the range from 0 to `most`."""
    return min(max(points, 0.0), most)


def rubric_of(
    session: Session, assignment: str, notebook: str, task: str, *, manual: bool
) -> Rubric:
    """Return a task's rubric.

    If staff set no start, it is zero for a manually graded task, else the automatic score.
    """
    known = session.get(RubricRow, (assignment, notebook, task))
    rows = session.execute(
        select(RubricItemRow, func.count(RubricMarkRow.student))
        .outerjoin(RubricMarkRow, RubricMarkRow.item == RubricItemRow.id)
        .where(
            RubricItemRow.assignment == assignment,
            RubricItemRow.notebook == notebook,
            RubricItemRow.task == task,
        )
        .group_by(RubricItemRow.id)
        .order_by(RubricItemRow.position, RubricItemRow.id)
    ).all()
    items = tuple(Item(row.id, row.text, row.points, used) for row, used in rows)
    return Rubric(known.start if known else "zero" if manual else "auto", items)
