"""Every setting of a course: its name, type, default, and meaning.

A section `X` is written `c.X` in `course_config.py`. In a section with `assignments`, some
assignments can have other values, by name or pattern:

    c.Limits.assignments = {"n432_*": {"cpu_seconds": 240}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Literal, get_type_hints

from autograder.nouns import Limits as RunLimits

Overrides = Mapping[str, Mapping[str, Any]]
_EACH = (
    "Other values for some assignments: `{name or pattern: {setting: value}}`. Later patterns win "
    "over earlier ones, and an assignment's whole name over every pattern, also with `[` or `*`."
)


def _set(default: Any, by: str, doc: str, *, least: float | None = None) -> Any:
    """Return a setting: its default, the command that reads it ("later": none yet), its meaning."""
    metadata = {"by": by, "doc": doc, "least": least}
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class CourseSettings:
    """Name, language, time zone, gradebook and due dates of the course."""

    name: str = _set("course", "all", "A short name; nbgrader's `course_id`.")
    language: Literal["en", "ko"] = _set("en", "all", "The language of `source/`.")
    translations: tuple[str, ...] = _set(
        (),
        "release",
        "Languages besides it, released where an assignment has a catalogue; an unfinished one "
        "fails validation.",
    )
    timezone: str = _set("UTC", "all", "The zone in which dates here are written and shown.")
    db_url: str = _set(
        "", "grade", "The gradebook; empty means `gradebook.db` in the course folder (SQLite)."
    )
    sprints: tuple[str, ...] = _set(
        ("sc*",), "all", "Names or patterns of the assignments that are sprint challenges."
    )
    due: Mapping[str, str] = _set(
        {},
        "collect",
        "`{assignment: 'YYYY-MM-DD HH:MM'}` in the course's time zone, or with an offset from UTC: "
        "`'2026-11-01 01:30-04:00'`.",
    )


@dataclass(frozen=True)
class GradingSettings:
    """Running and checking submissions."""

    plain_tests: Literal["refuse", "inside"] = _set(
        "refuse",
        "grade",
        "Plain nbgrader tests that change a student's names can only run beside student code: "
        "`inside` allows it and stamps the result, `refuse` leaves such a task to a person.",
    )
    retrain: bool = _set(
        True,
        "grade",
        "`False`: cells tagged `train` are not run and kept work takes their place.",
    )
    draws: Literal["course", "student"] = _set(
        "course", "later", "Whether hidden data is the same for all, or drawn for each student."
    )
    jobs: int = _set(0, "grade", "Submissions graded at the same time; 0: one per core.", least=0)
    scheduler: str = _set("", "later", "Address of a Dask scheduler; empty: this machine.")
    assignments: Overrides = _set({}, "grade", _EACH)


@dataclass(frozen=True)
class LimitSettings:
    """Limits of one run."""

    cpu_seconds: float = _set(
        RunLimits.cpu_seconds, "grade", "CPU seconds of the job's whole process tree.", least=1
    )
    cell_seconds: float = _set(RunLimits.cell_seconds, "grade", "CPU seconds of one cell.", least=1)
    wall_factor: float = _set(
        RunLimits.wall_factor,
        "grade",
        "Wall clock as a multiple of CPU seconds; only catches what sleeps.",
        least=1,
    )
    memory_mb: int = _set(RunLimits.memory_mb, "grade", "Memory of the whole tree.", least=64)
    processes: int = _set(RunLimits.processes, "grade", "Processes and threads.", least=8)
    open_files: int = _set(RunLimits.open_files, "grade", "Open files per process.", least=32)
    disk_mb: int = _set(RunLimits.disk_mb, "grade", "Scratch space.", least=1)
    file_mb: int = _set(RunLimits.file_mb, "grade", "The largest file written.", least=1)
    output_kb: int = _set(
        RunLimits.output_kb,
        "grade",
        "Printed output that is kept; a job is ended at 64 times as much.",
        least=1,
    )
    capture_mb: int = _set(
        RunLimits.capture_mb, "grade", "All values captured at one test cell.", least=1
    )
    check_seconds: float = _set(
        RunLimits.check_seconds,
        "grade",
        "CPU seconds of one criterion: the check itself, and what it asks of the student's code.",
        least=1,
    )
    check_questions: int = _set(
        RunLimits.check_questions,
        "grade",
        "Calls and reads that one criterion may ask of the student's code.",
        least=10,
    )
    check_mb: int = _set(
        RunLimits.check_mb,
        "grade",
        "All that the student's code answers to one criterion.",
        least=1,
    )
    assignments: Overrides = _set({}, "grade", _EACH)


@dataclass(frozen=True)
class FeedbackSettings:
    """Content and time of students' feedback on daily assignments. Sprints: see `Exam`."""

    hidden: Literal["none", "verdict", "number"] = _set(
        "verdict",
        "feedback",
        "Of a hidden criterion: only its demand, also its verdict and points, or also the one "
        "number its demand names.",
    )
    when: Literal["on_grade", "after_due", "on_release"] = _set(
        "on_grade", "serve", "Feedback is shown once graded, after the due date, or by hand."
    )
    attempts_per_day: int = _set(
        3, "serve", "Gradings per student and day; 0: no limit. Saving is never limited.", least=0
    )
    regrade_days: int = _set(
        7, "serve", "Days after feedback in which a regrade may be asked for.", least=0
    )
    assignments: Overrides = _set({}, "feedback", _EACH)


