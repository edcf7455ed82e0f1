"""Criteria that fail because of an author's cell: marked for a person to decide, never a zero.

A setup or locked cell may import a package that is not installed where grading runs. The student's
code then lacks names it was promised. Only a cell that stops in the reference solution too counts:
a student's code can make any import fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from autograder.evidence.record import Evidence
from autograder.nouns import CellError, CriterionResult, Message, Notebook, Status, TaskResult

IMPORTS = frozenset({"ModuleNotFoundError", "ImportError"})
_LACKS = re.compile(r"(?:name|module named) '([\w.]+)'")


Stop = tuple[str, str]  # a cell and the type of the error that it stops with


def excused(
    tasks: Sequence[TaskResult],
    notebook: Notebook,
    evidence: Evidence,
    in_reference: Callable[[], Collection[Stop]],
) -> tuple[TaskResult, ...]:
    """Return the tasks; failures caused by an author's failed import become grader errors.

    `in_reference` returns where the reference solution stops; it is called only if that matters.
    """
    stopped = next(_authors_imports(notebook, evidence), None)
    if stopped is None or (stopped.grade_id, stopped.type) not in in_reference():
        return tuple(tasks)
    asked = {
        (task.grade_id, c.name): c.parameters for task in notebook.tasks for c in task.criteria
    }
    lost = _stopped_for_want(evidence)
    message = _message(stopped)
    return tuple(
        replace(
            task,
            criteria=tuple(
                replace(c, status=Status.ERROR, points=0.0, message=message)
                if _for_want(
                    c, task.grade_id, asked.get((task.grade_id, c.name), ()), evidence, lost
                )
                else c
                for c in task.criteria
            ),
        )
        for task in tasks
    )


def stops(evidence: Evidence) -> frozenset[Stop]:
    """Return the cells that stopped, each with the type of its error."""
    return frozenset((cell.grade_id, cell.error.type) for cell in evidence.cells if cell.error)


def _authors_imports(notebook: Notebook, evidence: Evidence) -> Iterator[CellError]:
    answers = {answer for task in notebook.tasks for answer in (*task.answers, task.grade_id)}
    for cell in evidence.cells:
        authors = cell.grade_id and cell.grade_id not in answers
        if authors and cell.error and cell.error.type in IMPORTS:
            yield cell.error


def _stopped_for_want(evidence: Evidence) -> bool:
    """Return True if a cell stopped because a name or module was missing."""
    return any(
        cell.error is not None and cell.error.type in {"NameError", *IMPORTS}
        for cell in evidence.cells
    )


def _for_want(
    criterion: CriterionResult,
    grade_id: str,
    parameters: Sequence[str],
    evidence: Evidence,
    lost: bool,
) -> bool:
    if criterion.status is not Status.FAILED:
        return False
    if criterion.error in {"NameError", *IMPORTS}:
        return True
    values: Mapping[str, str] = evidence.values.get(grade_id, {})
    return lost and any(name not in values for name in parameters)


def _message(error: CellError) -> Message:
    found = _LACKS.search(error.text)
    package = found[1].partition(".")[0] if found else ""
    way_out = f" (pip install {package} in the grader's environment, then grade again)"
    fault = f"the author's cell {error.grade_id} stops with {error.type}: {error.text[:300]}"
    return Message(
        "the grader runs to its end", "{fault}", "", {"fault": fault + (way_out if package else "")}
    )
