"""Under `hidden = "verdict"` nothing that a student reads tells more than quarters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from nbgrader.plugins import BasePlugin

from autograder import gradebook, nouns
from autograder.config import Course
from autograder.config.settings import CourseSettings, LateSettings, SubmissionSettings
from autograder.gradebook.database.connection import writing
from autograder.nouns import Status
from autograder.steps.reporting.feedback import feedback
from autograder.web.student import views

from . import made

STUDENT = "s-7f3a"
NOW = datetime(2026, 3, 20, tzinfo=timezone.utc)
LATE = {"n432": "2026-03-01 12:00"}


class Tenth(BasePlugin):
    """Takes a tenth of the score for lateness: the rest of it can be worked out."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 10


def attempt(course: Course, n: int, hidden: float, visible: float = 4.8) -> nouns.Result:
    """The n-th submission, with so many points for the hidden and a visible criterion."""
    result = made.rich_result(course)
    unet = result.notebooks[0].tasks[1]

    def changed(one: nouns.CriterionResult) -> nouns.CriterionResult:
        points = {"unseen_iou": hidden, "learns": visible}.get(one.name)
        if points is None:
            return one
        status = Status.PASSED if points == one.max_points else Status.FAILED
        return replace(one, points=points, status=status, score=points / 100)

    unet = replace(unet, criteria=tuple(map(changed, unet.criteria)))
    tasks = (result.notebooks[0].tasks[0], unet, *result.notebooks[0].tasks[2:])
    result = replace(result, submission=f"01J8ZQ4W2M7R5T9XK3BD60{n:04d}")
    return made.with_notebook(result, tasks=tasks)


def read(course: Course, hidden: Sequence[float], visible: Sequence[float], extra: float) -> str:
    """All that the student reads after each of these attempts."""
    said = []
    for n, (points, seen) in enumerate(zip(hidden, visible, strict=True)):
        made.keep(course, attempt(course, n, points, seen))
        if extra:
            with writing(course) as book:
                grade = book.find_grade("unet", made.NOTEBOOK, "n432", STUDENT)
                grade.extra_credit = extra
        feedback(course, "n432", STUDENT)
        folder = course.feedback / STUDENT / "n432"
        said += [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.html"))]
        said.append(repr(views.score_of(course, "n432", STUDENT, NOW)))
        said.append(repr(gradebook.shown_scores(course, "n432", STUDENT)))
    return "\n".join(said)


COURSES = {
    "plain": {},
    "late, all taken off": {"late": LateSettings(penalty="zero")},
    "late, a tenth taken off": {"late": LateSettings(plugin=f"{__name__}.Tenth")},
    "the last counts": {"submissions": SubmissionSettings(counts="last")},
}
# The first ones lie in the same quarters as the second ones, in another order and with other sums.
ONE = [5.2, 7.4, 0.1, 9.9]
OTHER = [7.3, 5.1, 2.4, 7.6]
VISIBLE = [4.8, 4.8, 6.0, 0.0]


@pytest.mark.parametrize("extra", [0.0, 1.0])
@pytest.mark.parametrize("name", COURSES)
def test_what_is_read_is_a_matter_of_quarters_alone(tmp_path, name, extra):
    said = []
    for hidden in (ONE, OTHER):
        course = made.the_course(tmp_path / str(len(said)))
        changes = dict(COURSES[name])
        if "late" in changes:
            changes["settings"] = CourseSettings(name="c", timezone="UTC", due=LATE)
        course = replace(course, **changes)
        course.root.mkdir()
        made.register(course)
        said.append(read(course, hidden, VISIBLE, extra))
    assert said[0] == said[1]


def test_nothing_of_hidden_points_is_read_under_none(tmp_path):
    said = []
    for hidden in (ONE, [10.0, 0.0, 3.3, 1.0]):
        course = made.the_course(tmp_path / str(len(said)), hidden="none")
        course = replace(
            course,
            late=LateSettings(plugin=f"{__name__}.Tenth"),
            settings=CourseSettings(name="c", timezone="UTC", due=LATE),
        )
        course.root.mkdir()
        made.register(course)
        said.append(read(course, hidden, VISIBLE, 1.0))
    assert said[0] == said[1]


def test_the_scores_themselves_stay_exact(tmp_path):
    course = made.the_course(tmp_path)
    made.register(course)
    for n, points in enumerate([7.4, 5.2]):
        made.keep(course, attempt(course, n, points))
    (exact,) = gradebook.student_scores(course, "n432")
    (shown,) = gradebook.shown_scores(course, "n432")
    assert (exact.score, shown.score) == (pytest.approx(20.2), pytest.approx(17.8))
    assert exact.submission.endswith("0000")  # the best one, by exact scores
    with writing(course) as book:
        book.find_grade("unet", made.NOTEBOOK, "n432", STUDENT).manual_score = 3.0
    (shown,) = gradebook.shown_scores(course, "n432")
    assert shown.score == pytest.approx(7.0)  # a person's score is shown as it is


def test_a_course_that_shows_numbers_shows_them(tmp_path):
    course = made.the_course(tmp_path, hidden="number")
    made.register(course)
    made.keep(course, attempt(course, 0, 7.4))
    assert gradebook.shown_scores(course, "n432") == gradebook.student_scores(course, "n432")
    feedback(course, "n432")
    page = course.feedback / STUDENT / "n432" / f"{made.NOTEBOOK}.html"
    assert "7.4" in page.read_text(encoding="utf-8")
