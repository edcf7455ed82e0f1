"""The worklist: tasks to grade, who grades what, a task's list of answers, and *next*."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from autograder import gradebook
from autograder.errors import NotFound
from autograder.gradebook import ReleasedTask
from autograder.gradebook.marking import comment_bank, leases, worklist
from autograder.gradebook.marking.leases import Answer, GraderAssignment
from autograder.gradebook.marking.worklist import Entry
from autograder.language import translate
from autograder.nouns import Assignment
from autograder.steps import roster
from autograder.steps.assignments import find_source
from autograder.web.staff.answer_view import LISTS, is_in
from autograder.web.staff.context import Instructor, Member, Staff, StaffContext

A_PAGE = 100  # answers per page


@dataclass(frozen=True)
class TaskRow:
    """One task in the table."""

    task: ReleasedTask
    progress: worklist.Progress
    mine: int  # waiting answers that the visitor grades


def routes(room: StaffContext) -> APIRouter:
    """Return the pages of an assignment's tasks and of their answers."""
    router = APIRouter()
    _pages(router, room)
    _next(router, room)
    _allotment(router, room)
    return router


def path_of(answer: Answer, of: str = "") -> str:
    """Return the address of one answer's page."""
    parts = (answer.notebook, answer.task, answer.student)
    query = f"?{urlencode({'of': of})}" if of else ""
    return f"/staff/a/{quote(answer.assignment)}/answers/{'/'.join(map(quote, parts))}{query}"


def _pages(router: APIRouter, room: StaffContext) -> None:
    course = room.course

    @router.get("/a/{assignment}/answers")
    def tasks(assignment: str, visitor: Staff, told: str = "") -> Response:
        room.must_know(assignment)
        seed_bank(room, assignment)
        listed = worklist.entries(course, assignment, ordered=False)
        return room.page(
            "staff/answers.html.j2",
            visitor,
            assignment=assignment,
            tab="answers",
            rows=_rows(room, assignment, visitor, listed),
            people=worklist.by_person(listed),
            allotted=leases.allotments(course, assignment),
            staff=staff_of(room),
            sections=sorted({s for s in sections_of(room).values() if s}),
            told=told,
        )

    @router.get("/a/{assignment}/answers/{notebook}/{task}")
    def answers(
        assignment: str, notebook: str, task: str, visitor: Staff, of: str = "all", page: int = 1
    ) -> Response:
        known = room.task(assignment, notebook, task)
        of = of if of in LISTS else "all"
        listed = worklist.entries(course, assignment, notebook, task)
        shown = [entry for entry in listed if is_in(entry, of)]
        pages = max(1, -(-len(shown) // A_PAGE))
        page = min(max(page, 1), pages)
        return room.page(
            "staff/answer_list.html.j2",
            visitor,
            assignment=assignment,
            tab="answers",
            task=known,
            shown=shown[(page - 1) * A_PAGE : page * A_PAGE],
            of=of,
            page_number=page,
            pages=pages,
            path_of=path_of,
            progress=worklist.progress(listed),
        )


def _rows(
    room: StaffContext, assignment: str, visitor: Member, listed: tuple[Entry, ...]
) -> list[TaskRow]:
    allotted = leases.allotments(room.course, assignment)
    mine = worklist.mine(listed, visitor.id, allotted, sections_of(room))
    waiting = worklist.progress(mine)
    progress = worklist.progress(listed)
    nothing = worklist.Progress(0, 0, 0, 0)
    return [
        TaskRow(
            task,
            progress.get((task.notebook, task.task), nothing),
            waiting.get((task.notebook, task.task), nothing).waiting,
        )
        for task in gradebook.tasks(room.course, assignment)
    ]


# ── Next ─────────────────────────────────────────────────────────────────────────────


def _next(router: APIRouter, room: StaffContext) -> None:
    @router.post("/a/{assignment}/next")
    async def next_(request: Request, assignment: str, visitor: Staff) -> Response:
        form = await room.portal.door.form(request, visitor)
        notebook, task = str(form.get("notebook", "")), str(form.get("task", ""))
        student = str(form.get("student", ""))
        after = Answer(assignment, notebook, task, student) if student else None
        found = await run_in_threadpool(_take, room, assignment, notebook, task, visitor, after)
        if found is None:
            return RedirectResponse(f"/staff/a/{quote(assignment)}/answers?told=nothing", 303)
        return RedirectResponse(path_of(found, "waiting"), 303)


def _take(
    room: StaffContext,
    assignment: str,
    notebook: str,
    task: str,
    visitor: Member,
    after: Answer | None,
) -> Answer | None:
    room.must_know(assignment)
    listed = worklist.entries(room.course, assignment, notebook, task)
    allotted = leases.allotments(room.course, assignment)
    mine = worklist.mine(listed, visitor.id, allotted, sections_of(room))
    if after is not None:
        leases.give_back(room.course, after, visitor.id)
    return worklist.take_next(room.course, mine, visitor.id, after)


# ── Who grades what ──────────────────────────────────────────────────────────────────


def _allotment(router: APIRouter, room: StaffContext) -> None:
    @router.post("/a/{assignment}/allotment")
    async def allot(request: Request, assignment: str, visitor: Instructor) -> Response:
        form = await room.portal.door.form(request, visitor)
        notebook, _, task = str(form.get("task", "")).partition("/")
        one = GraderAssignment(
            notebook, task, str(form.get("section", "")), str(form.get("who", ""))
        )
        remove = bool(form.get("remove"))
        await run_in_threadpool(_allot, room, assignment, one, remove)
        return RedirectResponse(f"/staff/a/{quote(assignment)}/answers#allotment", 303)


def _allot(room: StaffContext, assignment: str, one: GraderAssignment, remove: bool) -> None:
    room.must_know(assignment)
    if one.who not in {person.id for person in staff_of(room)}:
        raise NotFound(translate("There is no such person among the staff."))
    if one.task:
        room.task(assignment, one.notebook, one.task)
    change = leases.take_off if remove else leases.allot
    change(room.course, assignment, one)


def staff_of(room: StaffContext) -> list[roster.Person]:
    """Return the course's TAs and instructors."""
    return [one for one in roster.people(room.course) if one.role != "student"]


def sections_of(room: StaffContext) -> dict[str, str]:
    """Return the section of each person by pseudonym."""
    return {one.id: one.section for one in roster.people(room.course)}


# ── First entries of the comment bank ────────────────────────────────────────────────


def seed_bank(room: StaffContext, assignment: str) -> None:
    """Add the author's message for each known mistake to the comment bank, once."""
    source = find_source(room.course, assignment)
    if source is not None:
        comment_bank.seed(room.course, assignment, _told(source))


def _told(source: Assignment) -> dict[tuple[str, str], list[tuple[str, str]]]:
    return {
        (notebook.name, task.grade_id): [
            (f"mistake: {mistake.name}", mistake.tell) for mistake in task.mistakes
        ]
        for notebook in source.notebooks
        for task in notebook.tasks
        if task.mistakes
    }
