"""Comment bank: reusable comments, their usage, and the later score change.

A bank comment counts as used while its text is in an answer's comments. If a grader deletes the
text, the use is deleted too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from nbgrader import api
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from ulid import ULID

from autograder.config import Course
from autograder.errors import NotFound
from autograder.gradebook.database.connection import now, reading, storable, writing
from autograder.gradebook.database.staff_tables import BankRow, BankUseRow
from autograder.gradebook.database.tables import SubmissionRow
from autograder.gradebook.marking.leases import Answer
from autograder.gradebook.scores.student_scores import grades


@dataclass(frozen=True)
class Remark:
    """One bank comment; `before` and `after` are mean scores of students who resubmitted."""

    id: str
    notebook: str
    task: str
    text: str
    origin: str  # "mistake: NAME", or "" if a person wrote it
    used: int
    again: int = 0  # number of those students who have submitted again since
    before: float | None = None
    after: float | None = None


def of_task(course: Course, assignment: str, notebook: str, task: str) -> tuple[Remark, ...]:
    """Return the comments of one task, most used first, without later score changes."""
    with reading(course) as session:
        rows = session.execute(
            select(BankRow, func.count(BankUseRow.student))
            .outerjoin(BankUseRow, BankUseRow.bank == BankRow.id)
            .where(
                BankRow.assignment == assignment,
                BankRow.notebook == notebook,
                BankRow.task == task,
                BankRow.retired.is_(False),
            )
            .group_by(BankRow.id)
        ).all()
        found = [Remark(r.id, r.notebook, r.task, r.text, r.origin, used) for r, used in rows]
    return tuple(sorted(found, key=lambda r: (-r.used, r.text)))


def remarks(course: Course, assignment: str) -> tuple[Remark, ...]:
    """Return all comments of an assignment, most used first, with later score changes."""
    with reading(course) as session:
        rows = session.scalars(
            select(BankRow).where(BankRow.assignment == assignment, BankRow.retired.is_(False))
        ).all()
        uses: dict[str, list[BankUseRow]] = {}
        ids = [row.id for row in rows]
        for use in session.scalars(select(BankUseRow).where(BankUseRow.bank.in_(ids))).all():
            uses.setdefault(use.bank, []).append(use)
        now_counts, scores = _counting(session, assignment), _scores(session, assignment)
    found = [_remark(row, uses.get(row.id, []), now_counts, scores) for row in rows]
    return tuple(sorted(found, key=lambda r: (-r.used, r.notebook, r.task, r.text)))


def add(
    course: Course,
    assignment: str,
    notebook: str,
    task: str,
    text: str,
    who: str,
    origin: str = "",
) -> str:
    """Add a comment and return its id; if the text is already there, return that comment's id."""
    text = storable(text).strip()
    with writing(course) as book:
        known = book.session.scalars(
            select(BankRow).where(
                BankRow.assignment == assignment,
                BankRow.notebook == notebook,
                BankRow.task == task,
                BankRow.text == text,
            )
        ).first()
        if known is not None:
            known.retired = False
            return known.id
        row = BankRow(
            id=str(ULID()),
            assignment=assignment,
            notebook=notebook,
            task=task,
            text=text,
            origin=origin,
            who=who,
            at=now(),
            retired=False,
        )
        book.session.add(row)
        return row.id


def seed(
    course: Course, assignment: str, told: Mapping[tuple[str, str], Sequence[tuple[str, str]]]
) -> int:
    """Add a comment for each known mistake; return the number added.

    `told` holds the (name, text) pairs of the mistakes of each task. A mistake that already has a
    comment is skipped, even if a grader has edited its text.
    """
    with reading(course) as session:
        query = select(BankRow.notebook, BankRow.task, BankRow.origin)
        there = {
            tuple(row)
            for row in session.execute(query.where(BankRow.assignment == assignment)).all()
        }
    new = [
        (notebook, task, name, text)
        for (notebook, task), mistakes in told.items()
        for name, text in mistakes
        if (notebook, task, name) not in there
    ]
    if not new:
        return 0
    with writing(course) as book:
        book.session.add_all(
            BankRow(
                id=str(ULID()),
                assignment=assignment,
                notebook=notebook,
                task=task,
                text=storable(text),
                origin=name[:128],
                who="autograder",
                at=now(),
                retired=False,
            )
            for notebook, task, name, text in new
        )
    return len(new)


