"""A call that takes too long is said by its name and limit, and what it computed is counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder import config
from autograder.evidence.record import Evidence
from autograder.language import in_words
from autograder.nouns import (
    Criterion,
    CriterionResult,
    Limits,
    Message,
    NotebookResult,
    Result,
    Status,
    Usage,
)
from autograder.sandbox.supervisor.job import Outcome
from autograder.steps import assignments
from autograder.steps.grading import grade
from autograder.steps.grading.grade_files import _grade
from autograder.steps.grading.pipeline import run
from autograder.steps.grading.pipeline.budgets import SECONDS, spent_result
from autograder.steps.grading.pipeline.student_process import EndedProcess
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.reporting.feedback.cells import usage
from autograder.steps.reporting.feedback.tasks import Sources, criterion_view
from tests.grading.made import answer, code, setup, test, write

TEST = """task = Task("t")

@task.criterion("f gives 3 back", points=1)
def visible(f):
    assert f(3) == 3

@task.criterion("f gives what it gets", points=1)
def seen(f):
    assert f(7) == 7

### BEGIN HIDDEN TESTS
@task.criterion("f gives any number back", points=1)
def unseen(f):
    assert f(20261) == 20261

@task.criterion("f gives numbers, and no functions", points=1)
def returned(f):
    f(0)()
### END HIDDEN TESTS

task.check()"""
SLOW = """def f(n):
    while n > 3: pass
    def g():
        while True: pass
    g.__name__ = 'secret_0'
    return n or g"""


@pytest.fixture(scope="module")
def result(workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> NotebookResult:
    root = tmp_path_factory.mktemp("slow")
    (root / "course_config.py").write_text("c = get_config()\n")
    solution = "### BEGIN SOLUTION\ndef f(n):\n    return n or int\n### END SOLUTION"
    cells = [setup("from autograder import Task"), answer(solution, "one"), test(TEST, "t", 4)]
    write(root / "source" / "hw", cells, "hw")
    made = config.load(root)
    source = assignments.load_assignment(made, "hw")
    cells[1]["source"] = SLOW
    file = write(root / "in", cells, "hw")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "CALL_SECONDS", 1.0)
        found = _grade(grade.judge_of(made, source, workers), source, file, root / "in").result
    assert found is not None
    return found


def criteria(result: NotebookResult) -> dict[str, CriterionResult]:
    return {c.name: c for t in result.tasks for c in t.criteria}


def asides(criterion: CriterionResult) -> str:
    known: dict[str, Any] = dict.fromkeys(Sources.__dataclass_fields__)
    sources = Sources(**{**known, "demands": {}, "hidden": "verdict"})
    return " ".join(criterion_view(criterion, "t", sources).asides)


def test_a_visible_call_names_the_function_and_the_limit(result: NotebookResult) -> None:
    expected, got, next_ = in_words(criteria(result)["seen"].message)
    assert expected == "a call of f ends within 1 s of computing time"
    assert got.startswith("TimeoutError: the call ")  # of computing or, beside others, waiting
    assert next_.startswith("Look for a loop")


def test_a_hidden_call_says_its_name_and_limit_and_nothing_of_its_input(
    result: NotebookResult,
) -> None:
    said = asides(criteria(result)["unseen"])
    assert "A call of f took longer than 1 s of computing time and was stopped" in said
    assert "2026" not in said


def test_no_name_is_said_that_came_back_from_a_hidden_call(result: NotebookResult) -> None:
    slow = criteria(result)["returned"]
    assert slow.error == "TimeoutError"
    assert "secret_0" not in asides(slow)


def test_what_calls_computed_counts_as_used() -> None:
    class Asked:
        before_hidden = None

        def usage(self) -> Outcome:
            return Outcome(0, "", 61.5, 70.0, 300.0, b"")

    cells = Evidence("k", "s", "nb", usage=Usage(0.04, 0.1, 310.0, 180.0, 3072.0))
    used = run.with_calls(cells, Asked()).usage  # type: ignore[arg-type]
    assert used == Usage(61.5, 70.0, 310.0, 180.0, 3072.0)
    assert usage(used)[0].words == "62 of 180 s"


@pytest.mark.parametrize(
    ("why", "kind"),
    [("cpu", "TimeoutError"), ("wall", "TimeoutError"), ("memory", "RuntimeError")],
)
def test_a_process_that_ended_at_a_limit_of_time_says_so_by_its_type(why: str, kind: str) -> None:
    assert EndedProcess(why).exchange({}, b"").header["type"] == kind


def test_a_hidden_criterion_that_is_just_wrong_says_nothing_of_time() -> None:
    said = asides(CriterionResult("c", Status.FAILED, 0, 1, "it is right", True))
    assert "computing time" not in said
    assert "Try your code on other values" in said


def test_a_hidden_criterion_that_used_up_its_time_says_so_unless_a_student_claims_it() -> None:
    hidden = Criterion("c", "it is right", 1, True)
    assert "took longer than" in asides(spent_result(hidden, SECONDS, Limits()))
    claimed = CriterionResult("c", Status.FAILED, 0, 1, "it is right", True, error="TooSlow")
    told = Message("the check runs to its end", "{type}: {text}", "", {"text": "x", "seconds": 42})
    assert "42" not in asides(replace(claimed, message=told))


# ── Work that only a person reads ────────────────────────────────────────────────────

MANUAL = [
    setup("x = 1"),
    code(
        "### BEGIN SOLUTION\ny = 1\n### END SOLUTION",
        "by_hand",
        grade=True,
        solution=True,
        points=2,
    ),
]


@pytest.mark.parametrize(("said", "state"), [("y = 2", "needs_person"), (None, "untouched")])
def test_work_that_a_person_reads_is_untouched_only_if_it_is(
    said: str | None, state: str, workers: Workers, tmp_path: Path
) -> None:
    (tmp_path / "course_config.py").write_text("c = get_config()\n")
    write(tmp_path / "source" / "hw", MANUAL, "hw")
    made = config.load(tmp_path)
    source = assignments.load_assignment(made, "hw")
    node = nbformat.from_dict(source.notebooks[0].node)
    node.cells[1]["source"] = said or "# YOUR CODE HERE\nraise NotImplementedError()"
    (tmp_path / "in").mkdir()
    nbformat.write(node, tmp_path / "in" / "hw.ipynb")
    judge = grade.judge_of(made, source, workers)
    graded = _grade(judge, source, tmp_path / "in" / "hw.ipynb", tmp_path / "in")
    assert graded.state == state


def test_a_result_without_any_task_is_untouched() -> None:
    assert grade.overall(Result("s", "A", "student", 1, (NotebookResult("nb", ()),))) == "untouched"
