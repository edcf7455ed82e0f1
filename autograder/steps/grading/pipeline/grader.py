"""One submission → Result: merge it into its source, run it once, judge it by its criteria.

Every submission ends in a result. A broken notebook's result says how it is broken, a limit's
result says which limit, and a grader fault's result waits for a person.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from autograder.config import Course
from autograder.errors import BrokenSubmission, Fault
from autograder.evidence.record import Evidence, find, keep
from autograder.evidence.store import Store
from autograder.language import in_words, translate
from autograder.notebook.source.cells import cells_of, write_node
from autograder.notebook.submission.choosing import sentences
from autograder.notebook.submission.merging import Merged, merge
from autograder.nouns import (
    Assignment,
    Notebook,
    NotebookResult,
    Result,
    Status,
    Submission,
    TaskResult,
    fill,
)
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.steps.grading.pipeline import author_faults, release_settings, retraining
from autograder.steps.grading.pipeline import check as checking
from autograder.steps.grading.pipeline import run as running
from autograder.steps.grading.pipeline.check import (
    Checked,
    in_error,
    not_attempted,
    not_handed_in,
    unreadable,
)
from autograder.steps.grading.pipeline.grading_inputs import GradingInputs, Settings, process_seed
from autograder.steps.grading.pipeline.plan import Plan, files_beside
from autograder.steps.grading.pipeline.plan import plan as plan_of
from autograder.steps.grading.pipeline.student_process import EndedProcess, StudentProcess
from autograder.steps.grading.pipeline.training_cells import Instead, instead_of_training

ALONE = ("cpu", "wall")  # limits that a busy machine may have caused
REFERENCE = "reference"
FIGURES = 24  # most of a student's own plots that feedback shows


@dataclass(frozen=True)
class GradedSubmission:
    """Result of a submission, with the merged notebooks and the evidence it was judged from."""

    result: Result
    merged: Mapping[str, Merged]  # by notebook, without broken ones
    evidence: Mapping[str, Evidence]
    ran: int = 0  # notebooks whose cells were run
    waiting: tuple[str, ...] = ()  # reasons why it must run (again); if any, nothing was recorded
    timed_out: bool = False


@dataclass(frozen=True)
class _Reference:
    """Errors of the reference solution in one notebook: these are faults of the course."""

    errors: Mapping[str, str]  # of criteria, by task/name: the type of what they raise
    stops: frozenset[author_faults.Stop]  # of cells


@dataclass
class Grader:
    """Judge of the submissions to one assignment. Threads may share it."""

    course: Course
    assignment: Assignment
    release: int
    students: WarmServer
    checkers: WarmServer
    store: Store
    tasks: frozenset[str] = frozenset()  # judge only these again; empty: all
    _reference: dict[str, _Reference] = field(default_factory=dict)
    _settings: dict[tuple[str, int], Settings] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        folder = self.assignment.path
        self._files = {name: (folder / name).read_bytes() for name in self.assignment.files}
        hidden = {name: (folder / name).read_bytes() for name in self.assignment.hidden_files}
        self._clean_files = {**self._files, **hidden}

    def judge(
        self,
        submission: Submission,
        *,
        may_run: bool = True,
        afresh: bool = False,
        as_attempted: bool = False,
        draw: int = 1,
    ) -> GradedSubmission:
        """Return the result of one submission.

        With `may_run` false nothing is run, and `waiting` names what would have to be. `afresh`
        repeats runs that ended at a time limit. `as_attempted` judges unchanged answers as if the
        student had written them. `draw` numbers the hidden data (1: the real).
        """
        merged: dict[str, Merged] = {}
        evidence: dict[str, Evidence] = {}
        results, waiting, ran = [], list[str](), 0
        written_by_author = as_attempted or submission.student == REFERENCE
        kept_work = not (written_by_author or self.course.grading_of(self.assignment.name).retrain)
        for notebook in self.assignment.notebooks:
            path = submission.path / f"{notebook.name}.ipynb"
            try:
                merged[notebook.name] = merge(notebook, path)
            except BrokenSubmission as broken:
                results.append(_chosen(submission, _broken(notebook, path, broken)))
                continue
            if as_attempted:
                merged[notebook.name] = _attempted(merged[notebook.name])
            done = self._notebook(
                submission, notebook, merged[notebook.name], may_run, afresh, kept_work, draw
            )
            waiting += done.waiting
            ran += done.ran
            if done.evidence is not None:
                evidence[notebook.name] = done.evidence
            if done.result is not None:
                results.append(_chosen(submission, done.result))
        result = Result(
            submission.id,
            submission.assignment,
            submission.student,
            submission.release or self.release,
            tuple(_without_missing(results, self.assignment, submission.path)),
            running.versions(),
        )
        timed_out = any(_timed_out(e) for e in evidence.values()) and ran > 0
        return GradedSubmission(result, merged, evidence, ran, tuple(waiting), timed_out)

    # ── One notebook ─────────────────────────────────────────────────────────────────

    @dataclass(frozen=True)
    class _Done:
        result: NotebookResult | None = None
        evidence: Evidence | None = None
        ran: int = 0
        waiting: tuple[str, ...] = ()

    def _notebook(
        self,
        submission: Submission,
        notebook: Notebook,
        merged: Merged,
        may_run: bool,
        afresh: bool,
        kept_work: bool,
        draw: int,
    ) -> _Done:
        if not any(merged.attempted.values()):
            tasks = tuple(not_attempted(task) for task in notebook.tasks)
            tier = str(self.students.tier)
            return self._Done(NotebookResult(notebook.name, tasks, notes=merged.notes, tier=tier))
        try:
            limits = self.course.limits(self.assignment.name)
            most = self.course.submissions.max_mb << 20
            brought = files_beside(submission.path, self._files, most)
            instead = instead_of_training(merged, submission.path) if kept_work else None
            plan = plan_of(submission.id, notebook, merged, brought, limits, instead)
            rules = self._rules(submission, notebook, draw)
            plan = replace(plan, seed=process_seed(rules, "student"))
            done = self._run_and_check(plan, rules, notebook, merged, may_run, afresh)
            if instead is None:
                done = self._trained_anew(done, plan, rules, notebook, merged, may_run, afresh)
            return _not_retrained(done, instead)
        except Exception as error:
            fault = error if isinstance(error, Fault) else Fault(f"{type(error).__name__}: {error}")
            tasks = tuple(
                in_error(t, fault) if merged.attempted.get(t.grade_id, True) else not_attempted(t)
                for t in notebook.tasks
            )
            # keep the fault's text out of the notes, which students see: it may quote hidden code
            return self._Done(NotebookResult(notebook.name, tasks, notes=merged.notes))

    def _run_and_check(
        self,
        plan: Plan,
        rules: GradingInputs,
        notebook: Notebook,
        merged: Merged,
        may_run: bool,
        afresh: bool,
    ) -> _Done:
        evidence = find(self.store, plan.key)
        if evidence is not None and (
            _outgrown(evidence, plan) or (afresh and _timed_out(evidence))
        ):
            evidence = None
        if evidence is None:
            if not may_run:
                return self._Done(waiting=("new",))
            return self._run(plan, rules, notebook, merged)
        checked = self._check(rules, evidence, merged, None)
        if checked.new_questions:
            if not may_run:
                return self._Done(evidence=evidence, waiting=checked.new_questions)
            return self._run(plan, rules, notebook, merged)
        return self._Done(self._result(notebook, merged, evidence, checked, rules), evidence)

    def _trained_anew(
        self,
        done: _Done,
        plan: Plan,
        rules: GradingInputs,
        notebook: Notebook,
        merged: Merged,
        may_run: bool,
        afresh: bool,
    ) -> _Done:
        """Merge in a second run if a failed criterion allows retraining."""
        owed = retraining.owed(notebook, done.result) if done.result else {}
        if done.result is None or not owed:
            return done
        rules = replace(rules, attempt=2)
        plan = replace(plan, attempt=2, seed=process_seed(rules, "student"))
        second = self._run_and_check(plan, rules, notebook, merged, may_run, afresh)
        if second.result is None:
            return replace(done, result=None, waiting=second.waiting)
        result = retraining.better(done.result, second.result, owed)
        return replace(done, result=result, ran=done.ran + second.ran)

    def _run(self, plan: Plan, rules: GradingInputs, notebook: Notebook, merged: Merged) -> _Done:
        evidence, live = running.run(self.students, plan, self.store)
        try:
            keep(self.store, evidence)
            checked = self._check(rules, evidence, merged, live or EndedProcess(evidence.limit))
            if live is not None:
                evidence = running.with_calls(evidence, live)
                keep(self.store, evidence)
        finally:
            if live is not None:
                live.close()
        return self._Done(self._result(notebook, merged, evidence, checked, rules), evidence, ran=1)

    def _check(
        self,
        rules: GradingInputs,
        evidence: Evidence,
        merged: Merged,
        live: StudentProcess | EndedProcess | None,
    ) -> Checked:
        """Judge every task by today's settings, or by the release's where these give more."""
        attempted = merged.attempted
        now = checking.check(self.checkers, rules, evidence, attempted, self.store, live)
        if not release_settings.matters(now, rules.given):
            return now
        older = replace(rules, settings=rules.given)
        then = checking.check(self.checkers, older, evidence, attempted, self.store, live)
        return release_settings.better(now, then)

    def _result(
        self,
        notebook: Notebook,
        merged: Merged,
        evidence: Evidence,
        checked: Checked,
        rules: GradingInputs,
    ) -> NotebookResult:
        found = tuple(self._against_reference(task, rules, evidence) for task in checked.tasks)
        tasks = author_faults.excused(
            found, notebook, evidence, lambda: self._reference_stops(rules, evidence)
        )
        _, limit, way_out = in_words(evidence.limit_message, self.course.settings.language)
        return NotebookResult(
            notebook=notebook.name,
            tasks=tasks,
            cell_errors=tuple(cell.error for cell in evidence.cells if cell.error),
            notes=(*merged.notes, *_skipped(evidence), *_lost_outputs(evidence)),
            usage=evidence.usage,
            usage_shown=evidence.usage_before_hidden,
            limit=f"{limit}. {way_out}" if limit else "",
            figures=tuple(f for cell in evidence.cells for f in cell.figures)[:FIGURES],
            drawn=sum(cell.drawn for cell in evidence.cells),
            tier=evidence.tier,
            run=evidence.key,
        )

    def _rules(self, submission: Submission, notebook: Notebook, draw: int) -> GradingInputs:
        return GradingInputs(
            assignment=self.assignment.name,
            source=notebook,
            files=self._clean_files,
            key=self.course.key,
            released=frozenset(self._files),
            draw=draw,
            plain_tests=self.course.grading_of(self.assignment.name).plain_tests,
            limits=self.course.limits(self.assignment.name),
            given=self._given(submission, notebook),
            language=submission.language or self.course.language,
        )

    def _given(self, submission: Submission, notebook: Notebook) -> Settings:
        """Return the settings of the student's release that differ from the source's."""
        if not submission.release or submission.student == REFERENCE:
            return {}
        key = (notebook.name, submission.release)
        with self._lock:
            if key not in self._settings:
                self._settings[key] = release_settings.settings_of(
                    self.course, self.assignment.name, notebook, submission.release
                )
            return self._settings[key]

    # ── Grader errors ────────────────────────────────────────────────────────────────

    def _against_reference(
        self, task: TaskResult, rules: GradingInputs, evidence: Evidence
    ) -> TaskResult:
        """Mark criteria that raise on the reference solution too as grader errors, not zeros."""
        if evidence.submission == REFERENCE or not any(c.error for c in task.criteria):
            return task
        ours = self._of_reference(rules).errors
        criteria = tuple(
            replace(c, status=Status.ERROR, points=0.0)
            if c.error and ours.get(f"{task.grade_id}/{c.name}") == c.error
            else c
            for c in task.criteria
        )
        return replace(task, criteria=criteria)

    def _reference_stops(
        self, rules: GradingInputs, evidence: Evidence
    ) -> frozenset[author_faults.Stop]:
        own = evidence.submission == REFERENCE
        return author_faults.stops(evidence) if own else self._of_reference(rules).stops

    def _of_reference(self, rules: GradingInputs) -> _Reference:
        name = rules.source.name
        with self._lock:
            if name not in self._reference:
                with tempfile.TemporaryDirectory() as folder:
                    reference = solution(self.assignment, Path(folder))
                    judged = self.judge(reference, as_attempted=True, draw=rules.draw)
                errors = {
                    f"{task.grade_id}/{c.name}": c.error
                    for notebook in judged.result.notebooks
                    if notebook.notebook == name
                    for task in notebook.tasks
                    for c in task.criteria
                    if c.error
                }
                ran = judged.evidence.get(name)
                stops = author_faults.stops(ran) if ran else frozenset()
                self._reference[name] = _Reference(errors, stops)
            return self._reference[name]


def solution(assignment: Assignment, folder: Path) -> Submission:
    """Write the author's own solution into a folder and return it as a submission."""
    for notebook in assignment.notebooks:
        mistakes = {c.number for c in cells_of(notebook.node) if c.role == "mistake"}
        node = notebook.node.copy()
        node["cells"] = [c for n, c in enumerate(notebook.node.cells, 1) if n not in mistakes]
        (folder / f"{notebook.name}.ipynb").write_text(write_node(node), encoding="utf-8")
    return Submission(REFERENCE, assignment.name, REFERENCE, folder, "", "", 0)


