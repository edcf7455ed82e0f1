"""The application: routes, page rendering, headers, errors, and the timer that ends sprints."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as PlainHTTPException
from starlette.requests import ClientDisconnect
from starlette.staticfiles import StaticFiles

from autograder import language
from autograder.config import Course
from autograder.errors import AutograderError, NotFound
from autograder.expect.verdict import msgid
from autograder.steps.portal import receipts, sprint
from autograder.steps.reporting.feedback.pages import TEMPLATES as FEEDBACK_TEMPLATES
from autograder.web.auth import Authenticator
from autograder.web.bodies import BodyLimit
from autograder.web.middleware import HeadersMiddleware, _path
from autograder.web.path_prefix import PrefixMiddleware, prefix_of
from autograder.web.portal import HERE, Clock, Portal, now

TICK_SECONDS = 1.0
log = logging.getLogger("autograder.portal")


def create_app(course: Course, *, clock: Clock = now) -> FastAPI:
    """Return the portal of a course."""
    from autograder.web import api, hub, staff
    from autograder.web.student import pages

    receipts.signing_key(course.state, course.root)  # creates the public key file if missing
    portal = Portal(course, clock, Authenticator(course), prefix_of(course, os.environ))
    app = FastAPI(
        title=course.name,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_beside(portal),
    )
    app.state.portal = portal
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    _files(app, portal)
    if course.portal.sign_in == "jupyterhub":
        app.include_router(hub.routes(portal, hub.hub_of(course, os.environ)))
    app.include_router(pages.routes(portal))
    app.include_router(staff.routes(portal))
    app.include_router(api.routes(portal))
    _errors(app, portal)
    app.add_middleware(BodyLimit)
    app.add_middleware(HeadersMiddleware, portal=portal)
    app.add_middleware(PrefixMiddleware, prefix=portal.prefix)
    return app


# ── Background tasks ─────────────────────────────────────────────────────────────────


def _beside(portal: Portal) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        ticking = asyncio.create_task(_tick(portal))
        yield
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking

    return lifespan


async def _tick(portal: Portal) -> None:
    """Every second, submit the sprints whose time is over."""
    while True:
        try:
            await run_in_threadpool(sprint.hand_in_what_is_over, portal.course, portal.clock())
        except Exception:  # e.g. a full disk must not stop the timer
            log.exception("sprints could not be ended; trying again")
        await asyncio.sleep(TICK_SECONDS)


# ── Public files ─────────────────────────────────────────────────────────────────────


def _files(app: FastAPI, portal: Portal) -> None:
    @app.get("/page.css", response_class=PlainTextResponse)
    def style() -> Response:
        css = (FEEDBACK_TEMPLATES / "page.css").read_text(encoding="utf-8")
        return Response(css, media_type="text/css")

    @app.get("/receipts.pub")
    def public_key() -> Response:
        return FileResponse(portal.course.root / receipts.PUBLIC, media_type="text/plain")

    @app.get("/wheel/{name}")
    def wheel(name: str) -> Response:
        found = [p for p in portal.course.release.glob("*/*.whl") if p.name == name]
        if not found:
            raise NotFound("there is no such file")
        return FileResponse(found[0], media_type="application/zip")

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}


# ── Errors ───────────────────────────────────────────────────────────────────────────

_TITLES = {
    403: msgid("Not allowed"),
    404: msgid("Not found"),
    409: msgid("Not now"),
    413: msgid("Too large"),
    429: msgid("Too many tries"),
}


def _errors(app: FastAPI, portal: Portal) -> None:
    def answer(request: Request, status: int, fact: str, way_out: str = "") -> Response:
        if _path(request.scope).startswith("/api/"):
            return JSONResponse({"error": {"fact": fact, "way_out": way_out}}, status)
        visitor = portal.door.visitor(request)
        title = language.translate(_TITLES.get(status, msgid("That did not work")))
        return portal.page(
            "message.html.j2", visitor, status=status, title=title, fact=fact, way_out=way_out
        )

    def plain(request: Request, error: Exception) -> Response:
        assert isinstance(error, PlainHTTPException)
        if error.status_code == 404 and error.detail == "Not Found":
            error.detail = language.translate("There is no such page.")
        response = answer(request, error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, AutograderError)
        status = 409 if isinstance(error, sprint.TooLate) else 400
        if isinstance(error, NotFound):
            return answer(request, 404, error.fact)  # without the path on this machine
        return answer(request, status, error.fact, error.way_out)

    def gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=400)  # nobody reads it: the client disconnected

    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(PlainHTTPException, plain)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(AutograderError, ours)
