"""The `translate` command and its report in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.cli.output import printable, printed, show

if TYPE_CHECKING:
    from autograder.steps.authoring.translate import TranslationReport

Languages = Annotated[
    list[str] | None, typer.Option("--lang", help="A language besides the source's; repeatable.")
]


def translate(
    context: typer.Context,
    assignment: Annotated[str, typer.Argument(help="The folder's name in source/.")],
    lang: Languages = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; end with 1 unless all is translated.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> None:
    """Create or update source/ASSIGNMENT/locale/LANGUAGE.po; list the texts to translate."""
    from autograder.steps.authoring import translate as step

    with printed(json):
        report = step.translate(context.obj.course, assignment, lang or (), check=check)
    show(report, json, in_words, ok=report.finished if check else not report.wrong)


def in_words(report: TranslationReport) -> Iterator[str]:
    """Yield a line per language, and one for each text that needs a translator."""
    for one in report.catalogues:
        yield from (f"· {printable(str(finding))}" for finding in one.findings)
        done = one.texts - sum(not finding.wrong for finding in one.findings)
        yield f"{one.language}: {done} of {one.texts} texts translated; {one.file}"
