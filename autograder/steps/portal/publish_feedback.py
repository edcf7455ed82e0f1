"""Releasing a class's feedback and withdrawing it, by page or command, recorded in the audit log.

The course's policy c.Feedback.when decides when students see it: `on_release` shows it as soon as
it is released. `on_grade` and `after_due` release it automatically; releasing by hand then only
rewrites the pages.
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
from autograder.gradebook.database import audit
from autograder.language import translate
from autograder.steps.assignments import require_assignment
from autograder.steps.reporting.feedback import FeedbackReport, feedback, first_given

GIVEN, TAKEN = "feedback given", "feedback taken back"
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class PublicationState:
    """Progress of an assignment's feedback, in numbers of students."""

    graded: int
    waiting: int  # part of their work still waits for a person
    given: int
    outdated: int  # a change was made after their pages were written


def give_back(
    course: Course,
    assignment: str,
    who: str,
    *,
    unfinished: bool = False,
    progress: Tell | None = None,
) -> FeedbackReport:
    """Write the feedback pages of every graded student.

    `unfinished` includes students whose work still waits for a person. Raises AutograderError if
    there is nobody to give feedback to.
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


def note(course: Course, assignment: str, who: str, report: FeedbackReport) -> None:
    """Record in the audit log who released feedback, and to how many students."""
    audit.note(course, who, GIVEN, assignment, {"students": report.students})


def take_back(course: Course, assignment: str, who: str) -> int:
    """Remove the feedback pages and return the number of students affected.

    Raises AutograderError unless feedback is released by hand.
    """
    require_assignment(course, assignment)
    if course.feedback_of(assignment).when != "on_release":
        raise AutograderError(
            translate("This course gives feedback by itself, so it cannot be taken back."),
            way_out='c.Feedback.when = "on_release"',
        )
    folders = [path for path in course.feedback.glob(f"*/{assignment}") if path.is_dir()]
    for folder in folders:
        (folder / "index.html").unlink(missing_ok=True)  # not released from here on
        shutil.rmtree(folder)
    audit.note(course, who, TAKEN, assignment, {"students": len(folders)})
    return len(folders)


def standing(course: Course, assignment: str) -> PublicationState:
    """Return the progress of an assignment's feedback."""
    graded = _graded(course, assignment)
    changed = audit.changed_at(course, assignment)
    written = {score.student: _written(course, assignment, score.student) for score in graded}
    given = {student: at for student, at in written.items() if at is not None}
    return PublicationState(
        len(graded),
        sum(score.needs_person for score in graded),
        len(given),
        sum(changed.get(student, at) > at for student, at in given.items()),
    )


def asking_ends(course: Course, assignment: str, student: str) -> datetime | None:
    """Return the end (aware, UTC) of the student's time to request a regrade.

    Return None if regrades are not offered or no feedback was released. The days count from the
    first feedback on this submission; rewriting its pages does not restart them.
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
