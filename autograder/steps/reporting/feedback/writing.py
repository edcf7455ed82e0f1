"""Writer of `feedback/<student>/<assignment>/`: one page per notebook and an index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from autograder import atomic_files, gradebook, language
from autograder.config import Course
from autograder.errors import EvidenceFault, NotFound
from autograder.evidence import results
from autograder.evidence.store import Store
from autograder.gradebook.marking import student_comments
from autograder.language import LANGUAGES
from autograder.nouns import NotebookResult, Outcome, Result
from autograder.steps.assignments import translated_texts
from autograder.steps.grading.collect import shelf_of
from autograder.steps.reporting.feedback.pages import Graded, pages_of
from autograder.steps.reporting.feedback.tasks import Sources

FIRST = ".first"  # beside the pages: id of their submission; its mtime is the first release
Tell = Callable[[int, int], None]  # students whose pages are written, students in all


@dataclass(frozen=True)
class FeedbackReport:
    """Result of writing pages; `problems` names students without pages, and the reasons."""

    assignment: str
    students: int
    pages: tuple[str, ...]
    problems: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        plain: dict[str, Any] = results.as_json(self)
        return plain


def feedback(
    course: Course,
    assignment: str,
    student: str | None = None,
    *,
    only: Collection[str] | None = None,
    progress: Tell | None = None,
) -> FeedbackReport:
    """Write the pages of every graded student, of one, or of these; each page atomically.

    Raises NotFound if nothing is graded yet.
    """
    return copy_context().run(_feedback, course, assignment, student, only, progress)


def _feedback(
    course: Course,
    assignment: str,
    student: str | None,
    only: Collection[str] | None,
    progress: Tell | None,
) -> FeedbackReport:
    students = _students(course, assignment, student)
    students = students if only is None else [one for one in students if one in only]
    book = _Book(course, assignment, student)
    pages: list[str] = []
    problems: list[str] = []
    for done, who in enumerate(students, 1):
        language.use(course.language)
        try:
            pages += _write(course, book, results.load(course.state, assignment, who))
        except EvidenceFault as fault:
            problems.append(f"{who}: {fault}")
        if progress is not None:
            progress(done, len(students))
    return FeedbackReport(assignment, len(students) - len(problems), tuple(pages), tuple(problems))


def _students(course: Course, assignment: str, student: str | None) -> list[str]:
    folder = results.path_of(course.state, assignment, "x").parent
    graded = sorted(path.stem for path in folder.glob("*.json"))
    wanted = graded if student is None else [s for s in graded if s == student]
    if not wanted:
        whose = f"student {student!r} has no result of" if student else "nothing is graded of"
        raise NotFound(
            f"{whose} {assignment}", way_out=f"grade it first: autograder grade {assignment}"
        )
    return wanted


def _write(course: Course, book: _Book, result: Result | None) -> Iterator[str]:
    if result is None:
        return
    language.use(*book.spoken(result))
    folder = course.feedback / result.student / result.assignment
    for name, html in pages_of(book.graded(result)).items():
        page = html.encode("utf-8", "replace")
        atomic_files.write(folder / name, page, mode=0o640, durable=False)
        yield str((folder / name).relative_to(course.root))
    _note(folder / FIRST, result.submission)


def _note(mark: Path, submission: str) -> None:
    """Write the mark unless it names this submission; it is as old as the first feedback on it."""
    if not mark.is_file() or mark.read_text(encoding="ascii") != submission:
        atomic_files.write(mark, submission.encode("ascii"), mode=0o640, durable=False)


def first_given(course: Course, assignment: str, student: str) -> datetime | None:
    """Return the time of the first feedback on the student's current submission; None if never."""
    folder = course.feedback / student / assignment
    for name in (FIRST, "index.html"):  # pages of earlier versions have no mark
        with suppress(OSError):
            return datetime.fromtimestamp((folder / name).stat().st_mtime, timezone.utc)
    return None


class _Book:
    """Gradebook and evidence of an assignment, read once for all students."""

    def __init__(self, course: Course, assignment: str, student: str | None) -> None:
        self._course = course
        self._evidence = Store(course.state / "evidence")
        self._hidden = course.feedback_of(assignment).hidden
        scores = gradebook.shown_scores(course, assignment, student)
        self._scores = {score.student: score for score in scores}
        self._tasks = gradebook.task_scores(course, assignment, student)
        self._remarks = (
            *gradebook.remarks(course, assignment, student),
            *student_comments.for_students(course, assignment, student),
        )
        self._outcomes = gradebook.outcomes_of(course, assignment, student)
        self._demands: dict[int, dict[str, Any]] = {}
        self._shelf = shelf_of(course, assignment)
        self._words: dict[str, Mapping[str, str]] = {}

    def graded(self, result: Result) -> Graded:
        """Return all facts about this student's assignment."""
        score = self._scores.get(result.student)
        remarks = tuple(
            replace(r, text="\n".join(map(language.own, r.text.split("\n"))))
            for r in self._remarks
            if r.student == result.student
        )
        counts = score is None or score.submission == result.submission
        tasks = [t for t in self._tasks if t.student == result.student]
        demands = self._demanded(result)

        def sources(notebook: NotebookResult) -> Sources:
            here = f"{result.assignment}/{notebook.notebook}/"
            return Sources(
                result=notebook,
                scores={t.task: t for t in tasks if t.notebook == notebook.notebook},
                remarks=[r for r in remarks if r.notebook == notebook.notebook],
                demands={
                    name[len(here) :]: facts
                    for name, facts in demands.items()
                    if name.startswith(here)
                },
                hidden=self._hidden,
                evidence=self._evidence,
                counts=counts,
            )

        return Graded(self._course, result, score, remarks, sources, self._unread(result))

    def _unread(self, result: Result) -> str:
        """Return the student's newest submission if it is unreadable and newer than the one shown.

        Return "" otherwise.
        """
        ended = self._outcomes.get(result.student, {})
        newest = max(ended, default="")
        broken = ended.get(newest) is Outcome.BROKEN and newest > result.submission
        return newest if broken else ""

    def spoken(self, result: Result) -> tuple[str, Mapping[str, str]]:
        """Return the language of the student's release and the assignment's translations."""
        kept = self._shelf.read(result.student, result.submission)
        lang = kept.language if kept and kept.language in LANGUAGES else self._course.language
        if lang not in self._words:
            self._words[lang] = translated_texts(self._course, result.assignment, lang)
        return lang, self._words[lang]

    def _demanded(self, result: Result) -> dict[str, Any]:
        if result.release not in self._demands:
            found = gradebook.demands(self._course, result.assignment, result.release)
            self._demands[result.release] = dict(found)
        return self._demands[result.release]
