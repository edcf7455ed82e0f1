"""What was handed in is graded as it arrives, below the pages in priority, one batch at a time."""

from __future__ import annotations

from autograder.config import Course
from autograder.errors import AutograderError
from autograder.gradebook import queue
from autograder.steps.feedback import feedback
from autograder.steps.grade import grade
from autograder.steps.judging.workers import Workers

BATCH = 8


def grade_next(course: Course, workers: Workers) -> int:
    """How many submissions were graded: what waits of one assignment, oldest first; 0 if none."""
    jobs = queue.take(course, BATCH)
    if not jobs:
        return 0
    assignment, students = jobs[0].assignment, [job.student for job in jobs]
    try:
        report = grade(course, assignment, students=students, workers=workers)
        faults = {fault.partition(": ")[0]: fault for fault in report.faults}
    except AutograderError as error:
        faults = dict.fromkeys(students, str(error))
    for job in jobs:
        fault = faults.get(job.student, "")
        if not fault and course.feedback_of(assignment).when != "on_release":
            try:
                feedback(course, assignment, job.student)
            except AutograderError as error:
                fault = str(error)
        queue.finish(course, job, fault)
    return len(jobs)
