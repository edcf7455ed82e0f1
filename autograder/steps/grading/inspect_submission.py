"""Inspection of a submission before it is graded: findings for its student and for staff."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.notebook.submission.choosing import sentences
from autograder.notebook.submission.inspection import Finding, Inspection, Severity, inspect
from autograder.nouns import Assignment, Choice, Message, Notebook
from autograder.submissions.store import StoredSubmission

log = logging.getLogger("autograder.portal")
STUDENTS_ONLY = frozenset(  # reported to staff elsewhere, or of no use to them
    {"untouched", "half", "syntax", "placeholder", "empty_answer", "left_out"}
)


@dataclass(frozen=True)
class Inspected:
    """Findings in a submission; `tasks` says, by notebook and task, whether there is an answer."""

    findings: tuple[Finding, ...]
    tasks: Mapping[str, Mapping[str, bool]]
    gradable: bool  # False: nothing of it can be graded

    @property
    def lines(self) -> tuple[str, ...]:
        """The findings in the reader's language, each with its way out."""
        return tuple(map(_line, self.findings))

    @property
    def for_staff(self) -> tuple[str, ...]:
        """The findings that staff can act upon."""
        return tuple(_line(one) for one in self.findings if one.code not in STUDENTS_ONLY)


def inspect_submission(source: Assignment, folder: Path, kept: StoredSubmission) -> Inspected:
    """Inspect the files of a kept submission."""
    there = {file.path for file in kept.files}
    beside = there | set(source.files)
    findings = [_choice(choice) for choice in kept.choices]
    findings += [Finding("left_out", Severity.COSTS, Message(got=one)) for one in kept.left_out]
    tasks: dict[str, Mapping[str, bool]] = {}
    gradable = not source.notebooks
    for notebook in source.notebooks:
        attempted: Mapping[str, bool] = {}
        if f"{notebook.name}.ipynb" in there:
            path = folder / f"{notebook.name}.ipynb"
            inspection = _inspected(notebook, path, beside, source.name)
            findings += inspection.findings
            attempted = inspection.attempted
            gradable = gradable or inspection.gradable
        else:
            findings.append(_absent(notebook, alone=len(source.notebooks) == 1))
        names = [task.grade_id for task in notebook.tasks]
        tasks[notebook.name] = {name: attempted.get(name, False) for name in names}
    order = list(Severity)
    found = sorted(findings, key=lambda one: order.index(one.severity))
    return Inspected(tuple(found), tasks, gradable)


def _inspected(
    notebook: Notebook, path: Path, files: Collection[str], assignment: str
) -> Inspection:
    """Inspect one notebook; log a grader error, so that it does not hold back the receipt."""
    try:
        return inspect(notebook, path, files, assignment)
    except Exception:
        log.exception("%s could not be inspected", path)
        return Inspection()


def _choice(choice: Choice) -> Finding:
    (text,) = sentences([choice])
    code = "ambiguous" if choice.ambiguous else "chosen" if choice.notebook else "unused"
    severity = Severity.COSTS if choice.ambiguous else Severity.NOTE
    return Finding(code, severity, Message(got=text), choice.notebook)


def _absent(notebook: Notebook, *, alone: bool) -> Finding:
    message = Message(
        got="The notebook {notebook} is not in what you submitted.",
        next="Submit it too, in one .zip with the others: what is not there gets no points.",
        values={"notebook": f"{notebook.name}.ipynb"},
    )
    if alone:
        message = Message(
            got="No notebook of this assignment was recognised in what you submitted.",
            next="Submit the notebook that you were given, with your answers in it.",
        )
    severity = Severity.BROKEN if alone else Severity.COSTS
    return Finding("absent", severity, message, notebook.name)


def _line(finding: Finding) -> str:
    said = finding.as_json()
    where = f"{finding.notebook}.ipynb: " if finding.severity is Severity.BROKEN else ""
    return where + " ".join(filter(None, (said["text"], said["next"])))
