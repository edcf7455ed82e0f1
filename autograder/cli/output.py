"""Shared parts of the commands: the selected course, and printing of reports and errors."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO, TypeVar, cast

import typer

from autograder import config
from autograder.errors import AuthoringErrors, AutograderError, NotFound

if TYPE_CHECKING:
    from rich.console import RenderableType


class PrintableReport(Protocol):
    """Report that a step returns."""

    def as_json(self) -> dict[str, Any]: ...


R = TypeVar("R", bound=PrintableReport)


@dataclass
class Context:
    """The course named on the command line, loaded when a command first asks for it."""

    folder: Path | None

    @cached_property
    def course(self) -> config.Course:
        return config.load(self.folder)

    @property
    def course_if_any(self) -> config.Course | None:
        """The course, or None if none was named and none is found nearby."""
        try:
            return self.course
        except NotFound:
            if self.folder is not None:
                raise
            return None


def in_utf8_mode() -> None:
    """Restart Python in its UTF-8 mode if the locale's encoding is not UTF-8.

    Under `LC_ALL=C PYTHONUTF8=0`, for example, paths and output are ASCII, so that a Korean file
    name cannot be represented.
    """
    if sys.getfilesystemencoding().lower() in ("utf-8", "utf8") or sys.flags.utf8_mode:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # escape what it cannot encode
                stream.reconfigure(errors="backslashreplace")
        return
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"}
    command = [sys.executable, "-P", "-X", "utf8", "-m", "autograder.cli", *sys.argv[1:]]
    os.execve(sys.executable, [os.fsencode(part) for part in command], environment)  # noqa: S606


@contextmanager
def printed(as_json: bool) -> Iterator[None]:
    """End the command with exit code 1, without a traceback, on an error the user can fix."""
    try:
        yield
    except AutograderError as error:
        if as_json:
            print_json({"error": as_fields(error)})
        else:
            typer.echo(printable(str(error)), err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("interrupted; what was done is kept, and the same command goes on", err=True)
        raise typer.Exit(130) from None


def show(
    report: R, as_json: bool, in_words: Callable[[R], Iterable[RenderableType]], *, ok: bool = True
) -> None:
    """Print a report, as JSON or in words; end the command with exit code 1 unless `ok`."""
    if as_json:
        print_json(report.as_json())
    else:
        from rich.console import Console

        out = cast(TextIO, _Printable(sys.stdout))
        console = Console(file=out, soft_wrap=not sys.stdout.isatty(), highlight=False)
        for part in in_words(report):
            console.print(part, markup=False)
    if not ok:
        raise typer.Exit(1)


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object to standard output, with unprintable characters escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    lines = ("".join(map(_escaped, line)) for line in text.split("\n"))
    typer.echo("\n".join(lines) if not _is_printable(text) else text)


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def as_fields(error: AutograderError) -> dict[str, Any]:
    """Return the error's fact, place and way out by name, with every authoring error."""
    fields: dict[str, Any] = {
        "type": type(error).__name__,
        "fact": error.fact,
        "where": error.where,
        "way_out": error.way_out,
    }
    if isinstance(error, AuthoringErrors):
        fields["errors"] = [vars(one) for one in error.errors]
    return fields


def printable(text: str, *, colours: bool = False) -> str:
    """Escape characters that would move the cursor or reverse the direction of a line."""
    if _is_printable(text):
        return text
    from autograder import sanitize

    return sanitize.text(text, cap=len(text), colours=colours)


def _is_printable(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


class _Printable:
    """Stream that escapes control characters in students' text, but keeps our own colours."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(printable(text, colours=True))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
