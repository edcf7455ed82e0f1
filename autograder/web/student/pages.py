"""The pages of students: sign-in, list of assignments, one assignment, receipts, feedback."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from autograder import gradebook
from autograder.errors import AutograderError, NotFound
from autograder.gradebook.portal import access, feedback_views, served_releases, sprints
from autograder.language import translate
from autograder.steps.assignments import release_folder, released_number
from autograder.steps.portal import sprint
from autograder.steps.portal.receive_submission import HandedIn, Upload, hand_in
from autograder.web.auth import RateLimit, Visitor
from autograder.web.bodies import AtOnce
from autograder.web.downloads import download
from autograder.web.path_prefix import links
from autograder.web.portal import Portal
from autograder.web.student import views

FEEDBACK_CSP = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
TEXT_CHARACTERS = 4000


def anybody(request: Request) -> Visitor:
    """Return the request's visitor, signed in or not."""
    portal: Portal = request.app.state.portal
    return portal.door.visitor(request)


def student(request: Request) -> Visitor:
    """Return the student who sent the request; redirect or reject all others."""
    visitor = anybody(request)
    if visitor.person is None:
        raise HTTPException(303, headers={"Location": "/sign-in"})
    if visitor.is_staff:
        raise HTTPException(403, translate("This page is for students."))
    return visitor


Anybody = Annotated[Visitor, Depends(anybody)]
Student = Annotated[Visitor, Depends(student)]


def routes(portal: Portal) -> APIRouter:
    """Return all student pages."""
    router = APIRouter()
    _sign_in(router, portal)
    _assignments(router, portal)
    _downloads(router, portal)
    _uploads(router, portal)
    _device(router, portal)
    return router


def _id(visitor: Visitor) -> str:
    assert visitor.person is not None
    return visitor.person.id


# ── Sign-in ──────────────────────────────────────────────────────────────────────────


def _sign_in(router: APIRouter, portal: Portal) -> None:
    @router.get("/sign-in")
    def form(visitor: Anybody) -> Response:
        if visitor.person is not None:
            return RedirectResponse("/", 303)
        return portal.page("sign_in.html.j2", visitor, failed=False)

    @router.post("/sign-in")
    async def let_in(request: Request, visitor: Anybody) -> Response:
        given = await portal.door.form(request, visitor)
        code = str(given.get("code", ""))
        known = await run_in_threadpool(portal.door.let_in, request, code)
        if known is None:
            return portal.page("sign_in.html.j2", visitor, status=401, failed=True)
        response = RedirectResponse("/", 303)
        portal.door.remember(response, known)
        return response

    @router.post("/sign-out")
    async def leave(request: Request, visitor: Anybody) -> Response:
        await portal.door.form(request, visitor)
        response = RedirectResponse("/sign-in", 303)
        await run_in_threadpool(portal.door.forget, response, visitor)
        return response


# ── Pages ────────────────────────────────────────────────────────────────────────────