def _not_retrained(done: Grader._Done, instead: Instead | None) -> Grader._Done:
    """Add the notes on kept work and the digests of the kept weights to the result."""
    if instead is None or done.result is None:
        return done
    notes = (*instead.notes, *done.result.notes)
    told = replace(done.result, notes=notes, retrained=False, weights=instead.weights)
    return replace(done, result=told)


def _attempted(merged: Merged) -> Merged:
    return replace(merged, attempted=dict.fromkeys(merged.attempted, True))


def _broken(notebook: Notebook, path: Path, broken: BrokenSubmission) -> NotebookResult:
    tasks = tuple(unreadable(task, path.name, broken) for task in notebook.tasks)
    placed = BrokenSubmission(broken.fact, where=path.name, way_out=broken.way_out)
    return NotebookResult(notebook.name, tasks, broken=str(placed))


def _without_missing(
    results: Sequence[NotebookResult], assignment: Assignment, folder: Path
) -> Iterator[NotebookResult]:
    """Yield the results; a notebook that is missing beside readable ones gets no points."""
    readable = any(not one.broken for one in results)
    notebooks = {notebook.name: notebook for notebook in assignment.notebooks}
    for one in results:
        name = f"{one.notebook}.ipynb"
        if one.broken and readable and not os.path.lexists(folder / name):
            tasks = (not_handed_in(task, name) for task in notebooks[one.notebook].tasks)
            one = replace(one, tasks=tuple(tasks))
        yield one


