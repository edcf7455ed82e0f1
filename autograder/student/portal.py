"""Client for the portal: signs in by a short code and sends files, with urllib alone.

The address comes with the release or from AUTOGRADER_PORTAL. The token comes from AUTOGRADER_TOKEN,
a Colab secret of that name, or a short code that the student types on the portal. The token is
never written into the notebook: it is stored in the user's configuration folder, on Colab in memory
only.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from autograder import atomic_files
from autograder.errors import AutograderError
from autograder.language import translate
from autograder.nouns import fill
from autograder.student import environment

SECRET = "AUTOGRADER_TOKEN"  # noqa: S105 (a name)
POLL_SECONDS = 2.0
TIMEOUT = 60.0
_MOST = 16 << 20  # maximum bytes of a reply


class Unreachable(Exception):
    """Error: no answer from the portal: the network or server failed, or it asked to wait."""


class NotSignedIn(Exception):
    """Error: the portal does not accept this notebook's token."""


class Declined(AutograderError):
    """The portal's rejection of a request, with its reason."""


@dataclass(frozen=True)
class Asked:
    """A sign-in waiting for the student: the code and the page to type it on."""

    code: str
    page: str
    secret: str
    seconds: float


def address() -> str:
    """Return the portal's address; "" if the course has none."""
    url = os.environ.get("AUTOGRADER_PORTAL") or environment.released().portal
    return url.rstrip("/") if url.startswith(("http://", "https://")) else ""


def token() -> str:
    """Return this notebook's token; "" before it has signed in."""
    known = os.environ.get(SECRET, "") or _memory.get(address(), "")
    return known or _colab_secret() or _read().get(address(), "")


def forget() -> None:
    """Delete a token that the portal no longer accepts."""
    _memory.pop(address(), None)
    with suppress(OSError):
        _write({host: value for host, value in _read().items() if host != address()})


def ask() -> Asked:
    """Request a new short code to be typed on the portal. Raises Unreachable."""
    released = environment.released()
    about = {
        "assignment": released.assignment,
        "notebook": released.notebook,
        "machine": "Google Colab" if environment.on_colab() else platform.node(),
    }
    said = _call("POST", "/api/device", json.dumps(about).encode(), {})
    return Asked(str(said["code"]), str(said["page"]), str(said["secret"]), float(said["seconds"]))


def wait_for(asked: Asked, go_on: Callable[[], bool] = lambda: True) -> bool:
    """Wait until the student has typed the code, then store the token; return False on timeout."""
    until = time.monotonic() + asked.seconds
    body = json.dumps({"secret": asked.secret}).encode()
    while go_on() and time.monotonic() < until:
        with suppress(Unreachable):
            try:
                found = _call("POST", "/api/device/token", body, {})
            except Declined:
                return False
            if found.get("token"):
                _remember(str(found["token"]))
                return True
        time.sleep(POLL_SECONDS)
    return False


def put(path: str, data: bytes) -> dict[str, Any]:
    """Upload data and return the portal's reply. Raises Unreachable, NotSignedIn or Declined."""
    return _call("PUT", path, data, {"Authorization": f"Bearer {token()}"})


def get(path: str, most: int) -> bytes:
    """Return at most `most` bytes of a file of this student. Raises as `put` does."""
    asked = Request(address() + path, headers={"Authorization": f"Bearer {token()}"})  # noqa: S310
    try:
        with urlopen(asked, timeout=TIMEOUT) as answer:  # noqa: S310 (http and https alone)
            data: bytes = answer.read(most)
            return data
    except HTTPError as error:
        raise _meant(error) from None
    except OSError as error:
        raise Unreachable(str(error)) from None


def quoted(name: str) -> str:
    """Return a name quoted for a URL."""
    return quote(name, safe="")


def _call(method: str, path: str, data: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    kind = {"Content-Type": "application/octet-stream"}
    request = Request(address() + path, data, {**kind, **headers}, method=method)  # noqa: S310
    try:
        with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 (http and https alone)
            found = json.loads(answer.read(_MOST))
    except HTTPError as error:
        raise _meant(error) from None
    except (OSError, ValueError) as error:
        raise Unreachable(str(error)) from None
    if not isinstance(found, dict):
        raise Unreachable("no JSON object")
    return found


def _meant(error: HTTPError) -> Exception:
    with error:
        if error.code == 401:
            return NotSignedIn()
        try:
            said = json.loads(error.read(_MOST))["error"]
            fact, way_out = str(said["fact"]), str(said.get("way_out", ""))
        except (OSError, ValueError, KeyError, TypeError):
            return Unreachable(f"HTTP {error.code}")
    if error.code >= 500 or error.code == 429:
        return Unreachable(fact)
    return Declined(fact, way_out=way_out)


def sentence(asked: Asked) -> str:
    """Return the instruction that tells the student to type the code."""
    return fill(
        translate("Open {page} and type the code {code}."),
        {"page": asked.page, "code": asked.code},
    )


# ── Storage of the token ─────────────────────────────────────────────────────────────

_memory: dict[str, str] = {}


def _remember(found: str) -> None:
    _memory[address()] = found
    if not environment.on_colab():
        with suppress(OSError):
            _write({**_read(), address(): found})


def _colab_secret() -> str:
    """Return the token stored as a secret in the student's Colab account; "" if there is none."""
    if not environment.on_colab():
        return ""
    try:
        return str(import_module("google.colab.userdata").get(SECRET) or "")
    except Exception:  # not granted, not there, or another Colab: sign in by code
        return ""


def _file() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "autograder" / "tokens.json"


def _read() -> dict[str, str]:
    try:
        found = json.loads(_file().read_bytes())
    except (OSError, ValueError, RuntimeError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _write(tokens: dict[str, str]) -> None:
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    atomic_files.write(path, json.dumps(tokens).encode())
    path.chmod(0o600)


def host() -> str:
    """Return the portal's host name for display."""
    return urlsplit(address()).netloc
