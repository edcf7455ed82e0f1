"""Export of scores to a spreadsheet, Canvas or Moodle, with rows checked against the roster.

csv     a line per student and assignment, with the columns that c.Export.columns names
canvas  a line per student, a column per assignment, as Canvas's gradebook imports it
moodle  a line per student, a column per assignment, as Moodle's grade import takes it
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import timezone
from pathlib import Path
from typing import Any

from autograder import atomic_files, gradebook
from autograder.config import Course
from autograder.config.reading import unknown
from autograder.deadlines import with_offset
from autograder.errors import ConfigError, NotFound
from autograder.gradebook import StudentScore
from autograder.gradebook.database import audit
from autograder.steps import roster
from autograder.steps.assignments import released_number
from autograder.steps.reporting.spreadsheet import csv_bytes, plain
from autograder.steps.roster import Person

KINDS = ("csv", "canvas", "moodle")
DECIMALS = 4
FIELDS = tuple(one.name for one in fields(Person))


@dataclass(frozen=True)
class Left:
    """A score that the table lacks or leaves empty, with the reason."""

    student: str
    assignment: str
    why: str


@dataclass(frozen=True)
class ExportReport:
    """The table as bytes, its file, and the scores that it lacks."""

    to: str
    assignments: tuple[str, ...]
    table: bytes
    rows: int
    unmatched: tuple[Left, ...]  # not in the roster, or without an identifier for a row
    waiting: tuple[Left, ...]  # a person still has to look, so the score is held back
    missing: tuple[str, ...]  # students of the roster without any score
    file: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the report without the table itself."""
        plain_values = {k: v for k, v in asdict(self).items() if k != "table"}
        return {**plain_values, "file": str(self.file) if self.file else None}


def export(
    course: Course,
    assignments: Collection[str] = (),
    *,
    to: str = "csv",
    file: Path | None = None,
    who: str = "",
) -> ExportReport:
    """Write the table of these assignments (default: all released), readable by its owner only.

    A score that waits for a person is left empty in Canvas's and Moodle's tables, and reported.
    Raises `NotFound` for a missing assignment or roster, `ConfigError` for an invalid column.
    """
    report = table(course, assignments, to=to)
    name = "-".join(report.assignments) if len(report.assignments) < 4 else "course"
    path = file or course.state / "exports" / f"{name}-{to}.csv"
    atomic_files.write(path, report.table, mode=0o600)
    note(course, report, who or getpass.getuser())
    return ExportReport(**{**vars(report), "file": path})


def note(course: Course, report: ExportReport, who: str) -> None:
    """Record in the audit log who exported which scores."""
    for assignment in report.assignments:
        audit.note(course, who, f"exported to {report.to}", assignment, {"rows": report.rows})


def table(course: Course, assignments: Collection[str] = (), *, to: str = "csv") -> ExportReport:
    """Return the table without writing it."""
    if to not in KINDS:
        raise NotFound(f"there is no table for {to!r}", way_out=f"there are {', '.join(KINDS)}")
    chosen = _chosen(course, assignments)
    scores = {name: gradebook.student_scores(course, name) for name in chosen}
    people = {one.id: one for one in roster.people(course)}
    if to == "csv":
        return _plain_table(course, scores, people)
    return _lms_table(course, to, scores, people)


def _chosen(course: Course, assignments: Collection[str]) -> tuple[str, ...]:
    released = sorted(
        p.name for p in course.release.glob("*") if p.is_dir() and released_number(course, p.name)
    )
    for name in assignments:
        if name not in released:
            raise NotFound(
                f"{name!r} was never released",
                where=str(course.release),
                way_out=f"released are: {', '.join(released) or 'none'}",
            )
    if not released:
        raise NotFound("nothing was released yet", way_out="autograder release A")
    count = [name for name in released if not course.rehearses(name)]
    return tuple(dict.fromkeys(assignments)) or tuple(count)


