"""Warnings about points that rest only on numbers that the student reports.

A training record can be written by hand. A curve compared with a threshold never proves quality.
Other records (rates, tables) may give points beside something that is recomputed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder import expect
from autograder.notebook.source import names
from autograder.nouns import Assignment, Criterion, Task

CURVE = "loss_curve"  # always a claim of quality
THRESHOLDS = frozenset({"at_least", "at_most", "partial_from"})


def claimed(assignment: Assignment) -> Iterator[str]:
    """Yield one warning for each criterion whose points rest only on the student's own numbers."""
    for notebook in assignment.notebooks:
        for task in notebook.tasks:
            for criterion, check in _resting_on_claims(task):
                yield (
                    f"{notebook.name}, task {task.grade_id}: {criterion.name} gives"
                    f" {criterion.points:g} points on expect.{check} alone, which only the student"
                    " vouches for; give them to what is recomputed, such as loss_drops,"
                    " history_honest or a metric on unseen data"
                )


def _resting_on_claims(task: Task) -> Iterator[tuple[Criterion, str]]:
    found = {c.name: check for c in task.criteria if c.points and (check := only_claim(c))}
    records = sum(c.points for c in task.criteria if c.name in found)
    most_of_it = records > task.points / 2
    for criterion in task.criteria:
        check = found.get(criterion.name, "")
        if check and (most_of_it or check == CURVE or THRESHOLDS & criterion.settings.keys()):
            yield criterion, check


def only_claim(criterion: Criterion) -> str:
    """Return the criterion's check if it asserts only what the student reports, else ""."""
    try:
        tree = names.parse(criterion.source)
    except SyntaxError:
        return ""
    called = [name for node in ast.walk(tree) if (name := _check(node))]
    others = any(isinstance(node, ast.Assert | ast.Raise) for node in ast.walk(tree))
    return called[0] if called and not others and expect.CLAIMS.issuperset(called) else ""


def _check(node: ast.AST) -> str:
    """Return the name of the check that a node calls, as `expect.name` or by its bare name."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.attr if function.value.id == "expect" else ""
    named = isinstance(function, ast.Name) and function.id in expect.CLAIMS
    return function.id if named else ""  # type: ignore[attr-defined]
