"""Each answer that attacks its criterion gets something without the measure, nothing with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.sandbox.supervisor.warm_server import WarmServer
from tests.grading.conftest import checkers, students
from tests.sandbox.attacks.answers import ATTACKS, AnswerAttack, Grade, grader

__all__ = ["checkers", "students"]  # fixtures
pytestmark = pytest.mark.attack


@pytest.fixture
def grade(students: WarmServer, checkers: WarmServer, tmp_path: Path) -> Grade:
    return grader(students, checkers, tmp_path)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_it_gets_something_without_the_measure_and_nothing_with_it(
    attack: AnswerAttack, grade: Grade
) -> None:
    assert attack.without(attack, grade)
    assert grade(attack) == ""
