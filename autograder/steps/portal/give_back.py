"""Feedback given to a class, and taken back, by page or command: with a line in the audit.

When students see it is the course's policy, c.Feedback.when: `on_release` shows it as soon as it is
given; `on_grade` and `after_due` give it by themselves, and giving it by hand writes it anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from autograder import gradebook
from autograder.config import Course
from autograder.deadlines import extended
from autograder.errors import AutograderError
from autograder.gradebook import audit
from autograder.language import translate
from autograder.steps.feedback import Report, feedback, first_given
from autograder.steps.grade import must_be_there

GIVEN, TAKEN = "feedback given", "feedback taken back"
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Standing:
    """How far an assignment's feedback is given, in students."""

    graded: int
    waiting: int  # a part of theirs still waits for a person
    given: int
    outdated: int  # something was changed after their pages were written


def give_back(
    course: Course,
    assignment: str,
    who: str,
    *,
    unfinished: bool = False,
    progress: Tell | None = None,
) -> Report:
    """The pages of every graded student, written; `unfinished`: also where a person still has to
    look. AutograderError if there is nobody to give them to.
    """
    chosen = [
        score.student
        for score in _graded(course, assignment)
        if unfinished or not score.needs_person
    ]
    if not chosen:
        raise AutograderError(translate("Nobody's work is graded to its end yet."))
    report = feedback(course, assignment, only=set(chosen), progress=progress)
    note(course, assignment, who, report)
    return report


def note(course: Course, assignment: str, who: str, report: Report) -> None:
    """Puts into the audit who gave feedback to how many."""
    audit.note(course, who, GIVEN, assignment, {"students": report.students})


def take_back(course: Course, assignment: str, who: str) -> int:
    """How many students' pages were removed; AutograderError unless they are given by hand."""
    must_be_there(course, assignment)
    if course.feedback_of(assignment).when != "on_release":
        raise AutograderError(
            translate("This course gives feedback by itself, so it cannot be taken back."),
            way_out='c.Feedback.when = "on_release"',
        )
    folders = [path for path in course.feedback.glob(f"*/{assignment}") if path.is_dir()]
    for folder in folders:
        (folder / "index.html").unlink(missing_ok=True)  # from here on it is not given
        shutil.rmtree(folder)
    audit.note(course, who, TAKEN, assignment, {"students": len(folders)})
    return len(folders)


def standing(course: Course, assignment: str) -> Standing:
    """How far it is given."""
    graded = _graded(course, assignment)
    changed = audit.changed_at(course, assignment)
    written = {score.student: _written(course, assignment, score.student) for score in graded}
    given = {student: at for student, at in written.items() if at is not None}
    return Standing(
        len(graded),
        sum(score.needs_person for score in graded),
        len(given),
        sum(changed.get(student, at) > at for student, at in given.items()),
    )


def asking_ends(course: Course, assignment: str, student: str) -> datetime | None:
    """Until when (aware, UTC) the student may ask for a regrade; None where that is not offered.

    The days count from when feedback on this submission was given first, not from each time that
    its pages are written anew.
    """
    days = course.feedback_of(assignment).regrade_days
    first = first_given(course, assignment, student)
    return extended(first, timedelta(days=days), course.zone) if days and first else None


def _graded(course: Course, assignment: str) -> list[gradebook.StudentScore]:
    return [s for s in gradebook.student_scores(course, assignment) if s.submission]


def _written(course: Course, assignment: str, student: str) -> datetime | None:
    try:
        page = os.stat(f"{course.feedback}/{student}/{assignment}/index.html")  # noqa: PTH116 - 1000
    except OSError:
        return None
    return datetime.fromtimestamp(page.st_mtime, timezone.utc).replace(tzinfo=None)
