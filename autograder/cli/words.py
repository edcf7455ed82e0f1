"""Reports in words and tables, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.steps.init import Made
    from autograder.steps.roster import Imported


def init(report: Made) -> Iterator[str]:
    """Where the course is, and what to do first."""
    yield f"a new course in {report.root}"
    yield f"try it:  cd {report.root} && autograder release hello"


def roster(report: Imported) -> Iterator[str]:
    """How many people came, changed, and are no longer listed."""
    yield (
        f"{len(report.added)} added, {len(report.changed)} changed, {report.total} in the roster"
        f"  ({report.encoding}; {report.path})"
    )
    if report.absent:
        yield f"{len(report.absent)} not in this file: kept"
