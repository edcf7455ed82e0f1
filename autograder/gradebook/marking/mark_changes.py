"""Manual grading of answers, with a check for conflicting edits.

The score and the comment are nbgrader's manual score and manual comment, so changes made in
nbgrader's formgrader appear here. An *edition* is a digest of all that a page shows of an answer.
Saving requires the current edition, so that no grader overwrites a change that they have not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.errors import AutograderError
from autograder.gradebook.database.connection import Gradebook, reading, writing
from autograder.gradebook.database.tables import AuditRow
from autograder.gradebook.marking.answer_rows import AnswerRows, answer_rows, one_answer
from autograder.gradebook.marking.leases import Answer, must_not_be_anothers, others_have
from autograder.gradebook.marking.marks import Mark, State, settled, wanted_score
from autograder.gradebook.scores.nbgrader_scores import late_again


class EditConflict(AutograderError):
    """The answer has changed since the page was loaded."""


def mark(course: Course, answer: Answer) -> Mark:
    """Return the mark of one answer; raise NotFound if there is no such answer."""
    with reading(course) as session:
        return one_answer(session, answer).mark


def save(
    course: Course,
    answer: Answer,
    edition: str,
    who: str,
    change: Callable[[State], State],
    action: str = "scored",
) -> Mark:
    """Apply a change to an answer and return its new mark.

    Raises Stale if the answer no longer matches `edition`, Leased if another grader holds it.
    """
    with writing(course) as book:
        found = one_answer(book.session, answer)
        if found.mark.edition != edition:
            raise EditConflict(
                "somebody changed this answer after your page was made",
                way_out="look at it as it is now, then do it again",
            )
        must_not_be_anothers(book.session, answer, who)
        _put(course, book, {found: settled(found.mark, change(found.mark.state))}, who, action)
        return found.mark


def save_many(
    course: Course,
    answers: Collection[Answer],
    who: str,
    change: Callable[[Mark], State],
    action: str,
    reason: str = "",
) -> int:
    """Apply a change to many answers in one transaction; return the number changed."""
    with writing(course) as book:
        wanted = {
            found: settled(found.mark, change(found.mark))
            for found in answer_rows(book.session, answers).values()
        }
        changed = {
            found: state
            for found, state in wanted.items()
            if state != found.mark.state or found.mark.outdated
        }
        return _put(course, book, changed, who, action, reason)


def undo(
    course: Course, answer: Answer, edition: str, who: str, only: Collection[str] = ()
) -> Mark:
    """Undo this grader's last change of an answer; a second undo restores the change.

    Raises Stale if the last change is not this grader's, is not one of the actions in `only` (if
    given), or if the answer has changed since then.
    """
    with reading(course) as session:
        row = _last_changes(session, [answer]).get(answer.student)
    if row is None or row.who != who or (only and row.action not in only):
        raise EditConflict("there is nothing of yours to undo here")

    def back(state: State) -> State:
        if not _stands(row, state):
            raise EditConflict("it was changed again since: it is not undone")
        return State.of_json(dict(row.before))

    return save(course, answer, edition, who, back, "undone")


def undo_many(course: Course, answers: Collection[Answer], who: str, only: Collection[str]) -> int:
    """Undo this grader's last change of many answers to one task; return the number undone.

    Skip an answer if its last change is another grader's or not one of the actions in `only`, if it
    has changed since then, or if another grader holds it now.
    """
    with writing(course) as book:
        last = _last_changes(book.session, answers)
        found = answer_rows(book.session, answers)
        taken = others_have(book.session, next(iter(answers)).assignment, who) if answers else ()
        wanted = {
            rows: settled(rows.mark, State.of_json(dict(row.before)))
            for answer, rows in found.items()
            if (row := last.get(answer.student))
            and row.who == who
            and row.action in only
            and answer not in taken
            and _stands(row, rows.mark.state)
        }
        return _put(course, book, wanted, who, "undone")


def marks_in(session: Session, answers: Collection[Answer]) -> tuple[Mark, ...]:
    """Return the marks of the answers that exist, using the caller's session."""
    return tuple(found.mark for found in answer_rows(session, answers).values())


def follow(course: Course, book: Gradebook, marks: Collection[Mark], who: str, why: str) -> int:
    """Recompute scores after a rubric change; return the number of answers written.

    `marks` are the marks before the change; each answer keeps its adjustment.
    """
    before = {mark.answer: mark for mark in marks}
    wanted = {}
    for answer, found in answer_rows(book.session, before).items():
        was = before[answer]
        items = was.state.items & {item.id for item in found.mark.rubric.items}
        state = replace(was.state, items=items)
        if wanted_score(found.mark, state) != was.manual or items != was.state.items:
            wanted[found] = state
    return _put(course, book, wanted, who, "rubric item", why)


ACTIONS = (
    "scored",
    "commented",
    "flagged",
    "noted",
    "undone",
    "group scored",
    "group commented",
    "rubric item",
    "bank edited",
)


def _put(
    course: Course,
    book: Gradebook,
    wanted: Mapping[AnswerRows, State],
    who: str,
    action: str,
    reason: str = "",
) -> int:
    """Write answers, recompute late penalties where scores changed; return the number written."""
    if not wanted:
        return 0
    lines = [found.put(state, who, action, reason) for found, state in wanted.items()]
    book.session.execute(insert(AuditRow), lines)
    rescored: dict[str, list[str]] = {}
    for line in lines:
        if line["before"]["score"] != line["after"]["score"]:
            rescored.setdefault(line["assignment"], []).append(line["student"])
    for assignment, students in rescored.items():
        late_again(course, book, assignment, students)
    return len(wanted)


def _last_changes(session: Session, answers: Collection[Answer]) -> dict[str, AuditRow]:
    """Return the last manual change of each student's answer to one task."""
    if not answers:
        return {}
    one = next(iter(answers))
    newest = (
        select(func.max(AuditRow.id))
        .where(
            AuditRow.assignment == one.assignment,
            AuditRow.notebook == one.notebook,
            AuditRow.task == one.task,
            AuditRow.student.in_([a.student for a in answers]),
            AuditRow.action.in_(ACTIONS),
        )
        .group_by(AuditRow.student)
    )
    rows = session.scalars(select(AuditRow).where(AuditRow.id.in_(newest))).all()
    return {row.student: row for row in rows}


def _stands(row: AuditRow, state: State) -> bool:
    """Return True if an answer is still as this change left it."""
    return state.as_json() == {k: v for k, v in row.after.items() if k != "score"}
