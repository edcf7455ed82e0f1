"""Reports of the portal's commands in words and tables, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from autograder.cli.output import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from autograder.steps.portal.allowances import AllowanceReport as Given
    from autograder.steps.portal.allowances import SprintStandings
    from autograder.steps.portal.personal_links import LinksReport as Links
    from autograder.steps.portal.receipts import Verified
    from autograder.steps.portal.submit_command import SubmitReport as Submitted


def links(report: Links) -> Iterator[str]:
    """Yield each new link with its person, or the file they were written to, and the counts."""
    if report.file is None:
        for one in report.made:
            yield printable(f"{one.name}  {one.email}  {one.link}")
    else:
        yield f"{len(report.made)} links written to {report.file}"
    yield (
        f"{len(report.made)} new, good for {report.days} days; {report.kept} had one already; "
        f"{report.ended} ended"
    )


def submitted(report: Submitted) -> Iterator[str]:
    """Yield a summary of the receipt, as the notebook shows it."""
    yield printable(report.words)


def verified(found: Verified) -> Iterator[str]:
    """Yield whether the receipt is genuine, and each fact that does not match."""
    if found.genuine:
        facts = found.facts
        yield printable(
            f"genuine: {facts.get('assignment')} of {facts.get('student')}, "
            f"received {facts.get('received')}, submission {facts.get('submission')}"
        )
        return
    yield "NOT genuine:"
    for problem in found.problems:
        yield printable(f"  {problem}")


def given(report: Given) -> Iterator[str]:
    """Yield the kind and length of the extra time, and each student's new deadline."""
    yield f"{report.kind} of {report.minutes:g} minutes in {report.assignment}"
    if not report.students:
        yield "for everybody"
    for student, due in zip(report.students, report.now_due, strict=True):
        yield f"{student}: until {due}"


def standings(report: SprintStandings) -> Iterator[RenderableType]:
    """Yield a table with a line per student."""
    from rich.table import Table

    yield f"{report.assignment}, release {report.release}, at {report.now}"
    table = Table()
    for heading in ("student", "phase", "begin by", "close", "started", "deadline", "saved", "in"):
        table.add_column(heading)
    for row in report.rows:
        table.add_row(
            row.student,
            row.phase,
            row.begin_by,
            row.close,
            row.started,
            row.deadline,
            row.saved,
            row.submission,
        )
    yield table
