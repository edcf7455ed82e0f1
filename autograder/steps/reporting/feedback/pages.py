"""Feedback pages of one student: one per notebook and an index, as values and as HTML."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from autograder import sanitize
from autograder.config import Course
from autograder.deadlines import in_local_time
from autograder.expect.verdict import msgid
from autograder.gradebook import Remark, StudentScore
from autograder.language import current, translate
from autograder.nouns import NotebookResult, Result, Status, fill
from autograder.presentation import result_text
from autograder.steps.reporting.feedback.cells import (
    ErrorView,
    Plot,
    Plots,
    Used,
    error_view,
    pictures_in_answers,
    plots,
    usage,
)
from autograder.steps.reporting.feedback.points import (
    Piece,
    Points,
    Stamp,
    State,
    bar_of,
    points_of,
    stamps,
)
from autograder.steps.reporting.feedback.tasks import Sources, Step, TaskView, next_steps, task_view

TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE_WORDS = (  # listed for the catalogues, whose texts are extracted from Python only
    msgid("A cell that stops does not stop the cells after it: they were run and graded too."),
    msgid("A limit was reached."),
    msgid("A person wrote:"),
    msgid("All notebooks"),
    msgid("Summary"),
    msgid("This notebook could not be read"),
    msgid("Time and memory"),
    msgid("What a person wrote"),
    msgid("What to do next"),
    msgid("What was repaired or skipped"),
    msgid("What you can do"),
    msgid("Where your cells stopped"),
    msgid("Pictures in your answers"),
    msgid("Your plots, as they were drawn when grading"),
)


@dataclass(frozen=True)
class Graded:
    """All facts about one student's assignment."""

    course: Course
    result: Result
    score: StudentScore | None  # from the gradebook; None if it has none
    remarks: Sequence[Remark]
    sources: Callable[[NotebookResult], Sources]
    unread: str = ""  # id of a newer submission that could not be read

    @property
    def counts(self) -> bool:
        return self.score is None or self.score.submission == self.result.submission


@dataclass(frozen=True)
class Broken:
    """The reason a notebook could not be read, and the fix."""

    fact: str
    way_out: str


@dataclass(frozen=True)
class Line:
    """One fact of the footer."""

    label: str
    text: str


@dataclass(frozen=True)
class RemarkView:
    """A person's remark on a cell that is not a task of its own."""

    cell: str
    text: str


@dataclass(frozen=True)
class NotebookPage:
    """The page of one notebook."""

    where: str
    title: str
    index: bool
    total: Points
    waits: State | None
    bar: tuple[Piece, ...]
    lines: tuple[str, ...]
    tasks: tuple[TaskView, ...]
    nexts: tuple[Step, ...]
    stamps: tuple[Stamp, ...]
    broken: Broken | None
    errors: tuple[ErrorView, ...]
    limit: str
    remarks: tuple[RemarkView, ...]
    plots: tuple[Plot, ...]
    plots_lost: str
    pictures: tuple[Plot, ...]
    usage: tuple[Used, ...]
    notes: tuple[str, ...]
    footer: tuple[Line, ...]


@dataclass(frozen=True)
class Entry:
    """One notebook in the index."""

    name: str
    href: str
    points: Points
    bar: tuple[Piece, ...]


@dataclass(frozen=True)
class IndexPage:
    """The overview of one student's assignment."""

    where: str
    title: str
    total: Points
    waits: State | None
    bar: tuple[Piece, ...]
    lines: tuple[str, ...]
    notebooks: tuple[Entry, ...]
    stamps: tuple[Stamp, ...]
    footer: tuple[Line, ...]


def pages_of(graded: Graded) -> dict[str, str]:
    """Return HTML by file name: `index.html` and one page per notebook."""
    notebooks = [notebook_page(graded, one) for one in graded.result.notebooks]
    found = {f"{page.title}.html": render("notebook.html.j2", page) for page in notebooks}
    return {**found, "index.html": render("index.html.j2", index_page(graded, notebooks))}


def notebook_page(graded: Graded, result: NotebookResult) -> NotebookPage:
    """Return the content of one notebook's page."""
    tasks = tuple(task_view(task, graded.sources(result)) for task in result.tasks)
    drawn = plots(result, graded.sources(result).evidence.get)
    lying = graded.course.autograded / graded.result.student / graded.result.assignment
    names = {task.name for task in tasks}
    fact, _, way_out = result.broken.partition("\n")
    return NotebookPage(
        where=_where(graded),
        title=result.notebook,
        index=len(graded.result.notebooks) > 1,
        total=_total(tasks),
        waits=_waits(tasks),
        bar=_bar(tasks),
        lines=_lines(graded, tasks),
        tasks=tasks,
        nexts=next_steps(tasks),
        stamps=stamps([result]),
        broken=Broken(sanitize.text(fact), sanitize.text(way_out.lstrip(" →")))
        if result.broken
        else None,
        errors=tuple(error_view(error) for error in result.cell_errors),
        limit=sanitize.text(result.limit),
        remarks=tuple(
            RemarkView(sanitize.text(r.cell), sanitize.text(r.text))
            for r in graded.remarks
            if r.notebook == result.notebook and r.cell not in names
        ),
        plots=drawn.shown,
        plots_lost=_lost(drawn),
        pictures=pictures_in_answers(lying / f"{result.notebook}.ipynb"),
        usage=usage(result.usage_shown or result.usage),
        notes=tuple(map(sanitize.text, result.notes)),
        footer=_footer(graded, result.tier),
    )


