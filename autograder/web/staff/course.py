"""The course page: its assignments, the queue, starting and following grading."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from autograder.errors import AutograderError
from autograder.steps.portal import start_grading
from autograder.web.staff import course_views as views
from autograder.web.staff.context import Instructor, Member, Staff, StaffContext


def routes(room: StaffContext) -> APIRouter:
    """Return the course page and each assignment's overview page."""
    router = APIRouter()
    course = room.course

    @router.get("")
    def assignments(visitor: Staff) -> Response:
        return room.page("staff/course.html.j2", visitor, page=views.course_page(course))

    @router.get("/live")
    def live(visitor: Staff) -> Response:
        return room.page("staff/course_live.html.j2", visitor, page=views.course_page(course))

    @router.get("/a/{assignment}")
    def one(assignment: str, visitor: Staff) -> Response:
        room.must_know(assignment)
        return _overview(room, visitor, assignment)

    @router.get("/a/{assignment}/progress")
    def progress(assignment: str, visitor: Staff) -> Response:
        room.must_know(assignment)
        return room.page(
            "staff/progress.html.j2",
            visitor,
            assignment=assignment,
            progress=views.progress(course, assignment),
        )

    @router.post("/a/{assignment}/grade")
    async def grade(request: Request, assignment: str, visitor: Instructor) -> Response:
        form = await room.portal.door.form(request, visitor)
        room.must_know(assignment)
        everything = form.get("what") == "everything"
        try:
            await run_in_threadpool(
                start_grading.start, course, assignment, visitor.id, everything=everything
            )
        except AutograderError as error:
            return await run_in_threadpool(_overview, room, visitor, assignment, error)
        return RedirectResponse(f"/staff/a/{assignment}#progress", 303)

    return router


def _overview(
    room: StaffContext, visitor: Member, assignment: str, problem: AutograderError | None = None
) -> Response:
    return room.page(
        "staff/overview.html.j2",
        visitor,
        assignment=assignment,
        tab="overview",
        page=views.assignment_page(room.course, assignment),
        problem=problem,
        status=409 if problem else 200,
    )
