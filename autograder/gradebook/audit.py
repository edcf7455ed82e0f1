"""One line in the audit for what somebody did to an assignment as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograder.config import Course
from autograder.gradebook.connection import now, storable, writing
from autograder.gradebook.tables import AuditRow


def note(
    course: Course, who: str, action: str, assignment: str, after: Mapping[str, Any],
    *, before: Mapping[str, Any] | None = None, reason: str = "",
) -> None:  # fmt: skip
    """Adds the line: who, when, what, why."""
    with writing(course) as book:
        book.session.add(
            AuditRow(
                at=now(), who=who, action=action[:64], assignment=assignment, student="",
                notebook="", task="", before=storable(dict(before or {})),
                after=storable(dict(after)), reason=storable(reason),
            )
        )  # fmt: skip
