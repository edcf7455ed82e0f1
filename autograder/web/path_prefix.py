"""Path prefix of the portal, as behind `/services/autograder/` of a JupyterHub.

Pages, redirects and cookies use paths from the portal's own root. Only this module adds the prefix,
whether or not the proxy in front strips it from requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autograder.config import Course

_LINK = re.compile(r'(?<=\s)(href|src|action|hx-get|hx-post)="/')
_PATH = re.compile(r"(?<=; Path=)/")


def prefix_of(course: Course, environment: Mapping[str, str]) -> str:
    """Return the prefix of every path, such as "/services/autograder"; "" if there is none.

    It is the path of `c.Portal.url`; without that setting, the prefix that a JupyterHub passes to
    its service.
    """
    path = urlsplit(course.portal.url).path
    if not course.portal.url and course.portal.sign_in == "jupyterhub":
        path = environment.get("JUPYTERHUB_SERVICE_PREFIX", "")
    return "/" + path.strip("/") if path.strip("/") else ""


def links(html: str, prefix: str) -> str:
    """Return a page with the prefix added to the path of every link, form and file.

    >>> links('<a href="/a/x"> <img src="data:…"> <a href="#top">', "/p")
    '<a href="/p/a/x"> <img src="data:…"> <a href="#top">'
    """
    return _LINK.sub(rf'\1="{prefix}/', html) if prefix else html


class PrefixMiddleware:
    """Middleware: accepts paths with or without the prefix, and adds it to responses."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app, self._prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._prefix or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rest = scope["path"]
        if rest == self._prefix or rest.startswith(f"{self._prefix}/"):
            rest = rest.removeprefix(self._prefix)
        path = self._prefix + (rest or "/")

        async def with_prefix(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [self._header(*one) for one in message["headers"]]
            await send(message)

        await self._app({**scope, "root_path": self._prefix, "path": path}, receive, with_prefix)

    def _header(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        if name == b"location" and value.startswith(b"/"):
            return name, self._prefix.encode() + value
        if name == b"set-cookie":
            return name, _PATH.sub(f"{self._prefix}/", value.decode("latin-1")).encode("latin-1")
        return name, value
