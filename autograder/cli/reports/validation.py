"""Validation and calibration reports in words and tables, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from autograder.cli.output import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from autograder.steps.authoring.calibrate import CalibrationReport as Calibrated
    from autograder.steps.authoring.calibrate import CalibrationRow, Rate
    from autograder.steps.authoring.validate import ValidationReport as Validated
    from autograder.steps.authoring.validate.report import Validated as One


def validate(report: Validated) -> Iterator[RenderableType]:
    """Yield for each assignment a line per criterion, the resources used, notes and breaches."""
    for one in report.assignments:
        yield from _validated(one)
    for note in report.notes:
        yield f"· {printable(note)}"
    wrong = sum(len(one.breaches) for one in report.assignments)
    count = len(report.assignments)
    yield (
        f"{count} validated, {wrong or 'nothing'} wrong, in"
        f" {sum(one.seconds for one in report.assignments):.0f} s  (isolation: {report.tier})"
    )


def _validated(one: One) -> Iterator[RenderableType]:
    from rich.table import Table

    yield f"\n{one.assignment}"
    headings = ("criterion", "points", "solution", "score", "failed by", "threshold")
    table = Table(*headings, box=None, header_style="bold")
    table.columns[0].no_wrap = True
    table.columns[4].overflow = "fold"
    for row in one.rows:
        waiting = [f"({name})" for name in row.waiting]
        table.add_row(
            f"{row.task}/{row.criterion}",
            f"{row.points:g}",
            row.solution,
            "" if row.score is None else f"{row.score:.4g}",
            ", ".join((*row.caught, *waiting)) or "NOTHING",
            row.threshold,
        )
    if one.rows:
        yield table
    for spent in one.spent:
        used = spent.usage
        yield (
            f"{spent.notebook}: {used.wall_seconds:.1f} s, {used.cpu_seconds:.1f} CPU s,"
            f" {used.memory_mb:.0f} MB"
        )
    right = sum(tried.as_named for tried in one.mistakes)
    slow = f", {one.slow_left_out} slow ones left out (--slow)" if one.slow_left_out else ""
    yield (
        f"{right} of {len(one.mistakes)} mistakes fail exactly what they name"
        f" ({one.ran} run, {len(one.mistakes) - one.ran} judged from evidence){slow}"
    )
    yield from (f"· {printable(note)}" for note in one.notes)
    yield from (f"NO: {printable(breach)}" for breach in one.breaches)


def calibrate(report: Calibrated) -> Iterator[RenderableType]:
    """Yield a line per threshold and per mistake, the chance of losing a point, and problems."""
    from rich.table import Table

    if not report.rows:
        yield f"{report.assignment} has no threshold that chance decides about"
        return
    for row in report.rows:
        yield from _threshold(row)
    mistakes = Table("mistake", "fails", "best score", "caught", "separable", box=None)
    mistakes.columns[0].overflow = mistakes.columns[1].overflow = "fold"
    for row in report.rows:
        for one in row.mistakes:
            best = "no score" if one.best is None else f"{one.best:.4g}"
            told = "yes" if one.separable else "NO"
            mistakes.add_row(one.mistake, row.name, best, _rate(one.caught), told)
    if mistakes.row_count:
        yield mistakes
    for joint in report.joint:
        yield (
            f"{joint.notebook}: a right student loses a point somewhere with a chance of"
            f" {joint.expected:.2g} (at most {joint.at_most:.2g}); seen {_rate(joint.seen)}"
        )
    yield from (f"· {printable(note)}" for note in report.notes)
    yield from (f"NO: {printable(problem)}" for problem in report.problems)
    yield (
        f"{report.ran} runs made, {report.reused} there before, in {report.seconds:.0f} s;"
        f" {report.file}"
    )


def _threshold(row: CalibrationRow) -> Iterator[str]:
    retry = ", two attempts" if row.retry else ""
    yield f"{row.name}: {row.setting} {row.threshold:g}{retry}"
    if row.bound is None or row.failed is None:
        yield f"    {row.n} runs: too few numbers to say anything"
        return
    yield (
        f"    {row.n} runs, mean {row.mean:.4g}, worst {row.worst:.4g}; bound {row.bound:.4g},"
        f" proposed {row.proposed:g}"
    )
    unused = f"; on unused seeds {_rate(row.checked)}" if row.checked else ""
    yield (
        f"    right answers that fail: {_rate(row.failed)}, expected {row.expected:.1e}, at one"
        f" attempt at most {row.at_most:.1e}{unused}"
    )


def _rate(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.count}/{rate.of} [{low:.3f}, {high:.3f}]"
