"""Authentication tokens: personal links, sessions, and the sign-in of notebooks by short codes.

The database holds only a keyed hash of each token; the owner alone knows the token. A lost token
cannot be shown again, only replaced.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, delete, select, update

from autograder.config import Course
from autograder.gradebook.database.connection import now, reading, rows_changed, storable, writing
from autograder.gradebook.database.portal_tables import DeviceRow, TokenRow

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no look-alikes
GROUPS, GROUP = 5, 5  # 125 bits
DEVICE_MINUTES = 10
SESSION = "session"
SESSION_DAYS = 14  # maximum lifetime of a session; use does not extend it
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


@dataclass(frozen=True)
class Entry:
    """Owner and kind of a valid token; `token` is its hash, used to revoke it."""

    person: str
    kind: str
    token: str
    expires: datetime  # UTC, without a zone


@dataclass(frozen=True)
class Asking:
    """A pending sign-in of a notebook, with the notebook's description of itself; times are UTC."""

    code: str
    about: Mapping[str, str]
    began: datetime
    expires: datetime


def new_token(
    course: Course, person: str, kind: str, lasts: timedelta, *, alone: bool = False
) -> str:
    """Create and return a token; `alone` revokes the person's other tokens of this kind."""
    token = _code(GROUPS * GROUP)
    moment = now()
    with writing(course) as book:
        if alone:
            book.session.execute(_ending(person, kind, moment))
        book.session.add(
            TokenRow(
                hash=hashed(course, token),
                person=person,
                kind=kind,
                made=moment,
                expires=moment + lasts,
                revoked=None,
            )
        )
    return "-".join(token[at : at + GROUP] for at in range(0, len(token), GROUP))


def new_session(course: Course, person: str) -> str:
    """Create a browser session and return its token; delete all expired sessions."""
    with writing(course) as book:
        over = delete(TokenRow).where(TokenRow.kind == SESSION, TokenRow.expires <= now())
        book.session.execute(over)
    return new_token(course, person, SESSION, timedelta(days=SESSION_DAYS))


def end_session(course: Course, token: str) -> None:
    """Delete a session, which invalidates every copy of its cookie."""
    found = entry(course, token)
    if found is not None and found.kind == SESSION:
        with writing(course) as book:
            book.session.execute(delete(TokenRow).where(TokenRow.hash == found.token))


def entry(course: Course, token: str) -> Entry | None:
    """Return the entry of a token; None if it is unknown, expired or revoked."""
    plain = token.upper().translate(_ALIKE)
    if len(plain) != GROUPS * GROUP:
        return None
    return entry_of_hash(course, hashed(course, plain))


def entry_of_hash(course: Course, hash_: str) -> Entry | None:
    """Return the entry of a token by its hash, for sessions that were started with the token.

    Return None if the token is unknown, expired or revoked.
    """
    with reading(course) as session:
        row = session.get(TokenRow, hash_)
        if row is None or not hmac.compare_digest(row.hash, hash_):
            return None
        if row.revoked is not None or row.expires <= now():
            return None
        return Entry(row.person, row.kind, row.hash, row.expires)


def valid_links(course: Course) -> dict[str, datetime]:
    """Return the expiry time of each person's valid personal link."""
    with reading(course) as session:
        rows = session.execute(
            select(TokenRow.person, TokenRow.expires).where(
                TokenRow.kind == "link", TokenRow.revoked.is_(None), TokenRow.expires > now()
            )
        ).all()
    found: dict[str, datetime] = {}
    for person, expires in rows:
        found[person] = max(expires, found.get(person, expires))
    return found


def revoke(course: Course, person: str, kind: str = "") -> int:
    """Revoke a person's tokens of a kind ("": all kinds); return the number revoked.

    Revoking all kinds also deletes the person's sessions, which are not counted.
    """
    with writing(course) as book:
        if not kind:
            mine = (TokenRow.person == person, TokenRow.kind == SESSION)
            book.session.execute(delete(TokenRow).where(*mine))
        done = book.session.execute(_ending(person, kind, now()))
        return rows_changed(done)


def hashed(course: Course, token: str) -> str:
    """Return the HMAC-SHA256 of a token with the course's key, as stored in the database."""
    return hmac.new(course.key, b"token\0" + token.encode(), hashlib.sha256).hexdigest()


# ── Notebook sign-in ─────────────────────────────────────────────────────────────────


def ask(course: Course, about: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Start a notebook's sign-in; return its secret, and the code that its student types in.

    `about` describes the notebook; the student sees it before allowing the sign-in.
    """
    secret, code = secrets.token_urlsafe(32), _code(8)
    moment = now()
    with writing(course) as book:
        book.session.execute(delete(DeviceRow).where(DeviceRow.expires <= moment))
        book.session.add(
            DeviceRow(
                hash=hashed(course, secret),
                code=code,
                person="",
                about=storable(about or {}),
                expires=moment + timedelta(minutes=DEVICE_MINUTES),
            )
        )
    return secret, f"{code[:4]}-{code[4:]}"


def asking(course: Course, code: str) -> Asking | None:
    """Return the pending sign-in with this code; None if there is none."""
    with reading(course) as session:
        row = session.scalar(
            select(DeviceRow).where(
                DeviceRow.code == code.upper().translate(_ALIKE),
                DeviceRow.person == "",
                DeviceRow.expires > now(),
            )
        )
        if row is None:
            return None
        plain = f"{row.code[:4]}-{row.code[4:]}"
        began = row.expires - timedelta(minutes=DEVICE_MINUTES)
        return Asking(plain, dict(row.about), began, row.expires)


def allow(course: Course, code: str, person: str) -> bool:
    """Sign a code's notebook in as this person; return False if no sign-in is pending."""
    plain = code.upper().translate(_ALIKE)
    with writing(course) as book:
        done = book.session.execute(
            update(DeviceRow)
            .where(DeviceRow.code == plain, DeviceRow.person == "", DeviceRow.expires > now())
            .values(person=person)
        )
        return rows_changed(done) > 0


def collect_token(course: Course, secret: str, lasts: timedelta) -> str | None:
    """Return a new token for a notebook whose code was allowed; works once per sign-in.

    Return "" while nobody has allowed the code, None if it expired or the token was collected.
    """
    key = hashed(course, secret)
    with writing(course) as book:
        row = book.session.get(DeviceRow, key)
        if row is None or row.expires <= now():
            return None
        if not row.person:
            return ""
        person = row.person
        book.session.delete(row)
    return new_token(course, person, "notebook", lasts)


def _ending(person: str, kind: str, moment: datetime) -> Update:
    query = update(TokenRow).where(TokenRow.person == person, TokenRow.revoked.is_(None))
    return (query.where(TokenRow.kind == kind) if kind else query).values(revoked=moment)


def _code(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))
