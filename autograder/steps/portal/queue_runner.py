"""Grading of submissions as they arrive, one batch at a time, at lower priority than the pages.

Each queued submission is graded itself, not the student's newest one.
"""

from __future__ import annotations

from autograder.config import Course
from autograder.errors import AutograderError, NotFound
from autograder.gradebook.portal import queue
from autograder.nouns import Submission
from autograder.steps.grading.collect import kept_as
from autograder.steps.grading.grade import grade
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.reporting.feedback import feedback

BATCH = 8


def grade_next(course: Course, workers: Workers) -> int:
    """Grade the oldest waiting submissions of one assignment; return how many, 0 if none wait."""
    jobs = queue.take(course, BATCH)
    if not jobs:
        return 0
    assignment, faults = jobs[0].assignment, dict[str, str]()
    chosen = [one for job in jobs if (one := _kept(course, job, faults)) is not None]
    try:
        faults |= grade(course, assignment, only=chosen, workers=workers).faulty if chosen else {}
    except AutograderError as error:
        faults |= {one.id: str(error) for one in chosen}
    for job in jobs:
        fault = faults.get(job.submission, "")
        if not fault and course.feedback_of(assignment).when != "on_release":
            try:
                feedback(course, assignment, job.student)
            except AutograderError as error:
                fault = str(error)
        queue.finish(course, job, fault)
    return len(jobs)


def _kept(course: Course, job: queue.QueuedSubmission, faults: dict[str, str]) -> Submission | None:
    """Return the submission of a job; if its files are gone, record a fault and return None."""
    try:
        return kept_as(course, job.assignment, job.student, job.submission)
    except NotFound as error:
        faults[job.submission] = str(error)
        return None
