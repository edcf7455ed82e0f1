"""Matching of an answer with the author's known mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from autograder.notebook.source.cells import cells_of
from autograder.nouns import Mistake, Notebook, Status, Task
from autograder.steps.reporting.groups import trees

CLOSE = 0.45  # least likeness of an answer to a mistake that it makes


@dataclass(frozen=True)
class Match:
    """A mistake that an answer makes; `sure` if the code is alike too, not only the failures."""

    mistake: Mistake
    sure: bool
    likeness: float


def nearest(notebook: Notebook, task: Task, facts: Mapping[str, Any]) -> Match | None:
    """Return the most similar mistake that fails what this answer fails; None if there is none.

    Only a mistake that is closer to the answer than the author's solution is sure.
    """
    failed = {name for name, status, *_ in facts["ways"] if status == Status.FAILED}
    after = {name for name, status, *_ in facts["ways"] if status == Status.NOT_RUN}
    fitting = [m for m in task.mistakes if failed and set(m.fails) <= failed | after]
    exact = [m for m in fitting if failed <= set(m.fails)]
    scored = [(_likeness(facts, m.answer, m.code), m) for m in exact or fitting]
    if not scored:
        return None
    best, mistake = max(scored, key=lambda found: found[0])
    right = _likeness(facts, mistake.answer, solution_of(notebook, mistake.answer))
    sure = best >= CLOSE and best > right
    return Match(mistake, sure, best) if sure or len(exact) == 1 else None


def solution_of(notebook: Notebook, answer: str) -> str:
    """Return the author's own code of one answer cell."""
    return next((c.source for c in cells_of(notebook.node) if c.grade_id == answer), "")


def solution(notebook: Notebook, answers: Sequence[str]) -> dict[str, str]:
    """Return the author's own code of some answer cells, by grade_id."""
    found = {cell.grade_id: cell.source for cell in cells_of(notebook.node)}
    return {answer: found[answer] for answer in answers if answer in found}


def _likeness(facts: Mapping[str, Any], cell: str, code: str) -> float:
    theirs: trees.Pieces = frozenset(facts["trees"].get(cell, ()))
    return trees.likeness(theirs, _pieces(code))


@lru_cache(maxsize=512)
def _pieces(code: str) -> trees.Pieces:
    return trees.pieces(code)
