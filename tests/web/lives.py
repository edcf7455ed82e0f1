"""Lives of submissions: uploads, kills, gradings and days in any order, with a judge of our own.

A life is a list of steps on two students of one course; `live` takes them and asserts after each
that nothing vanished and that nothing took the place of something better.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st
from sqlalchemy import QueuePool, bindparam, delete, text

from autograder import atomic_files, config, gradebook
from autograder.config import Course
from autograder.errors import BrokenSubmission, Fault
from autograder.evidence import results
from autograder.gradebook.database import connection
from autograder.gradebook.database.portal_tables import QueueRow
from autograder.gradebook.portal import queue
from autograder.gradebook.scores import recording
from autograder.notebook.source.reading import read_assignment
from autograder.notebook.submission.merging import merge, wanted_cells
from autograder.nouns import CriterionResult, NotebookResult, Outcome, Result, Status, TaskResult
from autograder.steps import assignments
from autograder.steps.grading import grade as grading
from autograder.steps.grading.collect import collect, shelf_of
from autograder.steps.grading.pipeline import grader as judging
from autograder.steps.grading.pipeline.check import in_error, not_attempted
from autograder.steps.portal import queue_runner
from autograder.steps.portal import receive_submission as handing_in
from autograder.steps.portal.receive_submission import Upload, hand_in, queue_what_is_not
from autograder.submissions import store as shelves
from tests.grading.made import answer, setup, test, write

CONFIG = """c = get_config()
c.Course.timezone = "Asia/Seoul"
c.Exam.assignments = {"sc": {"opens": "2029-06-01 09:00", "closes": "2029-06-03 22:00"}}
c.Feedback.when = "on_release"
"""
TEST = """task = Task("t")
@task.criterion("Is {wanted}", points=3)
def right(x, *, wanted=3):
    assert x == wanted
task.check()"""
START = datetime(2029, 6, 1, 3, 0)  # UTC, without a zone
KINDS: dict[str, bytes | float | None] = {  # points, or the bytes of what cannot be read
    "right": 3.0,
    "half": 1.5,
    "wrong": 0.0,
    "untouched": None,
    "empty": b"",
    "cut": b'{"cells": [{"cell_ty',
    "object": b"{}",
}
POINTS = {"right": 3.0, "half": 1.5, "wrong": 0.0}
KILLS = (
    "keep",
    "receipt",
    "enqueue",
    "enqueued",
    "take",
    "record",
    "recorded",
    "save",
    "put_forward",
    "finish",
)


class Killed(BaseException):
    """The process ends here."""


# ── Steps ────────────────────────────────────────────────────────────────────────────

students = st.sampled_from((0, 1))
kinds = st.sampled_from((*KINDS, "right", "half"))
kills = st.one_of(st.none(), st.none(), st.none(), st.sampled_from(KILLS))
steps = st.one_of(
    st.tuples(st.just("upload"), students, kinds, st.sampled_from("ab"), st.booleans(), kills),
    st.tuples(st.just("upload"), students, kinds, st.sampled_from("ab"), st.just(False), kills),
    st.tuples(st.just("collect"), students, kinds, st.sampled_from("ab"), kills),
    st.tuples(st.just("work"), kills, st.booleans()),
    st.tuples(st.just("work"), kills, st.just(False)),
    st.tuples(st.just("grade"), students, kills),
    st.tuples(st.just("day")),
    st.tuples(st.just("restart")),
)
lives = st.tuples(
    st.sampled_from(("best", "last")),
    st.sampled_from((0, 1, 3)),
    st.sampled_from(("hw", "sc")),
    st.lists(steps, min_size=2, max_size=8),
)


# ── The course ───────────────────────────────────────────────────────────────────────


def make(root: Path) -> Course:
    """A course with daily work `hw` and a sprint `sc`, and nobody in it."""
    root.mkdir(parents=True)
    (root / "course_config.py").write_text(CONFIG)
    for name in ("hw", "sc"):
        cells = [
            setup("from autograder import Task"),
            answer("### BEGIN SOLUTION\nx = 3\n### END SOLUTION"),
            test(TEST, "t", 3),
        ]
        write(root / "source" / name, cells, name)
    course = config.load(root)
    with patch.object(connection, "NullPool", QueuePool):  # no new connection each time
        for name in ("hw", "sc"):
            gradebook.register(course, assignments.load_assignment(course, name), 1)
    return course


@dataclass
class FakeJudge:
    """Takes the points from the answer's own words: nothing is run."""

    course: Course
    assignment: Any
    faults: list[int]

    def judge(self, submission: Any, *, may_run: bool = True, afresh: bool = False) -> Any:
        if self.faults:
            self.faults.pop()
            raise Fault("the sandbox died")
        found = [self._notebook(one, submission.path) for one in self.assignment.notebooks]
        result = Result(submission.id, submission.assignment, submission.student, 1, tuple(found))
        return judging.GradedSubmission(result, {}, {}, ran=1)

    def _notebook(self, notebook: Any, folder: Path) -> NotebookResult:
        path = folder / f"{notebook.name}.ipynb"
        try:
            merged = merge(notebook, path)
        except BrokenSubmission as broken:
            return judging._broken(notebook, path, broken)
        (task,) = notebook.tasks
        if not merged.attempted["t"]:
            return NotebookResult(notebook.name, (not_attempted(task),))
        words = next(c.source for c in merged.node.cells if "points" in c.source)
        if "fault" in words:
            return NotebookResult(notebook.name, (in_error(task, Fault("x")),))
        points = float(words.split()[2])
        state = Status.PASSED if points == 3 else Status.FAILED
        criterion = CriterionResult("right", state, points, 3.0, "Is 3", hidden=False)
        return NotebookResult(notebook.name, (TaskResult("t", task.kind, 3.0, (criterion,)),))


