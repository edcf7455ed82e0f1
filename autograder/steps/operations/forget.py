"""Retention of students' work: list what is past its time, and delete it on request.

All work of a student in an assignment goes as a whole: every submission with its receipt, its runs'
evidence, pages, kept work and saves. Marks and comments stay in the gradebook, which has only
pseudonyms. The audit log records what was deleted, when, by whom and why.
"""

from __future__ import annotations

import getpass
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from autograder.config import Course
from autograder.errors import AutograderError
from autograder.evidence import forgetting, results
from autograder.evidence.store import Store
from autograder.gradebook.database import audit
from autograder.gradebook.portal import access, queue, sprints
from autograder.steps import roster
from autograder.steps.grading.collect import shelf_of

DELETED = "work deleted"


@dataclass(frozen=True)
class Work:
    """Everything stored of one student's work in one assignment."""

    assignment: str
    student: str
    submissions: tuple[str, ...]
    last: datetime  # time of the latest arrival
    runs: tuple[str, ...]  # keys of runs with stored evidence
    paths: tuple[str, ...]  # relative to the course folder
    size: int  # bytes, without evidence


@dataclass(frozen=True)
class DeletionReport:
    """Work that is deleted or would be; `people` are those who leave the roster."""

    deleted: bool
    work: tuple[Work, ...]
    waiting: tuple[str, ...]  # assignment/student: not graded yet, so it stays
    people: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        work = [{**asdict(one), "last": one.last.isoformat()} for one in self.work]
        return {**asdict(self), "work": work}


def forget(
    course: Course,
    assignment: str = "",
    *,
    students: Collection[str] = (),
    days: int = 0,
    delete: bool = False,
    reason: str = "",
    now: datetime | None = None,
) -> DeletionReport:
    """List or delete work untouched for more than `days` (default: c.Submissions.keep_days).

    With `students`, take all work of these students instead; unless one assignment is named, also
    their names, addresses and links. Nothing is deleted without `delete`. Raises `AutograderError`
    if no number of days is set.
    """
    people = tuple(roster.find(course, said) for said in students)
    if people:
        chosen = {person.id for person in people}
        found = [one for one in _everything(course, assignment) if one.student in chosen]
    else:
        before = (now or datetime.now(timezone.utc)) - timedelta(days=_days(course, days))
        found = [one for one in _everything(course, assignment) if one.last < before]
    waiting = [one for one in found if _waits(course, one)]
    work = tuple(one for one in found if one not in waiting)
    leaving = () if assignment or waiting else people
    if delete:
        stayed = _delete(course, work, reason)
        work, waiting = tuple(one for one in work if one not in stayed), [*waiting, *stayed]
        leaving = () if stayed else leaving
        for person in leaving:
            access.revoke(course, person.id)
            sprints.forget_requests(course, person.id)
        roster.remove(course, {person.id for person in leaving})
    names = tuple(person.id for person in leaving)
    return DeletionReport(
        delete, work, tuple(f"{o.assignment}/{o.student}" for o in waiting), names
    )


def was_deleted(course: Course, assignment: str, student: str, submission: str) -> bool:
    """Return True if the audit log says that this submission was kept here and deleted."""
    found = audit.changes(course, assignment, student, DELETED)
    return any(submission in one.after.get("submissions", ()) for one in found)


def _days(course: Course, days: int) -> int:
    found = days or course.submissions.keep_days
    if found < 1:
        raise AutograderError(
            "submissions are kept for ever: c.Submissions.keep_days is 0",
            where=str(course.root / "course_config.py"),
            way_out="set it, or say --older-than DAYS, or whose work: --student",
        )
    return found


def _waits(course: Course, work: Work) -> bool:
    return queue.waits(course, work.assignment, work.student)


# ── Stored work ──────────────────────────────────────────────────────────────────────


def _everything(course: Course, assignment: str) -> Iterator[Work]:
    """Yield all work of all students, or that in one assignment."""
    runs = forgetting.runs(Store(course.state / "evidence"))
    places = {
        (path.parent.name, path.name)
        for kind in ("submissions", "kept", "sprints")
        for path in (course.state / kind).glob("*/*")
        if path.is_dir() and path.name[:1] != "."
    }
    for name, student in sorted(places):
        if assignment in ("", name):
            yield _work(course, name, student, runs)


def _work(course: Course, assignment: str, student: str, runs: Mapping[str, Sequence[str]]) -> Work:
    kept = shelf_of(course, assignment).all_of(student)
    ids = tuple(one.id for one in kept)
    there = [path for path in _places(course, assignment, student) if path.exists()]
    files = [file for path in there for file in _files(path)]
    beside = [
        path
        for kind in ("kept", "sprints")
        for path in _files(course.state / kind / assignment / student)
    ]
    times = [one.arrival.received for one in kept]
    times += [datetime.fromtimestamp(path.stat().st_mtime, timezone.utc) for path in beside]
    return Work(
        assignment,
        student,
        ids,
        max(times, default=datetime.fromtimestamp(0, timezone.utc)),
        tuple(key for id_ in ids for key in runs.get(id_, ())),
        tuple(path.relative_to(course.root).as_posix() for path in there),
        sum(path.stat().st_size for path in files),
    )


def _places(course: Course, assignment: str, student: str) -> tuple[Path, ...]:
    """Return every place of a student's work, the kept submissions last: they list what existed."""
    return (
        course.feedback / student / assignment,
        course.autograded / student / assignment,
        results.path_of(course.state, assignment, student),
        course.state / "kept" / assignment / student,
        course.state / "sprints" / assignment / student,
        course.submitted / student / assignment,
        course.state / "submissions" / assignment / student,
    )


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]


# ── Deleting ─────────────────────────────────────────────────────────────────────────


def _delete(course: Course, work: Sequence[Work], reason: str) -> tuple[Work, ...]:
    """Delete the work, with the audit entry first; return the work that stayed.

    An interrupted deletion is finished by the next one. Work stays if a submission arrived or was
    queued since it was listed.
    """
    ready = [one for one in work if _is_as_it_was(course, one)]
    for one in ready:
        after = {"submissions": list(one.submissions), "runs": len(one.runs)}
        audit.note(
            course,
            getpass.getuser(),
            DELETED,
            one.assignment,
            after,
            student=one.student,
            reason=reason,
        )
    forgetting.forget(Store(course.state / "evidence"), [key for one in ready for key in one.runs])
    gone = []
    for one in ready:
        with shelf_of(course, one.assignment).lock(one.student):
            if _is_as_it_was(course, one):
                for path in _places(course, one.assignment, one.student):
                    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
                queue.remove(course, one.submissions)
                gone.append(one)
    return tuple(one for one in work if one not in gone)


def _is_as_it_was(course: Course, work: Work) -> bool:
    there = tuple(one.id for one in shelf_of(course, work.assignment).all_of(work.student))
    return there == work.submissions and not _waits(course, work)
