"""Extra time: credits for outages and extensions; and the standing of every student in a sprint."""

from __future__ import annotations

import getpass
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from autograder import gradebook
from autograder.config import Course
from autograder.deadlines import extended, with_offset
from autograder.errors import AutograderError
from autograder.gradebook.portal import sprints
from autograder.steps import roster
from autograder.steps.assignments import released_number, require_assignment
from autograder.steps.grading.collect import put_forward, shelf_of
from autograder.steps.portal import sprint, sprint_clock


@dataclass(frozen=True)
class AllowanceReport:
    """Result of granting time; students by pseudonym, an empty tuple means all students."""

    assignment: str
    kind: str
    minutes: float
    students: tuple[str, ...]
    now_due: tuple[str, ...]  # each student's end from now on, in the order of `students`

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class SprintRow:
    """One student's sprint at this moment."""

    student: str
    phase: str
    begin_by: str
    close: str
    started: str
    deadline: str
    saved: str
    submission: str


@dataclass(frozen=True)
class SprintStandings:
    """All students of a sprint at this moment."""

    assignment: str
    now: str
    release: int
    rows: tuple[SprintRow, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def credit(
    course: Course, assignment: str, minutes: float, *, students: Collection[str], reason: str
) -> AllowanceReport:
    """Grant minutes for an outage in a sprint, to the named students or, without names, to all."""
    _must_be_a_sprint(course, assignment)
    return _give(course, assignment, "credit", minutes, students, reason)


def extend(
    course: Course, student: str, assignment: str, minutes: float, *, reason: str = ""
) -> AllowanceReport:
    """Move the end of one student's assignment: the due date, or the close of a sprint.

    Raises AutograderError if the assignment has no due date.
    """
    if course.due(assignment) is None:
        raise AutograderError(
            f"{assignment} has no due date that could be moved",
            where=str(course.root / "course_config.py"),
            way_out=f'c.Course.due = {{"{assignment}": "2026-12-01 18:00"}}',
        )
    return _give(course, assignment, "extension", minutes, [student], reason)


def standings(course: Course, assignment: str, now: datetime | None = None) -> SprintStandings:
    """Return the standing of every student on the roster in a sprint."""
    _must_be_a_sprint(course, assignment)
    moment = now or datetime.now(timezone.utc)
    people = [p for p in roster.people(course) if p.role == "student"]
    return SprintStandings(
        assignment,
        _text(course, moment),
        released_number(course, assignment),
        tuple(_row(course, assignment, p.id, moment) for p in people),
    )


def _row(course: Course, assignment: str, student: str, now: datetime) -> SprintRow:
    where = sprint.standing(course, assignment, student, now)
    begun = where.sprint
    return SprintRow(
        student=student,
        phase=str(where.phase),
        begin_by=_text(course, sprint_clock.begin_by(where.window, where.mine)),
        close=_text(course, sprint_clock.personal_close(where.window, where.mine)),
        started=_text(course, begun.started if begun else None),
        deadline=_text(course, where.deadline),
        saved=_text(course, sprint.saved_at(course, assignment, student)),
        submission=begun.submission if begun else "",
    )


def _give(
    course: Course,
    assignment: str,
    kind: str,
    minutes: float,
    students: Collection[str],
    reason: str,
) -> AllowanceReport:
    if not 0 < abs(minutes) <= 60 * 24 * 365:
        raise AutograderError(f"{minutes:g} minutes cannot be given")
    require_assignment(course, assignment)
    chosen = [roster.find(course, said).id for said in students]
    for student in chosen or [""]:
        sprints.give(
            course, assignment, kind, minutes, student=student, reason=reason, who=getpass.getuser()
        )
        if student and course.kind_of(assignment) != "sprint":
            _choose_again(course, assignment, student)
    due = [_text(course, _end(course, assignment, student)) for student in chosen]
    return AllowanceReport(assignment, kind, minutes, tuple(chosen), tuple(due))


def _choose_again(course: Course, assignment: str, student: str) -> None:
    """Choose the submission that counts again, because one may no longer be late."""
    counting = gradebook.choose_again(course, assignment, student)
    newest = shelf_of(course, assignment).newest(student)
    if counting and newest is not None:
        put_forward(course, assignment, student, counting, graded=newest.id)


def _end(course: Course, assignment: str, student: str) -> datetime | None:
    mine = sprint.allowance_of(course, assignment, student)
    if course.kind_of(assignment) == "sprint":
        where = sprint.standing(course, assignment, student, datetime.now(timezone.utc))
        return where.deadline or sprint_clock.personal_close(where.window, mine)
    due = course.due(assignment)
    return extended(due, mine.extension, course.zone) if due else None


def _must_be_a_sprint(course: Course, assignment: str) -> None:
    require_assignment(course, assignment)
    if course.kind_of(assignment) != "sprint":
        raise AutograderError(
            f"{assignment} is daily work, not a sprint",
            way_out=f"autograder extend STUDENT {assignment} moves its due date",
        )


def _text(course: Course, moment: datetime | None) -> str:
    return with_offset(moment, course.zone) if moment else ""
