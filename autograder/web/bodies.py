"""Limits on request bodies: size, unambiguous framing, minimum speed.

Every request may send FORM_BYTES. A route raises this with `allow` only after it has identified the
sender. A request's own statements are not trusted: bytes are counted as they arrive.
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
START_SECONDS = 60.0  # allowed for any body, whatever its size
BYTES_A_SECOND = 16 << 10  # minimum average speed after that
_ALLOWED = "autograder.body_bytes"


def allow(request: Request, most: int) -> None:
    """Raise the number of bytes that this request may send; call it once the sender is known."""
    request.scope[_ALLOWED] = max(most, request.scope.get(_ALLOWED, FORM_BYTES))


class AtOnce:
    """Limit on a sender's concurrent uploads."""

    def __init__(self, most: int) -> None:
        self._most, self._now = most, Counter[str]()

    @contextmanager
    def one(self, sender: str) -> Iterator[None]:
        """Count one upload for the duration of the block; raise HTTP 429 beyond the limit."""
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
    """Middleware: rejects ambiguous framing, counts the bytes received, ends slow uploads."""

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
    """Wrapper of one request's `receive`; raises HTTP 413 or 408 beyond the limits."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope, self._receive = scope, receive
        self._stated = int(dict(scope["headers"]).get(b"content-length", b"0"))
        self._received = 0
        self._over = False
        self._began = asyncio.get_running_loop().time()

    async def __call__(self) -> Message:
        if self._over:  # the body is complete: only a disconnect can follow
            return await self._receive()
        self._check(self._stated)
        try:
            message = await asyncio.wait_for(self._receive(), IDLE_SECONDS)
        except asyncio.TimeoutError:  # in Python 3.10 not the built-in TimeoutError
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
    """Return True if the body's length is stated at most once: by a length or by chunks."""
    lengths = [value for name, value in headers if name == b"content-length"]
    codings = [value.strip().lower() for name, value in headers if name == b"transfer-encoding"]
    if len(lengths) + len(codings) > 1:
        return False
    return all(one.isdigit() and len(one) < 16 for one in lengths) and codings in ([], [b"chunked"])
