"""Regrade requests: list, answer, and preview and apply a regrade after a correction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from autograder import gradebook
from autograder.config import Course
from autograder.errors import AutograderError
from autograder.gradebook.regrades import previews, requests
from autograder.gradebook.regrades.previews import Plan
from autograder.gradebook.regrades.requests import Asked
from autograder.language import translate
from autograder.steps.portal import publish_feedback
from autograder.steps.regrade import Preview
from autograder.steps.regrade.causes import Cause, causes
from autograder.web import worker_state
from autograder.web.staff.context import Instructor, Member, Staff, StaffContext
from autograder.web.worker_state import WorkerState

TEXT = 4000  # most characters of an answer


@dataclass(frozen=True)
class Drawn:
    """A regrade preview, as the page shows it."""

    plan: Plan
    found: Preview | None  # None before it is ready
    worker: WorkerState


@dataclass(frozen=True)
class RequestsPage:
    """All regrade requests of one assignment, and its regrades."""

    requests: tuple[Asked, ...]
    drawn: Drawn | None  # the newest preview
    applied: tuple[Plan, ...]


@dataclass(frozen=True)
class RequestPage:
    """One request with its score, and the causes it shares with other students."""

    request: Asked
    until: datetime | None  # end of the request window
    score: gradebook.TaskScore | None
    causes: tuple[Cause, ...]


def routes(room: StaffContext) -> APIRouter:
    """Return the pages of requests and regrades."""
    router = APIRouter()
    _reading(router, room)
    _answering(router, room)
    _regrading(router, room)
    return router


# ── Pages ────────────────────────────────────────────────────────────────────────────


def _reading(router: APIRouter, room: StaffContext) -> None:
    course = room.course

    @router.get("/requests")
    def waiting(visitor: Staff) -> Response:
        return room.page(
            "staff/all_requests.html.j2",
            visitor,
            here="requests",
            requests=requests.asked(course, open_only=True),
        )

    @router.get("/a/{assignment}/requests")
    def listed(assignment: str, visitor: Staff) -> Response:
        return _requests(room, visitor, assignment)

    @router.get("/a/{assignment}/requests/preview")
    def preview(assignment: str, visitor: Staff) -> Response:
        room.must_know(assignment)
        return room.page(
            "staff/preview.html.j2",
            visitor,
            assignment=assignment,
            drawn=_drawn(course, assignment),
            tasks=_tasks(course, assignment),
        )

    @router.get("/a/{assignment}/requests/{id_}")
    def one(assignment: str, id_: str, visitor: Staff) -> Response:
        return _request(room, visitor, assignment, id_)


def _requests(
    room: StaffContext, visitor: Member, assignment: str, problem: AutograderError | None = None
) -> Response:
    room.must_know(assignment)
    page = RequestsPage(
        requests.asked(room.course, assignment),
        _drawn(room.course, assignment),
        tuple(p for p in previews.plans(room.course, assignment) if p.state == "applied"),
    )
    return room.page(
        "staff/requests.html.j2",
        visitor,
        assignment=assignment,
        tab="requests",
        page=page,
        problem=problem,
        drawn=page.drawn,
        tasks=_tasks(room.course, assignment),
        status=409 if problem else 200,
    )


def _request(
    room: StaffContext,
    visitor: Member,
    assignment: str,
    id_: str,
    problem: AutograderError | None = None,
) -> Response:
    room.must_know(assignment)
    request = requests.one(room.course, assignment, id_)
    scores = gradebook.task_scores(room.course, assignment, request.student)
    place = (request.notebook, request.task)
    page = RequestPage(
        request,
        publish_feedback.asking_ends(room.course, assignment, request.student),
        next((s for s in scores if (s.notebook, s.task) == place), None),
        causes(room.course, request),
    )
    return room.page(
        "staff/request.html.j2",
        visitor,
        assignment=assignment,
        tab="requests",
        page=page,
        problem=problem,
        status=409 if problem else 200,
    )


def _tasks(course: Course, assignment: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.task for one in gradebook.tasks(course, assignment)))


def _drawn(course: Course, assignment: str) -> Drawn | None:
    newest = next(iter(previews.plans(course, assignment)), None)
    if newest is None:
        return None
    found = Preview.from_json(newest.found) if newest.found else None
    return Drawn(newest, found, worker_state.seen(course))


# ── Answers ──────────────────────────────────────────────────────────────────────────


def _answering(router: APIRouter, room: StaffContext) -> None:
    @router.post("/a/{assignment}/requests/{id_}/answer")
    async def answer(request: Request, assignment: str, id_: str, visitor: Staff) -> Response:
        form = await room.portal.door.form(request, visitor)
        room.must_know(assignment)
        try:
            await run_in_threadpool(
                _answer,
                room.course,
                assignment,
                id_,
                visitor.id,
                {name: str(value) for name, value in form.items()},
            )
        except AutograderError as error:
            return await run_in_threadpool(_request, room, visitor, assignment, id_, error)
        return RedirectResponse(f"/staff/a/{assignment}/requests", 303)


def _answer(course: Course, assignment: str, id_: str, who: str, said: Mapping[str, str]) -> None:
    request = requests.one(course, assignment, id_)
    state, text = said.get("state", ""), said.get("text", "").strip()[:TEXT]
    if state not in requests.STATES:
        raise AutograderError(translate("Say whether it is granted or declined."))
    if not text:
        raise AutograderError(translate("Write an answer: the student reads it."))
    chosen = [request.id]
    if said.get("others") == "yes":
        chosen += [one.id for cause in causes(course, request) for one in cause.asked]
    requests.answer(course, list(dict.fromkeys(chosen)), state, text, who)


# ── Regrading ────────────────────────────────────────────────────────────────────────


def _regrading(router: APIRouter, room: StaffContext) -> None:
    course = room.course

    @router.post("/a/{assignment}/regrade/preview")
    async def preview(request: Request, assignment: str, visitor: Instructor) -> Response:
        form = await room.portal.door.form(request, visitor)
        room.must_know(assignment)
        task = str(form.get("task", ""))
        known = {one.task for one in await run_in_threadpool(gradebook.tasks, course, assignment)}
        try:
            if task and task not in known:
                raise AutograderError(translate("There is no such task."))
            await run_in_threadpool(
                previews.ask,
                course,
                assignment,
                [task] if task else [],
                visitor.id,
                runs=form.get("runs") == "yes",
            )
        except AutograderError as error:
            return await run_in_threadpool(_requests, room, visitor, assignment, error)
        return RedirectResponse(f"/staff/a/{assignment}/requests#preview", 303)

    @router.post("/a/{assignment}/regrade/{id_}/apply")
    async def apply(request: Request, assignment: str, id_: str, visitor: Instructor) -> Response:
        form = await room.portal.door.form(request, visitor)
        room.must_know(assignment)
        reason = str(form.get("reason", "")).strip()[:TEXT]
        try:
            if not reason:
                raise AutograderError(translate("Say why: it stands beside every change."))
            await run_in_threadpool(_wish, course, assignment, id_, visitor.id, reason)
        except AutograderError as error:
            return await run_in_threadpool(_requests, room, visitor, assignment, error)
        return RedirectResponse(f"/staff/a/{assignment}/requests#preview", 303)


def _wish(course: Course, assignment: str, id_: str, who: str, reason: str) -> None:
    if previews.plan(course, id_).assignment != assignment:
        raise AutograderError(translate("There is no such preview."))
    previews.wish_applied(course, id_, who, reason)
