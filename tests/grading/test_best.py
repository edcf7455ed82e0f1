"""The submission that counts is the one that lies in `submitted/` and is shown to staff."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import nbformat
import pytest

from autograder import gradebook
from autograder.config import Course
from autograder.evidence import results
from autograder.steps import assignments
from autograder.steps.grading import grade
from autograder.steps.grading.collect import collect, submissions
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.portal import allowances
from tests.grading.made import code
from tests.grading.test_bulk import ANSWERS, make

BETTER, WORSE = ANSWERS["a-right"], ANSWERS["b-wrong"]


@pytest.fixture
def course(tmp_path: Path) -> Course:
    import shutil

    (tmp_path / "course").mkdir()
    made = make(tmp_path / "course")
    shutil.rmtree(made.submitted)
    return made


def hand_in(course: Course, inbox: Path, text: str) -> str:
    """Hands in this answer; the id of what lies in `submitted/` then."""
    node = nbformat.read(course.source / "hw" / "hw.ipynb", as_version=4)
    node.cells[1] = code(text, "answer", solution=True)
    inbox.mkdir(exist_ok=True)
    nbformat.write(node, inbox / "ann.ipynb")
    collect(course, "hw", inbox)
    (lying,) = submissions(course, "hw")
    return lying.id


def lying(course: Course) -> str:
    (one,) = submissions(course, "hw")
    return one.id


def test_a_worse_one_after_a_better_one_makes_room_for_it(
    course: Course, workers: Workers, tmp_path: Path
) -> None:
    best = hand_in(course, tmp_path / "in", BETTER)
    grade.grade(course, "hw", workers=workers)
    worse = hand_in(course, tmp_path / "in", WORSE)
    assert lying(course) == worse != best
    grade.grade(course, "hw", workers=workers)
    assert lying(course) == best
    (score,) = gradebook.student_scores(course, "hw")
    assert (score.submission, score.score) == (best, 3.0)
    shown = (course.autograded / "ann" / "hw" / "hw.ipynb").read_text()
    assert "n + n" in shown
    newest = results.load(course.state, "hw", "ann")
    assert newest is not None
    assert newest.submission == worse  # the student is told of what they handed in last
    again = grade.grade(course, "hw", workers=workers)
    assert (again.ran, again.results[0].points) == (0, 3.0)


def test_the_last_one_counts_where_the_course_says_so(
    course: Course, workers: Workers, tmp_path: Path
) -> None:
    from dataclasses import replace

    from autograder.config.settings import SubmissionSettings

    course = replace(course, submissions=SubmissionSettings(counts="last"))
    hand_in(course, tmp_path / "in", BETTER)
    grade.grade(course, "hw", workers=workers)
    worse = hand_in(course, tmp_path / "in", WORSE)
    grade.grade(course, "hw", workers=workers)
    assert lying(course) == worse
    assert gradebook.student_scores(course, "hw")[0].score == 1.0


def test_what_came_in_while_grading_is_graded_before_anything_is_put_back(
    course: Course, workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(course, tmp_path / "in", WORSE)
    grade.grade(course, "hw", workers=workers)
    hand_in(course, tmp_path / "in", WORSE + "\nx = 0")
    ids = []
    right = gradebook.record

    def meanwhile(*args):
        found = right(*args)
        if not ids:
            ids.append(hand_in(course, tmp_path / "in", BETTER))
        return found

    monkeypatch.setattr(gradebook, "record", meanwhile)
    grade.grade(course, "hw", workers=workers)
    assert lying(course) == ids[0]
    grade.grade(course, "hw", workers=workers)
    assert gradebook.student_scores(course, "hw")[0].submission == ids[0]
    assert lying(course) == ids[0]


def test_an_extension_lets_a_late_better_one_count_at_once(
    course: Course, workers: Workers, tmp_path: Path
) -> None:
    due = datetime(2026, 1, 1, tzinfo=timezone.utc)
    text = 'c = get_config()\nc.Course.due = {"hw": "2026-01-01 00:00"}\nc.Late.penalty = "zero"\n'
    (course.root / "course_config.py").write_text(text)
    from autograder import config
    from autograder.steps import roster

    (tmp_path / "class.csv").write_text("number,name,email\n2026001,Ann,ann@x.org\n")
    course = config.load(course.root)
    gradebook.register(course, assignments.load_assignment(course, "hw"), 2)
    roster.import_roster(course, tmp_path / "class.csv")
    ann = roster.find(course, "2026001").id
    inbox = tmp_path / "in"
    inbox.mkdir()
    for text in (BETTER,):
        node = nbformat.read(course.source / "hw" / "hw.ipynb", as_version=4)
        node.cells[1] = code(text, "answer", solution=True)
        nbformat.write(node, inbox / "2026001.ipynb")
        collect(course, "hw", inbox)
    grade.grade(course, "hw", workers=workers)
    (score,) = gradebook.student_scores(course, "hw")
    assert (score.student, score.total, score.late_penalty) == (ann, 0.0, 3.0)
    days = (datetime.now(timezone.utc) - due).days + 2
    allowances.extend(course, "2026001", "hw", days * 24 * 60, reason="ill")
    (score,) = gradebook.student_scores(course, "hw")
    assert (score.total, score.late_penalty) == (3.0, 0.0)
