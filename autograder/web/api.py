"""API for notebooks: sign in, submit, copy kept work, save during a sprint.

POST /api/device   {"assignment", "notebook", "machine"} → {"secret", "code", "page", "seconds"}
POST /api/device/token   {"secret"}       → {"token"}, 202 until the student has allowed it
PUT  /api/assignments/A/submission?name=  the file; Bearer token → {"submission", "receipt"}
PUT  /api/assignments/A/kept/NAME         a copy of kept work; GET returns it
PUT  /api/sprints/A/notebook?name=        the current notebook → {"saved", "deadline"}
PUT  /api/sprints/A/cell                  {"name", "cell", "source"} → {"saved", "deadline"}
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse
from starlette.concurrency import run_in_threadpool

from autograder import sanitize
from autograder.gradebook.portal import access
from autograder.language import translate
from autograder.steps.portal import saved_work_copies, sprint
from autograder.steps.portal.receive_submission import Upload, hand_in
from autograder.web import bodies
from autograder.web.auth import RateLimit
from autograder.web.portal import Portal
from autograder.web.student import views

SMALL = 1 << 20
NOTEBOOK = 16 << 20


def routes(portal: Portal) -> APIRouter:
    """Return the routes of the API for notebooks."""
    router = APIRouter(prefix="/api")
    _device(router, portal)
    _submission(router, portal)
    _kept(router, portal)
    _sprints(router, portal)
    return router


def _device(router: APIRouter, portal: Portal) -> None:
    asked = RateLimit(120, 60)

    @router.post("/device")
    async def ask(request: Request) -> dict[str, Any]:
        address = portal.door.address(request)
        asked.count(address)
        about = {**_about(await request.body()), "address": address}
        secret, code = await run_in_threadpool(access.ask, portal.course, about)
        base = portal.course.portal.url or str(request.base_url)
        page = f"{base.rstrip('/')}/device?code={code}"
        seconds = access.DEVICE_MINUTES * 60
        return {"secret": secret, "code": code, "page": page, "seconds": seconds}

    @router.post("/device/token")
    async def token(request: Request) -> JSONResponse:
        given = await _json(request)
        found = await run_in_threadpool(portal.door.notebook_token, str(given.get("secret", "")))
        if found is None:
            raise HTTPException(410, translate("This code is over: ask for a new one."))
        return JSONResponse({"token": found}, 200 if found else 202)


def _about(body: bytes) -> dict[str, str]:
    """Return a notebook's description of itself, shortened and without invisible characters."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = {}
    said = said if isinstance(said, dict) else {}
    return {
        key: sanitize.text(str(said[key]), cap=80).replace("\n", " ")
        for key in ("assignment", "notebook", "machine")
        if said.get(key)
    }


def _submission(router: APIRouter, portal: Portal) -> None:
    often, at_once = RateLimit(30, 60), bodies.AtOnce(3)

    @router.put("/assignments/{assignment}/submission")
    async def take(request: Request, assignment: str, name: str) -> dict[str, Any]:
        person = await run_in_threadpool(portal.door.notebook, request)
        often.count(person.id)
        most = (portal.course.submissions.max_mb << 20) + SMALL
        with at_once.one(person.id):
            async with _streamed(request, most) as path:
                done = await run_in_threadpool(
                    _keep, portal, assignment, person.id, Upload(name, path), request.state.arrived
                )
        return {
            "submission": done.submission,
            "again": done.again,
            "receipt": done.receipt,
            "notes": list(done.notes),
            "gradable": done.gradable,
            "page": f"/a/{assignment}/submissions/{done.submission}",
        }


def _keep(portal: Portal, assignment: str, who: str, upload: Upload, arrived: datetime) -> Any:
    if views.tile(portal.course, assignment, who, portal.clock()).sprint:
        sprint.must_be_in_time(portal.course, assignment, who, arrived, portal.clock())
    return hand_in(portal.course, assignment, who, [upload], arrived)


def _kept(router: APIRouter, portal: Portal) -> None:
    often, at_once, course = RateLimit(60, 60), bodies.AtOnce(3), portal.course

    @router.put("/assignments/{assignment}/kept/{name}")
    async def put(request: Request, assignment: str, name: str) -> dict[str, str]:
        person = await run_in_threadpool(portal.door.notebook, request)
        often.count(person.id)
        with at_once.one(person.id):
            async with _streamed(request, course.submissions.max_mb << 20) as path:
                await run_in_threadpool(
                    saved_work_copies.put, course, assignment, person.id, name, path
                )
        return {"kept": name}

    @router.get("/assignments/{assignment}/kept/{name}")
    async def get(request: Request, assignment: str, name: str) -> FileResponse:
        person = await run_in_threadpool(portal.door.notebook, request)
        often.count(person.id)
        found = await run_in_threadpool(saved_work_copies.get, course, assignment, person.id, name)
        return FileResponse(found, media_type="application/zip")


def _sprints(router: APIRouter, portal: Portal) -> None:
    often = RateLimit(240, 60)
    course = portal.course

    async def student(request: Request, assignment: str) -> str:
        person = await run_in_threadpool(portal.door.notebook, request)
        often.count(person.id)
        if course.kind_of(assignment) != "sprint":
            raise HTTPException(404, translate("There is no such assignment."))
        return person.id

    def saved(assignment: str, who: str, at: datetime) -> dict[str, str]:
        where = sprint.standing(course, assignment, who, at)
        end = where.deadline.isoformat() if where.deadline else ""
        return {"saved": at.isoformat(), "deadline": end, "words": where.words}

    @router.put("/sprints/{assignment}/notebook")
    async def notebook(request: Request, assignment: str, name: str) -> dict[str, str]:
        who, at = await student(request, assignment), request.state.arrived
        async with _streamed(request, NOTEBOOK) as path:
            text = path.read_text("utf-8", "replace")
        whole = portal.clock()
        await run_in_threadpool(sprint.save, course, assignment, who, name[:100], text, at, whole)
        return await run_in_threadpool(saved, assignment, who, at)

    @router.put("/sprints/{assignment}/cell")
    async def cell(request: Request, assignment: str) -> dict[str, str]:
        who, at = await student(request, assignment), request.state.arrived
        bodies.allow(request, SMALL)
        given = await _json(request)
        name, id_, source = (str(given.get(key, "")) for key in ("name", "cell", "source"))
        await run_in_threadpool(
            sprint.save_cell,
            course,
            assignment,
            who,
            name[:100],
            id_[:100],
            source,
            at,
            portal.clock(),
        )
        return await run_in_threadpool(saved, assignment, who, at)


# ── Request bodies ───────────────────────────────────────────────────────────────────


@asynccontextmanager
async def _streamed(request: Request, most: int) -> AsyncIterator[Path]:
    """Write the body of a signed-in student's request to a file as it arrives.

    Raise HTTP 413 beyond `most` bytes, and HTTP 400 for an empty body.
    """
    bodies.allow(request, most)
    with tempfile.TemporaryDirectory() as room:
        path = Path(room, "upload")
        with path.open("wb") as out:
            async for chunk in request.stream():
                await run_in_threadpool(out.write, chunk)
        if not path.stat().st_size:
            raise HTTPException(400, translate("Nothing was sent."))
        yield path


async def _json(request: Request) -> dict[str, Any]:
    try:
        found = json.loads(await request.body())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise HTTPException(400, translate("This is no JSON object."))
    return found
