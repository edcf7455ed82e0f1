"""Remarks to use again: where each was used, and what came of it when students handed in again.

Whether a remark was used is seen from the words that stand with an answer: whoever takes it out of
a comment again has not used it.
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
from autograder.gradebook.connection import now, reading, storable, writing
from autograder.gradebook.leases import Answer
from autograder.gradebook.scores import grades
from autograder.gradebook.staff_tables import BankRow, BankUseRow
from autograder.gradebook.tables import SubmissionRow


@dataclass(frozen=True)
class Remark:
    """One remark of the bank; `before` and `after` are mean scores of those who tried again."""

    id: str
    notebook: str
    task: str
    text: str
    origin: str  # "mistake: NAME", or "" if a person wrote it
    used: int
    again: int = 0  # how many of them have handed in again since
    before: float | None = None
    after: float | None = None


def of_task(course: Course, assignment: str, notebook: str, task: str) -> tuple[Remark, ...]:
    """The remarks of one task, the ones used most first; nothing of what came of them."""
    with reading(course) as session:
        rows = session.execute(
            select(BankRow, func.count(BankUseRow.student))
            .outerjoin(BankUseRow, BankUseRow.bank == BankRow.id)
            .where(
                BankRow.assignment == assignment, BankRow.notebook == notebook,
                BankRow.task == task, BankRow.retired.is_(False),
            )
            .group_by(BankRow.id)
        ).all()  # fmt: skip
        found = [Remark(r.id, r.notebook, r.task, r.text, r.origin, used) for r, used in rows]
    return tuple(sorted(found, key=lambda r: (-r.used, r.text)))


def remarks(course: Course, assignment: str) -> tuple[Remark, ...]:
    """Every remark of an assignment, the ones used most first."""
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
    course: Course, assignment: str, notebook: str, task: str, text: str, who: str,
    origin: str = "",
) -> str:  # fmt: skip
    """The id of a new remark; of the known one if the same words are there already."""
    text = storable(text).strip()
    with writing(course) as book:
        known = book.session.scalars(
            select(BankRow).where(
                BankRow.assignment == assignment, BankRow.notebook == notebook,
                BankRow.task == task, BankRow.text == text,
            )
        ).first()  # fmt: skip
        if known is not None:
            known.retired = False
            return known.id
        row = BankRow(
            id=str(ULID()), assignment=assignment, notebook=notebook, task=task, text=text,
            origin=origin, who=who, at=now(), retired=False,
        )  # fmt: skip
        book.session.add(row)
        return row.id


def seed(
    course: Course, assignment: str, told: Mapping[tuple[str, str], Sequence[tuple[str, str]]]
) -> int:
    """How many remarks were new: `told` holds (name, words) of the mistakes of each task.

    A mistake whose remark is there is left alone, whatever people have made of its words since.
    """
    with reading(course) as session:
        query = select(BankRow.notebook, BankRow.task, BankRow.origin)
        there = {tuple(row) for row in session.execute(query.where(
            BankRow.assignment == assignment)).all()}  # fmt: skip
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
                id=str(ULID()), assignment=assignment, notebook=notebook, task=task,
                text=storable(text), origin=name[:128], who="autograder", at=now(), retired=False,
            )
            for notebook, task, name, text in new
        )  # fmt: skip
    return len(new)


class Uses:
    """The remarks of one task and with whom they stand, kept up with what is said."""

    def __init__(
        self, session: Session, assignment: str, notebook: str, task: str,
        students: Collection[str],
    ) -> None:  # fmt: skip
        self._session = session
        self._remarks = session.scalars(
            select(BankRow).where(
                BankRow.assignment == assignment, BankRow.notebook == notebook,
                BankRow.task == task,
            )
        ).all()  # fmt: skip
        ids = [row.id for row in self._remarks]
        query = select(BankUseRow).where(
            BankUseRow.bank.in_(ids), BankUseRow.student.in_(students)
        )  # fmt: skip
        rows = session.scalars(query).all() if ids else ()
        self._uses = {(row.bank, row.student): row for row in rows}

    def note(self, student: str, submission: str, said: str, score: float, who: str) -> None:
        """Keeps which remarks stand in what is said of a student's answer."""
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
    """A remark and the answers that it stands with; NotFound."""
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
    """Gives a remark other words; where it stands already, the old ones stay."""
    with writing(course) as book:
        row = book.session.get(BankRow, remark)
        if row is None:
            raise NotFound("there is no such remark")
        row.text = storable(text).strip()


def retire(course: Course, remark: str) -> None:
    """Takes a remark out of the bank; where it stands, it stays."""
    with writing(course) as book:
        row = book.session.get(BankRow, remark)
        if row is not None:
            row.retired = True


# ── What came of it ──────────────────────────────────────────────────────────────────


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
        row.id, row.notebook, row.task, row.text, row.origin, len(uses), len(again),
        _mean(before), _mean(after),
    )  # fmt: skip


def _mean(numbers: Sequence[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


def _counting(session: Session, assignment: str) -> dict[str, str]:
    """The newest submission of every student, whether or not it counts."""
    rows = session.execute(
        select(SubmissionRow.student, SubmissionRow.id)
        .where(SubmissionRow.assignment == assignment)
        .order_by(SubmissionRow.id)
    ).all()
    return {row.student: row.id for row in rows}


def _scores(session: Session, assignment: str) -> dict[tuple[str, str, str], float]:
    rows = session.execute(
        grades(
            assignment, None, api.SubmittedAssignment.student_id, api.Notebook.name,
            api.BaseCell.name, api.Grade.score,
        )
    ).all()  # fmt: skip
    return {(row[0], row[1], row[2]): row[3] for row in rows}
