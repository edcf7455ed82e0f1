"""Wording of a result, shared by the notebook, the feedback page and the portal."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.expect.verdict import msgid
from autograder.language import translate
from autograder.nouns import Status, fill


@dataclass(frozen=True)
class State:
    """A state in words with its sign; `tone` selects its colour and is never the only cue."""

    words: str
    sign: str
    tone: str  # "good", "bad", "wait", "later"


MET = State(msgid("met"), "✓", "good")
NOT_MET = State(msgid("not met"), "✗", "bad")
NOT_RUN = State(msgid("not run yet"), "–", "wait")
LATER = State(msgid("checked after you submit"), "◷", "later")
PERSON = State(msgid("looked at by a person"), "?", "later")
UNTOUCHED = State(msgid("not attempted"), "–", "wait")
UNREADABLE = State(msgid("not readable"), "?", "later")

STATES = {
    Status.PASSED: MET,
    Status.FAILED: NOT_MET,
    Status.NOT_RUN: NOT_RUN,
    Status.NOT_ATTEMPTED: UNTOUCHED,
    Status.ERROR: PERSON,
    Status.UNREADABLE: UNREADABLE,
}


def so_far(points: float, most: float, hidden: float) -> str:
    """Return the points of the visible criteria and the outstanding points; never "all met"."""
    values = {"points": number(points), "max": number(most), "hidden": number(hidden)}
    if hidden and not most:
        template = msgid("{hidden} points, all of them checked after you submit.")
    elif hidden:
        template = msgid(
            "{points} of {max} points so far. {hidden} more points are checked after you submit."
        )
    else:
        template = msgid("{points} of {max} points so far.")
    return fill(translate(template), values)


def in_words(state: State) -> str:
    """Return the state in the reader's language."""
    return translate(state.words)


def number(value: float) -> str:
    """Return points as a person writes them: 10, 2.5, 0.33.

    >>> number(10.0), number(2.5), number(1 / 3)
    ('10', '2.5', '0.33')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
