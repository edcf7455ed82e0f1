"""The comment bank: remarks, their use, and later score changes."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from autograder import gradebook
from autograder.errors import AutograderError
from autograder.gradebook import ReleasedTask
from autograder.gradebook.marking import comment_bank, comment_rewording
from autograder.gradebook.marking.comment_bank import Remark
from autograder.language import translate
from autograder.web.staff.answers import seed_bank
from autograder.web.staff.context import Member, Staff, StaffContext
from autograder.web.staff.forms import said_in


@dataclass(frozen=True)
class OfTask:
    """The remarks of one task."""

    task: ReleasedTask
    remarks: tuple[Remark, ...]


def routes(room: StaffContext) -> APIRouter:
    """Return the page of an assignment's remarks by task."""
    router = APIRouter()
    course = room.course

    @router.get("/a/{assignment}/comments")
    def all_of_them(assignment: str, visitor: Staff, changed: int = -1) -> Response:
        room.must_know(assignment)
        seed_bank(room, assignment)
        remarks = comment_bank.remarks(course, assignment)
        tasks = [
            OfTask(
                task,
                tuple(r for r in remarks if (r.notebook, r.task) == (task.notebook, task.task)),
            )
            for task in gradebook.tasks(course, assignment)
        ]
        return room.page(
            "staff/comments.html.j2",
            visitor,
            assignment=assignment,
            tab="comments",
            tasks=tasks,
            changed=changed,
        )

    @router.post("/a/{assignment}/comments")
    async def do(request: Request, assignment: str, visitor: Staff) -> Response:
        form = await room.portal.door.form(request, visitor)
        changed = await run_in_threadpool(_do, room, assignment, visitor, form)
        where = f"/staff/a/{quote(assignment)}/comments?changed={changed}"
        return RedirectResponse(where, 303)

    return router


def _do(room: StaffContext, assignment: str, visitor: Member, form: FormData) -> int:
    """Carry out a form; return how many answers' comments were reworded."""
    room.must_know(assignment)
    do, id_, text = said_in(form, "do"), said_in(form, "id"), said_in(form, "text")
    if do == "retire":
        comment_bank.retire(room.course, id_)
        return 0
    if not text:
        raise AutograderError(translate("A remark needs words."))
    if do == "add":
        notebook, _, task = said_in(form, "task").partition("/")
        room.task(assignment, notebook, task)
        comment_bank.add(room.course, assignment, notebook, task, text, visitor.id)
    elif do == "everywhere":
        return comment_rewording.reword_everywhere(room.course, id_, text, visitor.id)
    else:
        comment_bank.reword(room.course, id_, text)
    return 0
