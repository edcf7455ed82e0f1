"""Sign-in, sessions, and protection against forged forms.

A personal link ends in `#code`, which browsers never send; the page posts it. The cookie names a
session in the gradebook, so signing out, revoking a link or changing a role ends all its copies at
once.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import FormData

from autograder.config import Course
from autograder.gradebook.portal import access
from autograder.language import translate
from autograder.steps import roster
from autograder.web import bodies

COOKIE = "autograder"
HUB = "hub"  # in place of a link's token: signed in by JupyterHub
FILES = 50  # per form
KEYS = 20_000  # tracked by a rate limit; the oldest are dropped


@dataclass(frozen=True)
class Visitor:
    """Sender of a request: a person in the roster, or anonymous."""

    nonce: str  # signs the visitor's forms
    person: roster.Person | None = None
    token: str = ""  # hash of the session's personal link, or HUB; "" behind a proxy
    session: str = ""  # the session's token

    @property
    def is_staff(self) -> bool:
        return self.person is not None and self.person.role != "student"


class RateLimit:
    """Rate limit: at most `times` events per key within `seconds`."""

    def __init__(self, times: int, seconds: float) -> None:
        self._times, self._seconds = times, seconds
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def count(self, key: str) -> None:
        """Count an event; raise HTTP 429 if it exceeds the limit."""
        with self._lock:
            self._check(key)
            self._seen.setdefault(key, deque()).append(time.monotonic())
            self._seen.move_to_end(key)
            while len(self._seen) > KEYS:
                self._seen.popitem(last=False)

    def check(self, key: str) -> None:
        """Raise HTTP 429 if the limit is reached; count nothing."""
        with self._lock:
            self._check(key)

    def _check(self, key: str) -> None:
        seen, now = self._seen.get(key, deque()), time.monotonic()
        while seen and now - seen[0] > self._seconds:
            seen.popleft()
        if len(seen) >= self._times:
            wait = int(self._seconds - (now - seen[0])) + 1
            raise HTTPException(429, translate("Too many tries."), {"Retry-After": str(wait)})


class Authenticator:
    """Sign-in according to the course's settings, sessions, and form protection."""

    def __init__(self, course: Course) -> None:
        self._course = course
        secret = hmac.new(course.key, b"portal session", hashlib.sha256).hexdigest()
        self._signer = URLSafeTimedSerializer(secret, salt="portal")
        self._failed = RateLimit(20, 60)
        self._secure = course.portal.url.startswith("https://")

    # ── Identity ─────────────────────────────────────────────────────────────────────────

    def visitor(self, request: Request) -> Visitor:
        """Return the visitor: anonymous if the session is missing or over, or its link revoked."""
        found = self._cookie(request)
        nonce = str(found.get("n", "")) or secrets.token_urlsafe(18)
        if self._course.portal.sign_in == "proxy":
            return Visitor(nonce, self._by_proxy(request))
        token, who, session = (str(found.get(key, "")) for key in ("t", "p", "sid"))
        entry = access.entry(self._course, session) if session else None
        if entry is None or entry.kind != access.SESSION or entry.person != who:
            return Visitor(nonce)
        person = self.person(who)
        if person is None or person.role != found.get("r") or not self._lets_in(token, who):
            access.end_session(self._course, session)  # else it would revive with the role
            return Visitor(nonce)
        return Visitor(nonce, person, token, session)

    def _lets_in(self, token: str, who: str) -> bool:
        """Return True if the link or Hub that a session began with still admits this person."""
        by_hub = self._course.portal.sign_in == "jupyterhub"
        if by_hub or token == HUB:
            return by_hub and token == HUB
        entry = access.entry_of_hash(self._course, token)
        return entry is not None and entry.kind == "link" and entry.person == who

    def person(self, id_: str) -> roster.Person | None:
        """Return the person with this pseudonym; None if the roster has none."""
        return next((one for one in roster.people(self._course) if one.id == id_), None)

    def let_in(self, request: Request, code: str) -> Visitor | None:
        """Sign in by a personal link's code; return None if the code is unknown."""
        entry = access.entry(self._course, code[:100])
        person = self.person(entry.person) if entry and entry.kind == "link" else None
        if entry is None or person is None:
            self._failed.count(
                self.address(request)
            )  # only failures count, since a whole class may share an address
            return None
        return self._begun(person, entry.token)

    def notebook(self, request: Request) -> roster.Person:
        """Return the student of a notebook's bearer token; raise HTTP 401 or 403."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        entry = access.entry(self._course, token[:100]) if scheme == "Bearer" else None
        person = self.person(entry.person) if entry and entry.kind == "notebook" else None
        if person is None:
            self._failed.count(self.address(request))
            raise HTTPException(401, translate("This notebook has to sign in again."))
        if person.role != "student":
            raise HTTPException(403, translate("This page is for students."))
        return person

    def let_in_by_hub(self, name: str) -> Visitor | None:
        """Sign in the person with this JupyterHub user name; return None if there is none."""
        person = self._called(name)
        return self._begun(person, HUB) if person else None

    def _begun(self, person: roster.Person, token: str) -> Visitor:
        session = access.new_session(self._course, person.id)
        return Visitor(secrets.token_urlsafe(18), person, token, session)

    def _by_proxy(self, request: Request) -> roster.Person | None:
        """Return the person named by a trusted proxy's header; None from any other sender.

        The header must occur exactly once.
        """
        said = request.headers.getlist(self._course.portal.proxy_header)
        return self._called(said[0]) if len(said) == 1 and self._is_proxy(request) else None

    def _is_proxy(self, request: Request) -> bool:
        host = request.client.host if request.client else ""
        return host in self._course.portal.trusted_proxies

    def address(self, request: Request) -> str:
        """Return the client's address: the last one that is not a trusted proxy's."""
        hops = [request.client.host if request.client else ""]
        if self._is_proxy(request):
            said = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
            hops = [hop for one in said if (hop := one.strip()[:45])] or hops
        trusted = self._course.portal.trusted_proxies
        return next((hop for hop in reversed(hops) if hop not in trusted), hops[0])

    def _called(self, name: str) -> roster.Person | None:
        """Return the person with this student number, email address or pseudonym; else None.

        Never match a person's name: names are chosen, and several people may share one. Return None
        if two people match.
        """
        wanted = _identity(name)
        found = [
            one
            for one in (roster.people(self._course) if wanted else ())
            if wanted in map(_identity, (one.number, one.email, one.id))
        ]
        return found[0] if len(found) == 1 else None

    # ── Session ──────────────────────────────────────────────────────────────────────────

    def _cookie(self, request: Request) -> dict[str, Any]:
        try:
            found = self._signer.loads(
                request.cookies.get(COOKIE, ""), max_age=self._course.portal.session_hours * 3600
            )
        except BadSignature:
            return {}
        return found if isinstance(found, dict) else {}

    def remember(self, response: Response, visitor: Visitor) -> None:
        """Set the visitor's session cookie on the response."""
        person = visitor.person.id if visitor.person else ""
        role = visitor.person.role if visitor.person else ""
        value = self._signer.dumps(
            {"p": person, "r": role, "t": visitor.token, "sid": visitor.session, "n": visitor.nonce}
        )
        response.set_cookie(
            COOKIE,
            str(value),
            httponly=True,
            samesite="lax",
            secure=self._secure,
            path="/",
            max_age=self._course.portal.session_hours * 3600,
        )

    def forget(self, response: Response, visitor: Visitor) -> None:
        """End the session in this browser and everywhere else, and delete its cookie."""
        if visitor.session:
            access.end_session(self._course, visitor.session)
        response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=self._secure, path="/")

    def remember_state(self, response: Response, cookie: str, state: str, seconds: int) -> None:
        """Set a signed cookie with a state that the browser must bring back."""
        response.set_cookie(
            cookie,
            str(self._signer.dumps({"s": state})),
            httponly=True,
            samesite="lax",
            secure=self._secure,
            path="/",
            max_age=seconds,
        )

    def same_state(self, request: Request, cookie: str, state: str, seconds: int) -> bool:
        """Return True if the browser brought back the state in time."""
        try:
            found = self._signer.loads(request.cookies.get(cookie, ""), max_age=seconds)
        except BadSignature:
            return False
        kept = str(found.get("s", "")) if isinstance(found, dict) else ""
        return bool(kept) and hmac.compare_digest(kept.encode(), state.encode())

    # ── Forms ────────────────────────────────────────────────────────────────────────────

    def seal(self, visitor: Visitor) -> str:
        """Return the token that every form of this visitor carries."""
        who = visitor.person.id if visitor.person else ""
        text = f"form\0{visitor.nonce}\0{who}".encode()
        return hmac.new(self._course.key, text, hashlib.sha256).hexdigest()

    async def form(
        self, request: Request, visitor: Visitor, most: int = bodies.FORM_BYTES, fields: int = 50
    ) -> FormData:
        """Return the posted form; raise HTTP 403 unless this visitor was served its page.

        Raise HTTP 413 beyond `most` bytes; only signed-in visitors may send more than the default.
        """
        if visitor.person is not None:
            bodies.allow(request, most)
        origin = urlsplit(request.headers.get("origin", "")).netloc
        if origin and origin not in self._hosts(request):
            raise HTTPException(403, translate("This form came from another page."))
        form = await request.form(
            max_files=FILES, max_fields=fields, max_part_size=bodies.FORM_BYTES
        )
        sealed = form.get("seal")
        if not isinstance(sealed, str) or not hmac.compare_digest(
            sealed.encode(), self.seal(visitor).encode()
        ):
            await form.close()
            raise HTTPException(403, translate("This page was too old: load it again."))
        return form

    def _hosts(self, request: Request) -> set[str]:
        return {request.headers.get("host", ""), urlsplit(self._course.portal.url).netloc} - {""}

    def notebook_token(self, secret: str) -> str | None:
        """Return an allowed notebook's token; "" before the student allows it, None if expired."""
        lasts = timedelta(hours=self._course.portal.session_hours)
        return access.collect_token(self._course, secret[:200], lasts)


def signed_out(visitor: Visitor) -> Visitor:
    """Return the visitor signed out."""
    return replace(visitor, person=None, token="")


def _identity(name: str) -> str:
    """Return a name in comparable form: lower case if ASCII, else unchanged (ß is never ss)."""
    plain = name.strip()
    return plain.lower() if plain.isascii() else plain
