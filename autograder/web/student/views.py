"""Content of the student pages, as plain values independent of requests and HTML."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from autograder import gradebook, sanitize
from autograder.config import Course
from autograder.deadlines import extended, in_local_time
from autograder.errors import NotFound
from autograder.expect.verdict import msgid
from autograder.gradebook.portal import queue, sprints
from autograder.language import translate
from autograder.nouns import Outcome, fill
from autograder.presentation.result_text import State, number
from autograder.steps.assignments import (
    MANIFEST,
    last_release_record,
    release_folder,
    released_number,
)
from autograder.steps.grading.collect import shelf_of
from autograder.steps.portal import publish_feedback, receive_submission, sprint
from autograder.steps.portal.sprint_clock import Phase
from autograder.submissions.store import StoredSubmission, SubmissionStore


@dataclass(frozen=True)
class Tile:
    """One assignment in the list."""

    name: str
    sprint: bool
    release: int
    due: datetime | None
    state: State
    points: str


@dataclass(frozen=True)
class Edition:
    """An assignment's release in one language."""

    lang: str
    language: str  # in its own name
    notebooks: tuple[str, ...]
    colab: tuple[tuple[str, str], ...]  # (notebook, address)


@dataclass(frozen=True)
class Task:
    """One task of a receipt."""

    name: str
    saved: bool


@dataclass(frozen=True)
class Line:
    """One submission in the history."""

    id: str
    received: datetime
    files: str
    sha256: str
    counts: bool
    late: bool
    state: str
    gradable: bool = True


@dataclass(frozen=True)
class Told:
    """Findings and notes on one submission, shown when it arrives."""

    gradable: bool
    findings: tuple[Mapping[str, str], ...]
    notes: tuple[str, ...]  # notes without those that repeat a finding

    @property
    def tone(self) -> str:
        """Colour: bad if nothing can be graded, warn if points are at stake, otherwise good."""
        costly = any(one["severity"] != "note" for one in self.findings)
        return "warn" if self.gradable and costly else "good" if self.gradable else "bad"


@dataclass(frozen=True)
class Score:
    """A student's result, as far as the course shows it."""

    points: str
    waits: bool
    tasks: tuple[tuple[str, str], ...]  # (notebook/task, display name)
    may_ask: bool


@dataclass(frozen=True)
class Waiting:
    """State of the student's next submission in the grading queue."""

    state: str  # waiting, running, done, failed
    ahead: int
    until: datetime | None  # start of grading at the earliest
    more: int  # other submissions of this student that also wait


@dataclass(frozen=True)
class Page:
    """Content of one assignment's page for one student."""

    tile: Tile
    editions: tuple[Edition, ...]  # the reader's language first
    may_work: bool  # the notebook is served and uploads are accepted
    where: sprint.SprintState | None
    saved: datetime | None
    deadline: datetime | None
    lines: tuple[Line, ...]
    job: Waiting | None
    score: Score | None
    feedback: tuple[str, ...]
    requests: tuple[sprints.Request, ...]
    counts: str
    why: str  # reason if the newest submission is not the one that counts; else ""
    most_mb: int


