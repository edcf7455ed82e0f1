"""The commands. Each parses its arguments, calls one step, and prints the report it returns.

Each command imports its step when it runs, so that `autograder --help` answers at once.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.commands import backup, forget, portal, staff, translate
from autograder.cli.output import Context, in_utf8_mode, printed, show
from autograder.cli.reports import grading, validation
from autograder.cli.reports.progress import counting, progress, stages
from autograder.errors import AutograderError

app = typer.Typer(
    name="autograder",
    help="Notebook assignments for deep-learning courses: released, graded, given back.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
roster = typer.Typer(help="The class list: the only place that holds names.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Sandbox = Annotated[
    bool, typer.Option(help="--no-sandbox runs without isolation and stamps every result.")
]
Assignment = Annotated[str, typer.Argument(help="The folder's name in source/.")]


@app.callback()
def _course(
    context: typer.Context,
    course: Annotated[
        Path | None,
        typer.Option(help="The course folder; else the nearest one above the working directory."),
    ] = None,
) -> None:
    context.obj = Context(course)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Made if it is not there; never overwritten.")],
    name: Annotated[str, typer.Option(help="A short name of the course.")] = "",
    json: Json = False,
) -> None:
    """Create a new course with one small example assignment."""
    from autograder.steps.authoring import init as step

    with printed(json):
        show(step.init(folder, name or folder.resolve().name), json, grading.init)


@app.command()
def validate(
    context: typer.Context,
    assignment: Annotated[
        list[str] | None, typer.Argument(help="The folders' names in source/.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every assignment of the course.")] = False,
    slow: Annotated[
        bool, typer.Option("--slow", help="Also the mistakes that are trained: tagged slow.")
    ] = False,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="Run each mistake's notebook from end to end."),
    ] = False,
    draws: Annotated[
        int, typer.Option(min=0, help="Judge under so many other hidden draws too: luck shows.")
    ] = 0,
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", min=0, help="Runs at a time; 0: one per core.")
    ] = 0,
    sandbox: Sandbox = True,
    json: Json = False,
) -> None:
    """Check that solutions pass and each known mistake fails exactly its declared criteria."""
    from autograder.steps.authoring import validate as step

    if bool(assignment) == every:
        raise typer.BadParameter("name assignments, or say --all")
    with printed(json), stages("validate") as tell:
        report = step.validate(
            context.obj.course,
            assignment or (),
            slow=slow,
            whole=whole,
            draws=draws,
            jobs=jobs,
            sandbox=sandbox,
            progress=tell,
        )
    show(report, json, validation.validate, ok=report.ok)


@app.command()
def calibrate(
    context: typer.Context,
    assignment: Assignment,
    runs: Annotated[int, typer.Option(min=3, help="Seeds of the solution; 20 or more tell.")] = 30,
    mistake_runs: Annotated[int, typer.Option(min=1, help="Seeds of each mistake.")] = 5,
    check: Annotated[
        int, typer.Option(min=0, help="Also so many seeds that the bounds have not seen.")
    ] = 0,
    task: Annotated[
        list[str] | None, typer.Option(help="Run only this task's thresholds; repeatable.")
    ] = None,
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", min=0, help="Runs at a time; 0: one per core.")
    ] = 0,
    sandbox: Sandbox = True,
    json: Json = False,
) -> None:
    """Measure the score variation of correct solutions and propose thresholds. Resumable."""
    from autograder.steps.authoring import calibrate as step

    with printed(json), stages(f"calibrate {assignment}") as tell:
        report = step.calibrate(
            context.obj.course,
            assignment,
            runs=runs,
            mistake_runs=mistake_runs,
            check=check,
            tasks=task or (),
            jobs=jobs,
            sandbox=sandbox,
            progress=tell,
        )
    show(report, json, validation.calibrate, ok=report.ok)


@app.command()
def release(
    context: typer.Context,
    assignment: Assignment,
    drop: Annotated[
        list[str] | None,
        typer.Option(help="A criterion or task removed on purpose since the last; repeatable."),
    ] = None,
    lang: translate.Languages = None,
    zero_points: Annotated[
        bool, typer.Option("--zero-points", help="Release it although nothing in it is graded.")
    ] = False,
    sandbox: Sandbox = True,
    json: Json = False,
) -> None:
    """Build the student notebooks.

    First check that the solution passes every criterion and that the released notebook does not.
    """
    from autograder.steps.authoring import release as step
    from autograder.steps.authoring.release_checks import prove
    from autograder.steps.grading.pipeline.workers import Workers

    with printed(json), stages(f"release {assignment}") as tell:
        course = context.obj.course
        with Workers(sandbox=sandbox, parallel=2) as workers:
            report = step.release(
                course,
                assignment,
                prove=partial(prove, workers=workers),
                languages=lang or (),
                dropped=drop or (),
                zero_points=zero_points,
                progress=tell,
            )
    show(report, json, grading.release)


@app.command()
def collect(
    context: typer.Context,
    assignment: Assignment,
    path: Annotated[
        Path | None,
        typer.Argument(help="A folder, or a zip as Canvas or Moodle makes it; else submitted/."),
    ] = None,
    json: Json = False,
) -> None:
    """Import submissions; report each one's student and the files that match no student."""
    from autograder.steps.grading import collect as step

    with printed(json), counting("collecting") as tell:
        report = step.collect(context.obj.course, assignment, path, progress=tell)
    show(report, json, grading.collect)


@app.command()
def grade(
    context: typer.Context,
    what: Annotated[
        list[str],
        typer.Argument(help="An assignment; or, with --assignment, notebooks by path."),
    ],
    assignment: Annotated[
        str, typer.Option(help="Grade single notebooks for this one; nothing is recorded.")
    ] = "",
    student: Annotated[
        list[str] | None, typer.Option(help="Only this student (pseudonym); repeatable.")
    ] = None,
    task: Annotated[
        list[str] | None, typer.Option(help="Judge only this task again; repeatable.")
    ] = None,
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", min=0, help="Submissions at a time; 0: one per core.")
    ] = 0,
    sandbox: Sandbox = True,
    json: Json = False,
) -> None:
    """Run and check the submissions and record the scores. Resumable."""
    if assignment:
        _grade_files(context, assignment, what, jobs, sandbox, json)
        return
    from autograder.steps.grading import grade as step

    with printed(json), progress("grading") as tell:
        if len(what) > 1:
            raise AutograderError(
                f"{len(what)} assignments at once",
                way_out="grade one after the other; for notebooks by path add --assignment A",
            )
        report = step.grade(
            context.obj.course,
            what[0],
            students=student or (),
            tasks=task or (),
            jobs=jobs,
            sandbox=sandbox,
            progress=tell,
        )
    show(report, json, grading.grade, ok=not report.faults)


def _grade_files(
    context: typer.Context, assignment: str, files: list[str], jobs: int, sandbox: bool, json: bool
) -> None:
    from autograder.steps.grading.grade_files import grade_files

    with printed(json), stages(f"grading {len(files)} notebooks") as tell:
        report = grade_files(
            context.obj.course,
            assignment,
            [Path(f) for f in files],
            jobs=jobs,
            sandbox=sandbox,
            progress=tell,
        )
    show(report, json, grading.grade_files, ok=not any(one.fault for one in report.files))


@app.command()
def feedback(
    context: typer.Context,
    assignment: Assignment,
    student: Annotated[str | None, typer.Option(help="Only this student (pseudonym).")] = None,
    json: Json = False,
) -> None:
    """Write a feedback page for every graded student."""
    from autograder.steps.reporting import feedback as step

    with printed(json), counting("writing pages") as tell:
        report = step.feedback(context.obj.course, assignment, student, progress=tell)
    show(report, json, grading.feedback, ok=not report.problems)


@app.command()
def status(context: typer.Context, json: Json = False) -> None:
    """Show the progress of every assignment: released, submitted, graded, feedback written."""
    from autograder.steps.reporting import status as step

    with printed(json):
        show(step.status(context.obj.course), json, grading.status)


@app.command()
def doctor(
    context: typer.Context,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out what takes seconds.")] = False,
    json: Json = False,
) -> None:
    """Check everything that grading needs on this machine, and report what is missing."""
    from autograder.steps.operations import doctor as step

    with printed(json), stages("looking") as tell:
        report = step.doctor(
            context.obj.course_if_any, quick=quick, progress=lambda finding: tell(finding.name)
        )
    show(report, json, grading.doctor, ok=report.ok)


@app.command()
def demo(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option(help="The scratch course; made anew. Else .autograder/demo.")
    ] = None,
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", min=0, help="Submissions at a time; 0: one per core.")
    ] = 0,
    slow: Annotated[
        bool, typer.Option("--slow", help="Train every mistake, also the dear ones.")
    ] = False,
    sandbox: Sandbox = True,
    json: Json = False,
) -> None:
    """Grade an example class in a scratch course; compare each score with the expected one."""
    from autograder.steps.operations import demo as step

    with printed(json), stages("demo") as tell:
        course = context.obj.course
        report = step.demo(
            course,
            folder or course.state / "demo",
            jobs=jobs,
            sandbox=sandbox,
            slow=slow,
            progress=tell,
        )
    show(report, json, grading.demo, ok=report.as_expected == len(report.compared))


@roster.command("import")
def roster_import(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="A class list as CSV: a spreadsheet's, Canvas's or Moodle's.")
    ],
    json: Json = False,
) -> None:
    """Add the students of a class list to the roster and give each a pseudonym."""
    from autograder.steps import roster as step

    with printed(json):
        show(step.import_roster(context.obj.course, file), json, grading.roster)


app.add_typer(roster, name="roster")
roster.command("links")(portal.links)
app.command("translate")(translate.translate)
app.command("serve")(portal.serve)
app.command("submit")(portal.submit)
app.command("extend")(portal.extend)
app.command("stats")(staff.stats)
app.command("regrade")(staff.regrade)
app.command("export")(staff.export)
app.command("forget")(forget.forget)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.add_typer(portal.exam, name="exam")
app.add_typer(portal.receipt, name="receipt")


def main() -> None:
    """Run the command line; exit with 0 only if everything succeeded."""
    in_utf8_mode()
    sys.exit(app())
