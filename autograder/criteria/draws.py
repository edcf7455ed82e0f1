"""`rng`: the same hidden data for every student, unguessable, and the same again at a regrade."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

Draws = Callable[[str, int], Any]  # (criterion's name, attempt from 1) -> numpy Generator


def draws(key: bytes, *scope: str) -> Draws:
    """The generators of one task: seeded by HMAC-SHA-256(key, scope, criterion, attempt).

    `scope` is what the seed shall depend on besides: assignment, notebook, task, release number.
    The key is the course's secret; in a student's own kernel it is public.
    """

    def generator(criterion: str, attempt: int) -> Any:
        import numpy as np

        text = "\0".join((*scope, criterion, str(attempt)))
        digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
        return np.random.default_rng(int.from_bytes(digest, "little"))

    return generator


PUBLIC_KEY = b"a student's own kernel: nothing is secret here"
