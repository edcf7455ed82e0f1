"""The table of wrong solutions: every row is trained in a test, and caught there by its checks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import expect
from autograder.expect.known_errors import DOMAINS, WRONG

pytestmark = pytest.mark.check
TRAINED = sorted(Path(__file__).parent.glob("test_mistakes*.py"))


def proofs() -> Iterator[tuple[str, set[str]]]:
    """Each wrong solution that a test names, with the checks that catch something there."""
    for path in TRAINED:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for solution in _named(node):
                    yield solution, set(_catching(node))


def _named(test: ast.FunctionDef) -> Iterator[str]:
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "wrong":
            yield from (a.value for a in mark.args if isinstance(a, ast.Constant))


def _catching(test: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(test):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "caught":
            first = node.args[0]
            if isinstance(first, ast.Attribute):
                yield first.attr


@pytest.mark.parametrize("solution", sorted(WRONG))
def test_each_wrong_solution_is_trained_and_caught_by_the_checks_the_page_names(solution) -> None:
    found = set().union(*(checks for name, checks in proofs() if name == solution))
    assert set(WRONG[solution].checks) <= found


def test_each_row_names_checks_that_there_are() -> None:
    for one in WRONG.values():
        assert all(hasattr(expect, check) for check in one.checks)
    assert len(WRONG) == sum(map(len, DOMAINS.values()))