def index_page(graded: Graded, pages: Sequence[NotebookPage]) -> IndexPage:
    """Return the content of the overview."""
    tasks = tuple(task for page in pages for task in page.tasks)
    return IndexPage(
        where=sanitize.text(graded.course.name),
        title=graded.result.assignment,
        total=_total(tasks),
        waits=_waits(tasks),
        bar=_bar(tasks),
        lines=_lines(graded, tasks),
        notebooks=tuple(
            Entry(p.title, f"{p.title}.html", p.total, bar_of([("got", p.total.got)], p.total.most))
            for p in pages
        ),
        stamps=stamps(graded.result.notebooks),
        footer=_footer(graded, ""),
    )


# ── Parts ────────────────────────────────────────────────────────────────────────────


def _where(graded: Graded) -> str:
    return " · ".join(filter(None, (sanitize.text(graded.course.name), graded.result.assignment)))


def _total(tasks: Sequence[TaskView]) -> Points:
    return points_of(sum(t.points.got for t in tasks), sum(t.points.most for t in tasks))


def _bar(tasks: Sequence[TaskView]) -> tuple[Piece, ...]:
    waiting = sum(t.points.most for t in tasks if t.points.waits)
    total = _total(tasks)
    return bar_of([("got", total.got), ("later", waiting)], total.most)


def _waits(tasks: Sequence[TaskView]) -> State | None:
    waiting = sum(t.points.most for t in tasks if t.points.waits)
    if not waiting:
        return None
    text = fill(
        translate("{points} points wait for a person"), {"points": result_text.number(waiting)}
    )
    return State(text, result_text.PERSON.sign, result_text.PERSON.tone)


def _lines(graded: Graded, tasks: Sequence[TaskView]) -> tuple[str, ...]:
    lines = []
    unseen = sum(task.unseen for task in tasks)
    score = graded.score
    if unseen:
        text = translate("{points} more points are decided on unseen data and not shown here.")
        lines.append(fill(text, {"points": result_text.number(unseen)}))
    if _is_rounded(graded):
        lines.append(translate("Partial points on unseen data are shown in quarters; all count."))
    if score is not None and not graded.counts:
        text = msgid("This page is about your newest submission; another one counts.")
        if graded.course.submissions.counts == "best":  # naming it would reveal scores
            text = msgid("This page is about your newest submission; the best of them counts.")
        lines.append(translate(text))
    elif score is not None and score.late_penalty:
        text = translate("Handed in late: {points} points are taken off the assignment.")
        lines.append(fill(text, {"points": result_text.number(score.late_penalty)}))
    if graded.unread:
        text = translate("Your newer submission {id} could not be read, so it does not count.")
        lines.append(fill(text, {"id": graded.unread}))
    return tuple(lines)


def _is_rounded(graded: Graded) -> bool:
    """Return True if the page may round partial credit on hidden criteria.

    The answer does not depend on the points themselves.
    """
    result = graded.result
    return graded.course.feedback_of(result.assignment).hidden == "verdict" and any(
        criterion.hidden and criterion.status is Status.FAILED
        for notebook in result.notebooks
        for task in notebook.tasks
        for criterion in task.criteria
    )


def _lost(drawn: Plots) -> str:
    """Return the sentences about plots that the page does not show."""
    said = []
    if drawn.broken:
        said.append(fill(translate("Plots that could not be shown: {n}"), {"n": drawn.broken}))
    if drawn.left_out:
        text = translate("Plots that are not shown here, because only the first are: {n}")
        said.append(fill(text, {"n": drawn.left_out}))
    return ". ".join(said)


def _footer(graded: Graded, tier: str) -> tuple[Line, ...]:
    result, score = graded.result, graded.score
    received = ""
    if score is not None and graded.counts and score.received is not None:
        local = in_local_time(score.received.replace(tzinfo=timezone.utc), graded.course.zone)
        received = f"{local} ({graded.course.zone.key})"
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    facts = (
        (translate("Student"), result.student),
        (translate("Submission"), result.submission),
        (translate("Received"), received),
        (translate("Release"), str(result.release or "")),
        (translate("Graded with"), ", ".join(filter(None, (versions, tier)))),
    )
    return tuple(Line(label, sanitize.text(text)) for label, text in facts if text)


# ── HTML ─────────────────────────────────────────────────────────────────────────────


def render(template: str, page: Any) -> str:
    """Return the page as self-contained HTML: no script, no other host, its style inline."""
    css = (TEMPLATES / "page.css").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    return (
        _environment()
        .get_template(template)
        .render(page=page, css=css, css_hash=digest, lang=current(), t=translate)
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
