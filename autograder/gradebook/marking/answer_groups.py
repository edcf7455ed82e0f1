"""Groups of answers in the database: fingerprints, and graders' names, merges and splits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_
from ulid import ULID

from autograder.config import Course
from autograder.gradebook.database.connection import now, reading, storable, writing
from autograder.gradebook.database.staff_tables import (
    FingerprintRow,
    GroupMergeRow,
    GroupPinRow,
    GroupRow,
)
from autograder.gradebook.database.tables import SubmissionRow

KEY = 16  # characters of a group's key
CHUNK = 500  # submissions in one statement


@dataclass(frozen=True)
class Fingerprint:
    """Behaviour of one answer; `key` is the key of its group."""

    submission: str
    student: str
    notebook: str
    task: str
    seen: str  # the result it was computed from
    key: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sorted:
    """One task's answers in groups: students by group key, and the names of groups."""

    members: Mapping[str, tuple[str, ...]]
    submissions: Mapping[str, str]  # the one that counts, by student
    names: Mapping[str, str]
    merged: Mapping[str, tuple[str, ...]]  # keys of the groups merged into each group


def counting(course: Course, assignment: str) -> dict[str, tuple[str, str]]:
    """Return each student's submission that counts, and the `seen` of its current result.

    Fingerprints with another `seen` are outdated.
    """
    with reading(course) as session:
        rows = session.execute(
            select(SubmissionRow.student, SubmissionRow.id, SubmissionRow.recorded)
            .where(SubmissionRow.assignment == assignment, SubmissionRow.counts)
            .order_by(SubmissionRow.id)
        ).all()
    return {row.student: (row.id, row.recorded.isoformat()) for row in rows}


def submission_of(course: Course, assignment: str, student: str) -> str:
    """Return the student's submission that counts; "" if there is none."""
    with reading(course) as session:
        query = select(SubmissionRow.id).where(
            SubmissionRow.assignment == assignment,
            SubmissionRow.student == student,
            SubmissionRow.counts,
        )
        return session.scalars(query).first() or ""


