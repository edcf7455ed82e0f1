"""Commands that back up and restore a course, and their reports in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.cli.output import printed, show

if TYPE_CHECKING:
    from autograder.steps.operations.backup import Packed


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write, outside the course.")],
    evidence: Annotated[
        bool, typer.Option(help="With what runs left, so that nothing need run again.")
    ] = True,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> None:
    """Back up a course to one file, even while it is in use."""
    from autograder.steps.operations import backup as step

    with printed(json):
        show(step.backup(context.obj.course, file, evidence=evidence), json, _in_words)


def restore(
    file: Annotated[Path, typer.Argument(help="What `autograder backup` has written.")],
    folder: Annotated[Path, typer.Argument(help="A new folder for the course.")],
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> None:
    """Restore a course from a backup, in a new folder."""
    from autograder.steps.operations import backup as step

    with printed(json):
        show(step.restore(file, folder), json, _in_words)


def _in_words(report: Packed) -> Iterator[str]:
    """Yield the file's path, the number and size of the files, and a missing gradebook."""
    yield f"{report.path}: {report.files} files, {report.size / 1e6:.1f} MB"
    if not report.gradebook:
        yield "the gradebook is in another database: back it up by its own means (pg_dump)"
