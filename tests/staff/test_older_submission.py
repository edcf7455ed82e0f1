"""Where an older submission counts, staff read and mark that one, not the newest."""

from __future__ import annotations

import re

from autograder import gradebook
from autograder.steps.grading.collect import shelf_of
from autograder.steps.grading.grade import grade
from tests.course_pages.conftest import course_template  # noqa: F401 (a fixture)
from tests.regrade.conftest import graded, graded_template  # noqa: F401 (fixtures)

from .conftest import text

BETTER = """def standardise(x):
    print("the older one")
    spread = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)


print("seen", standardise(np.ones((2, 2))).sum())"""
WORSE = "def standardise(x):\n    print('the newest one')\n    return x"


def hand_in(graded, workers, student, answer) -> str:  # noqa: F811
    submission = graded.class_.hand_in(student, answer)
    grade(graded.course, "hello", students=[student], workers=workers)
    return submission.id


def test_the_submission_that_counts_is_shown_with_its_outputs(graded, workers):  # noqa: F811
    course, student = graded.course, graded.ids["zero"]
    older = hand_in(graded, workers, student, BETTER)
    newest = hand_in(graded, workers, student, WORSE)
    (score,) = gradebook.student_scores(course, "hello", student)
    assert (score.submission, score.total) == (older, 10)
    staff = graded.class_.client("2")
    path = f"/staff/a/hello/answers/hello/standardise/{student}?of=all"
    page = text(staff.get(path))
    assert "the older one" in page
    assert "seen 0.0" in page, "what it left when it was graded"
    assert "the newest one" not in page
    assert "An older submission counts" not in page, "it is the one shown"
    group = re.search(
        r'href="(/staff/a/hello/groups/hello/standardise/met)"',
        staff.get("/staff/a/hello/groups/hello/standardise").text,
    )[1]
    shown = text(staff.get(f"{group}?n=0")) + text(staff.get(f"{group}?n=1"))
    assert "the older one" in shown
    assert "the newest one" not in shown
    assert shelf_of(course, "hello").newest(student).id == newest


def test_if_its_files_are_gone_the_page_says_that_it_shows_another_one(graded, workers):  # noqa: F811
    course, student = graded.course, graded.ids["zero"]
    older = hand_in(graded, workers, student, BETTER)
    hand_in(graded, workers, student, WORSE)
    shelf = shelf_of(course, "hello")
    kept = shelf.read(student, older)
    for path in sorted(shelf.files(kept).rglob("*.ipynb")):
        path.parent.chmod(0o700)
        path.unlink()
    path = f"/staff/a/hello/answers/hello/standardise/{student}?of=all"
    page = text(graded.class_.client("2").get(path))
    assert "An older submission counts; what is shown may be a newer one." in page
