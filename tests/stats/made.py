"""A class in the gradebook, each student given as the points of their submissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograder import gradebook, nouns
from autograder.config import Course
from tests.gradebook import made

Points = tuple[float, float, float]  # doubles (of 2), unseen (of 3), y (of 1)


def a_class(course: Course, students: Mapping[str, Sequence[Points | None]]) -> None:
    """Records every submission of every student; None is one that was left as released."""
    gradebook.register(course, made.an_assignment(course), 1)
    for student, submissions in students.items():
        for n, points in enumerate(submissions, 1):
            handed = made.a_submission(n, student)
            gradebook.record(course, handed, result(handed, points))


def result(handed: nouns.Submission, points: Points | None) -> nouns.Result:
    if points is not None:
        doubles, unseen, y = points
        return made.a_result(handed, doubles=doubles, unseen=unseen, y=y, why=False)
    left = [("doubles", 2), ("unseen", 3)], [("y_1", 1)]
    notebooks = []
    for notebook, task, criteria in (("doubling", "double", left[0]), ("second", "y", left[1])):
        found = tuple(made.criterion(name, "not_attempted", 0, most) for name, most in criteria)
        kind = nouns.TaskKind.CRITERIA
        most = sum(c.max_points for c in found)
        notebooks.append(
            nouns.NotebookResult(notebook, (nouns.TaskResult(task, kind, most, found),), run="r")
        )
    return nouns.Result(handed.id, "a1", handed.student, 1, tuple(notebooks))
