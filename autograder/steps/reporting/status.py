"""Status of each assignment: released, submitted, graded, waiting for a person, feedback given."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder import gradebook
from autograder.config import Course
from autograder.gradebook import StudentScore
from autograder.steps.assignments import released_number
from autograder.steps.grading.equal_weights import Alike, alike


@dataclass(frozen=True)
class AssignmentStatus:
    """Numbers of students of one assignment; `release` is 0 before the first release."""

    assignment: str
    kind: str
    release: int
    due: datetime | None
    submitted: int
    graded: int
    needs_person: int
    feedback: int
    mean: float | None  # of the graded students, after late penalties
    max_score: float | None
    alike: tuple[Alike, ...] = ()  # students whose kept models have equal weights

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "due": self.due.isoformat() if self.due else None}


@dataclass(frozen=True)
class Status:
    """Status of the whole course."""

    course: str
    assignments: tuple[AssignmentStatus, ...]
    timezone: str  # timezone of the due dates

    def as_json(self) -> dict[str, Any]:
        found = [one.as_json() for one in self.assignments]
        return {"course": self.course, "timezone": self.timezone, "assignments": found}


def status(course: Course) -> Status:
    """Return the status of every assignment in source/, ordered by name. Changes nothing."""
    names = sorted(p.parent.name for p in course.source.glob("*/*.ipynb"))
    found = tuple(_standing(course, name) for name in dict.fromkeys(names))
    return Status(course.name, found, course.zone.key)


def _standing(course: Course, name: str) -> AssignmentStatus:
    handed_in = _folders(course.submitted, name)
    scores = gradebook.student_scores(course, name) if handed_in else ()
    graded = [score for score in scores if score.submission]
    return AssignmentStatus(
        assignment=name,
        kind=course.kind_of(name),
        release=released_number(course, name),
        due=course.due(name),
        submitted=handed_in,
        graded=len(graded),
        needs_person=sum(score.needs_person for score in graded),
        feedback=_folders(course.feedback, name),
        mean=_mean(graded),
        max_score=graded[0].max_score if graded else None,
        alike=() if course.grading_of(name).retrain else alike(course, name),
    )


def _mean(scores: list[StudentScore]) -> float | None:
    return sum(score.total for score in scores) / len(scores) if scores else None


def _folders(root: Path, assignment: str) -> int:
    """Return the number of students with a folder of this assignment."""
    return sum(path.is_dir() for path in root.glob(f"*/{assignment}"))
