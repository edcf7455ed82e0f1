"""What the tests of wrong solutions share: which one a test trains, and that a check caught it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from autograder import expect
from autograder.expect.known_errors import WRONG


def wrong(*solutions: str) -> Callable[[Any], Any]:
    """Marks a test that trains these wrong solutions; they are named as in the table."""
    unknown = set(solutions) - set(WRONG)
    assert not unknown, f"not in autograder/expect/known_errors.py: {unknown}"
    return lambda test: test


def caught(check: Any, *args: Any, **settings: Any) -> expect.Verdict:
    """The verdict of a check that does not let the answer pass, for a reason of its own."""
    with pytest.raises(expect.NotMet) as failure:
        check(*args, **settings)
    verdict: expect.Verdict = failure.value.verdict
    assert "looking at it raises" not in str(failure.value)
    assert " runs" not in str(failure.value).splitlines()[0], str(failure.value)
    return verdict
