"""Progress display of long commands: done of total, time left, counts by status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from autograder.cli.output import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from autograder.steps.grading.grade import Progress


@contextmanager
def progress(verb: str) -> Iterator[Callable[[Progress], None] | None]:
    """Yield a callback that draws a bar on standard error, or None if that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with _bar() as bar:
        task = bar.add_task(verb, total=None, counts="")

        def tell(state: Progress) -> None:
            counts = "  ".join(f"{name} {n}" for name, n in sorted(state.by_status.items()))
            bar.update(task, completed=state.done, total=state.total, counts=counts)
            if state.note:
                bar.console.print(printable(state.note), markup=False, highlight=False)

        yield tell


@contextmanager
def counting(verb: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a callback `(done, total)` that draws a bar, or None if standard error is no tty."""
    with progress(verb) as tell:
        if tell is None:
            yield None
            return
        from autograder.steps.grading.grade import Progress

        yield lambda done, total: tell(Progress(done, total, {}))


def _bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[counts]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )


@contextmanager
def stages(title: str) -> Iterator[Callable[..., None]]:
    """Yield a callback that shows the command's current stage, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console

    with Console(stderr=True).status(title) as status:
        yield lambda stage, *_: status.update(f"{title}: {printable(str(stage))}")