DONE = State(msgid("graded"), "✓", "good")
HANDED_IN = State(msgid("handed in"), "✓", "good")
NOT_GRADABLE = State(msgid("cannot be graded"), "✗", "bad")
NOTHING = State(msgid("nothing handed in"), "–", "wait")
SPRINT = {
    Phase.BEFORE: State(msgid("not open yet"), "◷", "wait"),
    Phase.OPEN: State(msgid("may be started"), "▶", "later"),
    Phase.RUNNING: State(msgid("running"), "◷", "warn"),
    Phase.GRACE: State(msgid("time is over"), "■", "wait"),
    Phase.OVER: State(msgid("time is over"), "■", "wait"),
    Phase.MISSED: State(msgid("closed"), "■", "wait"),
}
LANGUAGES = {"en": "English", "ko": "한국어"}  # each in its own name
COUNTS = {
    "best": msgid("The best of your submissions counts; handing in again never lowers it."),
    "last": msgid("The last of your submissions that can be graded counts; all of them are kept."),
}
STATES = {  # of one submission, before and after grading
    "waiting": msgid("waits to be graded"),
    "running": msgid("being graded"),
    "failed": msgid("a person looks at it"),
    Outcome.GRADED: msgid("graded"),
    Outcome.UNDECIDED: msgid("a person looks at it"),
    Outcome.UNTOUCHED: msgid("nothing answered"),
    Outcome.BROKEN: msgid("could not be read"),
}
WHY = {  # reason why the newest does not count, by the newest one's outcome
    Outcome.GRADED: msgid("The submission received {time} counts: it is the best one."),
    Outcome.UNDECIDED: msgid(
        "The submission received {time} counts. A person looks at your newest one."
    ),
    Outcome.UNTOUCHED: msgid(
        "Nothing is answered in your newest submission, so the one received {time} counts."
    ),
    Outcome.BROKEN: msgid(
        "Your newest submission could not be read, so the one received {time} counts."
    ),
    None: msgid("The submission received {time} counts until your newest one is graded."),
}
NONE_READ = msgid(
    "No file of yours could be read, so a person looks at it. Hand in a notebook that opens in"
    " JupyterLab or Colab: it counts instead."
)


def tiles(course: Course, student: str, now: datetime) -> tuple[Tile, ...]:
    """Return the released assignments: upcoming due dates first, then past ones."""
    names = [path.name for path in sorted(course.release.glob("*")) if path.is_dir()]
    found = [tile(course, name, student, now) for name in names if released_number(course, name)]
    never = datetime.max.replace(tzinfo=timezone.utc)
    return tuple(sorted(found, key=lambda t: (t.due is not None and t.due < now, t.due or never)))


def tile(course: Course, assignment: str, student: str, now: datetime) -> Tile:
    """Return the summary of one assignment; raise NotFound if it is not released."""
    hidden = assignment.startswith(".")  # also excludes ".."
    release = 0 if hidden else released_number(course, assignment)
    if not release or not (course.release / assignment).is_dir():
        raise NotFound(translate("There is no such assignment."))
    is_sprint = course.kind_of(assignment) == "sprint"
    newest = shelf_of(course, assignment).newest(student)
    score = score_of(course, assignment, student, now)
    state = DONE if score else _handed_in(shelf_of(course, assignment), student)
    due = _due(course, assignment, student)
    if is_sprint:
        where = sprint.standing(course, assignment, student, now)
        due = where.deadline or due
        if not score and not (newest and where.phase is Phase.OVER):
            state = SPRINT[where.phase]
    return Tile(assignment, is_sprint, release, due, state, score.points if score else "")


def _handed_in(shelf: SubmissionStore, student: str) -> State:
    kept = shelf.all_of(student)
    if not kept:
        return NOTHING
    gradable = any(receive_submission.can_be_graded(shelf, one) for one in reversed(kept))
    return HANDED_IN if gradable else NOT_GRADABLE


def page(
    course: Course, assignment: str, student: str, now: datetime, speaks: Sequence[str] = ()
) -> Page:
    """Return the content of one assignment's page; raise NotFound if it is not released.

    `speaks` lists the reader's languages in order of preference.
    """
    short = tile(course, assignment, student, now)
    where = sprint.standing(course, assignment, student, now) if short.sprint else None
    shelf = shelf_of(course, assignment)
    kept = shelf.all_of(student)
    seen = _scores(course, assignment, student)
    counting = (
        seen.submission if seen and feedback_is_open(course, assignment, student, now) else ""
    )
    started = where is None or where.sprint is not None
    ended = gradebook.outcomes_of(course, assignment, student).get(student, {})
    jobs = queue.jobs(course, assignment, student)
    return Page(
        tile=short,
        editions=editions(course, assignment, speaks),
        may_work=where is None or where.phase is Phase.RUNNING,
        where=where,
        saved=sprint.saved_at(course, assignment, student) if where and started else None,
        deadline=where.deadline if where else None,
        lines=tuple(
            _line(course, one, counting, short.due, _state(one.id, jobs, ended))
            for one in reversed(kept)
        ),
        job=_waiting(course, assignment, student, jobs, now),
        score=score_of(course, assignment, student, now),
        feedback=feedback_pages(course, assignment, student, now),
        requests=sprints.requests(course, assignment, student),
        counts=translate(COUNTS[course.submissions.counts]),
        why=_why(course, kept, counting, ended),
        most_mb=course.submissions.max_mb,
    )


