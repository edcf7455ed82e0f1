"""`rng`: the same hidden data for every student, unguessable, and the same again at a regrade."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import numpy as np

Draws = Callable[[str, int], Any]  # (criterion's name, attempt from 1) -> numpy Generator

PUBLIC_KEY = b"a student's own kernel: nothing is secret here"


def seed(key: bytes, *scope: str) -> int:
    """HMAC-SHA-256(key, scope) as a number.

    The scope is assignment, notebook, task, draw, criterion, attempt: nothing of a submission.
    """
    digest = hmac.new(key, "\0".join(scope).encode(), hashlib.sha256).digest()
    return int.from_bytes(digest, "little")


def draws(key: bytes, *scope: str) -> Draws:
    """The generators of one task, seeded by key, scope, criterion and attempt."""

    def generator(criterion: str, attempt: int) -> Any:
        return np.random.default_rng(seed(key, *scope, criterion, str(attempt)))

    return generator
