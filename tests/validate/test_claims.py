"""Points that only a student's own record vouches for: which an author is warned about."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.notebook.source.reading import read_assignment
from autograder.steps.authoring.validate.claims import claimed
from tests.grading.made import answer, setup, test
from tests.validate.made import course

SETUP = setup("import numpy as np\n\nfrom autograder import Task, expect")
ANSWER = answer(
    "### BEGIN SOLUTION\nhistory = {'loss': [2.0, 0.5]}\n### END SOLUTION", "fit_answer"
)
CURVE = "expect.loss_curve(history)"
RATES = "expect.learning_rates(history, [0.1])"
CLOSE = "expect.close(history['loss'], [2.0, 0.5])"


def warnings_of(tmp_path: Path, *bodies: tuple[str, int], settings: str = "n=1") -> list[str]:
    criteria = "\n".join(
        f'@task.criterion("Demand {i}", points={points})\ndef c{i}(history, *, {settings}):\n'
        f"    {body}\n"
        for i, (body, points) in enumerate(bodies)
    )
    code = f'task = Task("fit")\n{criteria}\ntask.check()'
    cells = [SETUP, ANSWER, test(code, "fit", sum(points for _, points in bodies))]
    made = course(tmp_path, cells)
    return list(claimed(read_assignment(made.source / "A")))


def test_a_curve_that_only_the_student_vouches_for_is_warned_about(tmp_path: Path) -> None:
    (said,) = warnings_of(tmp_path, (CURVE, 2), (CLOSE, 8))
    assert "task fit: c0 gives 2 points on expect.loss_curve alone" in said
    assert "loss_drops" in said


@pytest.mark.parametrize(
    "body",
    [
        f"{CURVE}\n    {CLOSE}",
        f"{CURVE}\n    assert np.isfinite(history['loss'][-1])",
        CLOSE,
        "assert history",
    ],
)
def test_what_also_asks_something_else_is_not(tmp_path: Path, body: str) -> None:
    assert warnings_of(tmp_path, (body, 5)) == []


def test_a_record_may_give_points_beside_what_is_recomputed(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, (RATES, 4), (CLOSE, 6)) == []


def test_a_record_may_not_give_most_of_a_tasks_points(tmp_path: Path) -> None:
    (said,) = warnings_of(tmp_path, (RATES, 7), (CLOSE, 3))
    assert "c0 gives 7 points on expect.learning_rates alone" in said


def test_a_record_held_against_a_threshold_is_warned_about(tmp_path: Path) -> None:
    body = "expect.learning_rates(history, [0.1], within=at_most)"
    found = warnings_of(tmp_path, (body, 1), (CLOSE, 9), settings="at_most=0.1")
    assert [said.split(":")[1].split()[0] for said in found] == ["c0"]


def test_without_points_there_is_nothing_to_warn_about(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, (CURVE, 0), (CLOSE, 5)) == []