def _waiting(
    course: Course,
    assignment: str,
    student: str,
    jobs: Sequence[queue.QueuedSubmission],
    now: datetime,
) -> Waiting | None:
    job = queue.job(course, assignment, student)
    if job is None:
        return None
    start = job.not_before.replace(tzinfo=timezone.utc)
    more = sum(one.state == "waiting" and one.submission != job.submission for one in jobs)
    return Waiting(job.state, job.ahead, start if start > now else None, more)


def _state(
    submission: str, jobs: Sequence[queue.QueuedSubmission], ended: Mapping[str, Outcome]
) -> str:
    """Return the state of one submission, in words."""
    queued = next((job.state for job in jobs if job.submission == submission), "")
    if queued in ("waiting", "running") or submission not in ended:
        return translate(STATES.get(queued, STATES["waiting"]))
    return translate(STATES[ended[submission]])


def _why(
    course: Course, kept: Sequence[StoredSubmission], counting: str, ended: Mapping[str, Outcome]
) -> str:
    """Return why the newest submission does not count, or that none could be read; else ""."""
    found = next((one for one in kept if one.id == counting), None)
    if found is None:
        return ""
    if ended.get(counting) is Outcome.BROKEN:
        return translate(NONE_READ)
    if found is kept[-1]:
        return ""
    time = in_local_time(found.arrival.received, course.zone)
    return fill(translate(WHY[ended.get(kept[-1].id)]), {"time": time})


def editions(course: Course, assignment: str, speaks: Sequence[str] = ()) -> tuple[Edition, ...]:
    """Return the release in every available language: the reader's first, then the course's."""
    there = [lang for lang in LANGUAGES if release_folder(course, assignment, lang).is_dir()]
    rank = [*speaks, course.language, *there]
    return tuple(_edition(course, assignment, lang) for lang in sorted(there, key=rank.index))


def _edition(course: Course, assignment: str, lang: str) -> Edition:
    folder = release_folder(course, assignment, lang)
    notebooks = tuple(sorted(path.stem for path in folder.glob("*.ipynb")))
    base = "" if course.kind_of(assignment) == "sprint" else course.portal.colab_url.rstrip("/")
    below = f"{base}/{folder.relative_to(course.release).as_posix()}"
    colab = tuple((name, f"{below}/{name}.ipynb") for name in notebooks) if base else ()
    return Edition(lang, LANGUAGES[lang], notebooks, colab)


def files(course: Course, assignment: str, lang: str = "") -> tuple[Path, ...]:
    """Return the files that a student downloads; without manifest, wheel and dotfiles."""
    root = release_folder(course, assignment, lang)
    wheel = str(last_release_record(course, assignment).get("wheel", ""))
    beside = {root / MANIFEST, root / wheel}
    return tuple(
        path
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name[:1] != "." and path not in beside
    )


# ── Submissions ──────────────────────────────────────────────────────────────────────


def receipt(course: Course, assignment: str, student: str, id_: str) -> Mapping[str, Any]:
    """Return the receipt of one of this student's submissions; raise NotFound if there is none."""
    shelf = shelf_of(course, assignment)
    kept = shelf.read(student, id_) if len(id_) == 26 and id_.isalnum() else None
    if kept is None:
        raise NotFound(translate("There is no such submission."))
    return receive_submission.receipt_of(course, shelf, kept)


def told(receipt: Mapping[str, Any]) -> Told:
    """Return the findings and notes of a receipt, also of one in an older format."""
    findings = tuple(receipt.get("findings", ()))
    notes = tuple(receipt.get("notes", ()))[len(findings) :]  # the first repeat the findings
    return Told(receipt.get("gradable", True) is not False, findings, notes)


