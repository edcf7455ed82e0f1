"""Errors raised by steps and shown on grading pages, listed here for the translation catalogues."""

from __future__ import annotations

from autograder.language import msgid

PHRASES = (
    msgid("it was changed again since: it is not undone"),
    msgid("look at it as it is now"),
    msgid("look at it as it is now, then do it again"),
    msgid("somebody changed this answer after your page was made"),
    msgid("somebody changed this rubric item meanwhile"),
    msgid("somebody else is marking this answer now"),
    msgid("take the next one"),
    msgid("there is nothing of yours to undo here"),
    msgid("this notebook is too large to be shown"),
    msgid("this notebook was not graded, or nothing of it can be shown"),
)
