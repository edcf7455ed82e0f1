"""Statistics of the class and of the criteria: tables, plots, CSV."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from fastapi import APIRouter, Response
from markupsafe import Markup

from autograder.config import Course
from autograder.gradebook.database import audit
from autograder.language import translate
from autograder.steps.reporting import statistics as step
from autograder.steps.reporting.spreadsheet import csv_bytes
from autograder.steps.reporting.statistics import Statistics
from autograder.steps.reporting.statistics.items import LOW
from autograder.web.downloads import download
from autograder.web.staff import plots
from autograder.web.staff.context import Staff, StaffContext

KEPT_SECONDS = 60  # the at-risk list depends on other assignments and on the clock


@dataclass(frozen=True)
class _Kept:
    state: tuple[datetime | None, int]
    at: datetime
    found: Statistics


class Measured:
    """Cached statistics of each assignment, recomputed after a change or a minute."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._kept: dict[str, _Kept] = {}
        self._lock = Lock()

    def of(self, assignment: str, now: datetime) -> Statistics:
        """Return the current statistics, at most a minute old if nothing was recorded since."""
        changed = audit.changed_at(self._course, assignment)
        state = (max(changed.values(), default=None), len(changed))
        with self._lock:
            kept = self._kept.get(assignment)
            fresh = kept is not None and (now - kept.at).total_seconds() < KEPT_SECONDS
            if kept is None or kept.state != state or not fresh:
                found = step.statistics(self._course, assignment, now)
                self._kept[assignment] = kept = _Kept(state, now, found)
        return kept.found


def routes(room: StaffContext) -> APIRouter:
    """Return the statistics page and its CSV tables."""
    router = APIRouter()
    measured = Measured(room.course)

    @router.get("/a/{assignment}/statistics")
    def page(assignment: str, visitor: Staff) -> Response:
        room.must_know(assignment)
        found = measured.of(assignment, room.portal.clock())
        return room.page(
            "staff/statistics.html.j2",
            visitor,
            assignment=assignment,
            tab="statistics",
            found=found,
            distribution=_distribution(found),
            quality=_quality(found),
            low=LOW,
        )

    @router.get("/a/{assignment}/statistics/{name}.csv")
    def table(assignment: str, name: str, visitor: Staff) -> Response:
        room.must_know(assignment)
        headings, rows = step.table(measured.of(assignment, room.portal.clock()), name)
        if name == "at_risk":
            name_of = room.names(visitor)
            headings = ("student", "name", "reasons")
            rows = [(student, name_of(student), reasons) for student, reasons in rows]
        file = csv_bytes(headings, rows)
        return download(file, f"{assignment}-{name}.csv", "text/csv; charset=utf-8")

    return router


def _distribution(found: Statistics) -> Markup:
    labels = [str(b.start) for b in found.bins]
    title = translate("Students by percent of the points")
    x_label = translate("percent of the points, from")
    return plots.columns(title, labels, [b.students for b in found.bins], x_label)


def _quality(found: Statistics) -> Markup:
    dots = [
        plots.Dot(i.right, i.discrimination, f"{i.demanded.task}/{i.demanded.name}", i.doubtful)
        for i in found.items
        if i.right is not None and i.discrimination is not None
    ]
    labels = translate("share of its points that the class got"), translate("discrimination")
    title = translate("Criteria by difficulty and discrimination")
    return plots.scatter(title, dots, labels, LOW)