def _line(
    course: Course, kept: StoredSubmission, counting: str, due: datetime | None, state: str
) -> Line:
    names = [sanitize.text(file.path, cap=60) for file in kept.files]
    shown = ", ".join(names[:3]) + (f" +{len(names) - 3}" if len(names) > 3 else "")
    received = kept.arrival.received
    late = due is not None and course.kind_of(kept.assignment) == "daily" and received > due
    gradable = receive_submission.can_be_graded(shelf_of(course, kept.assignment), kept)
    return Line(
        kept.id, received, shown, kept.sha256[:12], kept.id == counting, late, state, gradable
    )


def _due(course: Course, assignment: str, student: str) -> datetime | None:
    """Return the student's personal due date, with extensions."""
    due = course.due(assignment)
    if due is None or course.kind_of(assignment) == "sprint":
        return due
    given = sprints.given(course, assignment, student)
    more = timedelta(minutes=sum(g.minutes for g in given if g.kind == "extension"))
    return extended(due, more, course.zone)


# ── Results ──────────────────────────────────────────────────────────────────────────


def feedback_is_open(course: Course, assignment: str, student: str, now: datetime) -> bool:
    """Return True if the course's policy lets this student see results now."""
    when = course.feedback_of(assignment).when
    if when == "on_release":
        return (course.feedback / student / assignment / "index.html").is_file()
    if when == "on_grade":
        return True
    if course.kind_of(assignment) == "sprint":
        rehearsal = course.rehearses(assignment)
        return rehearsal or now >= sprint.everybody_is_done(course, assignment)
    due = course.due(assignment)
    return due is None or now >= extended(due, _longest_extension(course, assignment), course.zone)


def _longest_extension(course: Course, assignment: str) -> timedelta:
    """Return the longest extension that any student has for the assignment."""
    more: dict[str, float] = defaultdict(float)
    for one in sprints.given(course, assignment):
        more[one.student] += one.minutes if one.kind == "extension" else 0
    everybody = more.pop("", 0)
    return timedelta(minutes=everybody + max(more.values(), default=0))


def feedback_pages(course: Course, assignment: str, student: str, now: datetime) -> tuple[str, ...]:
    """Return the names of the feedback pages the student may see now, overview first."""
    if not feedback_is_open(course, assignment, student, now):
        return ()
    found = sorted(p.stem for p in (course.feedback / student / assignment).glob("*.html"))
    return tuple(sorted(found, key=lambda name: name != "index"))


def feedback_page(course: Course, assignment: str, student: str, name: str, now: datetime) -> Path:
    """Return the path of a feedback page; raise NotFound unless this student may see it now."""
    if name not in feedback_pages(course, assignment, student, now):
        raise NotFound(translate("There is no such page."))
    return course.feedback / student / assignment / f"{name}.html"


def score_of(course: Course, assignment: str, student: str, now: datetime) -> Score | None:
    """Return the student's points; None while the course's policy does not show them."""
    found = _scores(course, assignment, student)
    if found is None or not feedback_is_open(course, assignment, student, now):
        return None
    points = ""
    if course.feedback_of(assignment).hidden != "none":
        values = {"got": number(found.total), "most": number(found.max_score)}
        points = fill(translate("{got} of {most} points"), values)
    tasks = gradebook.task_scores(course, assignment, student)
    several = len({task.notebook for task in tasks}) > 1
    named = tuple(
        (f"{t.notebook}/{t.task}", f"{t.notebook} · {t.task}" if several else t.task)
        for t in tasks
        if t.max_score
    )
    return Score(points, found.needs_person, named, _may_ask(course, assignment, student, now))


def _scores(course: Course, assignment: str, student: str) -> gradebook.StudentScore | None:
    found = gradebook.shown_scores(course, assignment, student)
    return found[0] if found and found[0].submission else None


def _may_ask(course: Course, assignment: str, student: str, now: datetime) -> bool:
    until = publish_feedback.asking_ends(course, assignment, student)
    return until is not None and now <= until
