"""Middleware around every response: arrival time, language, and security headers."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autograder import language
from autograder.web.portal import Portal

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


class HeadersMiddleware:
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