def notebook(course: Course, name: str, kind: str, salt: str) -> bytes:
    """The bytes of one kind of file; the same for the same words."""
    found = KINDS[kind]
    if isinstance(found, bytes):
        return found
    node = json.loads((course.source / name / f"{name}.ipynb").read_bytes())
    if found is None:
        node["cells"][1]["source"] = released(course.root, name)
    else:
        node["cells"][1]["source"] = f"# points {found} {salt}\nx = 1"
    return json.dumps(node).encode()


@lru_cache(maxsize=4)
def source(root: Path, name: str) -> Any:
    """The assignment as its author wrote it, read once."""
    return read_assignment(root / "source" / name)


def released(root: Path, name: str) -> str:
    """The answer cell as students get it."""
    (found,) = source(root, name).notebooks
    return next(one.text for one in wanted_cells(found) if one.answered)


# ── One life ─────────────────────────────────────────────────────────────────────────


@dataclass
class Life:
    """One course while a life passes in it, with what has been promised so far."""

    course: Course
    name: str
    students: tuple[str, str]
    clock: datetime = START
    kill: str | None = None
    faults: list[int] = field(default_factory=list)
    receipts: dict[str, str] = field(default_factory=dict)  # submission -> student
    kept: set[str] = field(default_factory=set)
    rows: set[str] = field(default_factory=set)
    best: dict[str, float] = field(default_factory=dict)
    tick: int = 0

    def at(self, place: str) -> None:
        """Die here, if it is where this step was to die."""
        if self.kill == place:
            self.kill = None
            raise Killed(place)

    # ── What happens ────────────────────────────────────────────────────────────────

    def step(self, what: str, *more: Any) -> None:
        self.kill = more[-1] if what in ("upload", "collect", "grade") else None
        if what == "work":
            self.kill = more[0]
        try:
            getattr(self, f"do_{what}")(*more)
        except Killed:
            self.do_restart()
        self.kill = None
        self.faults.clear()
        self.check()

    def do_upload(self, who: int, kind: str, salt: str, early: bool, kill: str | None) -> None:
        self.tick += 1
        at = self.clock.replace(tzinfo=timezone.utc) + timedelta(seconds=self.tick)
        at -= timedelta(hours=1) if early else timedelta()
        path = self.course.root / "upload"
        path.write_bytes(notebook(self.course, self.name, kind, salt))
        upload = Upload(f"{self.name}.ipynb", path)
        done = hand_in(self.course, self.name, self.students[who], [upload], at)
        self.receipts[done.submission] = self.students[who]

    def do_collect(self, who: int, kind: str, salt: str, kill: str | None) -> None:
        inbox = self.course.root / "inbox"
        shutil.rmtree(inbox, ignore_errors=True)
        folder = inbox / self.students[who]
        folder.mkdir(parents=True)
        (folder / f"{self.name}.ipynb").write_bytes(notebook(self.course, self.name, kind, salt))
        collect(self.course, self.name, inbox)

    def do_work(self, kill: str | None, fault: bool) -> None:
        self.faults += [1, 1] if fault else []  # when it is looked up, and when it would run
        queue_runner.grade_next(self.course, WORKERS)

    def do_grade(self, who: int, kill: str | None) -> None:
        if shelf_of(self.course, self.name).ids(self.students[who]):
            grading.grade(self.course, self.name, students=[self.students[who]], workers=WORKERS)

    def do_day(self) -> None:
        self.clock += timedelta(days=1)

    def do_restart(self) -> None:
        """What the worker does when it starts."""
        self.kill = None
        queue.left_running(self.course)
        queue_what_is_not(self.course)

    # ── What must hold ──────────────────────────────────────────────────────────────

    def check(self) -> None:
        shelf = shelf_of(self.course, self.name)
        kept = {id_ for student in self.students for id_ in shelf.ids(student)}
        assert kept >= self.kept, "a submission is gone from the disk"
        self.kept = kept
        with connection.reading(self.course) as session:
            recorded = session.execute(RECORDED, {"a": self.name, "s": self.students}).all()
            queued = session.execute(QUEUED, {"a": self.name, "s": self.students}).all()
        known = {row.id for row in (*recorded, *queued)}
        assert known >= self.rows, "a submission is gone from queue and gradebook"
        self.rows |= known
        assert known >= set(self.receipts), "a receipt without a result that nobody waits for"
        for student in self.students:
            self._check_counting([row for row in recorded if row.student == student], student)

    def _check_counting(self, rows: list[Any], student: str) -> None:
        if not rows:
            return
        (counting,) = [row for row in rows if row.counts]
        assert Outcome(counting.outcome).rank == max(Outcome(r.outcome).rank for r in rows), (
            "what cannot be graded counts over what can"
        )
        assert (counting.score or 0.0) == counting.total, "the gradebook says another score"
        assert counting.waits == (counting.outcome == Outcome.BROKEN), (
            "an unreadable file is a zero"
        )
        if self.course.submissions.counts == "best":
            assert counting.total == max(row.total for row in rows)
            assert counting.total >= self.best.get(student, 0.0), "the score fell"
            self.best[student] = counting.total

    def end(self) -> None:
        """Days pass until nothing waits: everything has an outcome, and the right one counts."""
        self.do_restart()
        for _ in range(60):
            if not (queue.standing(self.course).waiting or queue.standing(self.course).later):
                break
            self.do_day()
            while queue_runner.grade_next(self.course, WORKERS):
                self.check()
        for who, student in enumerate(self.students):
            self.do_grade(who, None)  # what was collected is graded by command
            self.check()
            self._check_end(student)
        if there := [s for s in self.students if shelf_of(self.course, self.name).ids(s)]:
            again = grading.grade(self.course, self.name, students=there, workers=WORKERS)
            assert again.recorded == 0, "a second grading records something"

    def _check_end(self, student: str) -> None:
        shelf = shelf_of(self.course, self.name)
        kept = shelf.all_of(student)
        ended = gradebook.outcomes_of(self.course, self.name, student).get(student, {})
        assert set(ended) == {one.id for one in kept}, "something has no outcome at the end"
        if not kept:
            return
        values = {one.id: _points(shelf.files(one) / f"{self.name}.ipynb") for one in kept}
        gradable = [one for one in kept if values[one.id] is not None]
        (score,) = gradebook.student_scores(self.course, self.name, student)
        if gradable and self.course.submissions.counts == "best":
            assert score.score == max(values[one.id] for one in gradable)
        elif gradable:
            last = max(gradable, key=lambda one: (one.arrival.received, one.id))
            assert score.submission == last.id
        placed, same = shelf.placed(student)
        assert same
        assert placed is not None
        assert placed.id == score.submission, "another one lies in submitted/"


