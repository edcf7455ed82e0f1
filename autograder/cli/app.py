"""The commands. Each parses its words, calls one step, and prints the report it returns.

Steps are imported inside their commands, so that `autograder --help` answers at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli import words
from autograder.cli.context import Context, printed, show

app = typer.Typer(
    name="autograder",
    help="Notebook assignments for deep-learning courses: released, graded, given back.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
roster = typer.Typer(help="The class list: the only place that holds names.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.callback()
def _course(
    context: typer.Context,
    course: Annotated[
        Path | None,
        typer.Option(help="The course folder; else the nearest one above the working directory."),
    ] = None,
) -> None:
    context.obj = Context(course)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Made if it is not there; never overwritten.")],
    name: Annotated[str, typer.Option(help="A short name of the course.")] = "",
    json: Json = False,
) -> None:
    """Make a new course with one small assignment to copy from."""
    from autograder.steps import init as step

    with printed(json):
        show(step.init(folder, name or folder.resolve().name), json, words.init)


@roster.command("import")
def roster_import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8 or CP949 with a heading line.")],
    json: Json = False,
) -> None:
    """Add a class list, and give each person a pseudonym."""
    from autograder.steps import roster as step

    with printed(json):
        show(step.import_roster(context.obj.course, file), json, words.roster)


app.add_typer(roster, name="roster")


def main() -> None:
    """Runs the command line; exits with 0 only if all went well."""
    sys.exit(app())
