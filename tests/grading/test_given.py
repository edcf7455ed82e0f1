"""A submission is judged by the demand it was given, unless the newer one gives more."""

from __future__ import annotations

from pathlib import Path

import nbformat

from autograder import gradebook
from autograder.config import Course
from autograder.notebook.release.release_record import about, release_token
from autograder.notebook.source.cells import GENERATED
from autograder.nouns import Result, Status
from autograder.steps import assignments
from autograder.steps.grading import grade
from autograder.steps.grading.pipeline.workers import Workers
from tests.grading.test_bulk import make

GIVEN = "assert double(wanted) == 2 * wanted"
OF_ITS_OWN_SIZE = "assert double(3) >= wanted"


def released(root: Path, *, wanted: int) -> Course:
    """A course whose students all worked from release 1, which demanded this."""
    course = make(root)
    source = course.source / "hw" / "hw.ipynb"
    text = source.read_text().replace(GIVEN, OF_ITS_OWN_SIZE)
    source.write_text(text.replace("wanted=3", f"wanted={wanted}"))
    gradebook.register(course, assignments.load_assignment(course, "hw"), 1)
    for path in root.glob("submitted/*/hw/hw.ipynb"):
        if path.parts[-3] != "f-broken":
            node = nbformat.read(path, 4)
            facts = about("hw", "hw", 1)
            node.metadata[GENERATED] = {**facts, "token": release_token(course.key, facts)}
            nbformat.write(node, path)
    return course


def ask_for(course: Course, before: int, now: int) -> None:
    source = course.source / "hw" / "hw.ipynb"
    source.write_text(source.read_text().replace(f"wanted={before}", f"wanted={now}"))


def doubled(results: tuple[Result, ...], student: str) -> tuple[Status, str]:
    (result,) = (r for r in results if r.student == student)
    (found,) = (
        c for n in result.notebooks for t in n.tasks for c in t.criteria if c.name == "doubled"
    )
    return found.status, found.demand


def test_a_demand_that_was_raised_after_release_does_not_count(
    tmp_path: Path, workers: Workers
) -> None:
    course = released(tmp_path, wanted=6)
    ask_for(course, 6, 7)
    report = grade.grade(course, "hw", workers=workers)
    assert doubled(report.results, "a-right") == (Status.PASSED, "6 is doubled")
    assert doubled(report.results, "b-wrong") == (Status.FAILED, "7 is doubled")
    again = grade.grade(course, "hw", workers=workers)
    assert (again.ran, again.recorded) == (0, 0)


def test_a_demand_that_was_lowered_counts_for_everybody(tmp_path: Path, workers: Workers) -> None:
    course = released(tmp_path, wanted=6)
    first = grade.grade(course, "hw", workers=workers)
    assert doubled(first.results, "b-wrong")[0] is Status.FAILED
    ask_for(course, 6, 3)
    again = grade.grade(course, "hw", workers=workers)
    assert doubled(again.results, "b-wrong") == (Status.PASSED, "3 is doubled")
    assert again.ran == 0


def test_who_worked_from_the_newer_release_is_judged_by_it(
    tmp_path: Path, workers: Workers
) -> None:
    course = released(tmp_path, wanted=6)
    ask_for(course, 6, 7)
    gradebook.register(course, assignments.load_assignment(course, "hw"), 2)
    path = tmp_path / "submitted" / "a-right" / "hw" / "hw.ipynb"
    node = nbformat.read(path, 4)
    node.metadata[GENERATED] = about("hw", "hw", 2)
    nbformat.write(node, path)
    report = grade.grade(course, "hw", workers=workers, students=["a-right", "e-right"])
    assert doubled(report.results, "a-right")[0] is Status.FAILED
    assert doubled(report.results, "e-right")[0] is Status.PASSED
