"""The commands of staff besides grading: statistics, and tables for other systems."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli import staff_words as words
from autograder.cli.context import printed, show

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
    """Show what the results say: how hard each criterion is, where the class is stuck."""
    from autograder.steps import statistics as step
    from autograder.steps.spreadsheet import csv_bytes

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
    """Write the scores as a table; say which rows match nobody in the roster."""
    from autograder.steps import export as step

    with printed(json):
        report = step.export(context.obj.course, assignment or (), to=to, file=out)
    show(report, json, words.export, ok=not report.unmatched)
