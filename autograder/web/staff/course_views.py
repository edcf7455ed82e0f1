"""Content of the course page and of an assignment's overview, as plain values."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder import gradebook
from autograder.config import Course
from autograder.gradebook.database import audit
from autograder.gradebook.portal import queue
from autograder.gradebook.scores import overview
from autograder.gradebook.scores.overview import Counts
from autograder.steps import roster
from autograder.steps.assignments import released_number
from autograder.steps.portal import start_grading
from autograder.steps.portal.start_grading import Batch
from autograder.web import worker_state
from autograder.web.worker_state import WorkerState


@dataclass(frozen=True)
class Line:
    """One assignment of the course."""

    name: str
    sprint: bool
    release: int  # 0 before the first
    due: datetime | None
    handed_in: int
    counts: Counts
    given: int  # students who have feedback

    @property
    def waiting(self) -> int:
        """Number of submissions in the queue, waiting or running."""
        return self.counts.queue.get("waiting", 0) + self.counts.queue.get("running", 0)

    @property
    def failed(self) -> int:
        return self.counts.queue.get("failed", 0)


@dataclass(frozen=True)
class CoursePage:
    """Current state of the whole course."""

    lines: tuple[Line, ...]
    enrolled: int
    queue: queue.QueueState
    worker: WorkerState

    @property
    def busy(self) -> bool:
        return bool(self.queue.waiting or self.queue.running)


def course_page(course: Course) -> CoursePage:
    """Return every assignment in source/ or in the gradebook, by name, with its counts."""
    source = {path.parent.name for path in course.source.glob("*/*.ipynb")}
    names = sorted(source | set(gradebook.assignments(course)))
    counts = overview.counts(course)
    handed_in, given = _folders(course.submitted), _folders(course.feedback)
    return CoursePage(
        tuple(
            Line(
                name=name,
                sprint=course.kind_of(name) == "sprint",
                release=released_number(course, name),
                due=course.due(name),
                handed_in=handed_in[name],
                counts=counts.get(name, Counts()),
                given=given[name],
            )
            for name in names
        ),
        sum(one.role == "student" for one in roster.people(course)),
        queue.standing(course),
        worker_state.seen(course),
    )


def _folders(root: Path) -> Counter[str]:
    """Return the number of students with a folder for each assignment below `root`."""
    found: Counter[str] = Counter()
    for student in _within(root):
        found.update(one.name for one in _within(student) if one.name[:1] != ".")
    return found


def _within(path: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [one for one in entries if one.is_dir(follow_symlinks=False)]
    except OSError:
        return []


@dataclass(frozen=True)
class Progress:
    """Grading progress of one assignment."""

    line: Line
    batch: Batch | None
    worker: WorkerState
    running: tuple[queue.QueuedSubmission, ...]

    @property
    def busy(self) -> bool:
        return self.line.waiting > 0


@dataclass(frozen=True)
class AssignmentPage:
    """Content of an assignment's overview page."""

    progress: Progress
    undecided: tuple[overview.Undecided, ...]
    failed: tuple[overview.Failed, ...]
    enrolled: int
    done: tuple[audit.Change, ...]


def progress(course: Course, assignment: str, of: CoursePage | None = None) -> Progress:
    """Return the grading progress of an assignment."""
    page = of or course_page(course)
    line = next(one for one in page.lines if one.name == assignment)
    running = tuple(job for job in page.queue.running if job.assignment == assignment)
    return Progress(line, start_grading.batch(course, assignment), page.worker, running)


def assignment_page(course: Course, assignment: str) -> AssignmentPage:
    """Return the content of an assignment's overview page."""
    page = course_page(course)
    return AssignmentPage(
        progress(course, assignment, page),
        overview.undecided(course, assignment),
        overview.failed(course, assignment),
        page.enrolled,
        audit.done(course, assignment),
    )