def _chosen(submission: Submission, result: NotebookResult) -> NotebookResult:
    """Add a note on which file was graded where there were several."""
    choices = [c for c in submission.choices if c.notebook in ("", result.notebook)]
    return replace(result, notes=(*sentences(choices), *result.notes))


def _timed_out(evidence: Evidence) -> bool:
    return evidence.limit in ALONE or any(
        cell.error is not None and cell.error.type == "TimeLimit" for cell in evidence.cells
    )


def _outgrown(evidence: Evidence, plan: Plan) -> bool:
    """Return True if the run ended at a limit and today's limits are higher."""
    used, now = evidence.usage, plan.limits
    return bool(evidence.limit) and (
        now.cpu_seconds > used.cpu_limit or now.memory_mb > used.memory_limit_mb
    )


def _skipped(evidence: Evidence) -> tuple[str, ...]:
    return tuple(
        f"cell {cell.number}: skipped when grading: {line}"
        for cell in evidence.cells
        for line in cell.skipped
    )


def _lost_outputs(evidence: Evidence) -> Iterator[str]:
    for cell in evidence.cells:
        if cell.lost:
            text = translate(
                "Cell {cell}: not all of its outputs are kept (left out: {count}); "
                "that changes no points."
            )
            yield fill(text, {"cell": cell.number or cell.grade_id, "count": cell.lost})
