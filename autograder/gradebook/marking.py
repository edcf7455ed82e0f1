"""A person's score and words for one answer: read with an edition, written only on that edition.

The score is nbgrader's manual score, the comment nbgrader's manual comment: what its formgrader
writes there is what is read here. An *edition* is a digest of all that a page shows of an answer,
so that nobody writes over what they have not seen, whoever wrote it and with whatever program.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from autograder.config import Course
from autograder.errors import AutograderError
from autograder.gradebook.answer_rows import AnswerRows, answer_rows, one_answer
from autograder.gradebook.applying import late_again
from autograder.gradebook.connection import Gradebook, reading, writing
from autograder.gradebook.leases import Answer, must_not_be_anothers, others_have
from autograder.gradebook.marks import Mark, State, settled, wanted_score
from autograder.gradebook.tables import AuditRow


class Stale(AutograderError):
    """An answer that somebody changed since the page was made."""


def mark(course: Course, answer: Answer) -> Mark:
    """What is known of one answer; NotFound if there is no such answer."""
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
    """The answer after the change.

    Raises Stale if it is not what `edition` names any more, Leased if somebody else marks it now.
    """
    with writing(course) as book:
        found = one_answer(book.session, answer)
        if found.mark.edition != edition:
            raise Stale(
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
    """How many answers were changed, all of them in one go or none."""
    with writing(course) as book:
        wanted = {
            found: settled(found.mark, change(found.mark))
            for found in answer_rows(book.session, answers).values()
        }
        changed = {
            found: state for found, state in wanted.items()
            if state != found.mark.state or found.mark.outdated
        }  # fmt: skip
        return _put(course, book, changed, who, action, reason)


def undo(
    course: Course, answer: Answer, edition: str, who: str, only: Collection[str] = ()
) -> Mark:
    """The answer as it was before this person's last change of it; once more brings it back.

    Raises Stale if there is none, none of the actions in `only`, or if it was changed again since.
    """
    with reading(course) as session:
        row = _last_changes(session, [answer]).get(answer.student)
    if row is None or row.who != who or (only and row.action not in only):
        raise Stale("there is nothing of yours to undo here")

    def back(state: State) -> State:
        if not _stands(row, state):
            raise Stale("it was changed again since: it is not undone")
        return State.of_json(dict(row.before))

    return save(course, answer, edition, who, back, "undone")


def undo_many(course: Course, answers: Collection[Answer], who: str, only: Collection[str]) -> int:
    """How many answers to a task are as they were before this person's last change of them.

    Where that was none of the actions in `only`, where somebody has changed it since or marks it
    now, an answer stays as it is.
    """
    with writing(course) as book:
        last = _last_changes(book.session, answers)
        found = answer_rows(book.session, answers)
        taken = others_have(book.session, next(iter(answers)).assignment, who) if answers else ()
        wanted = {
            rows: settled(rows.mark, State.of_json(dict(row.before)))
            for answer, rows in found.items()
            if (row := last.get(answer.student)) and row.who == who and row.action in only
            and answer not in taken and _stands(row, rows.mark.state)
        }  # fmt: skip
        return _put(course, book, wanted, who, "undone")


def marks_in(session: Session, answers: Collection[Answer]) -> tuple[Mark, ...]:
    """What is known of those answers that there are, for whoever already has a session."""
    return tuple(found.mark for found in answer_rows(session, answers).values())


def follow(course: Course, book: Gradebook, marks: Collection[Mark], who: str, why: str) -> int:
    """How many scores have changed: after their rubric was, each adjusted by as much as before."""
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
    "scored", "commented", "flagged", "noted", "undone", "group scored", "group commented",
    "rubric item", "bank edited",
)  # fmt: skip


def _put(
    course: Course, book: Gradebook, wanted: Mapping[AnswerRows, State], who: str, action: str,
    reason: str = "",
) -> int:  # fmt: skip
    """How many answers were written down; lateness is taken off anew where scores have changed."""
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
    """What a person did last with the answers of each student to one task."""
    if not answers:
        return {}
    one = next(iter(answers))
    newest = (
        select(func.max(AuditRow.id))
        .where(
            AuditRow.assignment == one.assignment, AuditRow.notebook == one.notebook,
            AuditRow.task == one.task, AuditRow.student.in_([a.student for a in answers]),
            AuditRow.action.in_(ACTIONS),
        )
        .group_by(AuditRow.student)
    )  # fmt: skip
    rows = session.scalars(select(AuditRow).where(AuditRow.id.in_(newest))).all()
    return {row.student: row for row in rows}


def _stands(row: AuditRow, state: State) -> bool:
    """Whether an answer still is as this change left it."""
    return state.as_json() == {k: v for k, v in row.after.items() if k != "score"}
