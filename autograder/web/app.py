"""The application: routes, page rendering, headers, errors, and the timer that ends sprints."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as PlainHTTPException
from starlette.requests import ClientDisconnect
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autograder import harmless, language, receipts
from autograder.config import Course
from autograder.deadlines import in_local_time
from autograder.errors import AutograderError, NotFound
from autograder.expect.verdict import msgid
from autograder.steps.feedback.pages import TEMPLATES as FEEDBACK_TEMPLATES
from autograder.steps.portal import sprint
from autograder.web.auth import Door, Visitor
from autograder.web.below import Below, links, prefix_of
from autograder.web.bodies import BodyLimit

Clock = Callable[[], datetime]
HERE = Path(__file__).parent
TICK_SECONDS = 1.0
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
log = logging.getLogger("autograder.portal")


@dataclass(frozen=True)
class Portal:
    """Shared objects of all pages: course, clock, sign-in and page rendering."""

    course: Course
    clock: Clock
    door: Door
    prefix: str = ""  # prefix of every path

    def page(
        self, template: str, visitor: Visitor, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Return the page as HTML, with the visitor's session renewed."""
        html = _environment().get_template(template).render(
            course=self.course, visitor=visitor, seal=self.door.seal(visitor),
            now=self.clock(), t=language.translate, lang=language.current(), local=self.local,
            **values,
        )  # fmt: skip
        response = HTMLResponse(links(html, self.prefix), status)
        self.door.remember(response, visitor)
        return response

    def local(self, moment: datetime) -> Markup:
        """Return a time in the course's time zone, which the browser converts to its own."""
        aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return Markup('<time datetime="{}">{} <small>{}</small></time>').format(
            aware.isoformat(), in_local_time(aware, self.course.zone), self.course.zone.key
        )


def now() -> datetime:
    """Return the server's time in UTC."""
    return datetime.now(timezone.utc)


def create_app(course: Course, *, clock: Clock = now) -> FastAPI:
    """Return the portal of a course."""
    from autograder.web import api, hub, staff, student

    receipts.signing_key(course.state, course.root)  # creates the public key file if missing
    portal = Portal(course, clock, Door(course), prefix_of(course, os.environ))
    app = FastAPI(
        title=course.name, docs_url=None, redoc_url=None, openapi_url=None,
        lifespan=_beside(portal),
    )  # fmt: skip
    app.state.portal = portal
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    _files(app, portal)
    if course.portal.sign_in == "jupyterhub":
        app.include_router(hub.routes(portal, hub.hub_of(course, os.environ)))
    app.include_router(student.routes(portal))
    app.include_router(staff.routes(portal))
    app.include_router(api.routes(portal))
    _errors(app, portal)
    app.add_middleware(BodyLimit)
    app.add_middleware(Around, portal=portal)
    app.add_middleware(Below, prefix=portal.prefix)
    return app


class Around:
    """Middleware around every response: arrival time, language and headers."""

    def __init__(self, app: ASGIApp, portal: Portal) -> None:
        self._app, self._portal = app, portal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["arrived"] = self._portal.clock()
        language.use(self._portal.course.language)
        static = _path(scope).startswith("/static/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                for name, value in HEADERS.items():
                    key = name.lower().encode()
                    if static and name == "Cache-Control":
                        value = "public, max-age=600"
                    if key not in given:
                        message["headers"].append((key, value.encode()))
            await send(message)

        await self._app(scope, receive, with_headers)


def _path(scope: Scope) -> str:
    """Return the requested path relative to the portal's own root."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


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


def _seen(value: Any) -> Any:
    """Escape invisible characters in a value inserted into a page.

    One central filter, so that no page must consider who wrote a name, a file or a comment.
    """
    if type(value) is not str or value.isprintable():
        return value
    return harmless.text(value, cap=len(value))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        finalize=_seen,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment
