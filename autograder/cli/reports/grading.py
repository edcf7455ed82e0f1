"""Reports in words and tables, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timezone
from typing import TYPE_CHECKING

from autograder.cli.output import printable
from autograder.deadlines import with_offset
from autograder.language import in_words

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from autograder.nouns import NotebookResult, Result
    from autograder.steps.authoring.init import Made
    from autograder.steps.authoring.release import ReleaseReport
    from autograder.steps.grading.grade import GradeReport as Graded
    from autograder.steps.grading.grade_files import FileGradeReport as Tried
    from autograder.steps.operations.demo import DemoReport as Shown
    from autograder.steps.operations.doctor import DoctorReport as Examined
    from autograder.steps.reporting.feedback import FeedbackReport as Written
    from autograder.steps.reporting.status import Status
    from autograder.steps.roster import Imported
    from autograder.submissions.collection_report import CollectionReport as Collected


def init(report: Made) -> Iterator[str]:
    """Yield the course's folder and the first command to try."""
    yield f"a new course in {report.root}"
    yield f"try it:  cd {report.root} && autograder release hello"


def roster(report: Imported) -> Iterator[str]:
    """Yield the number of students added, changed, and missing from the class list."""
    yield (
        f"{len(report.added)} added, {len(report.changed)} changed, {report.total} in the roster"
        f"  ({report.encoding}; {report.path})"
    )
    if report.absent:
        yield f"{len(report.absent)} not in this file: kept"
    yield from (f"not a person: {text}" for text in report.skipped)


def release(report: ReleaseReport) -> Iterator[str]:
    """Yield the release's number and folder, its changes and its warnings."""
    state = "written to" if report.written else "unchanged in"
    yield (
        f"{report.assignment}, release {report.number}: {', '.join(report.notebooks)},"
        f" {report.max_points:g} points; {state} {report.folder}"
    )
    if report.languages:
        yield f"also in {', '.join(report.languages)}, with the same number, ids and code"
    yield from (f"· {printable(text)}" for text in (*report.changes, *report.warnings))


def collect(report: Collected) -> Iterator[RenderableType]:
    """Yield the counts of new, updated and unchanged submissions, and everything rejected."""
    counts = (
        f"{len(report.new)} new, {len(report.updated)} updated, {len(report.unchanged)} unchanged"
    )
    yield f"{_count(report.matched, 'student')}: {counts}  (from {printable(report.origin)})"
    for one in (*report.new, *report.updated):
        yield from (f"· {one.student}: {printable(note)}" for note in one.notes)
    for title, many in (("not taken", report.unmatched), ("left out", report.left_out)):
        for left in many:
            whose = f" ({left.student})" if left.student else ""
            way_out = f"\n    → {printable(left.way_out)}" if left.way_out else ""
            yield f"{title}: {printable(left.name)}{whose}: {printable(left.reason)}{way_out}"
    if report.missing:
        yield f"nothing yet of {_count(len(report.missing), 'student')}"


def feedback(report: Written) -> Iterator[str]:
    """Yield the number of pages, the first page's path, and each page that failed."""
    yield f"{_count(len(report.pages), 'page')} for {_count(report.students, 'student')}"
    if report.pages:
        yield f"the first: {report.pages[0]}"
    yield from (f"· {printable(problem)}" for problem in report.problems)


def doctor(report: Examined) -> Iterator[RenderableType]:
    """Yield a line per finding, by area, and the sandbox tier that jobs will use."""
    area = ""
    for one in report.findings:
        if one.area != area:
            area = one.area
            yield f"{area}"
        mark = "ok " if one.ok else ("NO " if one.matters else "–  ")
        seen = f": {printable(one.seen)}" if one.seen else ""
        way_out = f"\n        → {printable(one.way_out)}" if one.way_out else ""
        yield f"  {mark} {one.name}{seen}{way_out}"
    verdict = "student code is graded" if report.ok else "student code is not graded"
    yield f"{verdict} at tier {report.tier}" if report.ok else f"{verdict}: see NO above"


def grade(report: Graded) -> Iterator[RenderableType]:
    """Yield a line per submission, the faults that need a person, and the counts."""
    from autograder.steps.grading.grade import overall

    if report.results:
        yield _submissions({r.student: (r, overall(r)) for r in report.results})
    for text in (*report.notes, *report.faults):
        yield f"· {printable(text)}"
    counts = ", ".join(f"{number} {name}" for name, number in sorted(report.by_status.items()))
    yield (
        f"{_count(len(report.results), 'submission')}: {counts or 'none handed in'}\n"
        f"{report.ran} run, {report.reused} judged from evidence, {report.recorded} recorded,"
        f" in {report.seconds:.1f} s  (isolation: {report.tier})"
    )


def grade_files(report: Tried) -> Iterator[RenderableType]:
    """Yield a line per notebook: points, state, and a limit it reached."""
    for one in report.files:
        said = [one.fault] if one.fault else []
        if one.result is not None:
            said += [text for text in (one.result.broken, one.result.limit) if text]
            said += undecided(one.result)
        remark = f"  {printable(said[0].splitlines()[0])}" if said else ""
        yield f"{printable(one.file)}: {one.points:g}/{one.max_points:g}, {one.state}{remark}"
    yield f"nothing was recorded  (isolation: {report.tier})"


def undecided(result: NotebookResult) -> list[str]:
    """Return the faults that left criteria undecided, without duplicates."""
    criteria = (c for task in result.tasks for c in task.criteria)
    faults = (in_words(c.message, "en")[1] for c in criteria if str(c.status) == "error")
    return list(dict.fromkeys(fault for fault in faults if fault))


def demo(report: Shown) -> Iterator[RenderableType]:
    """Yield a line per example student and per criterion, the output folders, and the verdict."""
    from rich.table import Table

    students = Table("student", "handed in", "points", "as expected", box=None, header_style="bold")
    for one in report.compared:
        verdict = "yes" if one.as_expected else "NO, see below"
        students.add_row(one.student, one.what, f"{one.points:g}/{one.max_points:g}", verdict)
    yield students
    headings = ("criterion", "points", "passed", "failed", "not run", "not attempted")
    criteria = Table(*headings, box=None, header_style="bold")
    for name, points, ended in report.by_criterion():
        criteria.add_row(name, f"{points:g}", *(str(ended.get(k, 0)) for k in _STATES))
    yield criteria
    yield (
        f"the course:    {report.course}\nstudents' pages: {report.pages}\n"
        f"the gradebook: {report.gradebook}"
    )
    counts = ", ".join(f"{number} {name}" for name, number in sorted(report.by_status.items()))
    yield f"{counts}; {report.seconds:.0f} s, isolation: {report.tier}"
    for one in report.compared:
        if not one.as_expected:
            yield printable(f"{one.student}, {one.what}:\n  " + "\n  ".join(one.differences))
    yield f"as expected: {report.as_expected} of {len(report.compared)}"


_STATES = ("passed", "failed", "not_run", "not_attempted")


def status(report: Status) -> Iterator[RenderableType]:
    """Yield a line per assignment."""
    from rich.table import Table

    headings = ("assignment", "kind", "release", "due", "in", "graded", "waiting", "mean", "given")
    table = Table(*headings, box=None, header_style="bold")
    table.columns[0].no_wrap = table.columns[3].no_wrap = True
    for one in report.assignments:
        mean = "" if one.mean is None else f"{one.mean:.1f}/{one.max_score:g}"
        due = with_offset(one.due, one.due.tzinfo or timezone.utc) if one.due else ""
        numbers = (one.submitted, one.graded, one.needs_person)
        table.add_row(
            one.assignment,
            one.kind,
            str(one.release or "none"),
            due,
            *map(str, numbers),
            mean,
            str(one.feedback),
        )
    yield table if report.assignments else "no assignment in source/ yet"
    if any(one.due for one in report.assignments):
        yield f"times are those of {report.timezone}"
    for one in report.assignments:
        yield from (f"{one.assignment}/{group}" for group in one.alike)


def _submissions(graded: Mapping[str, tuple[Result, str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("student", "points", "state", "remark", box=None, header_style="bold")
    table.columns[1].justify = "right"
    for student, (result, state) in graded.items():
        remarks = [n.broken or n.limit for n in result.notebooks]
        best = sum(t.max_points for n in result.notebooks for t in n.tasks)
        remarks += [fault for n in result.notebooks for fault in undecided(n)]
        said = "; ".join(dict.fromkeys(r.splitlines()[0] for r in remarks if r))
        row = (student, f"{result.points:g}/{best:g}", state.replace("_", " "), said)
        table.add_row(*(Text(printable(cell)) for cell in row))  # as plain text, without markup
    return table


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
