"""Second attempt after retraining, for criteria declared with `retry=True, retrain=True`.

A submission that fails such a criterion is run once more. The second run's result replaces the
first for that criterion, and for criteria that depend on it, where it gives more points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from autograder.nouns import CriterionResult, Notebook, NotebookResult, Status, Task

Owed = Mapping[str, frozenset[str]]  # criterion names by task


def owed(source: Notebook, result: NotebookResult) -> Owed:
    """Return the criteria that a second run may still meet; empty where retraining cannot help."""
    found = {task.grade_id: _owed(task, result) for task in source.tasks}
    return {name: criteria for name, criteria in found.items() if criteria}


def _owed(task: Task, result: NotebookResult) -> frozenset[str]:
    """Return the failed criteria that allow retraining, and all criteria that depend on them."""
    done = {c.name: c for t in result.tasks if t.grade_id == task.grade_id for c in t.criteria}
    chosen: set[str] = set()
    for criterion in task.criteria:
        mine = done.get(criterion.name) if criterion.retry and criterion.retrain else None
        failed = mine is not None and mine.status is Status.FAILED and not mine.error
        if failed or chosen.intersection(criterion.after):
            chosen.add(criterion.name)
    return frozenset(chosen)


def better(first: NotebookResult, second: NotebookResult, owed: Owed) -> NotebookResult:
    """Merge two results: take the second run's criterion where it is owed and gives more."""
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
