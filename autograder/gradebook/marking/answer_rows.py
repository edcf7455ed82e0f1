"""Database rows of many students' answers to a task: read together, and written.

The number of read queries does not depend on the number of students. Answers are written in the
transaction that read them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

from nbgrader import api
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from autograder.errors import NotFound
from autograder.gradebook.database.connection import now, storable
from autograder.gradebook.database.staff_tables import LineCommentRow, MarkRow, RubricMarkRow
from autograder.gradebook.database.tables import SubmissionRow
from autograder.gradebook.marking.comment_bank import Uses
from autograder.gradebook.marking.leases import Answer
from autograder.gradebook.marking.marks import Line, Mark, State, wanted_score
from autograder.gradebook.marking.rubric import Rubric, rubric_of
from autograder.gradebook.scores.released_tasks import ReleasedTask, task_of
from autograder.nouns import TaskKind


def answer_rows(session: Session, answers: Collection[Answer]) -> dict[Answer, AnswerRows]:
    """Return the rows of the answers that exist; raise NotFound if a task does not exist."""
    tasks: dict[tuple[str, str, str], list[str]] = {}
    for one in answers:
        tasks.setdefault((one.assignment, one.notebook, one.task), []).append(one.student)
    found: dict[Answer, AnswerRows] = {}
    for (assignment, notebook, task), students in tasks.items():
        known = task_of(session, assignment, notebook, task)
        of_task = _OfTask(session, assignment, known, students)
        for student in of_task.grades:
            answer = Answer(assignment, notebook, task, student)
            found[answer] = AnswerRows(session, answer, of_task)
    return found


def one_answer(session: Session, answer: Answer) -> AnswerRows:
    """Return the rows of one answer; raise NotFound if there is none."""
    found = answer_rows(session, [answer]).get(answer)
    if found is None:
        raise NotFound("there is no such answer")
    return found


class _OfTask:
    """Rows of one task for some students; each table is read with one query."""

    def __init__(
        self, session: Session, assignment: str, task: ReleasedTask, students: Collection[str]
    ) -> None:
        self._session, self._assignment, self._students = session, assignment, students
        self.task = task
        manual = task.kind is TaskKind.MANUAL
        self.rubric: Rubric = rubric_of(
            session, assignment, task.notebook, task.task, manual=manual
        )
        self.grades, notebooks = self._grades()
        self.comments = self._comments(notebooks)
        self.marks = {row.student: row for row in self._of_task(MarkRow)}
        self.lines: dict[str, tuple[Line, ...]] = {}
        for r in self._of_task(
            LineCommentRow, LineCommentRow.cell, LineCommentRow.line, LineCommentRow.id
        ):
            line = Line(r.id, r.cell, r.line, r.text, r.shown, r.who)
            self.lines[r.student] = (*self.lines.get(r.student, ()), line)
        self.items = self._items()
        self.submissions = self._submissions()

    @cached_property
    def uses(self) -> Uses:
        """Uses of bank comments in these answers; loaded only for writing."""
        here = (self._assignment, self.task.notebook, self.task.task)
        return Uses(self._session, *here, self._students)

    def _grades(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return each student's nbgrader grade, and the student of each submitted notebook."""
        rows = self._session.execute(
            select(api.SubmittedAssignment.student_id, api.SubmittedNotebook.id, api.Grade)
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
                api.Assignment.name == self._assignment,
                api.SubmittedAssignment.student_id.in_(self._students),
                api.Notebook.name == self.task.notebook,
                api.BaseCell.name == self.task.task,
            )
        ).all()
        return {who: grade for who, _, grade in rows}, {id_: who for who, id_, _ in rows}

    def _comments(self, notebooks: Mapping[str, str]) -> dict[str, tuple[str, Any]]:
        """Return the cell and comment row of each student: the task's cell, else its last answer.

        The cell is "" and the row None if nbgrader has no comment row for either.
        """
        cells = (self.task.task, *reversed(self.task.answers))
        rows = self._session.execute(
            select(api.Comment.notebook_id, api.BaseCell.name, api.Comment)
            .join(api.BaseCell, api.BaseCell.id == api.Comment.cell_id)
            .where(api.Comment.notebook_id.in_(list(notebooks)), api.BaseCell.name.in_(cells))
        ).all()
        known = {(notebooks[row[0]], row[1]): row[2] for row in rows}
        found = {}
        for who in notebooks.values():
            cell = next((cell for cell in cells if (who, cell) in known), "")
            found[who] = (cell, known.get((who, cell)))
        return found

    def _of_task(self, table: type[Any], *order: Any) -> Collection[Any]:
        mine = {
            "assignment": self._assignment,
            "notebook": self.task.notebook,
            "task": self.task.task,
        }
        query = select(table).filter_by(**mine).where(table.student.in_(self._students))
        return self._session.scalars(query.order_by(*order)).all()

    def _items(self) -> dict[str, frozenset[str]]:
        ids = [item.id for item in self.rubric.items]
        query = select(RubricMarkRow.student, RubricMarkRow.item).where(
            RubricMarkRow.item.in_(ids), RubricMarkRow.student.in_(self._students)
        )
        found: dict[str, frozenset[str]] = {}
        for student, item in self._session.execute(query).all() if ids else ():
            found[student] = found.get(student, frozenset()) | {item}
        return found

    def _submissions(self) -> dict[str, str]:
        rows = self._session.execute(
            select(SubmissionRow.student, SubmissionRow.id).where(
                SubmissionRow.assignment == self._assignment,
                SubmissionRow.student.in_(self._students),
                SubmissionRow.counts,
            )
        ).all()
        return {row.student: row.id for row in rows}


