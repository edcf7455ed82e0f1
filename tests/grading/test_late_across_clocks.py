"""Work handed in around a change of clocks: collected, graded, penalised, exported."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from autograder import config, gradebook
from autograder.cli.app import app
from autograder.config import Course
from autograder.deadlines import parse_time
from autograder.steps import assignments, roster
from autograder.steps.grading import grade
from autograder.steps.grading.collect import collect
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.portal import allowances
from autograder.steps.reporting.export import table
from tests.grading.made import code
from tests.grading.test_bulk import ANSWERS, make


@dataclass(frozen=True)
class Change:
    """A due time on the evening before the clocks change; when each student hands in."""

    zone: str
    due: str
    shown: str  # the due time as status shows it
    received: dict[str, str]
    exported: dict[str, str]


# One late day: Ann in time, Bo at 19:59 on the day after, Cy at 20:01, Dee 20:01 with a day more.
CHANGES = [
    Change(
        "America/New_York",
        "2025-11-01 20:00",
        "2025-11-01 20:00-04:00",
        {
            "1": "2025-11-01 19:59",
            "2": "2025-11-02 19:59",
            "3": "2025-11-02 20:01",
            "4": "2025-11-03 20:00",
        },
        {"1": "2025-11-01 19:59:00-04:00", "2": "2025-11-02 19:59:00-05:00"},
    ),
    Change(
        "America/New_York",
        "2025-03-08 20:00",
        "2025-03-08 20:00-05:00",
        {
            "1": "2025-03-08 19:59",
            "2": "2025-03-09 19:59",
            "3": "2025-03-09 20:01",
            "4": "2025-03-10 20:00",
        },
        {"1": "2025-03-08 19:59:00-05:00", "2": "2025-03-09 19:59:00-04:00"},
    ),
    Change(
        "Europe/Lisbon",
        "2025-10-25 20:00",
        "2025-10-25 20:00+01:00",
        {
            "1": "2025-10-25 19:59",
            "2": "2025-10-26 19:59",
            "3": "2025-10-26 20:01",
            "4": "2025-10-27 20:00",
        },
        {"1": "2025-10-25 19:59:00+01:00", "2": "2025-10-26 19:59:00+00:00"},
    ),
    Change(
        "Europe/Lisbon",
        "2025-03-29 20:00",
        "2025-03-29 20:00+00:00",
        {
            "1": "2025-03-29 19:59",
            "2": "2025-03-30 19:59",
            "3": "2025-03-30 20:01",
            "4": "2025-03-31 20:00",
        },
        {"1": "2025-03-29 19:59:00+00:00", "2": "2025-03-30 19:59:00+01:00"},
    ),
]
CLASS = "number,name\n1,Ann\n2,Bo\n3,Cy\n4,Dee\n"


def a_course(root: Path, change: Change) -> Course:
    import shutil

    root.mkdir()
    shutil.rmtree(make(root).submitted)
    (root / "course_config.py").write_text(
        f"c = get_config()\nc.Course.timezone = '{change.zone}'\n"
        f"c.Course.due = {{'hw': '{change.due}'}}\n"
        "c.Late.penalty = 'zero'\nc.Late.tokens = 1\n"
    )
    course = config.load(root)
    gradebook.register(course, assignments.load_assignment(course, "hw"), 2)
    (course.release / "hw").mkdir(parents=True)
    (course.release / "hw" / "manifest.json").write_text('{"number": 2}')
    (root / "class.csv").write_text(CLASS)
    roster.import_roster(course, root / "class.csv")
    return course


def hand_in(course: Course, inbox: Path, number: str, when: datetime) -> None:
    node = nbformat.read(course.source / "hw" / "hw.ipynb", as_version=4)
    node.cells[1] = code(ANSWERS["a-right"], "answer", solution=True)
    file = inbox / f"{number}.ipynb"
    nbformat.write(node, file)
    os.utime(file, (when.timestamp(), when.timestamp()))


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: f"{c.zone}, {c.due}")
def test_a_late_day_ends_at_the_same_hour_whatever_the_clocks_do(
    change: Change, workers: Workers, tmp_path: Path
) -> None:
    course = a_course(tmp_path / "course", change)
    ids = {one.number: one.id for one in roster.people(course)}
    inbox = tmp_path / "in"
    inbox.mkdir()
    for number, written in change.received.items():
        hand_in(course, inbox, number, parse_time(written, course.zone))
    allowances.extend(course, "4", "hw", 24 * 60, reason="ill")
    collect(course, "hw", inbox)
    grade.grade(course, "hw", workers=workers)
    totals = {one.student: one.total for one in gradebook.student_scores(course, "hw")}
    assert totals == {ids["1"]: 3.0, ids["2"]: 3.0, ids["3"]: 0.0, ids["4"]: 3.0}
    rows = {
        row["number"]: row
        for row in csv.DictReader(io.StringIO(table(course, to="csv").table.decode("utf-8-sig")))
    }
    for number, shown in change.exported.items():
        assert rows[number]["received"].lstrip("'") == shown
    assert [rows[n]["total"] for n in "1234"] == ["3", "3", "0", "3"]
    told = CliRunner().invoke(app, ["--course", str(course.root), "status"])
    assert change.zone in told.output
    assert change.shown in told.output
