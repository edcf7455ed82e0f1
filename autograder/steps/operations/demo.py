"""Demo: a class of made-up students, graded from end to end, with every score checked.

The class submits right answers, every known mistake, nothing, half the work, syntax errors,
endless loops and broken files. The expected result of each submission is stated where it is made:
the solution passes everything, a mistake fails exactly the criteria it names, and so on.
"""

from __future__ import annotations

import os
import shutil
import time
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder import config, gradebook
from autograder.config import Course
from autograder.errors import NotFound
from autograder.notebook.release.stripping import student_notebook
from autograder.notebook.source.cells import write_node
from autograder.nouns import (
    Assignment,
    Mistake,
    Notebook,
    NotebookResult,
    Result,
    Status,
    Task,
    fill,
)
from autograder.steps import assignments
from autograder.steps.authoring import release
from autograder.steps.grading import collect, grade
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.reporting import feedback

DEMO = ("n411_first_network", "n432_segmentation_detection")
Expected = Mapping[str, Mapping[str, Status]]  # task -> criterion -> status


@dataclass(frozen=True)
class HandedIn:
    """One made-up submission: student, description, content and the expected criterion statuses."""

    student: str
    what: str
    notebook: str
    content: bytes
    expected: Expected


@dataclass(frozen=True)
class Compared:
    """Score of one submission compared with the expected one."""

    student: str
    what: str
    assignment: str
    points: float
    max_points: float
    as_expected: bool
    differences: tuple[str, ...] = ()


@dataclass(frozen=True)
class DemoReport:
    """Result of the demo."""

    course: str
    pages: str
    gradebook: str
    compared: tuple[Compared, ...]
    results: tuple[Result, ...]
    by_status: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    tier: str = ""

    @property
    def as_expected(self) -> int:
        return sum(c.as_expected for c in self.compared)

    def by_criterion(self) -> Iterator[tuple[str, float, Mapping[str, int]]]:
        """Yield every criterion with its points and the count of each status."""
        rows: dict[str, tuple[float, Counter[str]]] = {}
        for result in self.results:
            for notebook in result.notebooks:
                for task in notebook.tasks:
                    for one in task.criteria:
                        name = f"{notebook.notebook}/{task.grade_id}/{one.name}"
                        rows.setdefault(name, (one.max_points, Counter()))[1][str(one.status)] += 1
        yield from ((name, points, counts) for name, (points, counts) in rows.items())

    def as_json(self) -> dict[str, Any]:
        """Return the figures, and the differences if any."""
        return {
            "submissions": len(self.compared),
            "as_expected": self.as_expected,
            "by_status": dict(self.by_status),
            "seconds": round(self.seconds, 1),
            "tier": self.tier,
            "course": self.course,
            "pages": self.pages,
            "gradebook": self.gradebook,
            "differences": {c.student: list(c.differences) for c in self.compared if c.differences},
        }


