"""Criterion states shown on the course pages, listed here for the translation catalogues."""

from __future__ import annotations

from autograder.language import msgid

PHRASES = (
    msgid("error"),
    msgid("not attempted"),
    msgid("not run"),
    msgid("passed"),
    msgid("unreadable"),
)
