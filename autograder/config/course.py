"""A course as a frozen value: its folders, and its settings, also per assignment."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar, cast
from zoneinfo import ZoneInfo

from autograder.config.reading import Written, read
from autograder.config.settings import (
    CourseSettings,
    ExamSettings,
    ExportSettings,
    FeedbackSettings,
    GradingSettings,
    LateSettings,
    LimitSettings,
    PortalSettings,
    SubmissionSettings,
)
from autograder.deadlines import UnclearTime, parse_time
from autograder.errors import ConfigError, NotFound
from autograder.nouns import Limits

FILE = "course_config.py"
NBGRADER_FILE = "nbgrader_config.py"
_Section = TypeVar("_Section")


@dataclass(frozen=True)
class Course:
    """One course: its folders, and every setting as a checked value."""

    root: Path
    settings: CourseSettings = field(default_factory=CourseSettings)
    grading: GradingSettings = field(default_factory=GradingSettings)
    limit_settings: LimitSettings = field(default_factory=LimitSettings)
    feedback_settings: FeedbackSettings = field(default_factory=FeedbackSettings)
    exams: ExamSettings = field(default_factory=ExamSettings)
    submissions: SubmissionSettings = field(default_factory=SubmissionSettings)
    late: LateSettings = field(default_factory=LateSettings)
    portal: PortalSettings = field(default_factory=PortalSettings)
    export: ExportSettings = field(default_factory=ExportSettings)
    nbgrader: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # its own sections

    # ── Settings of the course ───────────────────────────────────────────────────────────

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def language(self) -> str:
        return self.settings.language

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.timezone)

    @property
    def db_url(self) -> str:
        """The gradebook's SQLAlchemy URL."""
        return self.settings.db_url or f"sqlite:///{self.root / 'gradebook.db'}"

    @property
    def portal_url(self) -> str:
        return self.portal.url

    @property
    def plain_tests(self) -> Literal["refuse", "inside"]:
        return self.grading.plain_tests

    @cached_property
    def key(self) -> bytes:
        """The course's secret (32 bytes), created on first use, readable by its owner only."""
        path = self.state / "course.key"
        if not path.exists():
            self.state.mkdir(mode=0o700, exist_ok=True)
            _create(path, secrets.token_bytes(32))
        return path.read_bytes()

    # ── Settings of one assignment ───────────────────────────────────────────────────────

    def kind_of(self, assignment: str) -> Literal["daily", "sprint"]:
        """Return "daily" or "sprint"."""
        sprints = self.settings.sprints
        return "sprint" if any(matches(assignment, s) for s in sprints) else "daily"

    def limits(self, assignment: str) -> Limits:
        """Return the limits of one run of this assignment."""
        values = asdict(_for(self.limit_settings, assignment))
        return Limits(**{f.name: values[f.name] for f in fields(Limits)})

    def grading_of(self, assignment: str) -> GradingSettings:
        """Return the settings for running and checking submissions to this assignment."""
        return _for(self.grading, assignment)

    def exam_of(self, assignment: str) -> ExamSettings:
        """Return the window and clock of this sprint challenge."""
        return _for(self.exams, assignment)

    def rehearses(self, assignment: str) -> bool:
        """Return True if the assignment is a sprint set up as a rehearsal."""
        return self.kind_of(assignment) == "sprint" and self.exam_of(assignment).rehearsal

    def feedback_of(self, assignment: str) -> FeedbackSettings:
        """Return the feedback settings of this assignment; a sprint's come from `Exam`."""
        daily = _for(self.feedback_settings, assignment)
        if self.kind_of(assignment) == "daily":
            return daily
        exam = self.exam_of(assignment)
        return FeedbackSettings(exam.hidden, exam.when, 0, daily.regrade_days)

    def due(self, assignment: str) -> datetime | None:
        """Return the due date in the course's time zone; None if there is none."""
        due = {_composed(name): written for name, written in self.settings.due.items()}
        written = due.get(_composed(assignment), "")
        if self.kind_of(assignment) == "sprint":
            written = self.exam_of(assignment).closes or written
        return self.moment(written) if written else None

    def moment(self, written: str) -> datetime:
        """Return a date of course_config.py as a moment in the course's zone (see `parse_time`)."""
        return parse_time(written, self.zone)

    # ── Folders ──────────────────────────────────────────────────────────────────────────

    def _folder(self, name: str) -> Path:
        chosen = self.nbgrader.get("CourseDirectory", {}).get(f"{name}_directory", name)
        return self.root / str(chosen)

    @property
    def source(self) -> Path:
        return self._folder("source")

    @property
    def release(self) -> Path:
        return self._folder("release")

    @property
    def submitted(self) -> Path:
        return self._folder("submitted")

    @property
    def autograded(self) -> Path:
        return self._folder("autograded")

    @property
    def feedback(self) -> Path:
        return self._folder("feedback")

    @property
    def state(self) -> Path:
        """The autograder's own folder beside nbgrader's: evidence, results, the key."""
        return self.root / ".autograder"


