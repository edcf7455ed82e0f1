"""Matching of submitted cells with the author's: by grade_id, then cell id, then text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from autograder.notebook.source import names
from autograder.notebook.source.cells import SourceCell, normal
from autograder.notebook.source.scope import is_python

LONGEST_PARSED = 200_000  # characters of a student's cell that is parsed
ENOUGH_ALIKE = 0.6  # least share of the released lines in a cell without ids


@dataclass(frozen=True)
class Wanted:
    """One of the author's marked cells, with its text as released."""

    cell: SourceCell
    text: str

    @property
    def answered(self) -> bool:
        """True if the student writes in it."""
        return self.cell.role in ("answer", "manual") and not self.cell.task


def match(
    wanted: Sequence[Wanted], submitted: Sequence[SourceCell]
) -> tuple[dict[int, SourceCell], dict[int, SourceCell]]:
    """Return (place in `wanted` → its submitted cell, number of a duplicate → the chosen cell).

    Every submitted cell is matched at most once. A cell that has the grade_id of a test but another
    text may still be recognized as an answer by its id or its text.
    """
    taken: dict[int, SourceCell] = {}
    left = {cell.number: cell for cell in submitted}
    twins: dict[int, SourceCell] = {}

    def take(rule: Callable[[Wanted, Sequence[SourceCell]], list[SourceCell]]) -> None:
        for place, want in enumerate(wanted):
            if place in taken:
                continue
            candidates = rule(want, list(left.values()))
            if candidates:
                taken[place] = best = _best(want, candidates)
                del left[best.number]

    take(_by_grade_id)
    take(_by_id)
    take(_by_text)
    take(_by_likeness)
    by_grade_id = {wanted[place].cell.grade_id: cell for place, cell in taken.items()}
    for number, cell in left.items():
        if cell.grade_id in by_grade_id:
            twins[number] = by_grade_id[cell.grade_id]
    return taken, twins


def _best(want: Wanted, candidates: list[SourceCell]) -> SourceCell:
    """Return the best of several matches: right type and id, and an answer that was changed."""

    def rank(cell: SourceCell) -> tuple[bool, bool, bool]:
        changed = normal(cell.source) != normal(want.text)
        return (
            cell.kind == want.cell.kind,
            changed if want.answered else not changed,
            cell.id == want.cell.id,
        )

    return max(candidates, key=rank)  # the first of equals


def _by_grade_id(want: Wanted, left: Sequence[SourceCell]) -> list[SourceCell]:
    return [c for c in left if c.grade_id and c.grade_id == want.cell.grade_id]


def _by_id(want: Wanted, left: Sequence[SourceCell]) -> list[SourceCell]:
    return [c for c in left if c.id and c.id == want.cell.id]


def _by_text(want: Wanted, left: Sequence[SourceCell]) -> list[SourceCell]:
    text = normal(want.text)
    return [c for c in left if text and normal(c.source) == text and c.kind == want.cell.kind]


def _by_likeness(want: Wanted, left: Sequence[SourceCell]) -> list[SourceCell]:
    """Return answers without ids: they keep the released lines or bind the same names."""
    if not want.answered or want.cell.kind != "code":
        return []
    own = names.defined(want.cell.source) if is_python(want.cell) else frozenset()
    found = [
        (_share_kept(want.text, cell.source), cell)
        for cell in left
        if cell.kind == "code" and not cell.grade_id and not cell.generated
    ]
    alike = [(share, cell) for share, cell in found if share >= ENOUGH_ALIKE or _binds(cell, own)]
    most = max((share for share, _ in alike), default=0.0)
    return [cell for share, cell in alike if share == most]


def _share_kept(released: str, text: str) -> float:
    lines = [line.strip() for line in released.split("\n")]
    telling = {line for line in lines if len(line) > 3 and line not in _STUB}
    kept = telling & {line.strip() for line in text.split("\n")}
    return len(kept) / len(telling) if telling else 0.0


_STUB = {"# YOUR CODE HERE", "raise NotImplementedError()", "YOUR ANSWER HERE"}


def _binds(cell: SourceCell, own: frozenset[str]) -> bool:
    small = len(cell.source) < LONGEST_PARSED
    return bool(own) and small and own <= names.bound(cell.source)


def out_of_order(numbers: Mapping[int, SourceCell]) -> list[int]:
    """Return the smallest set of places that explains why the submitted cells are out of order."""
    places = sorted(numbers)
    tails: list[int] = []  # longest increasing subsequence: smallest last number by length
    ends: list[int] = []
    back: dict[int, int | None] = {}
    for place in places:
        number = numbers[place].number
        at = bisect_left(tails, number)
        tails[at : at + 1] = [number]
        ends[at : at + 1] = [place]
        back[place] = ends[at - 1] if at else None
    in_order = set()
    place_in: int | None = ends[-1] if ends else None
    while place_in is not None:
        in_order.add(place_in)
        place_in = back[place_in]
    return [place for place in places if place not in in_order]
