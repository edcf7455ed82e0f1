"""Proof before a release: the solution passes, and the untouched release gets no points."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.config import Course
from autograder.language import in_words
from autograder.notebook.release.stripping import student_notebook
from autograder.notebook.source.cells import write_node
from autograder.nouns import Assignment, CellError, NotebookResult, Status, Submission, TaskKind
from autograder.steps.grading.grade import judge_of
from autograder.steps.grading.pipeline.grader import GradedSubmission, Grader, solution
from autograder.steps.grading.pipeline.workers import Workers


@dataclass(frozen=True)
class Proved:
    """Judgements of the author's solution and of the untouched release."""

    solution: GradedSubmission
    untouched: GradedSubmission

    @property
    def complaints(self) -> list[str]:
        """One sentence for each failure of the solution and each point of the untouched release."""
        right, empty = self.solution.result.notebooks, self.untouched.result.notebooks
        return [
            *(c for notebook in right for c in _short_of_full(notebook)),
            *(c for notebook in empty for c in _too_easy(notebook)),
        ]


def prove(assignment: Assignment, course: Course, *, workers: Workers) -> list[str]:
    """Return the complaints: points that the solution lacks or that the untouched release gets.

    The untouched release is judged as if it had been attempted, so that adding a space to an answer
    earns nothing.
    """
    return proved(judge_of(course, assignment, workers)).complaints


def proved(judge: Grader) -> Proved:
    """Judge the solution and the untouched release."""
    assignment = judge.assignment
    with (
        tempfile.TemporaryDirectory() as solved,
        tempfile.TemporaryDirectory() as unsolved,
    ):
        right = judge.judge(solution(assignment, Path(solved)))
        empty = judge.judge(_unsolved(assignment, Path(unsolved)), as_attempted=True)
    return Proved(right, empty)


def _unsolved(assignment: Assignment, folder: Path) -> Submission:
    for notebook in assignment.notebooks:
        text = write_node(student_notebook(notebook, "", {}))
        (folder / f"{notebook.name}.ipynb").write_text(text, encoding="utf-8")
    return Submission("untouched", assignment.name, "untouched", folder, "", "", 0)


def _short_of_full(notebook: NotebookResult) -> Iterator[str]:
    if notebook.broken:
        yield f"{notebook.notebook}: {notebook.broken}"
    for task in notebook.tasks:
        for criterion in task.criteria:
            if criterion.status is not Status.PASSED:
                expected, got, _ = in_words(criterion.message)
                yield (
                    f"{notebook.notebook}, task {task.grade_id}: the solution does not pass"
                    f" {criterion.name} ({criterion.status}, {criterion.points:g} of"
                    f" {criterion.max_points:g}). Expected: {expected}. Got: {got}"
                )
    if notebook.limit:
        yield f"{notebook.notebook}: the solution hit a limit: {notebook.limit}"
    for error in notebook.cell_errors:
        yield (
            f"{notebook.notebook}: cell {error.cell} of the solution stops with {error.type}:"
            f" {error.text[:200]}{_way_out(error)}"
        )


def _way_out(error: CellError) -> str:
    missing = error.type == "ModuleNotFoundError"
    return " (pip install it in the grader's environment)" if missing else ""


def _too_easy(notebook: NotebookResult) -> Iterator[str]:
    for task in notebook.tasks:
        if task.kind is TaskKind.MANUAL:
            continue
        for criterion in task.criteria:
            if criterion.points > 0:
                yield (
                    f"{notebook.notebook}, task {task.grade_id}: the untouched release gets"
                    f" {criterion.points:g} points for {criterion.name}"
                )
