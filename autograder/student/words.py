"""The words of a result: the same in a notebook, on a feedback page and on the portal."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.language import translate
from autograder.nouns import Status


@dataclass(frozen=True)
class State:
    """A state in words with its sign; `tone` names its colour and never stands alone."""

    words: str
    sign: str
    tone: str  # "good", "bad", "wait", "later"


MET = State("met", "✓", "good")
NOT_MET = State("not met", "✗", "bad")
NOT_RUN = State("not run yet", "–", "wait")
LATER = State("checked after you submit", "◷", "later")
PERSON = State("looked at by a person", "?", "later")
UNTOUCHED = State("not attempted", "–", "wait")

STATES = {
    Status.PASSED: MET,
    Status.FAILED: NOT_MET,
    Status.NOT_RUN: NOT_RUN,
    Status.NOT_ATTEMPTED: UNTOUCHED,
    Status.ERROR: PERSON,
}


def in_words(state: State) -> str:
    """The state in the reader's language."""
    return translate(state.words)


def number(value: float) -> str:
    """Points as a person writes them: 10, 2.5, 0.33.

    >>> number(10.0), number(2.5), number(1 / 3)
    ('10', '2.5', '0.33')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
