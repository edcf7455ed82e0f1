"""The page of one answer: read it, grade it, comment on it, go on to the next.

Every form carries the edition of the answer on the page. If the answer has changed since, the page
shows its current state and keeps the grader's own text in the form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from ulid import ULID

from autograder.errors import AutograderError, NotFound
from autograder.gradebook.marking import leases, mark_changes, rubric_changes, worklist
from autograder.gradebook.marking.leases import Answer, Leased
from autograder.gradebook.marking.mark_changes import EditConflict
from autograder.gradebook.marking.marks import Line, State
from autograder.language import translate
from autograder.web.staff import answer_view
from autograder.web.staff.answers import path_of
from autograder.web.staff.context import Member, Staff, StaffContext
from autograder.web.staff.forms import points_in, said_in


@dataclass(frozen=True)
class Trouble:
    """Reason why a form was rejected, and the text that was typed."""

    fact: str
    way_out: str
    typed: Mapping[str, str]


def routes(room: StaffContext) -> APIRouter:
    """Return one answer's page and the handler of its forms."""
    router = APIRouter()
    where = "/a/{assignment}/answers/{notebook}/{task}/{student}"

    @router.get(where)
    def look(
        assignment: str,
        notebook: str,
        task: str,
        student: str,
        visitor: Staff,
        of: str = "all",
        at: str = "",
    ) -> Response:
        answer = Answer(assignment, notebook, task, student)
        return _page(room, visitor, answer, of, at)

    @router.post(where)
    async def do(
        request: Request, assignment: str, notebook: str, task: str, student: str, visitor: Staff
    ) -> Response:
        form = await room.portal.door.form(request, visitor)
        answer = Answer(assignment, notebook, task, student)
        of = said_in(form, "of")
        try:
            await run_in_threadpool(_do, room, visitor, answer, form)
        except NotFound:
            raise
        except AutograderError as error:
            typed = {k: v for k, v in form.items() if isinstance(v, str)}
            trouble = Trouble(translate(error.fact), translate(error.way_out), typed)
            status = 409 if isinstance(error, EditConflict | Leased) else 400
            return await run_in_threadpool(_page, room, visitor, answer, of, "", trouble, status)
        return RedirectResponse(path_of(answer, of), 303)

    return router


def _page(
    room: StaffContext,
    visitor: Member,
    answer: Answer,
    of: str,
    at: str = "",
    trouble: Trouble | None = None,
    status: int = 200,
) -> Response:
    room.task(answer.assignment, answer.notebook, answer.task)
    of = of if of in answer_view.LISTS else "all"
    listed = worklist.entries(room.course, answer.assignment, answer.notebook, answer.task)
    found = mark_changes.mark(room.course, answer)  # raises NotFound before anything is leased
    lease = leases.take(room.course, answer, visitor.id)
    page = answer_view.page(room.course, found, listed, of, lease)
    cell, _, line = at.rpartition(".")
    return room.page(
        "staff/answer.html.j2",
        visitor,
        status=status,
        assignment=answer.assignment,
        tab="answers",
        page=page,
        of=of,
        path_of=path_of,
        trouble=trouble,
        at=(cell, int(line)) if line.isdigit() else ("", 0),
        mine=lease.who == visitor.id,
    )


# ── Actions ──────────────────────────────────────────────────────────────────────────


def _do(room: StaffContext, visitor: Member, answer: Answer, form: FormData) -> None:
    """Carry out one form of the page; raise Stale or Leased if another grader was first."""
    do = said_in(form, "do")
    course, who, edition = room.course, visitor.id, said_in(form, "edition")
    if do == "undo":
        mark_changes.undo(course, answer, edition, who)
    elif do in RUBRIC:
        RUBRIC[do](room, answer, form, who)
    elif do in CHANGES:
        action, change = CHANGES[do]
        mark_changes.save(course, answer, edition, who, lambda s: change(s, form, who), action)
    else:
        raise AutograderError(translate("This form is not known: load the page again."))


def _item(state: State, form: FormData, _who: str) -> State:
    item = said_in(form, "item")
    return replace(state, items=state.items ^ {item})


def _adjust(state: State, form: FormData, _who: str) -> State:
    points = points_in(form, "adjustment")
    reason = said_in(form, "reason")
    if points and not reason:
        raise AutograderError(
            translate("An adjustment needs a reason."),
            way_out=translate("Say why, so that it can be answered for later."),
        )
    extra = points_in(form, "extra")
    return replace(state, adjustment=points, reason=reason, extra=extra or None)


def _done(state: State, _form: FormData, _who: str) -> State:
    return replace(state, scored=True)


def _comment(state: State, form: FormData, _who: str) -> State:
    return replace(state, comment=said_in(form, "comment"))


def _note(state: State, form: FormData, _who: str) -> State:
    return replace(state, note=said_in(form, "note"))


def _flag(state: State, _form: FormData, _who: str) -> State:
    return replace(state, flagged=not state.flagged)


def _line(state: State, form: FormData, who: str) -> State:
    text, number = said_in(form, "text"), said_in(form, "line")
    if not text or not number.isdigit():
        return state
    shown = said_in(form, "shown") == "yes"
    one = Line(str(ULID()), said_in(form, "cell")[:128], int(number), text, shown, who)
    return replace(state, lines=(*state.lines, one))


def _unline(state: State, form: FormData, _who: str) -> State:
    gone = said_in(form, "id")
    return replace(state, lines=tuple(line for line in state.lines if line.id != gone))


CHANGES: Mapping[str, tuple[str, Callable[[State, FormData, str], State]]] = {
    "item": ("scored", _item),
    "adjust": ("scored", _adjust),
    "done": ("scored", _done),
    "comment": ("commented", _comment),
    "note": ("noted", _note),
    "flag": ("flagged", _flag),
    "line": ("commented", _line),
    "unline": ("commented", _unline),
}


def _add_item(room: StaffContext, answer: Answer, form: FormData, _who: str) -> None:
    rubric_changes.add(
        room.course,
        answer.assignment,
        answer.notebook,
        answer.task,
        said_in(form, "text"),
        points_in(form, "points"),
    )


def _edit_item(room: StaffContext, _answer: Answer, form: FormData, who: str) -> None:
    rubric_changes.edit(
        room.course,
        said_in(form, "item"),
        said_in(form, "text"),
        points_in(form, "points"),
        who,
        seen=(said_in(form, "seen_text"), points_in(form, "seen_points")),
    )


def _remove_item(room: StaffContext, _answer: Answer, form: FormData, who: str) -> None:
    rubric_changes.remove(room.course, said_in(form, "item"), who)


def _start(room: StaffContext, answer: Answer, form: FormData, who: str) -> None:
    rubric_changes.start_from(
        room.course, answer.assignment, answer.notebook, answer.task, said_in(form, "start"), who
    )


RUBRIC: Mapping[str, Callable[[StaffContext, Answer, FormData, str], Any]] = {
    "add_item": _add_item,
    "edit_item": _edit_item,
    "remove_item": _remove_item,
    "start": _start,
}
