"""Limits of what a request may send: counted bytes, one framing, and a least speed.

Every request may send FORM_BYTES. Only a route that knows who asks raises that, by `allow`.
Nothing is believed of what a request says about itself: bytes are counted as they arrive.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import HTTPException, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autograder.language import translate

FORM_BYTES = 64 << 10
IDLE_SECONDS = 30.0  # between two pieces of a body
START_SECONDS = 60.0  # that a body may take, whatever its size
BYTES_A_SECOND = 16 << 10  # least average speed beyond that
_ALLOWED = "autograder.body_bytes"


def allow(request: Request, most: int) -> None:
    """Raise the number of bytes that this request may send; call it once the sender is known."""
    request.scope[_ALLOWED] = max(most, request.scope.get(_ALLOWED, FORM_BYTES))


class AtOnce:
    """Limit how many bodies one sender may have on the way at the same time."""

    def __init__(self, most: int) -> None:
        self._most, self._now = most, Counter[str]()

    @contextmanager
    def one(self, sender: str) -> Iterator[None]:
        """Count one for as long as the block lasts; HTTP 429 if it is one too many."""
        if self._now[sender] >= self._most:
            fact = translate("Other uploads of yours are still on the way: wait for them.")
            raise HTTPException(429, fact, {"Retry-After": "5"})
        self._now[sender] += 1
        try:
            yield
        finally:
            self._now[sender] -= 1
            if not self._now[sender]:
                del self._now[sender]


class BodyLimit:
    """Middleware: refuse ambiguous framing, count what is received, end what is too slow."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not _is_framed_once(scope["headers"]):
            refusal = PlainTextResponse(
                "This request states its length in two ways.", 400, {"Connection": "close"}
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, _Counted(scope, receive), send)


class _Counted:
    """The `receive` of one request; raises HTTP 413 or 408 instead of passing too much on."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope, self._receive = scope, receive
        self._stated = int(dict(scope["headers"]).get(b"content-length", b"0"))
        self._received = 0
        self._over = False
        self._began = asyncio.get_running_loop().time()

    async def __call__(self) -> Message:
        if self._over:  # what is waited for now is only that the client goes away
            return await self._receive()
        self._check(self._stated)
        try:
            message = await asyncio.wait_for(self._receive(), IDLE_SECONDS)
        except asyncio.TimeoutError:  # Python 3.10's is not the built-in one
            raise _too_slow() from None
        self._received += len(message.get("body", b""))
        self._over = not message.get("more_body", False)
        self._check(self._received)
        passed = asyncio.get_running_loop().time() - self._began - START_SECONDS
        if not self._over and self._received < passed * BYTES_A_SECOND:
            raise _too_slow()
        return message

    def _check(self, size: int) -> None:
        if size > self._scope.get(_ALLOWED, FORM_BYTES):
            raise HTTPException(413, translate("This is too large."))


def _too_slow() -> HTTPException:
    fact = translate("This came in too slowly: send it again.")
    return HTTPException(408, fact, {"Connection": "close"})


def _is_framed_once(headers: list[tuple[bytes, bytes]]) -> bool:
    """Tell that a body's end is stated in one way at most: a length, or chunks."""
    lengths = [value for name, value in headers if name == b"content-length"]
    codings = [value.strip().lower() for name, value in headers if name == b"transfer-encoding"]
    if len(lengths) + len(codings) > 1:
        return False
    return all(one.isdigit() and len(one) < 16 for one in lengths) and codings in ([], [b"chunked"])
