"""Grading of a whole class: judge every submission, record every result, with one writer.

Resumable after any interruption: no finished run is repeated, no result is recorded twice. Besides
the submissions in `submitted/`, every kept submission without a result is graded, for only then is
it known which one counts.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from autograder import gradebook
from autograder.config import Course
from autograder.engine.pool import run_all
from autograder.errors import Fault, NotFound
from autograder.evidence import results
from autograder.evidence.record import Evidence
from autograder.evidence.store import Store, fingerprint
from autograder.nouns import Assignment, Result, Status, Submission
from autograder.steps.assignments import load_assignment, released_number
from autograder.steps.grading.collect import lies, put_forward, submissions, unrecorded
from autograder.steps.grading.pipeline.grader import GradedSubmission, Grader
from autograder.steps.grading.pipeline.workers import Workers


@dataclass(frozen=True)
class Progress:
    """Progress of a grading, for display."""

    done: int
    total: int
    by_status: dict[str, int]
    note: str = ""


@dataclass(frozen=True)
class GradeReport:
    """Result of one `autograder grade`."""

    assignment: str
    results: tuple[Result, ...]  # one per student: of the counting submission, else the newest
    ran: int = 0  # submissions whose cells were run
    reused: int = 0  # submissions judged from stored evidence
    recorded: int = 0  # results written because something changed
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    faulty: Mapping[str, str] = field(default_factory=dict)  # fault by submission
    seconds: float = 0.0
    tier: str = ""
    by_status: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the report with one object per submission."""
        return {
            "assignment": self.assignment,
            "submissions": len(self.results),
            "ran": self.ran,
            "reused": self.reused,
            "recorded": self.recorded,
            "by_status": self.by_status,
            "notes": list(self.notes),
            "faults": list(self.faults),
            "seconds": round(self.seconds, 2),
            "tier": self.tier,
            "results": [{**results.as_json(r), "points": r.points} for r in self.results],
        }


Show = Callable[[Progress], None]


def grade(
    course: Course,
    assignment: str,
    *,
    students: Collection[str] = (),
    only: Sequence[Submission] = (),
    tasks: Collection[str] = (),
    jobs: int = 0,
    sandbox: bool = True,
    progress: Show | None = None,
    workers: Workers | None = None,
) -> GradeReport:
    """Grade every submission (or these students', or `only` these) and record the results.

    `tasks` limits judging to these tasks. `jobs` submissions run at a time; 0 takes the course's
    setting, else one per core. Raises `NotFound` for an unknown student or task.
    """
    started = time.monotonic()
    source = load_assignment(course, assignment)
    chosen = only or _chosen(course, source, students, tasks)
    book = _Book(course, progress or (lambda _: None), len(chosen))
    left = Counter(submission.student for submission in chosen)
    at_once = jobs or course.grading.jobs or os.cpu_count() or 1
    with ExitStack() as stack:
        hired = workers or stack.enter_context(Workers(sandbox=sandbox, parallel=at_once))
        stack.enter_context(gradebook.kept_open(course))
        judge = judge_of(course, source, hired)
        for judged, submission in _judged(judge, chosen, hired.parallel, book):
            book.write(submission, judged, tasks)
            left[submission.student] -= 1
            if not left[submission.student]:
                book.put_forward(judge, submission.student)
        return replace(
            book.report(assignment),
            notes=(*book.notes, *hired.notes),
            tier=str(hired.tier),
            seconds=time.monotonic() - started,
        )


def judge_of(course: Course, assignment: Assignment, workers: Workers) -> Grader:
    """Return the judge of one assignment, which uses these workers."""
    return Grader(
        course,
        assignment,
        released_number(course, assignment.name),
        workers.students,
        workers.checkers,
        Store(course.state / "evidence"),
    )


# ── Selection and order ──────────────────────────────────────────────────────────────


