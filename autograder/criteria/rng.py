"""Seeds of `rng`: hidden data that is equal for all students and at every regrade."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import numpy as np

Draws = Callable[[str, int], Any]  # (criterion name, attempt from 1) -> NumPy Generator

PUBLIC_KEY = b"a student's own kernel: nothing is secret here"


def seed(key: bytes, *scope: str) -> int:
    """Return HMAC-SHA-256(key, scope) as an integer seed.

    The scope is assignment, notebook, task, draw, criterion and attempt. It depends on nothing in
    the submission.
    """
    digest = hmac.new(key, "\0".join(scope).encode(), hashlib.sha256).digest()
    return int.from_bytes(digest, "little")


def draws(key: bytes, *scope: str) -> Draws:
    """Return a task's generators, seeded by key, scope, criterion and attempt."""

    def generator(criterion: str, attempt: int) -> Any:
        return np.random.default_rng(seed(key, *scope, criterion, str(attempt)))

    return generator
