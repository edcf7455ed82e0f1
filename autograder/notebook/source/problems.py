"""An author's mistakes as they are found: the cell, the fact, the fix."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.errors import AuthoringError


@dataclass(frozen=True)
class Place:
    """A cell of a source notebook, as an author finds it."""

    notebook: str
    number: int = 0  # counted from 1; 0 is the whole notebook
    grade_id: str = ""

    def __str__(self) -> str:
        if not self.number:
            return "the notebook"
        return f"cell {self.number}" + (f" ({self.grade_id})" if self.grade_id else "")

    def problem(self, fact: str, way_out: str) -> AuthoringError:
        return AuthoringError(self.notebook, str(self), fact, way_out)