def _chosen(
    course: Course, source: Assignment, students: Collection[str], tasks: Collection[str]
) -> tuple[Submission, ...]:
    known = {task.grade_id for notebook in source.notebooks for task in notebook.tasks}
    for task in tasks:
        if task not in known:
            raise NotFound(
                f"{source.name} has no task {task!r}",
                way_out=f"its tasks: {', '.join(sorted(known))}",
            )
    lying = submissions(course, source.name, students)
    there = {s.id: s for s in (*lying, *unrecorded(course, source.name, students))}
    for student in students:
        if not any(submission.student == student for submission in there.values()):
            raise NotFound(
                f"{student!r} has handed in nothing for {source.name}",
                where=str(course.submitted),
                way_out=f"autograder collect {source.name} takes submissions in",
            )
    return tuple(sorted(there.values(), key=lambda s: (s.student, s.id)))


def _judged(
    judge: Grader, chosen: Sequence[Submission], at_once: int, book: _Book
) -> Iterator[tuple[GradedSubmission | Fault, Submission]]:
    """Yield every submission with its judgement: from evidence, then by a run, then run alone."""
    must_run: list[Submission] = []
    why: Counter[str] = Counter()
    threads = ThreadPoolExecutor(at_once)
    try:
        for done in run_all(
            threads, lambda s: judge.judge(s, may_run=False), chosen, at_once=at_once
        ):
            if done.value is not None and not done.value.waiting:
                yield done.value, done.item
                continue
            must_run.append(done.item)
            why.update(set(done.value.waiting if done.value else ()))
        for reason, count in sorted(why.items()):
            if reason != "new":
                book.say(
                    f"{count} submissions must run again: {reason} asks their functions something"
                    " that the record does not answer"
                )
        alone: list[Submission] = []
        must_run.sort(key=lambda s: s.student)
        for done in run_all(threads, judge.judge, must_run, at_once=at_once):
            if done.value is None:
                yield _fault(done.error), done.item
            elif done.value.timed_out and at_once > 1 and len(must_run) > 1:
                alone.append(done.item)
            else:
                yield done.value, done.item
        for submission in alone:
            book.say(f"{submission.student}: out of time beside others; once more alone")
            yield judge.judge(submission, afresh=True), submission
    finally:  # on an interrupt do not wait for running jobs: the servers end them
        threads.shutdown(wait=False, cancel_futures=True)


def _fault(error: BaseException | None) -> Fault:
    if isinstance(error, Fault):
        return error
    if error is not None and not isinstance(error, Exception):
        raise error
    return Fault(f"{type(error).__name__}: {error}")


# ── The one writer ───────────────────────────────────────────────────────────────────