def _points(path: Path) -> float | None:
    text = path.read_text()
    return float(text.split("# points ")[1].split()[0]) if "# points " in text else None


RECORDED = text(
    "SELECT r.id, r.student, r.counts, r.total, r.outcome,"
    " g.auto_score AS score, g.needs_manual_grade AS waits"
    " FROM ag_submission r"
    " JOIN assignment a ON a.name = r.assignment"
    " JOIN submitted_assignment sa ON sa.assignment_id = a.id AND sa.student_id = r.student"
    " JOIN submitted_notebook n ON n.assignment_id = sa.id JOIN grade g ON g.notebook_id = n.id"
    " WHERE r.assignment = :a AND r.student IN :s"
).bindparams(bindparam("s", expanding=True))
QUEUED = text(
    "SELECT submission AS id FROM ag_queue WHERE assignment = :a AND student IN :s"
).bindparams(bindparam("s", expanding=True))
WORKERS: Any = SimpleNamespace(parallel=1, notes=(), tier="A")


@contextmanager
def _patched(life: Life) -> Iterator[None]:
    """Our clock and judge, no waiting for the disk, and the places where a process may die."""
    with ExitStack() as stack:

        def put(place: Any, name: str, new: Any) -> None:
            stack.enter_context(patch.object(place, name, new))

        def dies(place: Any, name: str, before: str = "", after: str = "") -> None:
            right: Callable[..., Any] = getattr(place, name)

            def dying(*args: Any, **more: Any) -> Any:
                life.at(before)
                found = right(*args, **more)
                life.at(after)
                return found

            put(place, name, dying)

        for module in (queue, handing_in, recording):
            put(module, "now", lambda: life.clock)
        put(grading, "load_assignment", lambda c, name: source(c.root, name))
        put(handing_in, "_seen", lambda *_: {"notes": []})
        put(shelves, "_sync", lambda _: None)
        put(atomic_files.os, "fsync", lambda *_: None)
        put(grading, "judge_of", lambda c, a, w: FakeJudge(c, a, life.faults))
        dies(shelves.SubmissionStore, "keep", after="keep")
        dies(handing_in, "receipt_of", after="receipt")
        dies(queue, "enqueue", before="enqueue", after="enqueued")
        dies(queue, "take", after="take")
        dies(queue, "finish", before="finish")
        dies(gradebook, "record", before="record", after="recorded")
        dies(results, "save", before="save")
        dies(grading, "put_forward", before="put_forward")
        yield


def live(course: Course, number: int, life: tuple[str, int, str, list[Any]]) -> None:
    """One life of two new students; what is left of it is cleared away."""
    counts, a_day, name, taken = life
    course = replace(
        course,
        submissions=replace(course.submissions, counts=counts),
        feedback_settings=replace(course.feedback_settings, attempts_per_day=a_day),
    )
    now = Life(course, name, (f"s{number}a", f"s{number}b"))
    try:
        with _patched(now):
            for one in taken:
                now.step(*one)
            now.end()
    finally:
        with connection.writing(course) as book:
            book.session.execute(delete(QueueRow))
        for student in now.students:
            for path in (shelf_of(course, name).root / student, course.submitted / student):
                with suppress(OSError):
                    shutil.rmtree(path)
            results.path_of(course.state, name, student).unlink(missing_ok=True)
