"""Kept models that are equal to the last number: for staff to look at, no more than that.

Training is random, so two students who trained for themselves never keep the same weights. Who
was given a trained model by the assignment, or trained with one seed on one machine, may.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from autograder.config import Course
from autograder.evidence import results


@dataclass(frozen=True)
class Alike:
    """Students whose kept models have the same weights, and what the models are called."""

    notebook: str
    names: tuple[str, ...]
    students: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.notebook}: equal weights ({', '.join(self.names)}): " + ", ".join(
            self.students
        )


def alike(course: Course, assignment: str) -> tuple[Alike, ...]:
    """The groups of two and more students with equal weights, by what was graded last."""
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    students: dict[tuple[str, str], set[str]] = defaultdict(set)
    for result in results.load_all(course.state, assignment):
        for notebook in result.notebooks:
            for name, weights in notebook.weights.items():
                names[notebook.notebook, weights].add(name)
                students[notebook.notebook, weights].add(result.student)
    return tuple(
        Alike(notebook, tuple(sorted(names[notebook, weights])), tuple(sorted(many)))
        for (notebook, weights), many in sorted(students.items())
        if len(many) > 1
    )
