"""States of criteria as the pages of the course say them, named here for the catalogues."""

from __future__ import annotations

from autograder.language import msgid

PHRASES = (
    msgid("error"),
    msgid("not attempted"),
    msgid("not run"),
    msgid("passed"),
    msgid("unreadable"),
)
