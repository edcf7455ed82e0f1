"""Grading of single notebooks by path, for trial runs; nothing is recorded.

Each file is judged as its own submission, with a temporary evidence store.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.config import Course
from autograder.engine.pool import run_all
from autograder.errors import NotFound
from autograder.evidence import results, saved_work
from autograder.evidence.store import Store, digest
from autograder.notebook.submission.choosing import recognise
from autograder.nouns import Assignment, NotebookResult, Submission
from autograder.steps.assignments import load_assignment
from autograder.steps.grading.grade import judge_of, overall
from autograder.steps.grading.pipeline.grader import Grader
from autograder.steps.grading.pipeline.workers import Workers


@dataclass(frozen=True)
class GradedFile:
    """Result of one file: its state and points, or the fault."""

    file: str
    state: str
    points: float
    max_points: float
    result: NotebookResult | None = None
    fault: str = ""


@dataclass(frozen=True)
class FileGradeReport:
    """Results in the order of the given files."""

    assignment: str
    tier: str
    files: tuple[GradedFile, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report with one object per notebook."""
        return {
            "assignment": self.assignment,
            "tier": self.tier,
            "results": [results.as_json(one) for one in self.files],
        }


def grade_files(
    course: Course,
    assignment: str,
    files: Sequence[Path],
    *,
    jobs: int = 0,
    sandbox: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> FileGradeReport:
    """Grade each notebook on its own. Raises `NotFound` for a missing file."""
    for file in files:
        if not file.is_file():
            raise NotFound(
                "there is no such file", where=str(file), way_out="give the notebook's path"
            )
    source = load_assignment(course, assignment)
    at_once = jobs or course.grading.jobs or os.cpu_count() or 1
    with (
        tempfile.TemporaryDirectory() as scratch,
        Workers(sandbox=sandbox, parallel=at_once) as workers,
        ThreadPoolExecutor(at_once) as threads,
    ):
        judge = replace(judge_of(course, source, workers), store=Store(Path(scratch) / "evidence"))
        graded: dict[Path, GradedFile] = {}
        for done in run_all(
            threads, lambda f: _grade(judge, source, f, Path(scratch)), files, at_once=at_once
        ):
            progress(f"{len(graded) + 1} of {len(files)}")
            graded[done.item] = done.value or GradedFile(
                str(done.item), "error", 0, 0, fault=str(done.error)
            )
        return FileGradeReport(assignment, str(workers.tier), tuple(graded[f] for f in files))


def _grade(judge: Grader, source: Assignment, file: Path, scratch: Path) -> GradedFile:
    names = [one.name for one in source.notebooks]
    by_answers = recognise(file, source.notebooks)
    name = by_answers or (file.stem if file.stem in names else names[0])
    folder = Path(tempfile.mkdtemp(dir=scratch))
    shutil.copy(file, folder / f"{name}.ipynb")
    if (file.parent / saved_work.FOLDER).is_dir():
        shutil.copytree(file.parent / saved_work.FOLDER, folder / saved_work.FOLDER, symlinks=True)
    submission = Submission(
        f"file-{digest(str(file.resolve()).encode())[:20]}", source.name, "file", folder, "", "", 0
    )
    judged = judge.judge(submission)
    result = next(n for n in judged.result.notebooks if n.notebook == name)
    most = sum(task.max_points for task in result.tasks)
    state = overall(replace(judged.result, notebooks=(result,)))
    points = sum(task.points or 0.0 for task in result.tasks)
    return GradedFile(str(file), state, points, most, result)
