"""A second attempt after training anew: for criteria that say `retry=True, retrain=True`.

One run more is made of a submission that did not meet such a criterion. What it gives counts for
these criteria, and for those that come after them, where it gives more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from autograder.nouns import CriterionResult, Notebook, NotebookResult, Status, Task

Owed = Mapping[str, frozenset[str]]  # names of criteria, by task


def owed(source: Notebook, result: NotebookResult) -> Owed:
    """The criteria that one run more may still meet; none where training anew cannot help."""
    found = {task.grade_id: _owed(task, result) for task in source.tasks}
    return {name: criteria for name, criteria in found.items() if criteria}


def _owed(task: Task, result: NotebookResult) -> frozenset[str]:
    """Those that failed and are trained for again, and all that wait for one of them."""
    done = {c.name: c for t in result.tasks if t.grade_id == task.grade_id for c in t.criteria}
    chosen: set[str] = set()
    for criterion in task.criteria:
        mine = done.get(criterion.name) if criterion.retry and criterion.retrain else None
        failed = mine is not None and mine.status is Status.FAILED and not mine.error
        if failed or chosen.intersection(criterion.after):
            chosen.add(criterion.name)
    return frozenset(chosen)


def better(first: NotebookResult, second: NotebookResult, owed: Owed) -> NotebookResult:
    """The first result with what the second run gave more for the criteria owed to it."""
    again = {(t.grade_id, c.name): c for t in second.tasks for c in t.criteria}
    tasks = tuple(
        replace(
            task,
            criteria=tuple(
                _better(c, again.get((task.grade_id, c.name), c))
                if c.name in owed.get(task.grade_id, ())
                else c
                for c in task.criteria
            ),
        )
        for task in first.tasks
    )
    return replace(first, tasks=tasks)


def _better(first: CriterionResult, second: CriterionResult) -> CriterionResult:
    more = second.status is Status.PASSED or second.points > first.points
    return replace(second if more else first, attempts=2)