class AnswerRows:
    """Database rows of one answer, to read and to change."""

    def __init__(self, session: Session, answer: Answer, of_task: _OfTask) -> None:
        who = answer.student
        self._session, self._answer, self._of_task = session, answer, of_task
        self._grade = of_task.grades[who]
        self._comment_cell, self._comment = of_task.comments[who]
        self._row = of_task.marks.get(who)
        self.mark = self._mark(of_task.items.get(who, frozenset()), of_task.lines.get(who, ()))

    def _mark(self, items: frozenset[str], lines: tuple[Line, ...]) -> Mark:
        grade, row, task = self._grade, self._row, self._of_task.task
        rubric = self._of_task.rubric
        elsewhere = grade.manual_score != (row.written if row else None)
        adjustment, reason = (row.adjustment, row.reason) if row else (0.0, "")
        if elsewhere and grade.manual_score is not None:
            points = rubric.points(items, auto=grade.auto_score, most=task.points)
            adjustment, reason = grade.manual_score - points, ""
        state = State(
            items=items,
            scored=grade.manual_score is not None,
            adjustment=adjustment,
            reason=reason,
            extra=grade.extra_credit,
            comment=(self._comment.manual_comment or "") if self._comment else "",
            note=row.note if row else "",
            flagged=bool(row and row.flagged),
            lines=lines,
        )
        return Mark(
            answer=self._answer,
            task=task,
            auto=grade.auto_score,
            manual=grade.manual_score,
            submission=self._of_task.submissions.get(self._answer.student, ""),
            waits=bool(grade.needs_manual_grade),
            state=state,
            rubric=rubric,
            elsewhere=elsewhere,
            comment_cell=self._comment_cell,
            who=row.who if row else "",
        )

    # ── Writing ──────────────────────────────────────────────────────────────────────

    def put(self, state: State, who: str, action: str, reason: str = "") -> dict[str, Any]:
        """Write the answer; return the audit entry, which the caller inserts."""
        before = self.mark
        score = wanted_score(before, state)
        grade = self._grade
        grade.manual_score, grade.extra_credit = score, state.extra
        grade.needs_manual_grade = score is None and grade.auto_score is None
        self._put_comment(state.comment)
        items = self._put_items(state.items, who)
        lines = self._put_lines(state.lines, before.state.lines)
        self._put_row(state, score, who)
        self.mark = self._mark(items, lines)
        said = "\n".join((state.comment, *(line.text for line in state.lines)))
        student = self._answer.student
        self._of_task.uses.note(student, before.submission, said, self.mark.score, who)
        return self._line(before, self.mark, who, action, reason)

    def _put_comment(self, text: str) -> None:
        if self._comment is not None:
            self._comment.manual_comment = storable(text).strip() or None
        elif text.strip():
            raise NotFound(
                f"nbgrader has no place for a comment on {self._answer.task}",
                way_out=f"release {self._answer.assignment} again: its tasks are not known",
            )

    def _put_items(self, items: frozenset[str], who: str) -> frozenset[str]:
        has = self.mark.state.items
        wanted = items & {item.id for item in self.mark.rubric.items}
        self._session.add_all(
            RubricMarkRow(item=item, student=self._answer.student, who=who, at=now())
            for item in wanted - has
        )
        if gone := has - wanted:
            self._session.execute(
                delete(RubricMarkRow).where(
                    RubricMarkRow.student == self._answer.student, RubricMarkRow.item.in_(gone)
                )
            )
        return wanted

    def _put_lines(self, wanted: tuple[Line, ...], there: tuple[Line, ...]) -> tuple[Line, ...]:
        if gone := [line.id for line in there if line not in wanted]:
            self._session.execute(delete(LineCommentRow).where(LineCommentRow.id.in_(gone)))
        for line in wanted:
            if line not in there:
                self._session.add(self._line_row(line))
        return tuple(sorted(wanted, key=lambda line: (line.cell, line.line, line.id)))

    def _line_row(self, line: Line) -> LineCommentRow:
        answer = self._answer
        return LineCommentRow(
            id=line.id,
            assignment=answer.assignment,
            notebook=answer.notebook,
            task=answer.task,
            student=answer.student,
            submission=self.mark.submission,
            cell=line.cell,
            line=line.line,
            text=storable(line.text),
            shown=line.shown,
            who=line.who,
            at=now(),
        )

    def _put_row(self, state: State, score: float | None, who: str) -> None:
        row = self._row
        if row is None:
            names = ("assignment", "notebook", "task", "student")
            row = self._row = MarkRow(**dict(zip(names, self._answer.key, strict=True)))
            self._session.add(row)
        row.adjustment, row.reason = state.adjustment, storable(state.reason)
        row.written, row.note, row.flagged = score, storable(state.note), state.flagged
        row.who, row.at = who, now()

    def _line(
        self, before: Mark, after: Mark, who: str, action: str, reason: str
    ) -> dict[str, Any]:
        return {
            "at": now(),
            "who": who,
            "action": action,
            "assignment": self._answer.assignment,
            "student": self._answer.student,
            "notebook": self._answer.notebook,
            "task": self._answer.task,
            "before": {**before.state.as_json(), "score": before.score},
            "after": {**after.state.as_json(), "score": after.score},
            "reason": storable(reason or after.state.reason),
        }
