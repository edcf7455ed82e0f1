"""List of answers for manual grading, in a fixed random order, and the grading progress.

The order is the same for all graders and reveals nothing about students: answers are sorted by a
keyed hash.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nbgrader import api
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.gradebook.database.connection import reading
from autograder.gradebook.database.staff_tables import MarkRow
from autograder.gradebook.marking import leases
from autograder.gradebook.marking.leases import Answer, GraderAssignment
from autograder.gradebook.scores.student_scores import grades


@dataclass(frozen=True)
class Entry:
    """One answer in the list."""

    answer: Answer
    waits: bool  # for manual grading
    scored: bool  # manually
    flagged: bool
    score: float
    who: str  # the last person to change it


@dataclass(frozen=True)
class Progress:
    """Numbers of answers to a task: all, scored manually, waiting for manual grading, flagged."""

    total: int
    scored: int
    waiting: int
    flagged: int


def entries(
    course: Course, assignment: str, notebook: str = "", task: str = "", *, ordered: bool = True
) -> tuple[Entry, ...]:
    """Return the answers of an assignment or one task, in grading order if `ordered`."""
    with reading(course) as session:
        rows = _rows(session, assignment, notebook, task)
        marks = _marks(session, assignment)
    found = []
    for student, in_notebook, of_task, manual, waits, score in rows:
        answer = Answer(assignment, in_notebook, of_task, student)
        flagged, who = marks.get(answer.key[1:], (False, ""))
        found.append(Entry(answer, bool(waits), manual is not None, flagged, score or 0.0, who))
    if not ordered:
        return tuple(found)
    key = course.key
    return tuple(sorted(found, key=lambda entry: _place(key, entry.answer)))


def progress(listed: Sequence[Entry]) -> Mapping[tuple[str, str], Progress]:
    """Return the progress of each task, by notebook and task."""
    by_task: dict[tuple[str, str], list[Entry]] = {}
    for entry in listed:
        by_task.setdefault((entry.answer.notebook, entry.answer.task), []).append(entry)
    return {
        task: Progress(
            len(of_it),
            sum(e.scored for e in of_it),
            sum(e.waits for e in of_it),
            sum(e.flagged for e in of_it),
        )
        for task, of_it in by_task.items()
    }


def by_person(listed: Sequence[Entry]) -> Mapping[str, int]:
    """Return the number of answers scored by each grader, highest first."""
    return dict(Counter(e.who for e in listed if e.scored and e.who).most_common())


def mine(
    listed: Sequence[Entry],
    who: str,
    allotted: Sequence[GraderAssignment],
    sections: Mapping[str, str],
) -> tuple[Entry, ...]:
    """Return the entries assigned to this grader; all of them if nothing is assigned to anyone."""
    if not allotted:
        return tuple(listed)
    own = [one for one in allotted if one.who == who]
    return tuple(
        e
        for e in listed
        if any(
            one.covers(e.answer.notebook, e.answer.task, sections.get(e.answer.student, ""))
            for one in own
        )
    )


def take_next(
    course: Course, listed: Sequence[Entry], who: str, after: Answer | None = None
) -> Answer | None:
    """Lease and return the next waiting answer that no other grader holds; None if there is none.

    The search starts behind the answer `after` and wraps around to the front of the list.
    """
    if not listed:
        return None
    place = next((n for n, e in enumerate(listed, 1) if e.answer == after), 0)
    others = leases.leased_by_others(course, listed[0].answer.assignment, who)
    waiting = [
        e.answer
        for e in (*listed[place:], *listed[:place])
        if e.waits and e.answer not in others and e.answer != after
    ]
    return leases.first_free(course, waiting, who)


@lru_cache(maxsize=1 << 14)  # constant, and needed at every key press
def _place(key: bytes, answer: Answer) -> bytes:
    text = "\0".join(answer.key)
    return hmac.digest(key, f"order\0{text}".encode(), "sha256")


def _rows(session: Session, assignment: str, notebook: str, task: str) -> Sequence[Any]:
    query = grades(
        assignment,
        None,
        api.SubmittedAssignment.student_id,
        api.Notebook.name,
        api.BaseCell.name,
        api.Grade.manual_score,
        api.Grade.needs_manual_grade,
        api.Grade.score,
    )
    if task:
        query = query.where(api.Notebook.name == notebook, api.BaseCell.name == task)
    return session.execute(query).all()


def _marks(session: Session, assignment: str) -> dict[tuple[str, ...], tuple[bool, str]]:
    rows = session.execute(
        select(
            MarkRow.notebook,
            MarkRow.task,
            MarkRow.student,
            MarkRow.flagged,
            MarkRow.who,
        ).where(MarkRow.assignment == assignment)
    ).all()
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}