Scores = Mapping[str, Sequence[StudentScore]]


def _rounded(value: float) -> float:
    return round(value, DECIMALS)


# ── Plain table ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Row:
    """One student's scores in one assignment."""

    course: Course
    assignment: str
    score: StudentScore
    person: Person | None

    @property
    def received(self) -> str:
        when = self.score.received
        if when is None:
            return ""
        aware = when.replace(tzinfo=timezone.utc)
        return with_offset(aware, self.course.zone, "%Y-%m-%d %H:%M:%S")

    @property
    def percent(self) -> float | None:
        most = self.score.max_score
        return round(100 * self.score.total / most, 2) if most else None


def _of_person(field: str) -> Callable[[_Row], Any]:
    return lambda row: getattr(row.person, field) if row.person else ""


COLUMNS: Mapping[str, Callable[[_Row], Any]] = {
    **{field: _of_person(field) for field in ("number", "name", "email", "section")},
    "student": lambda row: row.score.student,
    "assignment": lambda row: row.assignment,
    "score": lambda row: _rounded(row.score.score),
    "late_penalty": lambda row: _rounded(row.score.late_penalty),
    "total": lambda row: _rounded(row.score.total),
    "max_score": lambda row: _rounded(row.score.max_score),
    "percent": lambda row: row.percent,
    "needs_person": lambda row: row.score.needs_person,
    "received": lambda row: row.received,
    "submission": lambda row: row.score.submission,
}
TASKS = "tasks"


def _plain_table(course: Course, scores: Scores, people: Mapping[str, Person]) -> ExportReport:
    rows = [
        _Row(course, name, score, people.get(score.student))
        for name, found in scores.items()
        for score in found
    ]
    tasks = _tasks(course, scores) if TASKS in dict(_columns(course)).values() else {}
    names = list(dict.fromkeys(name for found in tasks.values() for name in found))
    headings: list[str] = []
    for heading, column in _columns(course):
        headings += names if column == TASKS else [heading]
    lines = [
        [cell for _, column in _columns(course) for cell in _cells(row, column, names, tasks)]
        for row in rows
    ]
    there = {score.student for found in scores.values() for score in found}
    return ExportReport(
        "csv",
        tuple(scores),
        csv_bytes(headings, lines, course.export.encoding),
        len(lines),
        tuple(_nobody(row) for row in rows if people and row.person is None),
        tuple(_waits(row.score, row.assignment) for row in rows if row.score.needs_person),
        tuple(p.id for p in people.values() if p.role == "student" and p.id not in there),
    )


def _columns(course: Course) -> Sequence[tuple[str, str]]:
    """Return (heading, name) of each column."""
    found = []
    for text in course.export.columns or tuple(COLUMNS):
        heading, _, name = (part.strip() for part in text.rpartition("="))
        if name not in COLUMNS and name != TASKS:
            where = str(course.root / "course_config.py")
            raise unknown("c.Export.columns has no column", name, [*COLUMNS, TASKS], where)
        found.append((heading or name, name))
    return found


def _cells(
    row: _Row,
    column: str,
    names: Sequence[str],
    tasks: Mapping[tuple[str, str], Mapping[str, float]],
) -> Iterator[Any]:
    if column != TASKS:
        yield COLUMNS[column](row)
        return
    found = tasks.get((row.assignment, row.score.student), {})
    yield from (found.get(name) for name in names)


