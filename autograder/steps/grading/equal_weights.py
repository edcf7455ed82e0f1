"""Kept models with exactly equal weights, listed for staff to look at and no more than that.

Training is random, so two students who train on their own never get equal weights. Students may
have equal weights if the assignment provides a trained model, or if they trained with one seed on
one machine.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from autograder.config import Course
from autograder.evidence import results


@dataclass(frozen=True)
class Alike:
    """Students whose kept models have equal weights, and the names of these models."""

    notebook: str
    names: tuple[str, ...]
    students: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.notebook}: equal weights ({', '.join(self.names)}): " + ", ".join(
            self.students
        )


def alike(course: Course, assignment: str) -> tuple[Alike, ...]:
    """Return the groups of two or more students with equal weights, from the latest results."""
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
