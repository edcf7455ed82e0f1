"""The portal's commands: server, personal links, receipts, sprints and extensions."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.output import printed, show
from autograder.cli.reports import portal as words
from autograder.errors import AutograderError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Assignment = Annotated[str, typer.Argument(help="The folder's name in source/.")]
Student = Annotated[
    list[str] | None,
    typer.Option(help="Only this student: pseudonym, number, address or name; repeatable."),
]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit.")]

receipt = typer.Typer(help="What was given out when handing in.", no_args_is_help=True)
exam = typer.Typer(help="Sprint challenges while they run.", no_args_is_help=True)
_UNITS = {"m": 1, "h": 60, "d": 60 * 24}


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Else c.Portal.host.")] = "",
    port: Annotated[int, typer.Option(help="Else c.Portal.port.", min=0)] = 0,
    grade: Annotated[
        bool, typer.Option(help="--no-grade only takes in; `autograder grade` grades later.")
    ] = True,
    sandbox: Annotated[
        bool, typer.Option(help="--no-sandbox runs without isolation and stamps every result.")
    ] = True,
) -> None:
    """Serve the portal and grade submissions, until stopped with Ctrl+C."""
    with printed(as_json=False):
        course = context.obj.course
    typer.echo(f"http://{host or course.portal.host}:{port or course.portal.port}", err=True)
    command = [sys.executable, "-m", "autograder.web", str(course.root)]
    command += ["--host", host] if host else []
    command += ["--port", str(port)] if port else []
    command += [] if grade else ["--no-grade"]
    command += [] if sandbox else ["--no-sandbox"]
    sys.stderr.flush()
    os.execv(sys.executable, command)  # noqa: S606 (the pages are a program of their own)


def links(
    context: typer.Context,
    student: Student = None,
    anew: Annotated[
        bool, typer.Option("--new", help="For everybody; former links end at once.")
    ] = False,
    end: Annotated[bool, typer.Option("--end", help="Only end the links there are.")] = False,
    export: Annotated[
        Path | None, typer.Option(help="Write a CSV for a mail merge instead of printing them.")
    ] = None,
    json: Json = False,
) -> None:
    """Create a sign-in link for every person without one; each is shown only once."""
    from autograder.steps.portal.personal_links import links as step

    with printed(json):
        report = step(context.obj.course, student or (), anew=anew, end=end, file=export)
        show(report, json, words.links)


def submit(
    notebook: Annotated[Path, typer.Argument(help="The .ipynb; what lies beside it goes along.")],
    portal: Annotated[str, typer.Option(help="Its address; else the notebook says it.")] = "",
    json: Json = False,
) -> None:
    """Submit a notebook with the files beside it, and save the receipt there."""
    from autograder.steps.portal.submit_command import submit as step

    with printed(json):
        show(step(notebook, portal, lambda text: typer.echo(text, err=True)), json, words.submitted)


@receipt.command("verify")
def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The receipt, a .json file.")],
    key: Annotated[
        Path | None, typer.Option(help="The course's public key; else the course's own here.")
    ] = None,
    json: Json = False,
) -> None:
    """Check that a receipt is genuine and, in its course, that it matches the stored submission."""
    from autograder.steps.portal.receipt_verification import verify as step

    with printed(json):
        found = step(file, context.obj.course_if_any, key)
        show(found, json, words.verified, ok=found.genuine)


@exam.command("status")
def exam_status(context: typer.Context, assignment: Assignment, json: Json = False) -> None:
    """Show every student's window, start, deadline, last save and submission."""
    from autograder.steps.portal.allowances import standings

    with printed(json):
        show(standings(context.obj.course, assignment), json, words.standings)


@exam.command("credit")
def exam_credit(
    context: typer.Context,
    assignment: Assignment,
    minutes: Annotated[float, typer.Option(help="How long nobody could work.")],
    reason: Reason,
    student: Student = None,
    json: Json = False,
) -> None:
    """Credit time after an outage, to all students or to some; recorded in the audit log."""
    from autograder.steps.portal.allowances import credit

    with printed(json):
        report = credit(
            context.obj.course, assignment, minutes, students=student or (), reason=reason
        )
        show(report, json, words.given)


def extend(
    context: typer.Context,
    student: Annotated[str, typer.Argument(help="Pseudonym, number, address or name.")],
    assignment: Assignment,
    by: Annotated[str, typer.Option(help="How much: 90m, 12h or 3d.")] = "1d",
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Move one student's due date, or the closing time of a sprint."""
    from autograder.steps.portal.allowances import extend as step

    with printed(json):
        report = step(context.obj.course, student, assignment, _minutes(by), reason=reason)
        show(report, json, words.given)


def _minutes(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhd])", text.strip())
    if not found:
        raise AutograderError(f"{text!r} is no span of time", way_out="write it as 90m, 12h or 3d")
    return float(found.group(1)) * _UNITS[found.group(2)]