class Uses:
    """Bank comments of one task and the students who have them, updated as feedback is saved."""

    def __init__(
        self,
        session: Session,
        assignment: str,
        notebook: str,
        task: str,
        students: Collection[str],
    ) -> None:
        self._session = session
        self._remarks = session.scalars(
            select(BankRow).where(
                BankRow.assignment == assignment,
                BankRow.notebook == notebook,
                BankRow.task == task,
            )
        ).all()
        ids = [row.id for row in self._remarks]
        query = select(BankUseRow).where(BankUseRow.bank.in_(ids), BankUseRow.student.in_(students))
        rows = session.scalars(query).all() if ids else ()
        self._uses = {(row.bank, row.student): row for row in rows}

    def note(self, student: str, submission: str, said: str, score: float, who: str) -> None:
        """Record which bank comments are in `said`, the feedback on a student's answer."""
        for row in self._remarks:
            use = self._uses.get((row.id, student))
            stands = row.text in said or (use is not None and use.text in said)
            if row.text and stands:
                if use is None or use.submission != submission:
                    use = use or BankUseRow(bank=row.id, student=student)
                    use.submission, use.score, use.text = submission, score, row.text
                    use.who, use.at = who, now()
                    self._session.add(use)
                    self._uses[row.id, student] = use
                elif row.text in said:
                    use.text = row.text
            elif use is not None and use.submission == submission:
                self._session.delete(use)
                del self._uses[row.id, student]


def users(course: Course, remark: str) -> tuple[BankRow, tuple[Answer, ...]]:
    """Return a comment and the answers that use it; raise NotFound if there is none."""
    with reading(course) as session:
        row = session.get(BankRow, remark)
        if row is None:
            raise NotFound("there is no such remark")
        students = session.scalars(
            select(BankUseRow.student).where(BankUseRow.bank == remark).order_by(BankUseRow.student)
        ).all()
        answers = tuple(Answer(row.assignment, row.notebook, row.task, s) for s in students)
        session.expunge(row)
        return row, answers


def reword(course: Course, remark: str, text: str) -> None:
    """Change the text of a bank comment; answers that use it keep the old text.

    Raises NotFound if there is no such comment.
    """
    with writing(course) as book:
        row = book.session.get(BankRow, remark)
        if row is None:
            raise NotFound("there is no such remark")
        row.text = storable(text).strip()


def retire(course: Course, remark: str) -> None:
    """Remove a comment from the bank; answers that use it keep it."""
    with writing(course) as book:
        row = book.session.get(BankRow, remark)
        if row is not None:
            row.retired = True


# ── Later score change ───────────────────────────────────────────────────────────────


def _remark(
    row: BankRow,
    uses: Sequence[BankUseRow],
    counting: Mapping[str, str],
    scores: Mapping[tuple[str, str, str], float],
) -> Remark:
    again = [u for u in uses if counting.get(u.student, u.submission) > u.submission]
    before = [u.score for u in again if u.score is not None]
    after = [scores.get((u.student, row.notebook, row.task), 0.0) for u in again]
    return Remark(
        row.id,
        row.notebook,
        row.task,
        row.text,
        row.origin,
        len(uses),
        len(again),
        _mean(before),
        _mean(after),
    )


def _mean(numbers: Sequence[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


def _counting(session: Session, assignment: str) -> dict[str, str]:
    """Return the newest submission of each student, even if it does not count."""
    rows = session.execute(
        select(SubmissionRow.student, SubmissionRow.id)
        .where(SubmissionRow.assignment == assignment)
        .order_by(SubmissionRow.id)
    ).all()
    return {row.student: row.id for row in rows}


def _scores(session: Session, assignment: str) -> dict[tuple[str, str, str], float]:
    rows = session.execute(
        grades(
            assignment,
            None,
            api.SubmittedAssignment.student_id,
            api.Notebook.name,
            api.BaseCell.name,
            api.Grade.score,
        )
    ).all()
    return {(row[0], row[1], row[2]): row[3] for row in rows}
