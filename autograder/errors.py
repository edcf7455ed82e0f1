"""What can go wrong, as types: each error says the fact, the place and the way out.

AutograderError
├── ConfigError        a setting in course_config.py
├── AuthoringErrors    one or more mistakes in a source notebook (a list of AuthoringError)
├── ReleaseRefused     an assignment that may not be released as it is
├── BrokenSubmission   a file handed in that is no notebook we can grade
├── NotFound           a course, an assignment, a student or a task that does not exist
└── Fault              our own or the machine's: never a zero, always goes to a person
    ├── SandboxFault   a process of ours died, could not start, or broke the protocol
    └── EvidenceFault  evidence on disk is missing or damaged
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class AutograderError(Exception):
    """A mistake that a person can mend; printed without a traceback."""

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
    """A setting in course_config.py that is unknown, ill-typed or impossible."""


class NotFound(AutograderError):
    """A course, assignment, student, task or file that is not there."""


class ReleaseRefused(AutograderError):
    """An assignment that would be unfair or would leak if it were released now."""


class BrokenSubmission(AutograderError):
    """A file handed in that cannot be read as a notebook of this assignment; `kind` says why.

    Kinds: not_a_file, too_large, not_text, not_json, too_deep, not_a_notebook, too_old, too_new,
    no_answers.
    """

    def __init__(self, fact: str, *, kind: str = "", where: str = "", way_out: str = "") -> None:
        super().__init__(fact, where=where, way_out=way_out)
        self.kind = kind


class Fault(AutograderError):
    """A fault of ours or of the machine's: graded by a person, never as a zero."""


class SandboxFault(Fault):
    """A process of ours that died, did not start, or broke the protocol."""


class EvidenceFault(Fault):
    """Evidence on disk that is missing, damaged or of an unknown format."""


@dataclass(frozen=True)
class AuthoringError:
    """One mistake of an author: which notebook, which cell, what is wrong, the way out."""

    notebook: str
    cell: str
    fact: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.notebook}, {self.cell}: {self.fact}\n  → {self.way_out}"


class AuthoringErrors(AutograderError):
    """Every mistake found in the source notebooks of one assignment, all at once."""

    def __init__(self, errors: Sequence[AuthoringError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))
