"""Names of assignments: refused before anything is made of them; settings find the odd ones."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest

from autograder import config
from autograder.config.names import check_name
from autograder.errors import AutograderError, NotFound
from autograder.notebook.release.wheel import Wheel
from autograder.steps import assignments
from autograder.steps.authoring import release as step
from autograder.steps.authoring.init import init
from autograder.steps.grading.collect import collect
from tests.notebook.conftest import sample_cells, write

UNSAFE = [
    "",
    " ",
    ".",
    "..",
    ".hw",
    "...",
    "hw/1",
    "../hw",
    "/hw",
    "a\\b",
    "hw\n1",
    "hw\x00",
    "hw\x7f",
]
UNPORTABLE = [
    "hw?",
    "hw*",
    "hw:1",
    "a<b",
    "a|b",
    'a"b',
    "hw#1",
    "50%",
    "hw.",
    "hw ",
    " hw",
    "CON",
    "nul.txt",
    "com1",
    "LPT9.a",
    "ko",
    "en",
    "h" * 200,
    "과" * 60,
    unicodedata.normalize("NFD", "과제 1"),
]
GOOD = [
    "hw1",
    "hw [1]",
    "과제 1",
    "n411_first_network",
    "Week 1 (A)",
    "hw-1.5",
    "a&b",
    "ünï",
    "con1",
]


@pytest.mark.parametrize("name", GOOD)
def test_ordinary_names_are_taken(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", [*UNSAFE, *UNPORTABLE])
def test_a_name_that_would_not_work_is_refused_with_another(name: str) -> None:
    with pytest.raises(AutograderError, match="cannot be an assignment's name") as caught:
        check_name(name)
    assert caught.value.way_out
    assert "\x00" not in str(caught.value)


@pytest.mark.parametrize("name", [*UNPORTABLE, *GOOD])
def test_an_odd_name_that_always_worked_still_does(name: str) -> None:
    check_name(name, everywhere=False)


@pytest.fixture
def course(tmp_path: Path, monkeypatch) -> config.Course:
    wheel = Wheel("sprintgrader-1+student.a-py3-none-any.whl", "1+student.a", b"wheel")
    monkeypatch.setattr(step, "light_wheel", lambda: wheel)
    (tmp_path / config.FILE).write_text("c = get_config()\n")
    write(tmp_path / "source" / "hw" / "hw.ipynb", *sample_cells())
    (tmp_path / "source" / "hw" / "helper.py").write_text("x = 1\n")
    (tmp_path / "source" / "hw" / "hidden").mkdir()
    (tmp_path / "source" / "hw" / "hidden" / "secrets_of_mine.py").write_text("y = 1\n")
    return config.load(tmp_path)


def released(course: config.Course, name: str) -> step.ReleaseReport:
    return step.release(course, name, prove=lambda *_: [], register=lambda *_: None)


@pytest.mark.parametrize("name", [".hw", "hw:1", "CON", "hw."])
def test_nothing_is_released_under_a_name_that_students_could_not_open(course, name) -> None:
    shutil.copytree(course.source / "hw", course.source / name)
    with pytest.raises(AutograderError, match="cannot be an assignment's name"):
        released(course, name)
    assert not course.release.exists()


def test_an_assignment_released_under_an_odd_name_is_released_again(course, monkeypatch) -> None:
    shutil.copytree(course.source / "hw", course.source / "hw:1")
    with monkeypatch.context() as before:
        before.setattr(step, "check_name", lambda *_, **__: None)
        released(course, "hw:1")
    assert released(course, "hw:1").number == 1


@pytest.mark.parametrize("name", ["..", "../source/hw", ".hw", "a/../hw"])
def test_no_step_leaves_the_courses_folders(course, name, tmp_path) -> None:
    for step_of in (
        lambda: released(course, name),
        lambda: collect(course, name, tmp_path),
        lambda: assignments.load_assignment(course, name),
    ):
        with pytest.raises(AutograderError, match="cannot be an assignment's name"):
            step_of()
    with pytest.raises(NotFound, match="'hw2'"):
        assignments.load_assignment(course, "hw2")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x07b", "a/b", "a{b}"])
def test_a_course_is_not_made_under_a_name_that_breaks_its_files(tmp_path, name) -> None:
    with pytest.raises(AutograderError, match="cannot be the name of a course"):
        init(tmp_path / "new", name)
    assert not (tmp_path / "new").exists()


# ── Settings for some assignments ────────────────────────────────────────────────────


def limits(tmp_path: Path, written: str, assignment: str) -> float:
    (tmp_path / config.FILE).write_text(f"c = get_config()\nc.Limits.assignments = {written}\n")
    return config.load(tmp_path).limits(assignment).cpu_seconds


@pytest.mark.parametrize("name", ["hw [1]", "hw*", "[a-z]", "what?", "[!x]", "hw [", "과제 [1]"])
def test_a_name_with_signs_of_a_pattern_names_itself(tmp_path, name) -> None:
    assert limits(tmp_path, repr({name: {"cpu_seconds": 7}}), name) == 7


def test_a_whole_name_wins_over_every_pattern(tmp_path) -> None:
    written = repr({"hw [1]": {"cpu_seconds": 7}, "hw*": {"cpu_seconds": 8}})
    assert limits(tmp_path, written, "hw [1]") == 7
    assert limits(tmp_path, written, "hw 2") == 8


def test_a_sprint_may_have_signs_of_a_pattern_in_its_name(tmp_path) -> None:
    (tmp_path / config.FILE).write_text("c = get_config()\nc.Course.sprints = ['sc [1]']\n")
    assert config.load(tmp_path).kind_of("sc [1]") == "sprint"


def test_dates_of_a_name_with_signs_of_a_pattern_are_checked(tmp_path) -> None:
    (tmp_path / config.FILE).write_text(
        "c = get_config()\nc.Exam.assignments = {'sc [1]': {'closes': 'late'}}\n"
    )
    with pytest.raises(AutograderError, match="'late' is no date"):
        config.load(tmp_path)