@dataclass(frozen=True)
class SubmissionSettings:
    """Submissions: limits on size, which of them counts, and how long they are kept."""

    counts: Literal["best", "last"] = _set(
        "best", "collect", "Which of a student's submissions counts."
    )
    pattern: str = _set(
        "",
        "collect",
        "Regular expression with a group `student` (and maybe `file`) for names in an LMS's zip, "
        "tried before those of Canvas and Moodle.",
    )
    max_mb: int = _set(64, "collect", "The largest submission, unpacked.", least=1)
    max_files: int = _set(200, "collect", "The most files in one submission.", least=1)
    quota_mb: int = _set(
        1024,
        "serve",
        "All that one student's submissions to one assignment may take on the portal's disk; more "
        "is refused until something is deleted.",
        least=1,
    )
    keep_days: int = _set(
        0,
        "forget",
        "Days without anything new after which a student's work in an assignment may "
        "be deleted; 0: never.",
        least=0,
    )


@dataclass(frozen=True)
class LateSettings:
    """Penalties for late daily work. A sprint closes, so nothing in it is late."""

    plugin: str = _set(
        "", "grade", "Dotted path of an nbgrader late-submission plugin; empty: nbgrader's own."
    )
    penalty: Literal["none", "zero"] = _set(
        "none", "grade", "nbgrader's own plugin: no penalty, or no points for what is late."
    )
    tokens: int = _set(
        0,
        "grade",
        "Late days of each student over the course, taken by themselves: work that is late by no "
        "more days than are left is not late.",
        least=0,
    )


@dataclass(frozen=True)
class ExamSettings:
    """Sprint challenges: the window, the clock, and the feedback afterwards."""

    opens: str = _set("", "exam", "'YYYY-MM-DD HH:MM' in the course's time zone.")
    latest_start: str = _set("", "exam", "Empty: a student may start until it closes.")
    closes: str = _set("", "exam", "Nobody works on after this, whenever they began.")
    minutes: int = _set(90, "exam", "Working time from the personal start.", least=1)
    grace_seconds: int = _set(
        60, "exam", "For uploads that have already begun when the time is over.", least=0
    )
    autosave_seconds: int = _set(
        20,
        "release",
        "How often the notebook's file is looked at and, if it was saved, put on the portal; "
        "answer cells are put there as they are run.",
        least=1,
    )
    visible_feedback: bool = _set(
        True, "release", "Whether visible criteria may be checked during the sprint."
    )
    rehearsal: bool = _set(
        False,
        "exam",
        "A rehearsal may be begun again once its time is over, is graded at once, shows its "
        "results, and is not exported unless it is named.",
    )
    hidden: Literal["none", "verdict", "number"] = _set(
        "verdict", "feedback", "As `Feedback.hidden`, for sprints."
    )
    when: Literal["after_due", "on_release"] = _set(
        "after_due", "serve", "As `Feedback.when`: after the close, or by hand."
    )
    assignments: Overrides = _set({}, "exam", _EACH)