def _tasks(course: Course, scores: Scores) -> dict[tuple[str, str], dict[str, float]]:
    """Return the points by (assignment, student) and task, named `assignment/notebook/task`."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for name in scores:
        for one in gradebook.task_scores(course, name):
            if one.max_score:
                cells = found.setdefault((name, one.student), {})
                cells[f"{name}/{one.notebook}/{one.task}"] = _rounded(one.score)
    return found


def _nobody(row: _Row) -> Left:
    return Left(row.score.student, row.assignment, "nobody in the roster")


def _waits(score: StudentScore, assignment: str) -> Left:
    return Left(score.student, assignment, "a person still has to look at it")


# ── Tables for Canvas and Moodle ─────────────────────────────────────────────────────


def _lms_table(
    course: Course, to: str, scores: Scores, people: Mapping[str, Person]
) -> ExportReport:
    students = [person for person in people.values() if person.role == "student"]
    if not students:
        raise NotFound(
            "no student is in the roster, so no row could say whose it is",
            where=str(roster.path_of(course)),
            way_out="autograder roster import CLASS.csv",
        )
    by_student = {name: {score.student: score for score in found} for name, found in scores.items()}
    columns = _identities(course, to)
    unmatched = [
        Left(s.student, name, _why_not(people.get(s.student)))
        for name, found in scores.items()
        for s in found
        if s.student not in people or people[s.student].role != "student"
    ]
    lines, waiting, missing = [], list[Left](), []
    for person in students:
        mine = {name: found.get(person.id) for name, found in by_student.items()}
        waiting += [_waits(s, name) for name, s in mine.items() if s and s.needs_person]
        cells = [_rounded(s.total) if s and not s.needs_person else None for s in mine.values()]
        if not any(mine.values()):
            missing.append(person.id)
        elif nameless := _nameless(person, columns):
            unmatched.append(Left(person.id, "", nameless))
        elif any(cell is not None for cell in cells):
            lines.append([*_identity(person, to, columns), *cells])
    headings, before = _head(course, to, columns, scores)
    return ExportReport(
        to,
        tuple(scores),
        csv_bytes(headings, [*before, *lines], course.export.encoding),
        len(lines),
        tuple(unmatched),
        tuple(waiting),
        tuple(missing),
    )


def _why_not(person: Person | None) -> str:
    return f"{person.role}, no student" if person else "nobody in the roster"


CANVAS = ("SIS User ID", "SIS Login ID")


def _identities(course: Course, to: str) -> Mapping[str, str]:
    """Return {heading: roster field} as the course sets them. Raises `ConfigError`."""
    chosen = course.export.canvas if to == "canvas" else course.export.moodle
    where = str(course.root / "course_config.py")
    for heading, field in chosen.items():
        if to == "canvas" and heading not in CANVAS:
            raise unknown("c.Export.canvas has no column", heading, CANVAS, where)
        if field not in FIELDS:
            raise unknown(f"c.Export.{to}: the roster has no field", field, FIELDS, where)
    if not set(chosen.values()) & {"number", "email", "id"}:
        raise ConfigError(
            f"c.Export.{to} names nobody for certain",
            where=where,
            way_out="let one of its columns be number or email",
        )
    return chosen


def _identity(person: Person, to: str, columns: Mapping[str, str]) -> list[Any]:
    if to == "moodle":
        return [getattr(person, field) for field in columns.values()]
    ids = [getattr(person, columns[name]) if name in columns else "" for name in CANVAS]
    return [person.name, "", *ids, person.section]


def _head(
    course: Course, to: str, columns: Mapping[str, str], scores: Scores
) -> tuple[list[str], list[list[Any]]]:
    """Return the headings, and the lines before the students'."""
    named = [course.export.names.get(name, name) for name in scores]
    if to == "moodle":
        return [*columns, *named], []
    # Canvas finds its tables by "Student", "ID" and "Section", and its own line by these words.
    most = [found[0].max_score if found else None for found in scores.values()]
    points = ["    Points Possible", "", "", "", "", *most]
    return ["Student", "ID", *CANVAS, "Section", *named], [points]


def _nameless(person: Person, columns: Mapping[str, str]) -> str:
    """Return why a platform could not match the row to a student; "" if it can."""
    sure = [getattr(person, f) for f in columns.values() if f in ("number", "email", "id")]
    if not any(sure):
        return "neither number nor address in the roster"
    if any(plain(value) != value for value in sure):
        return "a number or address that begins like a formula"
    return ""