def known(
    course: Course, assignment: str, tasks: Collection[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """Return the number of these tasks with a fingerprint, by (submission, `seen`)."""
    here = tuple_(FingerprintRow.notebook, FingerprintRow.task)
    with reading(course) as session:
        rows = session.execute(
            select(FingerprintRow.submission, FingerprintRow.seen, func.count())
            .where(FingerprintRow.assignment == assignment, here.in_(list(tasks)))
            .group_by(FingerprintRow.submission, FingerprintRow.seen)
        ).all()
    return {(row[0], row[1]): row[2] for row in rows}


def fingerprints(
    course: Course,
    assignment: str,
    notebook: str,
    task: str,
    submissions: Collection[str] | None = None,
) -> tuple[Fingerprint, ...]:
    """Return the fingerprints of a task, or those of some submissions, in submission order."""
    with reading(course) as session:
        query = select(FingerprintRow).where(
            FingerprintRow.assignment == assignment,
            FingerprintRow.notebook == notebook,
            FingerprintRow.task == task,
        )
        if submissions is not None:
            query = query.where(FingerprintRow.submission.in_(list(submissions)))
        rows = session.scalars(query.order_by(FingerprintRow.submission)).all()
        return tuple(
            Fingerprint(r.submission, r.student, r.notebook, r.task, r.seen, r.key, r.facts)
            for r in rows
        )


def firsts(course: Course, assignment: str, notebook: str, task: str) -> tuple[Fingerprint, ...]:
    """Return the fingerprint of the first answer in each group, before merges and splits."""
    with reading(course) as session:
        rows = session.scalars(
            select(func.min(FingerprintRow.submission))
            .where(
                FingerprintRow.assignment == assignment,
                FingerprintRow.notebook == notebook,
                FingerprintRow.task == task,
            )
            .group_by(FingerprintRow.key)
        ).all()
    return fingerprints(course, assignment, notebook, task, rows)


def keep(course: Course, assignment: str, made: Collection[Fingerprint]) -> None:
    """Store fingerprints; they replace all older ones of the same submissions, of every task."""
    gone = sorted({one.submission for one in made})
    with writing(course) as book:
        for at in range(0, len(gone), CHUNK):
            book.session.execute(
                delete(FingerprintRow).where(FingerprintRow.submission.in_(gone[at : at + CHUNK]))
            )
        book.session.execute(
            insert(FingerprintRow),
            [
                {
                    "submission": one.submission,
                    "notebook": one.notebook,
                    "task": one.task,
                    "assignment": assignment,
                    "student": one.student,
                    "seen": one.seen,
                    "key": one.key,
                    "facts": storable(dict(one.facts)),
                }
                for one in made
            ],
        )


# ── Groups ───────────────────────────────────────────────────────────────────────────


def sorted_out(course: Course, assignment: str, notebook: str, task: str) -> Sorted:
    """Return the answers of the submissions that count by group, largest group first."""
    with reading(course) as session:
        here = {"assignment": assignment, "notebook": notebook, "task": task}
        rows = session.execute(
            select(FingerprintRow.student, FingerprintRow.submission, FingerprintRow.key)
            .filter_by(**here)
            .join(SubmissionRow, SubmissionRow.id == FingerprintRow.submission)
            .where(SubmissionRow.counts)
            .order_by(FingerprintRow.submission)
        ).all()
        merges = {
            row.key: row.into
            for row in session.scalars(select(GroupMergeRow).filter_by(**here)).all()
        }
        pins = {
            (row.student, row.submission): row.key
            for row in session.scalars(select(GroupPinRow).filter_by(**here)).all()
        }
        names = {
            row.key: row.name for row in session.scalars(select(GroupRow).filter_by(**here)).all()
        }
    members: dict[str, list[str]] = {}
    for student, submission, key in rows:
        found = pins.get((student, submission), key)
        members.setdefault(_end(found, merges), []).append(student)
    largest = sorted(members, key=lambda key: (-len(members[key]), key))
    merged: dict[str, list[str]] = {}
    for key in merges:
        merged.setdefault(_end(key, merges), []).append(key)
    return Sorted(
        {key: tuple(members[key]) for key in largest},
        {row[0]: row[1] for row in rows},
        names,
        {key: tuple(keys) for key, keys in merged.items()},
    )


def _end(key: str, merges: Mapping[str, str]) -> str:
    """Return the last key in a chain of merges."""
    seen = {key}
    while key in merges and merges[key] not in seen:
        key = merges[key]
        seen.add(key)
    return key


def merge(
    course: Course,
    assignment: str,
    notebook: str,
    task: str,
    keys: Collection[str],
    into: str,
    who: str,
) -> None:
    """Merge groups into another one; later answers that behave like them go there too."""
    with writing(course) as book:
        book.session.execute(
            delete(GroupMergeRow)
            .where(GroupMergeRow.key == into)
            .filter_by(assignment=assignment, notebook=notebook, task=task)
        )
        for key in set(keys) - {into}:
            row = book.session.get(GroupMergeRow, (assignment, notebook, task, key))
            if row is None:
                row = GroupMergeRow(assignment=assignment, notebook=notebook, task=task, key=key)
                book.session.add(row)
            row.into, row.who, row.at = into, who, now()


def apart(course: Course, assignment: str, notebook: str, task: str, key: str) -> None:
    """Undo all merges into this group."""
    with writing(course) as book:
        book.session.execute(
            delete(GroupMergeRow)
            .where(GroupMergeRow.into == key)
            .filter_by(assignment=assignment, notebook=notebook, task=task)
        )


def split(
    course: Course,
    assignment: str,
    notebook: str,
    task: str,
    students: Mapping[str, str],
    who: str,
    name: str = "",
) -> str:
    """Move answers (submission by student) into a new group and return its key.

    An answer stays in the group until its student's counting submission is another one.
    """
    key = f"hand-{str(ULID())[-KEY + 5 :].lower()}"
    with writing(course) as book:
        for student, submission in students.items():
            row = book.session.get(GroupPinRow, (assignment, notebook, task, student))
            if row is None:
                row = GroupPinRow(
                    assignment=assignment, notebook=notebook, task=task, student=student
                )
                book.session.add(row)
            row.submission, row.key, row.who, row.at = submission, key, who, now()
    if name:
        call(course, assignment, notebook, task, key, name, who)
    return key


def call(
    course: Course, assignment: str, notebook: str, task: str, key: str, name: str, who: str
) -> None:
    """Set a group's name; "" removes it."""
    with writing(course) as book:
        row = book.session.get(GroupRow, (assignment, notebook, task, key))
        if row is None:
            row = GroupRow(assignment=assignment, notebook=notebook, task=task, key=key)
            book.session.add(row)
        row.name, row.who, row.at = storable(name.strip()), who, now()
