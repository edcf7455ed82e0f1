"""The solution that spoils its arguments gains nothing, and what it passes is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autograder.steps.assignments import load_assignment
from autograder.steps.authoring.validate.mutants import Mutated, try_mutants
from autograder.steps.grading.grade import judge_of
from autograder.steps.grading.pipeline.workers import Workers
from tests.validate.made import DOUBLE_TEST, cells, course

HIDDEN = "### BEGIN HIDDEN TESTS\n"
FINITE = """@task.criterion("It is finite", points=1)
def finite(double, rng):
    expect.finite(double(rng.normal(size=5)), name="double(x)")


"""
BELIEVING = """@task.criterion("It doubles what it was given", points=1)
def believing(double, rng):
    (left,) = expect.arguments_after(double, rng.normal(size=5))
    expect.close(double(left), left + left, name="double(x)")


"""


def mutated(tmp_path: Path, workers: Workers, more: str = "") -> Mutated:
    text = DOUBLE_TEST.replace(HIDDEN, HIDDEN + more).replace("points=3, after=by_hand", "points=2")
    changes: dict[str, Any] = {"double_test": text} if more else {}
    made = course(tmp_path / "course", cells(**changes))
    source = load_assignment(made, "A")
    (notebook,) = source.notebooks
    return try_mutants(judge_of(made, source, workers), notebook, lambda _: None)


def test_an_assignment_that_compares_with_its_own_data_has_nothing_to_tell(
    tmp_path: Path, workers: Workers
) -> None:
    assert mutated(tmp_path, workers) == Mutated()


def test_a_criterion_that_believes_changed_arguments_is_a_breach(
    tmp_path: Path, workers: Workers
) -> None:
    breaches = mutated(tmp_path, workers, BELIEVING).breaches
    assert [b.split(" passes ")[0] for b in breaches] == ["A, task double: believing"] * 2
    assert "sets its arguments to 0 in place, and fails it on a copy" in breaches[0]


def test_a_criterion_that_looks_at_no_value_is_noted(tmp_path: Path, workers: Workers) -> None:
    found = mutated(tmp_path, workers, FINITE)
    assert found.breaches == ()
    assert found.notes == (
        "A: the solution that sets its arguments to 0 before it answers still passes"
        " double/finite: what these ask does not depend on the arguments",
    )
