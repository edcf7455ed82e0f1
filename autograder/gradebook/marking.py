"""A person's score and words for one answer: read with an edition, written only on that edition.

The score is nbgrader's manual score, the comment nbgrader's manual comment: what its formgrader
writes there is what is read here. An *edition* is a digest of all that a page shows of an answer,
so that nobody writes over what they have not seen, whoever wrote it and with whatever program.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from nbgrader import api
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.errors import AutograderError, NotFound
from autograder.gradebook import bank
from autograder.gradebook.connection import Gradebook, now, reading, storable, writing
from autograder.gradebook.leases import Answer, must_not_be_anothers
from autograder.gradebook.marks import Line, Mark, State, edition_of, settled, wanted_score
from autograder.gradebook.reading import task_of
from autograder.gradebook.recording import late_again
from autograder.gradebook.rubric import rubric_of
from autograder.gradebook.staff_tables import LineCommentRow, MarkRow, RubricMarkRow
from autograder.gradebook.tables import AuditRow, SubmissionRow
from autograder.nouns import TaskKind


class Stale(AutograderError):
    """An answer that somebody changed since the page was made."""


def mark(course: Course, answer: Answer) -> Mark:
    """What is known of one answer; NotFound if there is no such answer."""
    with reading(course) as session:
        return _Found(session, answer).mark


def save(
    course: Course,
    answer: Answer,
    edition: str,
    who: str,
    change: Callable[[State], State],
    action: str = "scored",
) -> Mark:
    """The answer after the change.

    Raises Stale if it is not what `edition` names any more, Leased if somebody else marks it now.
    """
    with writing(course) as book:
        found = _Found(book.session, answer)
        if found.mark.edition != edition:
            raise Stale(
                "somebody changed this answer after your page was made",
                way_out="look at it as it is now, then do it again",
            )
        must_not_be_anothers(book.session, answer, who)
        return found.put(course, book, settled(found.mark, change(found.mark.state)), who, action)


def save_many(
    course: Course,
    answers: Collection[Answer],
    who: str,
    change: Callable[[Mark], State],
    action: str,
    reason: str = "",
) -> int:
    """How many answers were changed, all of them in one go or none."""
    with writing(course) as book:
        changed = 0
        for answer in answers:
            found = _Found(book.session, answer)
            after = settled(found.mark, change(found.mark))
            if after != found.mark.state or found.mark.outdated:
                found.put(course, book, after, who, action, reason)
                changed += 1
        return changed


def undo(
    course: Course, answer: Answer, edition: str, who: str, only: Collection[str] = ()
) -> Mark:
    """The answer as it was before this person's last change of it; once more brings it back.

    Raises Stale if there is none, none of the actions in `only`, or if it was changed again since.
    """
    with reading(course) as session:
        row = session.scalars(
            select(AuditRow)
            .where(
                AuditRow.assignment == answer.assignment, AuditRow.student == answer.student,
                AuditRow.notebook == answer.notebook, AuditRow.task == answer.task,
                AuditRow.action.in_(ACTIONS),
            )
            .order_by(AuditRow.id.desc())
        ).first()  # fmt: skip
    if row is None or row.who != who or (only and row.action not in only):
        raise Stale("there is nothing of yours to undo here")
    before, after = State.of_json(dict(row.before)), dict(row.after)

    def back(state: State) -> State:
        if state.as_json() != {k: v for k, v in after.items() if k != "score"}:
            raise Stale("it was changed again since: it is not undone")
        return before

    return save(course, answer, edition, who, back, "undone")


def mark_in(session: Session, answer: Answer) -> Mark | None:
    """What is known of one answer, for whoever already has a session; None if it is gone."""
    try:
        return _Found(session, answer).mark
    except NotFound:
        return None


def follow(course: Course, book: Gradebook, before: Mark, who: str, why: str) -> bool:
    """Whether the score has changed: after its rubric was, adjusted by as much as before."""
    found = _Found(book.session, before.answer)
    items = before.state.items & {item.id for item in found.mark.rubric.items}
    state = replace(before.state, items=items)
    if wanted_score(found.mark, state) == before.manual and items == before.state.items:
        return False
    found.put(course, book, state, who, "rubric item", why)
    return True


ACTIONS = (
    "scored", "commented", "flagged", "noted", "undone", "group scored", "group commented",
    "rubric item", "bank edited",
)  # fmt: skip


# ── One answer in the database ───────────────────────────────────────────────────────


class _Found:
    """One answer's rows, read in one transaction and maybe written in it."""

    def __init__(self, session: Session, answer: Answer) -> None:
        self._session, self._answer = session, answer
        self._task = task_of(session, answer.assignment, answer.notebook, answer.task)
        notebook, self._grade = self._rows()
        self._comment_cell, self._comment = self._comment_of(notebook)
        self._row = session.get(MarkRow, answer.key)
        self.mark = self._mark()

    def _rows(self) -> tuple[str, Any]:
        answer = self._answer
        found = self._session.execute(
            select(api.SubmittedNotebook.id, api.Grade)
            .select_from(api.SubmittedNotebook)
            .join(api.Notebook, api.Notebook.id == api.SubmittedNotebook.notebook_id)
            .join(
                api.SubmittedAssignment,
                api.SubmittedAssignment.id == api.SubmittedNotebook.assignment_id,
            )
            .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
            .join(api.Grade, api.Grade.notebook_id == api.SubmittedNotebook.id)
            .join(api.BaseCell, api.BaseCell.id == api.Grade.cell_id)
            .where(
                api.Assignment.name == answer.assignment,
                api.SubmittedAssignment.student_id == answer.student,
                api.Notebook.name == answer.notebook,
                api.BaseCell.name == answer.task,
            )
        ).first()
        if found is None:
            raise NotFound("there is no such answer")
        return found[0], found[1]

    def _comment_of(self, notebook: str) -> tuple[str, Any]:
        """The cell that the comment stands on: the task's own, else its last answer."""
        cells = (self._task.task, *reversed(self._task.answers))
        rows = self._session.execute(
            select(api.BaseCell.name, api.Comment)
            .join(api.BaseCell, api.BaseCell.id == api.Comment.cell_id)
            .where(api.Comment.notebook_id == notebook, api.BaseCell.name.in_(cells))
        ).all()
        comments = {row[0]: row[1] for row in rows}
        return next(((cell, comments[cell]) for cell in cells if cell in comments), ("", None))

    def _mark(self) -> Mark:
        answer, grade, row, session = self._answer, self._grade, self._row, self._session
        rubric = rubric_of(
            session, answer.assignment, answer.notebook, answer.task,
            manual=self._task.kind is TaskKind.MANUAL,
        )  # fmt: skip
        ids = [item.id for item in rubric.items]
        has = select(RubricMarkRow.item).where(
            RubricMarkRow.student == answer.student, RubricMarkRow.item.in_(ids)
        )
        items = frozenset(session.scalars(has).all()) if ids else frozenset[str]()
        elsewhere = grade.manual_score != (row.written if row else None)
        adjustment, reason = (row.adjustment, row.reason) if row else (0.0, "")
        if elsewhere and grade.manual_score is not None:
            points = rubric.points(items, auto=grade.auto_score, most=self._task.points)
            adjustment, reason = grade.manual_score - points, ""
        state = State(
            items=items, scored=grade.manual_score is not None, adjustment=adjustment,
            reason=reason, extra=grade.extra_credit,
            comment=(self._comment.manual_comment or "") if self._comment else "",
            note=row.note if row else "", flagged=bool(row and row.flagged), lines=self._lines(),
        )  # fmt: skip
        found = Mark(
            answer=answer, task=self._task, submission=self._submission(), auto=grade.auto_score,
            manual=grade.manual_score, waits=bool(grade.needs_manual_grade), state=state,
            rubric=rubric, elsewhere=elsewhere, comment_cell=self._comment_cell,
            who=row.who if row else "",
        )  # fmt: skip
        return replace(found, edition=edition_of(found))

    def _lines(self) -> tuple[Line, ...]:
        answer = self._answer
        rows = self._session.scalars(
            select(LineCommentRow)
            .where(
                LineCommentRow.assignment == answer.assignment,
                LineCommentRow.student == answer.student,
                LineCommentRow.notebook == answer.notebook,
                LineCommentRow.task == answer.task,
            )
            .order_by(LineCommentRow.cell, LineCommentRow.line, LineCommentRow.id)
        ).all()
        return tuple(Line(r.id, r.cell, r.line, r.text, r.shown, r.who) for r in rows)

    def _submission(self) -> str:
        query = select(SubmissionRow.id).where(
            SubmissionRow.assignment == self._answer.assignment,
            SubmissionRow.student == self._answer.student,
            SubmissionRow.counts,
        )
        return self._session.scalars(query).first() or ""

    # ── Writing ──────────────────────────────────────────────────────────────────────

    def put(
        self, course: Course, book: Gradebook, state: State, who: str, action: str,
        reason: str = "",
    ) -> Mark:  # fmt: skip
        """The answer after it was written down, with a line in the audit."""
        before = self.mark
        score = wanted_score(before, state)
        grade = self._grade
        grade.manual_score, grade.extra_credit = score, state.extra
        grade.needs_manual_grade = score is None and grade.auto_score is None
        self._put_comment(state.comment)
        self._put_items(state.items, who)
        self._put_lines(state.lines, before.state.lines)
        self._put_row(state, score, who)
        self._session.flush()
        if score != before.manual or state.extra != before.state.extra:
            late_again(course, book, self._answer.assignment, self._answer.student)
        after = _Found(self._session, self._answer).mark
        bank.note_uses(self._session, self._answer, before.submission, _said(state), after.score,
                       who)  # fmt: skip
        self._audit(before, after, who, action, reason)
        self._session.flush()
        return after

    def _put_comment(self, text: str) -> None:
        if self._comment is not None:
            self._comment.manual_comment = storable(text).strip() or None
        elif text.strip():
            raise NotFound(
                f"nbgrader has no place for a comment on {self._answer.task}",
                way_out=f"release {self._answer.assignment} again: its tasks are not known",
            )

    def _put_items(self, items: frozenset[str], who: str) -> None:
        has = self.mark.state.items
        known = {item.id for item in self.mark.rubric.items}
        for item in (items - has) & known:
            self._session.add(
                RubricMarkRow(item=item, student=self._answer.student, who=who, at=now())
            )
        self._session.execute(
            delete(RubricMarkRow).where(
                RubricMarkRow.student == self._answer.student,
                RubricMarkRow.item.in_(list(has - items)),
            )
        )

    def _put_lines(self, wanted: tuple[Line, ...], there: tuple[Line, ...]) -> None:
        gone = [line.id for line in there if line not in wanted]
        self._session.execute(delete(LineCommentRow).where(LineCommentRow.id.in_(gone)))
        for line in wanted:
            if line in there:
                continue
            self._session.add(
                LineCommentRow(
                    id=line.id, assignment=self._answer.assignment,
                    notebook=self._answer.notebook, task=self._answer.task,
                    student=self._answer.student, submission=self.mark.submission,
                    cell=line.cell, line=line.line, text=storable(line.text), shown=line.shown,
                    who=line.who, at=now(),
                )
            )  # fmt: skip

    def _put_row(self, state: State, score: float | None, who: str) -> None:
        row = self._row
        if row is None:
            names = ("assignment", "notebook", "task", "student")
            row = MarkRow(**dict(zip(names, self._answer.key, strict=True)))
            self._session.add(row)
        row.adjustment, row.reason = state.adjustment, storable(state.reason)
        row.written, row.note, row.flagged = score, storable(state.note), state.flagged
        row.who, row.at = who, now()

    def _audit(self, before: Mark, after: Mark, who: str, action: str, reason: str) -> None:
        self._session.add(
            AuditRow(
                at=now(), who=who, action=action, assignment=self._answer.assignment,
                student=self._answer.student, notebook=self._answer.notebook,
                task=self._answer.task,
                before={**before.state.as_json(), "score": before.score},
                after={**after.state.as_json(), "score": after.score},
                reason=storable(reason or after.state.reason),
            )
        )  # fmt: skip


def _said(state: State) -> str:
    return "\n".join((state.comment, *(line.text for line in state.lines)))