def _assignments(router: APIRouter, portal: Portal) -> None:
    course = portal.course

    @router.get("/")
    def mine(visitor: Anybody) -> Response:
        if visitor.is_staff:
            return RedirectResponse("/staff", 303)
        if visitor.person is None:
            return RedirectResponse("/sign-in", 303)
        tiles = views.tiles(course, _id(visitor), portal.clock())
        return portal.page("assignments.html.j2", visitor, tiles=tiles)

    @router.get("/a/{assignment}")
    def one(request: Request, assignment: str, visitor: Student, told: str = "") -> Response:
        page = views.page(course, assignment, _id(visitor), portal.clock(), _speaks(request))
        new = next((line for line in page.lines if line.id == told), None)
        said = views.told(views.receipt(course, assignment, _id(visitor), new.id)) if new else None
        return portal.page(
            "assignment.html.j2", visitor, page=page, new=new, said=said, problem=None
        )

    @router.get("/a/{assignment}/state")
    def state(assignment: str, visitor: Student) -> Response:
        page = views.page(course, assignment, _id(visitor), portal.clock())
        return portal.page("state.html.j2", visitor, page=page)

    @router.get("/a/{assignment}/submissions/{id_}")
    def receipt(
        assignment: str, id_: str, visitor: Annotated[Visitor, Depends(student)]
    ) -> Response:
        found = views.receipt(course, assignment, _id(visitor), id_)
        return portal.page("receipt.html.j2", visitor, receipt=found, said=views.told(found))

    @router.get("/a/{assignment}/submissions/{id_}/receipt.json")
    def receipt_file(
        assignment: str, id_: str, visitor: Annotated[Visitor, Depends(student)]
    ) -> Response:
        found = views.receipt(course, assignment, _id(visitor), id_)
        text = json.dumps(found, ensure_ascii=False, indent=1)
        name = f"receipt-{found['submission']}.json"
        return download(text, name, "application/json")

    @router.get("/a/{assignment}/feedback/{name}.html")
    def feedback(
        assignment: str, name: str, visitor: Annotated[Visitor, Depends(student)]
    ) -> Response:
        path = views.feedback_page(course, assignment, _id(visitor), name, portal.clock())
        feedback_views.note(course, assignment, _id(visitor))
        here = escape(assignment)  # the stored page has no links: it also works alone
        back = links(f'<p class="where"><a href="/a/{here}">← {here}</a></p>', portal.prefix)
        page = path.read_text(encoding="utf-8").replace("<main>", f"<main>{back}", 1)
        return HTMLResponse(page, headers={"Content-Security-Policy": FEEDBACK_CSP})


# ── Downloads ────────────────────────────────────────────────────────────────────────


def _downloads(router: APIRouter, portal: Portal) -> None:
    course = portal.course

    def may_have(assignment: str, visitor: Visitor, lang: str) -> None:
        if lang not in ("", *views.LANGUAGES):
            raise NotFound(translate("There is no such page."))
        page = views.tile(course, assignment, _id(visitor), portal.clock())
        if page.sprint:
            where = sprint.standing(course, assignment, _id(visitor), portal.clock())
            if where.sprint is None:
                raise sprint.TooLate(where.words)
        served_releases.note(course, assignment, _id(visitor), released_number(course, assignment))

    @router.get("/a/{assignment}/files/{name}.ipynb")
    def notebook(
        assignment: str, name: str, visitor: Annotated[Visitor, Depends(student)], lang: str = ""
    ) -> Response:
        may_have(assignment, visitor, lang)
        for path in views.files(course, assignment, lang):
            if path.suffix == ".ipynb" and path.stem == name:
                return FileResponse(path, filename=path.name, media_type="application/x-ipynb+json")
        raise NotFound(translate("There is no such page."))

    @router.get("/a/{assignment}/everything.zip")
    def everything(assignment: str, visitor: Student, lang: str = "") -> Response:
        may_have(assignment, visitor, lang)
        files = views.files(course, assignment, lang)
        if not files:
            raise NotFound(translate("There is no such page."))
        out, root = io.BytesIO(), release_folder(course, assignment, lang)
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in (*files, *root.glob("*.whl")):
                archive.write(path, f"{assignment}/{path.relative_to(root).as_posix()}")
        return download(out.getvalue(), f"{assignment}.zip", "application/zip")


def _speaks(request: Request) -> list[str]:
    """Return the languages that the browser accepts, in order of preference."""
    asked = request.headers.get("accept-language", "").split(",")
    return [one.strip()[:2].lower() for one in asked if not one.strip().endswith("q=0")]


# ── Submitting ───────────────────────────────────────────────────────────────────────


