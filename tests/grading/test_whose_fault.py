"""Who used up a budget: the student, whose zero it is, or the criterion, which a person looks at."""

from __future__ import annotations

from pathlib import Path

from autograder import config, gradebook
from autograder.config import Course
from autograder.nouns import CriterionResult, Status
from autograder.steps import assignments
from autograder.steps.grading import grade
from autograder.steps.grading.pipeline.workers import Workers
from tests.grading.made import answer, setup, test, write

TEST = """task = Task("t")


@task.criterion("one", points=1)
def one(n):
    assert type(n) is int


@task.criterion("counted", points=1)
def counted(n):
    sum(1 for _ in range(n))


@task.criterion("two", points=1)
def two(n):
    assert n > 0


task.check()"""
SETUP = setup("from autograder import Task, expect")


def course_of(root: Path, solution: int, student: int) -> Course:
    root.mkdir()
    (root / "course_config.py").write_text("c = get_config()\nc.Limits.check_seconds = 1\n")
    write(root / "source" / "hw", [SETUP, answer(f"n = {solution}"), test(TEST, "t", 3)], "hw")
    write(
        root / "submitted" / "kim" / "hw",
        [SETUP, answer(f"n = {student} "), test(TEST, "t", 3)],
        "hw",
    )
    course = config.load(root)
    gradebook.register(course, assignments.load_assignment(course, "hw"), 1)
    return course


def graded(course: Course, workers: Workers) -> dict[str, CriterionResult]:
    (result,) = grade.grade(course, "hw", workers=workers).results
    return {c.name: c for n in result.notebooks for t in n.tasks for c in t.criteria}


def test_a_value_that_takes_too_long_is_the_students_zero(tmp_path: Path, workers: Workers) -> None:
    found = graded(course_of(tmp_path / "c", 3, 10**15), workers)
    assert [found[n].status for n in ("one", "counted", "two")] == [
        Status.PASSED,
        Status.FAILED,
        Status.PASSED,
    ]


def test_a_criterion_that_takes_too_long_for_the_solution_waits_for_a_person(
    tmp_path: Path, workers: Workers
) -> None:
    found = graded(course_of(tmp_path / "c", 10**15, 10**15 + 1), workers)
    assert [found[n].status for n in ("one", "counted", "two")] == [
        Status.PASSED,
        Status.ERROR,
        Status.PASSED,
    ]
    assert found["counted"].error == "TooSlow"