class _Book:
    """Single writer of judgements: records them one after the other and counts."""

    def __init__(self, course: Course, show: Show, total: int) -> None:
        self._course, self._show, self._total = course, show, total
        self._results: dict[str, list[Result]] = {}
        self._by_status: Counter[str] = Counter()
        self._ran = self._recorded = 0
        self._faults: list[str] = []
        self._faulty: dict[str, str] = {}
        self._counting: dict[str, str] = {}
        self.notes: list[str] = []

    def say(self, note: str) -> None:
        """Add a note for the staff member who grades, displayed now and in the report."""
        self.notes.append(note)
        self._tell(note)

    def write(
        self, submission: Submission, judged: GradedSubmission | Fault, tasks: Collection[str]
    ) -> None:
        """Record one judgement in the gradebook and the stored results, unless nothing changed."""
        if isinstance(judged, Fault):
            self._faults.append(f"{submission.student}: {judged}")
            self._faulty[submission.id] = str(judged)
            self._by_status["fault"] += 1
            self._tell()
            return
        state = self._course.state
        before = results.load(state, submission.assignment, submission.student)
        result = _only(judged.result, before, tasks)
        shown = (
            before is None
            or before.submission == result.submission
            or _shown_rank(before) <= _shown_rank(result)
        )
        digest = fingerprint(results.as_json(result))
        known = gradebook.digest_of(self._course, submission.id)
        if shown:
            new = before is None or results.as_json(before) != results.as_json(result)
            new = new or known is None  # the gradebook was made anew or put back
        else:
            new = known != digest
        if new:
            recorded = gradebook.record(self._course, submission, result, digest)
            if recorded.counts:
                self._for_formgrader(submission, judged, result)
            self._recorded += 1
        if new and shown:
            results.save(state, result)
        self._ran += judged.ran > 0
        self._results.setdefault(submission.student, []).append(result)
        self._by_status[overall(result)] += 1
        self._tell()

    def put_forward(self, judge: Grader, student: str) -> None:
        """Put the submission that counts into `submitted/` and formgrader, unless it is there."""
        name = judge.assignment.name
        choice = gradebook.choices(self._course, name, [student]).get(student)
        if choice is None:
            return
        self._counting[student] = choice.counting
        if lies(self._course, name, student, choice.counting):
            return
        try:
            best = put_forward(self._course, name, student, choice.counting, graded=choice.newest)
        except NotFound as error:
            self.say(f"{student}: {error.fact}")
            return
        if best is not None:
            judged = judge.judge(best, may_run=False)
            if not judged.waiting:
                self._for_formgrader(best, judged, judged.result)

    def _for_formgrader(
        self, submission: Submission, judged: GradedSubmission, result: Result
    ) -> None:
        for notebook in result.notebooks:
            if notebook.notebook in judged.merged:
                gradebook.write_autograded(
                    self._course,
                    submission,
                    notebook,
                    judged.merged[notebook.notebook].node,
                    outputs(self._course, judged.evidence.get(notebook.notebook)),
                )

    def report(self, assignment: str) -> GradeReport:
        """Return the report, with results ordered by student."""
        found = tuple(self._told(name) for name in sorted(self._results))
        judged = sum(map(len, self._results.values()))
        return GradeReport(
            assignment,
            found,
            self._ran,
            judged - self._ran,
            self._recorded,
            faults=tuple(self._faults),
            faulty=dict(self._faulty),
            by_status=dict(self._by_status),
        )

    def _told(self, student: str) -> Result:
        """Return one result of a student: the counting submission's if judged, else the newest."""
        counting = self._counting.get(student, "")
        return max(self._results[student], key=lambda r: (r.submission == counting, r.submission))

    def _tell(self, note: str = "") -> None:
        done = sum(self._by_status.values())
        self._show(Progress(done, self._total, dict(self._by_status), note))


def _shown_rank(result: Result) -> tuple[int, str]:
    """Return the key by which feedback chooses a result: the newest, but a broken one last."""
    return result.outcome.rank, result.submission


def overall(result: Result) -> str:
    """Return the state of a submission: broken, error, untouched, needs_person, full or graded."""
    criteria = [c for n in result.notebooks for t in n.tasks for c in t.criteria]
    if any(n.broken for n in result.notebooks):
        return "broken"
    if any(c.status is Status.ERROR for c in criteria):
        return "error"
    if not any(t.attempted for n in result.notebooks for t in n.tasks):
        return "untouched"
    if result.needs_person:
        return "needs_person"
    return "full" if all(c.status is Status.PASSED for c in criteria) else "graded"


def outputs(course: Course, evidence: Evidence | None) -> dict[int, Sequence[Any]]:
    """Return the outputs of a run's cells, by their places in the merged notebook."""
    if evidence is None:
        return {}
    store = Store(course.state / "evidence")
    shown: dict[int, Sequence[Any]] = {}
    for cell in evidence.cells:
        found = json.loads(store.get(cell.outputs)) if cell.outputs else []
        if cell.error:
            error = cell.error
            line = f"line {error.line}: {error.source_line}" if error.line else ""
            found.append(
                {
                    "output_type": "error",
                    "ename": error.type,
                    "evalue": error.text,
                    "traceback": [line, f"{error.type}: {error.text}"],
                }
            )
        if found:
            shown[cell.place] = found
    return shown


def _only(result: Result, before: Result | None, tasks: Collection[str]) -> Result:
    """Return the result with all other tasks as they were before."""
    if not tasks or before is None or before.submission != result.submission:
        return result
    old = {(n.notebook, t.grade_id): t for n in before.notebooks for t in n.tasks}
    notebooks = tuple(
        replace(
            n,
            tasks=tuple(
                t if t.grade_id in tasks else old.get((n.notebook, t.grade_id), t) for t in n.tasks
            ),
        )
        for n in result.notebooks
    )
    return replace(result, notebooks=notebooks)
