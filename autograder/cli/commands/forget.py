"""The command that deletes students' work, and its report in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.cli.output import printable, printed, show
from autograder.errors import AutograderError

if TYPE_CHECKING:
    from autograder.steps.operations.forget import DeletionReport


def forget(
    context: typer.Context,
    assignment: Annotated[str, typer.Argument(help="Only this one; else all.")] = "",
    student: Annotated[
        list[str] | None,
        typer.Option(help="All work of this student, however new, and their line of the roster."),
    ] = None,
    older_than: Annotated[int, typer.Option(help="Days; else c.Submissions.keep_days.", min=0)] = 0,
    apply: Annotated[
        bool, typer.Option("--apply", help="Delete it; else it is only listed.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit.")] = "",
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> None:
    """List old work, or one student's work. With --apply, delete it; scores are kept."""
    from autograder.steps.operations import forget as step

    with printed(json):
        if apply and not reason.strip():
            raise AutograderError("there is no reason", way_out='--reason "the course is over"')
        report = step.forget(
            context.obj.course,
            assignment,
            students=student or (),
            days=older_than,
            delete=apply,
            reason=reason,
        )
        show(report, json, _in_words)


def _in_words(report: DeletionReport) -> Iterator[str]:
    """Yield each student's work in an assignment, then what was or would be deleted."""
    for one in report.work:
        size = f"{one.size / 1e6:.1f} MB"
        yield printable(
            f"{one.assignment}  {one.student}  {len(one.submissions)} submissions, the last "
            f"{one.last:%Y-%m-%d}, {size}, evidence of {len(one.runs)} runs"
        )
        yield printable(f"  {', '.join(one.paths)}")
    for name in report.waiting:
        yield printable(f"{name}  stays: it waits to be graded")
    for person in report.people:
        yield printable(f"{person}  name, number, address and sign-ins")
    if report.deleted:
        yield f"{len(report.work)} deleted; the marks stay in the gradebook"
    elif report.work or report.people:
        yield 'nothing is deleted yet; --apply --reason "…" deletes it'
    else:
        yield "nothing to delete"
