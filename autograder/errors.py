"""Error types; every error names the fact, the place and the fix.

AutograderError
├── ConfigError        a setting in course_config.py
├── AuthoringErrors    one or more mistakes in a source notebook (a list of AuthoringError)
├── ReleaseRefused     an assignment that may not be released as it is
├── BrokenSubmission   a submitted file that is not a notebook that can be graded
├── NotFound           a course, an assignment, a student or a task that does not exist
└── Fault              our own or the machine's: never a zero, always goes to a person
    ├── SandboxFault   a worker process died, could not start, or broke the protocol
    └── EvidenceFault  evidence on disk is missing or damaged
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class AutograderError(Exception):
    """An error that a person can fix; printed without a traceback."""

    def __init__(self, fact: str, *, where: str = "", way_out: str = "") -> None:
        super().__init__(fact)
        self.fact = fact
        self.where = where
        self.way_out = way_out

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        exit_ = f"\n  → {self.way_out}" if self.way_out else ""
        return f"{place}{self.fact}{exit_}"


class ConfigError(AutograderError):
    """A setting in course_config.py that is unknown, of the wrong type or impossible."""


class NotFound(AutograderError):
    """A course, assignment, student, task or file that does not exist."""


class ReleaseRefused(AutograderError):
    """An assignment that would be unfair or leak its solution if it were released now."""


class BrokenSubmission(AutograderError):
    """A submitted file that is not a readable notebook of this assignment.

    `kind` is the reason: not_a_file, too_large, not_text, not_json, too_deep, not_a_notebook,
    too_old, too_new, no_answers.
    """

    def __init__(self, fact: str, *, kind: str = "", where: str = "", way_out: str = "") -> None:
        super().__init__(fact, where=where, way_out=way_out)
        self.kind = kind


class Fault(AutograderError):
    """A fault of the autograder or the machine: graded by a person, never as a zero."""


class SandboxFault(Fault):
    """A worker process that died, did not start, or broke the protocol."""


class EvidenceFault(Fault):
    """Evidence on disk that is missing, damaged or of an unknown format."""


@dataclass(frozen=True)
class AuthoringError:
    """One mistake of an author: notebook, cell, fact and fix."""

    notebook: str
    cell: str
    fact: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.notebook}, {self.cell}: {self.fact}\n  → {self.way_out}"


class AuthoringErrors(AutograderError):
    """All mistakes found in the source notebooks of one assignment."""

    def __init__(self, errors: Sequence[AuthoringError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))
