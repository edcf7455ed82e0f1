"""The core types: frozen values that flow from step to step.

Written by an author:     Assignment > Notebook > Task > Criterion, Mistake
Submitted by a student:   Submission
Produced by grading:      Result > TaskResult > CriterionResult > Message
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any


class Status(str, Enum):
    """Result of a criterion; `ERROR` and `UNREADABLE` wait for a person."""

    PASSED = "passed"
    FAILED = "failed"  # its points may be partial
    NOT_ATTEMPTED = "not_attempted"  # the answer cells are unchanged since the release
    NOT_RUN = "not_run"  # a criterion it comes `after` did not pass
    ERROR = "error"  # a fault of the autograder or the machine: never a zero
    UNREADABLE = "unreadable"  # the notebook file cannot be read: never a zero either

    def __str__(self) -> str:
        return self.value


class Outcome(str, Enum):
    """Outcome of grading one submission, lowest first: a higher one beats a lower one."""

    BROKEN = "broken"  # it contains no readable notebook: waits for a person
    UNTOUCHED = "untouched"  # every answer is unchanged since the release
    UNDECIDED = "undecided"  # a fault of the autograder left every answer open: waits for a person
    GRADED = "graded"  # at least one answer is decided, or is for a person to read

    def __str__(self) -> str:
        return self.value

    @property
    def rank(self) -> int:
        """Position in the order above, from 0."""
        return list(Outcome).index(self)


class TaskKind(str, Enum):
    """Way a task is graded."""

    CRITERIA = "criteria"  # Task(...) with criteria, decided in the clean process
    ASSERTS = "asserts"  # plain nbgrader asserts, decided in the clean process
    INSIDE = "inside"  # plain nbgrader code that changes the student's names: runs beside them
    MANUAL = "manual"  # graded by a person

    def __str__(self) -> str:
        return self.value


# ── Written by an author ─────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Criterion:
    """One criterion of a task, as read from the source notebook without running it."""

    name: str  # the function's name; the last part of its id
    demand: str  # the sentence, with {settings} to fill in
    points: float
    hidden: bool
    settings: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()  # the student's names it asks for, without `rng`
    draws: bool = False  # it takes `rng`
    after: tuple[str, ...] = ()
    retry: bool = False
    retrain: bool = False
    was: str | None = None
    source: str = ""  # its code, which the hash in every result covers

    @property
    def sentence(self) -> str:
        """The demand with its settings filled in, as the student reads it."""
        return fill(self.demand, self.settings)


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer to a task: the criteria that must fail on it, and the student's hint."""

    name: str
    task: str  # grade_id of its task
    answer: str  # grade_id of the answer cell whose code it replaces
    fails: tuple[str, ...]  # names of criteria of that task
    tell: str
    code: str
    slow: bool = False  # tagged `slow`: run in the full validation only


