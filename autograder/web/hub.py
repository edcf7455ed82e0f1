"""Sign-in by JupyterHub: the portal is a service of the Hub and asks it for the user's name.

    GET /hub/login     → the Hub's authorization page (OAuth 2, authorization code)
    GET /hub/callback  ← code and state; the code is exchanged for a token, the token for a name

The Hub passes addresses and secrets to a service in the environment:

    JUPYTERHUB_API_URL              the Hub's API, as reached from this server
    JUPYTERHUB_API_TOKEN            the service's secret
    JUPYTERHUB_CLIENT_ID            else `service-` and JUPYTERHUB_SERVICE_NAME
    JUPYTERHUB_PUBLIC_HUB_URL       the Hub for browsers; else JUPYTERHUB_HOST and ..._BASE_URL
    JUPYTERHUB_OAUTH_CALLBACK_URL   else `c.Portal.url` and /hub/callback
"""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from autograder.config import Course
from autograder.errors import ConfigError
from autograder.language import translate
from autograder.nouns import fill
from autograder.web.auth import RateLimit
from autograder.web.portal import Portal

COOKIE = "autograder-hub"
MINUTES = 10  # from leaving for the Hub until coming back
SECONDS = 10.0  # for one response of the Hub
MOST = 1 << 20  # bytes of one response


@dataclass(frozen=True)
class Hub:
    """A JupyterHub, as its service knows it."""

    api: str
    token: str
    client: str
    public: str
    callback: str

    def login(self, state: str) -> str:
        """Return the address of the Hub's page that authenticates the browser's user."""
        asked = {
            "client_id": self.client,
            "redirect_uri": self.callback,
            "response_type": "code",
            "state": state,
        }
        return f"{self.public}api/oauth2/authorize?{urlencode(asked)}"

    def name(self, code: str) -> str:
        """Return the Hub's user name for an authorization code; raise HTTP 401 or 502."""
        given = {
            "client_id": self.client,
            "client_secret": self.token,
            "code": code,
            "grant_type": "authorization_code",
            "redirect_uri": self.callback,
        }
        token = self._asked("oauth2/token", urlencode(given).encode(), "").get("access_token")
        name = self._asked("user", None, str(token)).get("name")
        if not isinstance(name, str) or not name:
            raise HTTPException(502, translate("JupyterHub did not say who you are."))
        return name

    def _asked(self, path: str, form: bytes | None, token: str) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.api}/{path}", form)  # noqa: S310 - the course's own Hub
        if token:
            request.add_header("Authorization", f"token {token}")
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                found = json.loads(answer.read(MOST))
        except urllib.error.HTTPError as refused:
            refused.close()
            if refused.code in (400, 401, 403):
                fact = translate("JupyterHub does not know this sign-in: try again.")
                raise HTTPException(401, fact) from None
            found = None
        except (OSError, ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise HTTPException(502, translate("JupyterHub does not answer: try again later."))
        return found


def hub_of(course: Course, environment: Mapping[str, str]) -> Hub:
    """Return this service's Hub from the environment; raise ConfigError if a value is missing."""

    def said(*names: str) -> str:
        return next((found for name in names if (found := environment.get(name, ""))), "")

    base = f"{said('JUPYTERHUB_BASE_URL').rstrip('/')}/hub/"
    service = said("JUPYTERHUB_SERVICE_NAME")
    url = course.portal.url.rstrip("/")
    host = said("JUPYTERHUB_HOST").rstrip("/")
    if url and not host and said("JUPYTERHUB_SERVICE_PREFIX"):
        host = "://".join(urlsplit(url)[:2])  # the portal is on the Hub's own host
    hub = Hub(
        api=said("JUPYTERHUB_API_URL").rstrip("/"),
        token=said("JUPYTERHUB_API_TOKEN"),
        client=said("JUPYTERHUB_CLIENT_ID") or (f"service-{service}" if service else ""),
        public=said("JUPYTERHUB_PUBLIC_HUB_URL").rstrip("/") + "/"
        if said("JUPYTERHUB_PUBLIC_HUB_URL")
        else host and host + base,
        callback=said("JUPYTERHUB_OAUTH_CALLBACK_URL") or (url and f"{url}/hub/callback"),
    )
    wanted = {
        "JUPYTERHUB_API_URL": hub.api,
        "JUPYTERHUB_API_TOKEN": hub.token,
        "JUPYTERHUB_CLIENT_ID": hub.client,
        "JUPYTERHUB_PUBLIC_HUB_URL or JUPYTERHUB_HOST": hub.public,
        "JUPYTERHUB_OAUTH_CALLBACK_URL or c.Portal.url": hub.callback,
    }
    missing = [name for name, value in wanted.items() if not value]
    if missing:
        raise ConfigError(
            f"signing in by JupyterHub needs {', '.join(missing)}",
            where="the environment",
            way_out="make the portal a service of the Hub (docs/operations.md says how)",
        )
    return hub


def routes(portal: Portal, hub: Hub) -> APIRouter:
    """Return the pages for signing in by the Hub."""
    router = APIRouter()
    often = RateLimit(60, 60)

    @router.get("/sign-in")
    def door(request: Request) -> Response:
        visitor = portal.door.visitor(request)
        if visitor.person is not None:
            return RedirectResponse("/", 303)
        return portal.page("hub.html.j2", visitor)

    @router.get("/hub/login")
    def leave() -> Response:
        state = secrets.token_urlsafe(24)
        response = RedirectResponse(hub.login(state), 303)
        portal.door.remember_state(response, COOKIE, state, MINUTES * 60)
        return response

    @router.get(urlsplit(hub.callback).path.removeprefix(portal.prefix))
    async def back(request: Request, code: str = "", state: str = "") -> Response:
        often.count(portal.door.address(request))
        if not code or not portal.door.same_state(request, COOKIE, state, MINUTES * 60):
            raise HTTPException(403, translate("This sign-in was not begun here: try again."))
        name = await run_in_threadpool(hub.name, code[:500])
        visitor = await run_in_threadpool(portal.door.let_in_by_hub, name)
        if visitor is None:
            text = translate("{name} is not in the class list: tell your course your user name.")
            raise HTTPException(403, fill(text, {"name": name[:100]}))
        response = RedirectResponse("/", 303)
        portal.door.remember(response, visitor)
        response.delete_cookie(COOKIE, path="/")
        return response

    return router
