"""Warnings about visible criteria that give the answer away as a literal.

Students read visible test cells: `y = 3.14159` passes `expect.close(y, 3.14159)`. A value that
the criterion's sentence already states is not reported.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from autograder import expect
from autograder.notebook.source import names
from autograder.nouns import Assignment, Criterion, Task

TRUTHS = frozenset({"reference", "references", "truth", "labels", "targets", "clean"})
COMPARING = frozenset(
    {  # other libraries' comparisons of a value with a truth
        "isclose",
        "allclose",
        "array_equal",
        "assert_allclose",
        "assert_equal",
        "assert_almost_equal",
        "assert_array_equal",
        "assert_array_almost_equal",
        "approx",
        "equal",
    }
)
_WRAPPERS = frozenset({"array", "asarray", "float", "int", "constant", "Series", "round", "approx"})
_PLAIN = (bool, type(None))  # any demand implies True or None, however it is worded


def given_away(assignment: Assignment) -> Iterator[str]:
    """Yield one warning for each visible criterion that a literal in its code passes."""
    for notebook in assignment.notebooks:
        for task in notebook.tasks:
            for criterion in task.criteria:
                literal = answer_in(criterion) if _visible(criterion, task) else ""
                if literal:
                    yield (
                        f"{notebook.name}, task {task.grade_id}: students read the answer {literal}"
                        f" in {criterion.name}, so writing it down gives {criterion.points:g}"
                        " points; compare with a value that the check computes, or on hidden"
                        " inputs (### BEGIN HIDDEN TESTS)"
                    )


def _visible(criterion: Criterion, task: Task) -> bool:
    """Return True if the criterion gives points and no hidden criterion uses its parameters."""
    behind = {name for c in task.criteria if c.hidden for name in c.parameters}
    return criterion.points > 0 and not criterion.hidden and not behind & {*criterion.parameters}


def answer_in(criterion: Criterion) -> str:
    """Return the literal that a criterion compares a student's value with; "" if none."""
    try:
        tree = names.parse(criterion.source)
    except SyntaxError:
        return ""
    asked = frozenset(criterion.parameters)
    for value, truth in _compared(tree):
        for one, other in ((value, truth), (truth, value)):
            if _is_students(one, asked) and (found := _literal(other, criterion.settings)):
                text, known = found
                if not _said(known, criterion.sentence):
                    return text
    return ""


def _compared(tree: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the compared pairs: by `==`, by a check with a truth, by a library function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq):
            yield node.left, node.comparators[0]
        elif isinstance(node, ast.Call) and len(node.args) + len(node.keywords) >= 2:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else _id(node.func)
            given = {k.arg: k.value for k in node.keywords}
            truth = node.args[1] if len(node.args) > 1 else given.get(_truth(name))
            if node.args and truth is not None and (name in COMPARING or _truth(name)):
                yield node.args[0], truth


@cache
def _truth(name: str) -> str:
    """Return the parameter of a check that holds the truth; "" if it has none."""
    try:
        parameters = list(inspect.signature(getattr(expect, name)).parameters)
    except (AttributeError, TypeError, ValueError):
        return ""
    return parameters[1] if len(parameters) > 1 and parameters[1] in TRUTHS else ""


def _is_students(node: ast.expr, asked: frozenset[str]) -> bool:
    """Return True for a student's value or an item of it, not for an attribute or a call."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else _id(node.func)
        return name in _WRAPPERS and bool(node.args) and _is_students(node.args[0], asked)
    if isinstance(node, ast.Subscript):
        return _is_students(node.value, asked)
    return _id(node) in asked


def _literal(node: ast.expr, settings: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Return the text and value of a literal, or of a setting that holds one."""
    if isinstance(node, ast.Call) and node.args and not node.keywords:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else _id(node.func)
        return _literal(node.args[0], settings) if name in _WRAPPERS else None
    if _id(node) in settings:
        value = settings[_id(node)]
    else:
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return None
    return None if isinstance(value, _PLAIN) else (repr(value)[:60], value)


def _said(value: Any, sentence: str) -> bool:
    """Return True if the sentence states the value."""
    parts = value if isinstance(value, list | tuple | set) and value else [value]
    texts = [f"{v:g}" if isinstance(v, int | float) else str(v) for v in parts]
    return all(text in sentence or str(v) in sentence for text, v in zip(texts, parts, strict=True))


def _id(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""
