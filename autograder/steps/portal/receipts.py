"""Receipts: what was submitted and when, signed so that anyone can verify it later.

    {"format": 1, "submission": "01J…", "received": "…", "sha256": "…", …,
     "digests": {"received": "9f…", …}, "signature": "…"}

Each fact has its SHA-256 in `digests`; the Ed25519 signature covers the digests. So a changed
receipt shows which of its facts no longer matches.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from autograder.errors import AutograderError, NotFound

FORMAT = 1
MOST = 4 << 20  # bytes of a receipt
PRIVATE, PUBLIC = "receipts.key", "receipts.pub"
_OUTSIDE = {"digests", "signature"}


@dataclass(frozen=True)
class Verified:
    """Result of verifying a receipt; `problems` lists the mismatches, none if it is genuine."""

    facts: Mapping[str, Any]
    problems: tuple[str, ...]

    @property
    def genuine(self) -> bool:
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        return {"genuine": self.genuine, "problems": list(self.problems), "facts": self.facts}


def signed(facts: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """Return the facts with their digests and the signature; equal facts give equal receipts."""
    whole = {"format": FORMAT, **facts}
    digests = {name: _digest(value) for name, value in whole.items()}
    signature = key.sign(_canonical(digests))
    return {**whole, "digests": digests, "signature": base64.b64encode(signature).decode()}


def verify(receipt: Any, key: Ed25519PublicKey) -> Verified:
    """Check that a receipt was signed with this course's key and is unchanged."""
    if not isinstance(receipt, dict):
        return Verified({}, ("this is no receipt: it is not a JSON object",))
    facts = {name: value for name, value in receipt.items() if name not in _OUTSIDE}
    digests = receipt.get("digests")
    if not isinstance(digests, dict):
        return Verified(facts, ("this is no receipt: it has no digests",))
    problems = (
        []
        if _signed_by(key, digests, receipt.get("signature"))
        else ["the signature does not fit: the digests were changed, or another course signed it"]
    )
    for name, value in facts.items():
        if name not in digests:
            problems.append(f"`{name}` was added: nothing was signed under this name")
        elif digests[name] != _digest(value):
            problems.append(f"`{name}` was changed: it says {_short(value)} now")
    problems += [f"`{name}` was taken out" for name in digests if name not in facts]
    if facts.get("format") != FORMAT and not problems:
        problems.append(f"its format is {_short(facts.get('format'))}, this one reads {FORMAT}")
    return Verified(facts, tuple(problems))


def compared(receipt: Mapping[str, Any], kept: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the mismatches between a receipt and the facts that the course has stored."""
    return tuple(
        f"`{name}` says {_short(receipt.get(name))}, kept was {_short(value)}"
        for name, value in kept.items()
        if receipt.get(name) != value
    )


def read(path: Path) -> Any:
    """Return the receipt in a file.

    Raises NotFound if it cannot be opened, AutograderError if it is too large or not JSON.
    """
    try:
        if path.stat().st_size > MOST:
            raise AutograderError("too large for a receipt", where=str(path))
        return json.loads(path.read_bytes())
    except OSError as error:
        raise NotFound(f"cannot read it: {error.strerror}", where=str(path)) from None
    except (ValueError, RecursionError):
        raise AutograderError(
            "this is no receipt: it is not JSON",
            where=str(path),
            way_out="name the .json file that was given out when handing in",
        ) from None


# ── Keys ─────────────────────────────────────────────────────────────────────────────


def signing_key(state: Path, course: Path) -> Ed25519PrivateKey:
    """Return the course's private key, created on first use (0600).

    Its public half is written beside course_config.py.
    """
    path = state / PRIVATE
    if not path.exists():
        state.mkdir(mode=0o700, exist_ok=True)
        made = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        _first(path, made, 0o600)
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise AutograderError("this is no Ed25519 key", where=str(path))
    public = public_pem(key.public_key())
    there = course / PUBLIC
    if not there.is_file() or there.read_bytes() != public:
        there.unlink(missing_ok=True)
        _first(there, public, 0o644)
    return key


def public_pem(key: Ed25519PublicKey) -> bytes:
    """Return the public key as the text of `receipts.pub`."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def public_key(path: Path) -> Ed25519PublicKey:
    """Return the key in a `receipts.pub`.

    Raises NotFound if there is no such file, AutograderError if it is not an Ed25519 key.
    """
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except OSError:
        raise NotFound(
            "the course's public key is not there",
            where=str(path),
            way_out="name it with --key receipts.pub; `autograder serve` makes it",
        ) from None
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise AutograderError("this is no Ed25519 public key in PEM", where=str(path))
    return key


def _first(path: Path, data: bytes, mode: int) -> None:
    """Write the file unless another process has already written it."""
    half = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(half)
    except FileExistsError:
        pass
    finally:
        half.unlink()


# ── Parts ────────────────────────────────────────────────────────────────────────────


def _signed_by(key: Ed25519PublicKey, digests: Mapping[str, Any], signature: Any) -> bool:
    try:
        key.verify(base64.b64decode(str(signature), validate=True), _canonical(digests))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _digest(value: Any) -> str:
    return hashlib.sha256(_canonical(value)).hexdigest()


def _canonical(value: Any) -> bytes:
    """Return the one canonical JSON text of a value: sorted keys, no spaces."""
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return text.encode("ascii")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}…"
