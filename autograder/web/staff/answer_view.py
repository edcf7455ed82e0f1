"""Content of the page of one answer, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from autograder import gradebook, sanitize
from autograder.config import Course
from autograder.errors import NotFound
from autograder.evidence import check_pictures
from autograder.evidence.check_pictures import Drawn
from autograder.evidence.store import Store
from autograder.gradebook import CriterionScore
from autograder.gradebook.marking import comment_bank, worklist
from autograder.gradebook.marking.leases import Answer, Lease
from autograder.gradebook.marking.marks import Line, Mark
from autograder.gradebook.marking.rubric import KEYS, Item
from autograder.gradebook.marking.worklist import Entry
from autograder.gradebook.portal.feedback_views import first_seen
from autograder.language import in_words, translate
from autograder.nouns import Status, TaskKind
from autograder.presentation import distance, drawing, result_text
from autograder.steps.reporting.groups.reading import cells_of_task, graded
from autograder.web.staff import cell_rendering

LISTS = ("waiting", "all", "flagged")


@dataclass(frozen=True)
class Verdict:
    """Result of one criterion; hidden ones in full, since staff may see everything."""

    demand: str
    hidden: bool
    state: result_text.State
    points: str
    parts: tuple[tuple[str, str], ...]  # such as (Expected, …)
    line: Markup
    aside: str
    pictures: tuple[Drawn, ...] = ()


@dataclass(frozen=True)
class RubricLine:
    """One rubric item with its key, and whether it applies to this answer."""

    item: Item
    key: str
    has: bool


@dataclass(frozen=True)
class Page:
    """Content of the page of one answer."""

    answer: Answer
    mark: Mark
    cells: tuple[cell_rendering.Cell, ...]
    missing: str  # the reason why no cells can be shown
    older: bool  # the submission shown is not the one that counts
    verdicts: tuple[Verdict, ...]
    rubric: tuple[RubricLine, ...]
    bank: tuple[comment_bank.Remark, ...]
    lines: Mapping[tuple[str, int], tuple[Line, ...]]
    lease: Lease
    seen: datetime | None
    score: str
    most: str
    place: int  # position in the worklist, from 1
    total: int
    before: Answer | None
    after: Answer | None
    progress: worklist.Progress
    manual: bool


def page(course: Course, found: Mark, listed: Sequence[Entry], of: str, lease: Lease) -> Page:
    """Return the content of one answer's page; `listed` is the task's worklist."""
    answer = found.answer
    cells, missing, older = _cells(course, found)
    before, after, place = neighbours(listed, answer, of)
    scores = gradebook.criterion_scores(course, answer.assignment, answer.student)
    demands = gradebook.demands(course, answer.assignment)
    store = Store(course.state / "evidence")
    lines: dict[tuple[str, int], tuple[Line, ...]] = {}
    for line in found.state.lines:
        lines[line.cell, line.line] = (*lines.get((line.cell, line.line), ()), line)
    done = worklist.progress(listed)
    return Page(
        answer=answer,
        mark=found,
        cells=cells,
        missing=missing,
        older=older,
        verdicts=tuple(
            _verdict(s, demands.get(s.criterion, {}), store)
            for s in scores
            if (s.notebook, s.task) == (answer.notebook, answer.task)
        ),
        rubric=tuple(
            RubricLine(item, KEYS[n] if n < len(KEYS) else "", item.id in found.state.items)
            for n, item in enumerate(found.rubric.items)
        ),
        bank=comment_bank.of_task(course, answer.assignment, answer.notebook, answer.task),
        lines=lines,
        lease=lease,
        seen=first_seen(course, answer.assignment, answer.student),
        score=result_text.number(found.score),
        most=result_text.number(found.task.points),
        place=place,
        total=len(listed),
        before=before,
        after=after,
        progress=done.get((answer.notebook, answer.task), worklist.Progress(0, 0, 0, 0)),
        manual=found.task.kind is TaskKind.MANUAL,
    )


def neighbours(
    listed: Sequence[Entry], answer: Answer, of: str
) -> tuple[Answer | None, Answer | None, int]:
    """Return the previous and next answer of list `of`, and this one's position in the worklist."""
    place = next((n for n, e in enumerate(listed) if e.answer == answer), -1)
    before = [e.answer for e in listed[: max(place, 0)] if is_in(e, of)]
    after = [e.answer for e in listed[place + 1 :] if is_in(e, of)]
    return before[-1] if before else None, after[0] if after else None, place + 1


def is_in(entry: Entry, of: str) -> bool:
    """Return True if an answer belongs to a list: the waiting ones, the flagged ones, or all."""
    return {"waiting": entry.waits, "flagged": entry.flagged}.get(of, True)


def _cells(course: Course, found: Mark) -> tuple[tuple[cell_rendering.Cell, ...], str, bool]:
    answer = found.answer
    try:
        known = graded(course, answer.assignment, answer.notebook, answer.student, found.submission)
    except NotFound as error:
        return (), sanitize.text(translate(error.fact), cap=400), False
    of_task = cells_of_task(known.cells, answer.task, found.task.answers)
    return tuple(cell_rendering.cell(n, one) for n, one in enumerate(of_task)), "", known.older


def _verdict(score: CriterionScore, known: Mapping[str, object], store: Store) -> Verdict:
    expected, got, next_ = (sanitize.text(said) for said in in_words(score.message))
    parts = ((translate("Expected"), expected), (translate("Got"), got), (translate("Next"), next_))
    settings = known.get("settings", {})
    found = distance.distance(score.score, settings if isinstance(settings, Mapping) else {})
    passed = score.status is Status.PASSED
    return Verdict(
        demand=sanitize.text(score.demand),
        hidden=score.hidden,
        state=result_text.STATES[score.status],
        points=f"{result_text.number(score.points)} / {result_text.number(score.max_points)}",
        parts=() if passed else tuple(part for part in parts if part[1]),
        line=Markup("") if passed else Markup(drawing.line(found)),  # noqa: S704 - it escapes
        aside=sanitize.text(score.error, cap=100),
        pictures=() if passed else _drawn(score, store),
    )


def _drawn(score: CriterionScore, store: Store) -> tuple[Drawn, ...]:
    """Return the pictures the criterion drew when it was checked: worst mask, curve, samples."""
    return check_pictures.read(store, score.run, score.task, score.criterion.rpartition("/")[2])