def _uploads(router: APIRouter, portal: Portal) -> None:
    course = portal.course
    often, at_once = RateLimit(60, 60), AtOnce(3)

    @router.post("/a/{assignment}/start")
    async def start(
        request: Request, assignment: str, visitor: Annotated[Visitor, Depends(student)]
    ) -> Response:
        await portal.door.form(request, visitor)
        await run_in_threadpool(_start, portal, assignment, _id(visitor))
        return RedirectResponse(f"/a/{assignment}", 303)

    @router.post("/a/{assignment}/upload")
    async def upload(
        request: Request, assignment: str, visitor: Annotated[Visitor, Depends(student)]
    ) -> Response:
        often.count(_id(visitor))
        most = (course.submissions.max_mb << 20) + (1 << 20)
        with at_once.one(_id(visitor)):
            form = await portal.door.form(request, visitor, most)
        files = [one for one in form.getlist("file") if isinstance(one, UploadFile)]
        try:
            done = await run_in_threadpool(
                _take, portal, assignment, _id(visitor), files, request.state.arrived
            )
        except AutograderError as error:
            page = await run_in_threadpool(
                views.page, course, assignment, _id(visitor), portal.clock(), _speaks(request)
            )
            return portal.page(
                "assignment.html.j2", visitor, status=400, page=page, new=None, problem=error
            )
        finally:
            await form.close()
        return RedirectResponse(f"/a/{assignment}?told={done.submission}#told", 303)

    @router.post("/a/{assignment}/regrade")
    async def regrade(
        request: Request, assignment: str, visitor: Annotated[Visitor, Depends(student)]
    ) -> Response:
        often.count(_id(visitor))
        form = await portal.door.form(request, visitor)
        said = str(form.get("text", "")).strip()[:TEXT_CHARACTERS]
        await run_in_threadpool(
            _ask_again, portal, assignment, _id(visitor), str(form.get("task", "")), said
        )
        return RedirectResponse(f"/a/{assignment}#requests", 303)


def _start(portal: Portal, assignment: str, who: str) -> None:
    if not views.tile(portal.course, assignment, who, portal.clock()).sprint:
        raise NotFound(translate("There is no such page."))
    sprint.begin(portal.course, assignment, who, portal.clock())


def _take(
    portal: Portal, assignment: str, who: str, files: list[UploadFile], arrived: datetime
) -> HandedIn:
    """Submit the uploaded files; raise TooLate for a sprint whose time is over."""
    is_sprint = views.tile(portal.course, assignment, who, portal.clock()).sprint
    if is_sprint:
        sprint.must_be_in_time(portal.course, assignment, who, arrived, portal.clock())
    with tempfile.TemporaryDirectory() as room:
        uploads = []
        for number, file in enumerate(one for one in files if one.filename):
            path = Path(room, str(number))
            with path.open("wb") as out:
                while chunk := file.file.read(1 << 18):
                    out.write(chunk)
            uploads.append(Upload(file.filename or "", path))
        if not uploads:
            raise AutograderError(
                translate("No file was chosen."), way_out=translate("Choose your .ipynb first.")
            )
        return hand_in(portal.course, assignment, who, uploads, arrived)


def _ask_again(portal: Portal, assignment: str, who: str, task: str, text: str) -> None:
    page = views.page(portal.course, assignment, who, portal.clock())
    if page.score is None or not page.score.may_ask:
        raise AutograderError(translate("A regrade cannot be asked for now."))
    if task not in [name for name, _ in page.score.tasks]:
        raise NotFound(translate("There is no such task."))
    if not text:
        raise AutograderError(translate("Say what should be looked at again, and why."))
    notebook, _, name = task.partition("/")
    scores = gradebook.student_scores(portal.course, assignment, who)
    counting = next((score.submission for score in scores), "")
    sprints.ask_again(portal.course, assignment, who, counting, notebook, name, text)


# ── Sign-in of a notebook ────────────────────────────────────────────────────────────


def _device(router: APIRouter, portal: Portal) -> None:
    guesses = RateLimit(10, 60)

    @router.get("/device")
    def ask(visitor: Student, code: str = "") -> Response:
        return portal.page("device.html.j2", visitor, code=code[:9], found=None, done=None)

    @router.post("/device")
    async def allow(request: Request, visitor: Student) -> Response:
        """Show the notebook that waits with a code; connect it once the student confirms it."""
        form = await portal.door.form(request, visitor)
        guesses.count(_id(visitor))
        code = str(form.get("code", ""))[:20]
        found = await run_in_threadpool(access.asking, portal.course, code)
        done = None if found else False
        if found and form.get("agreed") == found.code:
            done = await run_in_threadpool(access.allow, portal.course, code, _id(visitor))
        return portal.page(
            "device.html.j2",
            visitor,
            status=400 if done is False else 200,
            code=code,
            found=found,
            done=done,
            address=portal.door.address(request),
        )
