"""Staff commands besides grading: statistics, score tables for other systems, regrading."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.output import printed, show
from autograder.cli.reports import staff as words
from autograder.cli.reports.progress import counting
from autograder.errors import AutograderError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Assignment = Annotated[str, typer.Argument(help="The folder's name in source/.")]


def stats(
    context: typer.Context,
    assignment: Assignment,
    csv: Annotated[bool, typer.Option("--csv", help="Print one table as CSV.")] = False,
    table: Annotated[
        str,
        typer.Option(help="Which, with --csv: criteria, distribution, stuck, unclear or at_risk."),
    ] = "criteria",
    json: Json = False,
) -> None:
    """Show statistics: the difficulty of each criterion, and where students are stuck."""
    from autograder.steps.reporting import statistics as step
    from autograder.steps.reporting.spreadsheet import csv_bytes

    with printed(json):
        report = step.statistics(context.obj.course, assignment)
        if csv:
            sys.stdout.buffer.write(csv_bytes(*step.table(report, table), encoding="utf-8"))
            return
        show(report, json, words.statistics)


def export(
    context: typer.Context,
    assignment: Annotated[
        list[str] | None, typer.Argument(help="Else all that were released.")
    ] = None,
    to: Annotated[str, typer.Option(help="csv, canvas or moodle.")] = "csv",
    out: Annotated[
        Path | None, typer.Option(help="The file; else one in .autograder/exports/.")
    ] = None,
    json: Json = False,
) -> None:
    """Export the scores as a table; report rows that match no student in the roster."""
    from autograder.steps.reporting import export as step

    with printed(json):
        report = step.export(context.obj.course, assignment or (), to=to, file=out)
    show(report, json, words.export, ok=not report.unmatched)


def regrade(
    context: typer.Context,
    assignment: Assignment,
    task: Annotated[
        list[str] | None, typer.Option(help="Judge only this task again; repeatable.")
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Run again what the evidence does not answer.")
    ] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Record it; else it is only shown what would change.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; it stands beside every change.")] = "",
    sandbox: Annotated[
        bool, typer.Option(help="--no-sandbox judges without isolation and stamps every result.")
    ] = True,
    json: Json = False,
) -> None:
    """Preview score changes of a corrected criterion, from evidence; with --apply, record them."""
    import getpass

    from autograder.steps import regrade as step
    from autograder.steps.grading.pipeline.workers import Workers

    with printed(json):
        course = context.obj.course
        if apply and not reason.strip():
            raise AutograderError("there is no reason", way_out='--reason "what was mended"')
        with Workers(sandbox=sandbox, parallel=os.cpu_count() or 1) as workers:
            with counting("judging") as tell:
                found = step.preview(
                    course,
                    assignment,
                    workers,
                    tasks=task or (),
                    runs=run,
                    progress=tell or _nobody,
                )
            if not apply:
                show(found, json, words.preview)
                return
            with counting("recording") as tell:
                done = step.apply(
                    course,
                    found,
                    workers,
                    who=getpass.getuser(),
                    reason=reason,
                    progress=tell or _nobody,
                )
    show(done, json, words.applied)


def _nobody(_done: int, _total: int) -> None:
    """Draw nothing, in place of a progress bar without a terminal."""
