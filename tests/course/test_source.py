"""The assignments of the bundled course grade as their authors say."""

from __future__ import annotations

import re

import pytest

from autograder.notebook.source import markers
from autograder.notebook.source.cells import cells_of
from autograder.notebook.source.reading import read_assignment
from tests.course import proof

ASSIGNMENTS = sorted(p.parent.name for p in proof.SOURCE.glob("*/*.ipynb"))


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_an_assignment_reads_without_a_mistake_of_its_author_and_is_worth_100_points(name):
    assert read_assignment(proof.SOURCE / name).max_points == 100


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_each_task_has_two_mistakes_and_each_criterion_is_failed_by_one(name):
    for task in proof.read(name).tasks:
        assert len(task.mistakes) >= 2, task.grade_id
        caught = {criterion for mistake in task.mistakes for criterion in mistake.fails}
        assert {c.name for c in task.criteria} == caught, task.grade_id


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_notebook_opens_with_its_card_and_carries_no_output(name):
    notebook = proof.read(name)
    first = notebook.node.cells[0]
    assert "card" in first.metadata.tags
    for line in ("**Measured by**", "**Right answers reach**", "**Needs**", "| good | wrong |"):
        assert line in notebook.card
    for cell in notebook.node.cells:
        assert not cell.get("outputs")


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_daily_notebook_begins_with_a_contract_of_10_points(name):
    first = proof.read(name).tasks[0]
    assert name.startswith("sc") or (first.grade_id, first.points) == ("contract", 10)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_threshold_of_a_hidden_criterion_stands_on_the_card(name):
    notebook = proof.read(name)
    numbers = {float(n) for n in re.findall(r"\d+(?:\.\d+)?", notebook.card)}
    for task in notebook.tasks:
        for criterion in task.criteria:
            for setting in ("at_least", "at_most", "floor"):
                value = criterion.settings.get(setting)
                if criterion.hidden and criterion.retry and value is not None and value > 0.1:
                    assert value in numbers, f"{criterion.name}: {setting}={value}"


@pytest.mark.slow
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_solution_passes_each_mistake_fails_what_it_names_and_the_release_gets_nothing(name):
    assert proof.prove(name) == []


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_name_that_a_criterion_asks_for_is_told_to_the_student(name):
    """In prose, in the card or in what an answer cell gives; a hidden test's code tells nobody."""
    notebook = proof.read(name)
    told = "\n".join(
        markers.without_solutions(cell.source, "code") if cell.role == "answer" else cell.source
        for cell in cells_of(notebook.node)
        if cell.role not in ("mistake", "test")
    )
    asked = {p for task in notebook.tasks for c in task.criteria for p in c.parameters} - {"rng"}
    assert not {one for one in asked if not re.search(rf"\b{one}\b", told)}
