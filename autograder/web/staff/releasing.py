"""Release of feedback to students and export of scores; only instructors may do either."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from autograder.errors import AutograderError
from autograder.language import msgid, translate
from autograder.nouns import fill
from autograder.steps.portal import publish_feedback
from autograder.steps.reporting import export as export_step
from autograder.web.downloads import download
from autograder.web.staff.background import Background, State, Tell
from autograder.web.staff.context import Instructor, Member, Staff, StaffContext

POLICY = {
    "on_release": msgid("Students see it as soon as it is given here."),
    "on_grade": msgid("Students see it as soon as their work is graded; giving it writes it anew."),
    "after_due": msgid("Students see it after the due date; giving it writes it anew."),
}
HIDDEN = {
    "none": msgid("Of hidden criteria they see the demand alone."),
    "verdict": msgid("Of hidden criteria they see whether they are met, and the points."),
    "number": msgid("Of hidden criteria they see the verdict and the number it is about."),
}


@dataclass(frozen=True)
class Page:
    """Content of the release page."""

    standing: publish_feedback.PublicationState
    policy: str
    hidden: str
    by_hand: bool
    work: State | None
    tables: tuple[str, ...] = export_step.KINDS

    @property
    def ready(self) -> int:
        """Number of students whose work is completely graded."""
        return self.standing.graded - self.standing.waiting


def routes(room: StaffContext) -> APIRouter:
    """Return the pages for releasing and withdrawing feedback and for exporting scores."""
    router = APIRouter()
    background = Background()
    _giving(router, room, background)
    _exporting(router, room, background)
    return router


def _giving(router: APIRouter, room: StaffContext, background: Background) -> None:
    course = room.course

    @router.get("/a/{assignment}/release")
    def page(assignment: str, visitor: Staff) -> Response:
        return _page(room, background, visitor, assignment)

    @router.get("/a/{assignment}/release/state")
    def state(assignment: str, visitor: Staff) -> Response:
        return _page(room, background, visitor, assignment, template="staff/release_state.html.j2")

    @router.post("/a/{assignment}/release")
    async def give(request: Request, assignment: str, visitor: Instructor) -> Response:
        form = await room.portal.door.form(request, visitor)
        room.must_know(assignment)
        unfinished = form.get("unfinished") == "yes"

        def work(tell: Tell) -> str:
            report = publish_feedback.give_back(
                course, assignment, visitor.id, unfinished=unfinished, progress=tell
            )
            said = fill(translate("Given to {n} students."), {"n": report.students})
            return " ".join((said, *report.problems))

        background.begin(_name(assignment), work)
        return RedirectResponse(f"/staff/a/{assignment}/release", 303)

    @router.post("/a/{assignment}/release/back")
    async def take_back(request: Request, assignment: str, visitor: Instructor) -> Response:
        form = await room.portal.door.form(request, visitor)
        room.must_know(assignment)
        try:
            if form.get("sure") != "yes":
                raise AutograderError(translate("Say that you are sure."))
            await run_in_threadpool(publish_feedback.take_back, course, assignment, visitor.id)
        except AutograderError as error:
            return await run_in_threadpool(_page, room, background, visitor, assignment, error)
        return RedirectResponse(f"/staff/a/{assignment}/release", 303)


def _name(assignment: str) -> str:
    return f"feedback {assignment}"


def _exporting(router: APIRouter, room: StaffContext, background: Background) -> None:
    course = room.course

    @router.post("/a/{assignment}/export")
    async def export(request: Request, assignment: str, visitor: Instructor) -> Response:
        form = await room.portal.door.form(request, visitor)
        room.must_know(assignment)
        to, check = str(form.get("to", "")), form.get("do") == "check"
        try:
            report = await run_in_threadpool(export_step.table, course, (assignment,), to=to)
        except AutograderError as error:
            return await run_in_threadpool(_page, room, background, visitor, assignment, error)
        if check:
            return await run_in_threadpool(
                _page, room, background, visitor, assignment, None, report
            )
        await run_in_threadpool(export_step.note, course, report, visitor.id)
        encoding = course.export.encoding.replace("-sig", "")
        return download(report.table, f"{assignment}-{to}.csv", f"text/csv; charset={encoding}")


def _page(
    room: StaffContext,
    background: Background,
    visitor: Member,
    assignment: str,
    problem: AutograderError | None = None,
    report: export_step.ExportReport | None = None,
    *,
    template: str = "staff/release.html.j2",
) -> Response:
    room.must_know(assignment)
    settings = room.course.feedback_of(assignment)
    page = Page(
        publish_feedback.standing(room.course, assignment),
        POLICY[settings.when],
        HIDDEN[settings.hidden],
        settings.when == "on_release",
        background.state(_name(assignment)),
    )
    return room.page(
        template,
        visitor,
        assignment=assignment,
        tab="release",
        page=page,
        problem=problem,
        report=report,
        status=409 if problem else 200,
    )