@dataclass(frozen=True)
class PortalSettings:
    """The web portal: addresses, sign-in and sessions."""

    url: str = _set(
        "", "release", "Public address of the portal; notebooks install and submit there."
    )
    colab_url: str = _set(
        "", "serve", "Public address of the released notebooks, for 'open in Colab'."
    )
    host: str = _set("127.0.0.1", "serve", "The address to listen on.")
    port: int = _set(8000, "serve", "The port to listen on.", least=1)
    sign_in: Literal["link", "proxy", "jupyterhub"] = _set(
        "link", "serve", "Personal links, a proxy's header, or JupyterHub."
    )
    proxy_header: str = _set(
        "X-Forwarded-User", "serve", "The header that a proxy in front sets, if `sign_in` says so."
    )
    trusted_proxies: tuple[str, ...] = _set(
        ("127.0.0.1", "::1"),
        "serve",
        "Addresses of the proxies in front: only what comes from one of them may carry "
        "`proxy_header` or `X-Forwarded-For`.",
    )
    link_days: int = _set(14, "serve", "Days until a personal link expires.", least=1)
    session_hours: int = _set(12, "serve", "Hours until one has to sign in again.", least=1)


@dataclass(frozen=True)
class ExportSettings:
    """Tables for other systems, such as Canvas and Moodle."""

    columns: tuple[str, ...] = _set(
        (),
        "export",
        "Columns of the CSV, in order, each a name or `'heading = name'`; empty: all but `tasks`, "
        "which stands for one column per task. The names: number, name, email, section, student, "
        "assignment, score, late_penalty, total, max_score, percent, needs_person, received, "
        "submission, tasks.",
    )
    encoding: str = _set("utf-8-sig", "export", "So that spreadsheets read Korean names rightly.")
    canvas: Mapping[str, str] = _set(
        {"SIS User ID": "number", "SIS Login ID": "email"},
        "export",
        "From which field of the roster Canvas's two columns of identities are filled.",
    )
    moodle: Mapping[str, str] = _set(
        {"ID number": "number", "Full name": "name", "Email address": "email"},
        "export",
        "The columns before the scores in Moodle's table: `{heading: field of the roster}`.",
    )
    names: Mapping[str, str] = _set(
        {},
        "export",
        "What an assignment is called there: `{'n411_first_network': 'Week 1 (4711)'}`, with its "
        "number as Canvas's own export has it.",
    )


SECTIONS: dict[str, type[Any]] = {
    "Course": CourseSettings,
    "Grading": GradingSettings,
    "Limits": LimitSettings,
    "Feedback": FeedbackSettings,
    "Submissions": SubmissionSettings,
    "Late": LateSettings,
    "Exam": ExamSettings,
    "Portal": PortalSettings,
    "Export": ExportSettings,
}


@dataclass(frozen=True)
class Setting:
    """One setting as the reference page lists it."""

    section: str
    name: str
    type: Any
    default: Any
    by: str
    doc: str
    least: float | None


def settings(section: str) -> dict[str, Setting]:
    """Return the settings of one section by name, in order."""
    cls = SECTIONS[section]
    hints = get_type_hints(cls)
    return {f.name: _setting(section, f, hints[f.name]) for f in fields(cls)}


def _setting(section: str, one: Field[Any], hint: Any) -> Setting:
    default = one.default
    if one.default_factory is not MISSING:
        default = one.default_factory()
    return Setting(section, one.name, hint, default, **one.metadata)
