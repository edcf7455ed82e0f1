"""Reports of the staff commands in words and tables, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from autograder.cli.output import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from autograder.gradebook.regrades.regrading import Regraded
    from autograder.steps.regrade import Preview
    from autograder.steps.regrade.applying import Applied
    from autograder.steps.reporting.export import ExportReport as Exported
    from autograder.steps.reporting.statistics import Statistics
    from autograder.steps.reporting.statistics.report import Spread

MOST = 20  # longest list printed, in lines


def statistics(report: Statistics) -> Iterator[RenderableType]:
    """Yield class totals, a line per criterion, and the criteria and students to look at."""
    from rich.table import Table

    of = f" of {report.enrolled}" if report.enrolled else ""
    yield f"{report.assignment}: {report.handed_in}{of} handed in, {report.waiting} need a person"
    yield f"points, of {report.max_score:g}: {_spread(report.score)}"
    yield f"submissions: {_spread(report.submissions)};  hours: {_spread(report.hours)}"
    if not report.items:
        return
    table = Table(
        "criterion", "right", "discrim.", "failed", "not attempted", box=None, header_style="bold"
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for one in report.items:
        r = "–" if one.discrimination is None else f"{one.discrimination:.2f}"
        name = f"{one.demanded.task}/{one.demanded.name}"
        right = "–" if one.right is None else f"{one.right:.0%}"
        ended = (one.ended.get("failed", 0), one.ended.get("not_attempted", 0))
        table.add_row(
            printable(name), right, f"{r}{' ?' if one.doubtful else ''}", *map(str, ended)
        )
    yield table
    for suspect in report.unclear:
        yield printable(
            f"unclear? {suspect.demanded.task}/{suspect.demanded.name}: {suspect.failed_first}"
            f" of {suspect.good} good students failed it at first, {suspect.passed_later} of them"
            " passed it later"
        )
    for one_stuck in report.stuck[:3]:
        yield printable(
            f"stuck: {one_stuck.students} students ({one_stuck.share:.0%}) at "
            f"{one_stuck.demanded.task}/{one_stuck.demanded.name}, {one_stuck.tries:.1f} tries each"
        )
    for risk in report.at_risk[:MOST]:
        yield printable(f"at risk: {risk.student}: {'; '.join(risk.reasons)}")
    if len(report.at_risk) > MOST:
        yield f"and {len(report.at_risk) - MOST} more: --csv --table at_risk lists all"


def _spread(spread: Spread) -> str:
    if spread.mean is None or spread.median is None:
        return "nothing yet"
    middle = f"middle half {spread.low:.4g} to {spread.high:.4g}"
    return f"mean {spread.mean:.4g}, median {spread.median:.4g}, {middle}"


def export(report: Exported) -> Iterator[str]:
    """Yield the table's file, and every row left out, with the reason."""
    yield f"{report.rows} rows for {', '.join(report.assignments)}: {report.file}"
    lists = (("matches nobody", report.unmatched), ("waits", report.waiting))
    for title, many in lists:
        for one in many[:MOST]:
            place = " ".join(filter(None, (one.student, one.assignment)))
            yield printable(f"{title}: {place}: {one.why}")
        if len(many) > MOST:
            yield f"and {len(many) - MOST} more; --json lists all"
    if report.missing:
        yield f"no score of {len(report.missing)} students in the roster"


def preview(found: Preview) -> Iterator[RenderableType]:
    """Yield the criteria whose outcome changes, and each student's score change."""
    yield (
        f"{found.assignment}: {found.judged} submissions judged from evidence; nothing is changed"
    )
    for turn in found.turns:
        yield printable(f"{turn.criterion}: {turn.before} → {turn.after}: {turn.submissions}")
    yield from _regraded(found.students)
    yield f"{found.up} get more, {found.down} less; only messages change for {len(found.words)}"
    for left in found.left[:MOST]:
        yield printable(f"not judged again: {left.student}: {left.why}")
    if len(found.left) > MOST:
        yield f"and {len(found.left) - MOST} more; --json lists all"
    if found.submissions:
        yield 'record it with --apply --reason "what was mended"'


def applied(done: Applied) -> Iterator[RenderableType]:
    """Yield each score change, and the number of feedback pages rewritten."""
    yield from _regraded(done.students)
    yield f"{len(done.students)} scores changed; feedback of {done.pages} written anew"


def _regraded(students: Sequence[Regraded]) -> Iterator[RenderableType]:
    from rich.table import Table

    table = Table("student", "points", "now", "by", box=None, header_style="bold")
    for one in students:
        by = one.after - one.before
        table.add_row(printable(one.student), f"{one.before:g}", f"{one.after:g}", f"{by:+g}")
    if students:
        yield table