def demo(
    course: Course,
    folder: Path,
    *,
    jobs: int = 0,
    sandbox: bool = True,
    slow: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> DemoReport:
    """Make a scratch course in `folder`, grade its class and compare every score.

    `slow` adds the mistakes that need training.
    """
    started = time.monotonic()
    scratch = _scratch_course(course, folder)
    compared: list[Compared] = []
    results: list[Result] = []
    by_status: dict[str, int] = {}
    at_once = jobs or os.cpu_count() or 1
    with Workers(sandbox=sandbox, parallel=at_once) as workers:
        for name in DEMO:
            progress(f"{name}: releasing")
            release.release(  # no validation: the class checks every score
                scratch, name, prove=lambda *_: [], register=gradebook.register
            )
            source = assignments.load_assignment(scratch, name)
            handed = list(hand_in(source, slow=slow))
            progress(f"{name}: collecting {len(handed)} submissions, from a folder and a zip")
            _collect(scratch, source, handed)
            progress(f"{name}: grading")
            report = grade.grade(
                scratch, name, workers=workers, progress=lambda p: progress(_told(p))
            )
            progress(f"{name}: writing feedback")
            feedback.feedback(scratch, name)
            results += report.results
            for word, count in report.by_status.items():
                by_status[word] = by_status.get(word, 0) + count
            compared += _compare(scratch, source, handed, report.results)
        tier = str(workers.tier)
    return DemoReport(
        str(scratch.root),
        str(scratch.feedback),
        scratch.db_url,
        tuple(compared),
        tuple(results),
        by_status,
        time.monotonic() - started,
        tier,
    )


def _told(progress: grade.Progress) -> str:
    return progress.note or f"graded {progress.done} of {progress.total}"


def _scratch_course(course: Course, folder: Path) -> Course:
    for name in DEMO:
        if not (course.source / name).is_dir():
            raise NotFound(
                f"the demo needs {name}",
                where=str(course.source),
                way_out="run it from the course that comes with autograder",
            )
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for name in ("course_config.py", "nbgrader_config.py"):
        shutil.copy(course.root / name, folder / name)
    for name in DEMO:
        shutil.copytree(
            course.source / name,
            folder / "source" / name,
            ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"),
        )
    return config.load(folder)


# ── The class ────────────────────────────────────────────────────────────────────────


def hand_in(source: Assignment, *, slow: bool) -> Iterator[HandedIn]:
    """Yield every submission of the made-up class for one assignment."""
    notebook = source.notebooks[0]
    number = iter(range(1, 1000))

    def handed(what: str, content: Any, expected: Expected, student: str = "") -> HandedIn:
        data = content if isinstance(content, bytes) else write_node(content).encode()
        name = student or f"{source.name[:4]}-{next(number):02d}"
        return HandedIn(name, what, notebook.name, data, expected)

    ids = [task.grade_id for task in notebook.tasks]
    first, second, last = ids[0], ids[1], ids[-1]
    yield handed("solution", _solved(notebook, ids), _passing(notebook, ids))
    yield handed("untouched", _solved(notebook, []), _passing(notebook, []), "박서연")
    yield handed("first task only", _solved(notebook, [first]), _passing(notebook, [first]))
    yield handed("not a notebook", b"%PDF-1.7 my homework", _unreadable(notebook))
    yield from _mistaken(notebook, handed, slow=slow)
    if "unet" in ids:
        upto = ids[: ids.index("unet") + 1]
        none = _with(_solved(notebook, upto), _task(notebook, "unet"), "unet = None")
        yield handed("unet = None", none, _failing(notebook, upto, "unet"))
        return
    half = ids[: len(ids) // 2 + 1]
    yield handed("half done", _solved(notebook, half), _passing(notebook, half))
    for what, task, code in (
        ("syntax error", first, "def ("),
        ("exception in one cell", second, "raise ValueError('I gave up here')"),
        ("endless loop", last, "while True:\n    pass"),
    ):
        wrong = _with(_solved(notebook, ids), _task(notebook, task), code)
        yield handed(what, wrong, _failing(notebook, ids, task))
    deleted = _solved(notebook, ids)
    deleted.cells = [c for c in deleted.cells if _grade_id(c) != second]
    yield handed("deleted test cell", deleted, _passing(notebook, ids))
    renamed = _solved(notebook, ids)
    renamed.metadata["kernelspec"] = {"name": "my-env", "display_name": "나의 환경"}
    yield handed("renamed kernel", renamed, _passing(notebook, ids))


def _mistaken(
    notebook: Notebook, handed: Callable[..., HandedIn], *, slow: bool
) -> Iterator[HandedIn]:
    """Yield every mistake, with other tasks solved as far as their time is worth it."""
    for task in notebook.tasks:
        for mistake in task.mistakes:
            if mistake.slow and not slow:
                continue
            solved = _beside(notebook, task)
            node = _with(_solved(notebook, solved), task, mistake.code, mistake.answer)
            expected = _failing(notebook, solved, task.grade_id, mistake)
            yield handed(f"{task.grade_id}: {mistake.name}", node, expected)


def _beside(notebook: Notebook, task: Task) -> list[str]:
    """Return the tasks solved beside a mistake: all, or without training that it does not need."""
    ids = [t.grade_id for t in notebook.tasks]
    trained = [t.grade_id for t in notebook.tasks if _trains(notebook, t)]
    if any(mistake.slow for t in notebook.tasks for mistake in t.mistakes):  # training is slow
        return [i for i in ids if i not in trained or i == task.grade_id]
    place, needed = ids.index(task.grade_id), ids.index(trained[0]) if trained else 0
    return ids if place >= needed else ids[: place + 1]


def _trains(notebook: Notebook, task: Task) -> bool:
    return any(
        "train" in cell.metadata.get("tags", ()) and _grade_id(cell) in task.answers
        for cell in notebook.node.cells
    )


def _solved(notebook: Notebook, tasks: Collection[str]) -> Any:
    """Return the released notebook with these tasks solved as in the author's solution."""
    node = student_notebook(notebook, "", {})
    solutions = {_grade_id(c): c.source for c in notebook.node.cells if _grade_id(c)}
    wanted = {answer for t in notebook.tasks if t.grade_id in tasks for answer in t.answers}
    for cell in node.cells:
        if _grade_id(cell) in wanted:
            cell.source = solutions[_grade_id(cell)]
    return node


def _with(node: Any, task: Task, code: str, answer: str = "") -> Any:
    """Replace one answer of a task in the notebook and return the notebook."""
    for cell in node.cells:
        if _grade_id(cell) == (answer or task.answers[0]):
            cell.source = code
    return node


def _grade_id(cell: Any) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _task(notebook: Notebook, grade_id: str) -> Task:
    return next(task for task in notebook.tasks if task.grade_id == grade_id)


# ── Expected results ─────────────────────────────────────────────────────────────────


def _passing(notebook: Notebook, solved: Collection[str]) -> dict[str, dict[str, Status]]:
    """Expect every criterion of the solved tasks to pass, and the others to be not attempted."""
    return {
        task.grade_id: dict.fromkeys(
            [c.name for c in task.criteria],
            Status.PASSED if task.grade_id in solved else Status.NOT_ATTEMPTED,
        )
        for task in notebook.tasks
    }


def _unreadable(notebook: Notebook) -> dict[str, dict[str, Status]]:
    """Expect every criterion to wait for a person."""
    return {t.grade_id: {c.name: Status.UNREADABLE for c in t.criteria} for t in notebook.tasks}


def _failing(
    notebook: Notebook, solved: Collection[str], grade_id: str, mistake: Mistake | None = None
) -> dict[str, dict[str, Status]]:
    """Expect one task to fail what the mistake names (or everything); other tasks lose no point."""
    expected = _passing(notebook, solved)
    wrong = expected[grade_id]
    for criterion in _task(notebook, grade_id).criteria:
        if any(wrong.get(name) is not Status.PASSED for name in criterion.after):
            wrong[criterion.name] = Status.NOT_RUN
        elif mistake is None or criterion.name in mistake.fails:
            wrong[criterion.name] = Status.FAILED
    return expected


def _compare(
    course: Course,
    source: Assignment,
    handed: list[HandedIn],
    results: tuple[Result, ...],
) -> Iterator[Compared]:
    """Compare every submission's criteria with the expected ones, and its score with their sum."""
    by_student = {r.student: r for r in results}
    scores = {s.student: s for s in gradebook.student_scores(course, source.name)}
    for one in handed:
        student = unicodedata.normalize("NFC", one.student)
        result = by_student.get(student)
        if result is None:
            yield Compared(student, one.what, source.name, 0, 0, False, ("no result",))
            continue
        differences = [text for text in _differences(one.expected, result) if text]
        score = scores[student].score if student in scores else None
        if score is None or abs(score - result.points) > 1e-6:
            differences.append(f"the gradebook says {score}, the result {result.points}")
        yield Compared(
            student,
            one.what,
            source.name,
            result.points,
            source.max_points,
            not differences,
            tuple(differences),
        )


def _differences(expected: Expected, result: Result) -> Iterator[str]:
    for notebook in result.notebooks:
        before = tuple(_differences_of(expected, notebook))
        yield from before
        if before:  # the run's own messages explain it
            yield from (notebook.broken, notebook.limit, *notebook.notes)
            yield from (f"cell {e.cell}: {e.type}: {e.text}" for e in notebook.cell_errors)


def _differences_of(expected: Expected, notebook: NotebookResult) -> Iterator[str]:
    for task in notebook.tasks:
        for criterion in task.criteria:
            wanted = expected[task.grade_id][criterion.name]
            name = f"{task.grade_id}/{criterion.name}"
            if criterion.status is not wanted:
                got = fill(criterion.message.got, criterion.message.values)
                yield f"{name}: {criterion.status}, not {wanted} ({criterion.error or got})"
            full = criterion.points == criterion.max_points
            if full is not (wanted is Status.PASSED):
                yield f"{name}: {criterion.points} points for {wanted}"


# ── Submitting ───────────────────────────────────────────────────────────────────────


def _collect(course: Course, source: Assignment, handed: list[HandedIn]) -> None:
    """Submit half of the class by a folder and half by a zip with decomposed names, as on macOS."""
    inbox = course.state / "inbox" / source.name
    folder, archive = inbox / "folder", inbox / "class.zip"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as bundle:
        for place, one in enumerate(handed):
            name = f"{one.notebook}.ipynb"
            if place % 2:
                student = unicodedata.normalize("NFD", one.student)
                bundle.writestr(f"{student}/{name}", one.content)
            else:
                (folder / one.student).mkdir()
                (folder / one.student / name).write_bytes(one.content)
    for path in (folder, archive):
        collect.collect(course, source.name, path)