def load(root: Path | None = None) -> Course:
    """Return the course in this folder, or in the nearest one from the working directory upwards.

    Raises NotFound if there is none.
    """
    folder = _find(Path.cwd()) if root is None else Path(root).resolve()
    path = folder / FILE
    if path.is_file():
        return _course(folder, read(path))
    if (folder / NBGRADER_FILE).is_file():  # a course made for nbgrader alone
        return _course(folder, read(folder / NBGRADER_FILE, foreign=True))
    raise NotFound(
        "no course here", where=str(folder), way_out=f"autograder init {folder} makes one"
    )


def _find(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / FILE).is_file() or (folder / NBGRADER_FILE).is_file():
            return folder
    raise NotFound(
        f"no {FILE} here nor in any folder above",
        where=str(start),
        way_out="change into a course, or name it with --course PATH; autograder init makes one",
    )


def _course(root: Path, written: Written) -> Course:
    section = written.section
    nbgrader = written.others
    settings = cast("CourseSettings", section("Course"))
    directory = nbgrader.get("CourseDirectory", {})
    if not written.says("Course", "name") and directory.get("course_id"):
        settings = _replace(settings, {"name": str(directory["course_id"])})
    if not written.says("Course", "db_url") and directory.get("db_url"):
        settings = _replace(settings, {"db_url": str(directory["db_url"])})
    course = Course(
        root,
        settings,
        section("Grading"),
        section("Limits"),
        section("Feedback"),
        section("Exam"),
        section("Submissions"),
        section("Late"),
        section("Portal"),
        section("Export"),
        nbgrader,
    )
    _check_dates(course, written)
    return course


def _check_dates(course: Course, written: Written) -> None:
    try:
        course.zone  # noqa: B018
    except (KeyError, ValueError, OSError):
        raise ConfigError(
            f"there is no time zone {course.settings.timezone!r}",
            where=written.place("Course", "timezone"),
            way_out="write it as in 'Asia/Seoul'",
        ) from None
    dates = [("Course", "due", text) for text in course.settings.due.values()]
    exams = [course.exams, *map(course.exam_of, course.exams.assignments)]
    for name in ("opens", "latest_start", "closes"):
        where = "assignments" if len(exams) > 1 else name
        dates += [("Exam", where, getattr(exam, name)) for exam in exams if getattr(exam, name)]
    for section, name, text in dates:
        try:
            course.moment(text)
        except UnclearTime as error:
            raise ConfigError(
                str(error),
                where=written.place(section, name, text),
                way_out=f"write {' or '.join(map(repr, error.readings))}",
            ) from None
        except (ValueError, OverflowError) as error:
            raise ConfigError(
                f"{text!r} is no date: {error}",
                where=written.place(section, name, text),
                way_out="write it as in '2026-12-01 18:00', or with an offset from UTC,"
                " '2026-12-01 18:00+09:00'",
            ) from None


def matches(assignment: str, pattern: str) -> bool:
    """Return True if the name is `pattern` itself, or fits it as a shell pattern.

    Names are compared in form NFC: macOS writes the same Korean name in other code points.
    """
    name, wanted = _composed(assignment), _composed(pattern)
    return name == wanted or fnmatchcase(name, wanted)


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _for(section: _Section, assignment: str) -> _Section:
    """Return the section with what its `assignments` say of this one: later entries win, and the
    assignment's own name wins over every pattern.
    """
    written = getattr(section, "assignments", {})
    changes: dict[str, Any] = {}
    for pattern, values in written.items():
        if matches(assignment, pattern):
            changes.update(values)
    for name, values in written.items():
        if _composed(name) == _composed(assignment):
            changes.update(values)
    return _replace(section, changes)


def _replace(section: _Section, changes: Mapping[str, Any]) -> _Section:
    values = {f.name: getattr(section, f.name) for f in fields(section)}  # type: ignore[arg-type]
    return type(section)(**{**values, **changes})


def _create(path: Path, data: bytes) -> None:
    """Write a new file that only its owner may read, unless another process has written it."""
    half = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    half.touch(mode=0o600)
    half.write_bytes(data)
    try:
        path.hardlink_to(half)
    except FileExistsError:
        pass
    finally:
        half.unlink()