@dataclass(frozen=True)
class Task:
    """One grade cell and the answer cells before it."""

    grade_id: str
    points: float
    kind: TaskKind
    answers: tuple[str, ...]  # grade_ids of its answer cells
    criteria: tuple[Criterion, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    code: str = ""  # the whole test cell, hidden parts included
    cell_index: int = -1  # its index in the source notebook

    @property
    def automatic_points(self) -> float:
        """The points decided without a person."""
        return 0.0 if self.kind is TaskKind.MANUAL else self.points


@dataclass(frozen=True)
class Notebook:
    """One source notebook: its cells as nbformat reads them, and its tasks in order."""

    name: str  # the file's stem
    path: Path
    node: Any  # nbformat.NotebookNode of the source; never changed
    tasks: tuple[Task, ...]
    setup: tuple[str, ...]  # code of the locked cells tagged `setup`, in order
    card: str  # markdown of the card at the top


@dataclass(frozen=True)
class Assignment:
    """A folder in source/: notebooks and files, some of them hidden."""

    name: str
    path: Path
    kind: str  # "daily" or "sprint"
    notebooks: tuple[Notebook, ...]
    files: tuple[str, ...]  # released beside the notebooks, relative to `path`
    hidden_files: tuple[str, ...]  # in hidden/, or named in removed text alone: for checks only

    @property
    def max_points(self) -> float:
        return sum(task.points for nb in self.notebooks for task in nb.tasks)


def criterion_id(assignment: str, notebook: str, grade_id: str, name: str) -> str:
    """Return the permanent id of a criterion: `assignment/notebook/grade_id/function`."""
    return f"{assignment}/{notebook}/{grade_id}/{name}"


# ── Submitted by a student ───────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Choice:
    """The file that is graded as one notebook of the assignment, and the others.

    An empty `notebook` lists notebooks that hold no answer cell of this assignment.
    """

    notebook: str
    file: str  # the student's name for it: its path in the submission
    others: tuple[str, ...] = ()
    ambiguous: bool = False  # another file holds answers that the graded one does not
    unanswered: bool = False  # none of the files has an answer cell filled in


@dataclass(frozen=True)
class Submission:
    """A submitted folder; immutable. `student` is the gradebook's pseudonym."""

    id: str  # ULID
    assignment: str
    student: str
    path: Path
    received: str  # ISO 8601, UTC: when its first byte arrived
    sha256: str
    release: int  # the release it was made from; 0 if unknown
    language: str = ""  # of that release; "" is the language of the source
    choices: tuple[Choice, ...] = ()  # only if a file had to be chosen or renamed


@dataclass(frozen=True)
class Limits:
    """Limits of one run. CPU seconds count the job's whole process tree."""

    cpu_seconds: float = 180.0
    cell_seconds: float = 120.0  # CPU seconds of one cell
    wall_factor: float = 3.0  # wall clock = factor × CPU seconds: only stops processes that sleep
    memory_mb: int = 3072
    processes: int = 256
    open_files: int = 512
    disk_mb: int = 512
    file_mb: int = 256
    output_kb: int = 1024  # of output stored; a job is killed at 64 times as much
    capture_mb: int = 256  # all values captured at one test cell
    check_seconds: float = 120.0  # CPU seconds of one criterion: the check and its calls
    check_questions: int = 20_000  # calls and reads of student code by one criterion
    check_mb: int = 256  # returned by student code to one criterion


# ── Produced by grading ──────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Message:
    """Expected / Got / Next as templates with values: translated first, filled in last."""

    expected: str = ""
    got: str = ""
    next: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CriterionResult:
    """Result of one criterion for one submission."""

    name: str
    status: Status
    points: float
    max_points: float
    demand: str  # the sentence as the student read it
    hidden: bool
    message: Message = Message()
    score: float | None = None  # the number that the demand names, if it names one
    attempts: int = 1
    error: str = ""  # type of an unexpected exception
    tainted: bool = False  # decided after a hidden call: its texts may hold hidden data


@dataclass(frozen=True)
class TaskResult:
    """Result of one task: points are the sum over its criteria; None waits for a person."""

    grade_id: str
    kind: TaskKind
    max_points: float
    criteria: tuple[CriterionResult, ...] = ()
    beside_student_code: bool = False
    attempted: bool = True  # False: an unchanged manual task needs no person, it is worth 0

    @property
    def points(self) -> float | None:
        if self.kind is TaskKind.MANUAL:
            return None if self.attempted else 0.0
        if any(c.status in (Status.ERROR, Status.UNREADABLE) for c in self.criteria):
            return None
        return sum(c.points for c in self.criteria)


@dataclass(frozen=True)
class CellError:
    """An error in one of the student's cells, in plain words."""

    cell: int  # counted from 1 over all cells of the submitted notebook
    grade_id: str
    type: str
    text: str
    line: int = 0
    source_line: str = ""


@dataclass(frozen=True)
class Usage:
    """Resources that a run used, beside its limits."""

    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    memory_mb: float = 0.0
    cpu_limit: float = 0.0
    memory_limit_mb: float = 0.0


@dataclass(frozen=True)
class NotebookResult:
    """Result of one notebook of a submission; `broken` is the reason it could not be read."""

    notebook: str
    tasks: tuple[TaskResult, ...]
    cell_errors: tuple[CellError, ...] = ()
    notes: tuple[str, ...] = ()  # repairs, skipped cells and limits
    usage: Usage = Usage()
    usage_shown: Usage | None = None  # to students, where hidden criteria asked: until the first
    limit: str = ""  # the sentence for a limit that was exceeded
    figures: tuple[str, ...] = ()  # digests of the student's own plots (PNG, JPEG or GIF)
    drawn: int = 0  # plots drawn in the run, including those not stored; 0 in older results
    broken: str = ""
    tier: str = ""  # "A", "B" or "UNSANDBOXED"
    run: str = ""  # key of the run whose evidence was read; "" if nothing was run
    retrained: bool = True  # False: kept work replaced its training cells
    weights: Mapping[str, str] = field(default_factory=dict)  # digests of kept models' weights


@dataclass(frozen=True)
class Result:
    """Result of grading one submission."""

    submission: str
    assignment: str
    student: str
    release: int
    notebooks: tuple[NotebookResult, ...]
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """The automatic points; a task that waits for a person counts 0 for now."""
        return sum(t.points or 0.0 for n in self.notebooks for t in n.tasks)

    @property
    def outcome(self) -> Outcome:
        """The outcome of grading; submissions are ranked by it first, then by points."""
        read = [n for n in self.notebooks if not n.broken]
        tasks = [t for n in read for t in n.tasks]
        statuses = {c.status for t in tasks for c in t.criteria}
        if statuses & {Status.PASSED, Status.FAILED, Status.NOT_RUN} or any(
            t.kind is TaskKind.MANUAL and t.attempted for t in tasks
        ):
            return Outcome.GRADED
        if Status.ERROR in statuses:
            return Outcome.UNDECIDED
        unreadable = any(
            c.status is Status.UNREADABLE
            for n in self.notebooks
            for t in n.tasks
            for c in t.criteria
        )
        return Outcome.BROKEN if unreadable or not read else Outcome.UNTOUCHED

    @property
    def needs_person(self) -> bool:
        return any(t.points is None for n in self.notebooks for t in n.tasks)


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Return the template with its {names} filled in, or unchanged if that fails."""
    try:
        return template.format_map(values)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError):
        return template
