"""Inputs of judging besides the run; while none changes, no criterion is judged again."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import autograder
from autograder.criteria.rng import seed
from autograder.evidence.record import Evidence
from autograder.evidence.results import as_json
from autograder.evidence.store import digest, fingerprint
from autograder.notebook.source.names import tree_of
from autograder.nouns import Criterion, Limits, Notebook, Task

Settings = Mapping[str, Mapping[str, Mapping[str, Any]]]  # by task, criterion and setting


@dataclass(frozen=True)
class GradingInputs:
    """Inputs of judging besides the evidence, shared by all submissions."""

    assignment: str
    source: Notebook
    files: Mapping[str, bytes]  # released and hidden files of the clean process
    key: bytes  # the course's secret
    draw: int = 1  # number of the hidden data: 1 when grading, others to expose luck
    settings: Settings = field(default_factory=dict)  # replace the source's
    given: Settings = field(default_factory=dict)  # of the student's release, where they differ
    plain_tests: str = "refuse"
    limits: Limits = field(default_factory=Limits)
    language: str = "en"  # of plots; messages are translated when displayed
    attempt: int = 1  # at criteria that allow retraining
    released: frozenset[str] = frozenset()  # of `files`, those that students have


def attempts(rules: GradingInputs, criterion: Criterion) -> tuple[int, ...]:
    """Return the numbers of the attempts that one run allows at a criterion."""
    return (rules.attempt,) if criterion.retry and criterion.retrain else (1, 2)


def seed_of(rules: GradingInputs, task: Task, criterion: str, attempt: int) -> int:
    """Return the seed of one attempt at a criterion, from the course key and the source alone."""
    scope = (rules.assignment, rules.source.name, task.grade_id, str(rules.draw))
    return seed(rules.key, *scope, criterion, str(attempt))


def process_seed(rules: GradingInputs, process: str) -> int:
    """Return the seed of a process's global random states, equal for every submission.

    It depends on nothing that a submission contains, nor on clock or system.
    """
    return seed(rules.key, rules.assignment, rules.source.name, process, str(rules.attempt))


def because(evidence: Evidence, task: Task, name: str) -> str:
    """Return why a name is missing: why it could not be captured, or which cell stopped."""
    why = evidence.missing.get(task.grade_id, {}).get(name, "")
    if why and why != "undefined":
        return why
    errors = [cell.error for cell in evidence.cells if cell.error]
    own = [e for e in errors if e.grade_id in task.answers]
    for error in own or errors:
        return f"cell {error.cell} stopped with {error.type}: {error.text[:200]}"
    return ""


def criterion_key(
    rules: GradingInputs, task: Task, criterion: Criterion, evidence: Evidence
) -> str:
    """Return the key of a criterion's result, a fingerprint of everything it depends on."""
    values = evidence.values.get(task.grade_id, {})
    return fingerprint(
        [
            _judging_code(),
            criterion.source,
            _shared_code(task.code),
            list(rules.source.setup),
            {path: digest(data) for path, data in rules.files.items()},
            {
                name: values.get(name, because(evidence, task, name))
                for name in criterion.parameters
            },
            [f"{seed_of(rules, task, criterion.name, n):x}" for n in attempts(rules, criterion)],
            as_json(rules.settings.get(task.grade_id, {}).get(criterion.name, {})),
            [c.source for c in task.criteria if c.name in criterion.after],
            [rules.limits.check_seconds, rules.limits.check_questions, rules.limits.check_mb],
        ]
    )


@cache
def _judging_code() -> str:
    """Return a digest of the grader's own judging code.

    A fixed check thus judges every submission again, without running one.
    """
    package = Path(autograder.__file__).parent
    files = [
        *sorted((package / "expect").rglob("*.py")),
        *sorted((package / "criteria").glob("*.py")),
        *sorted((package / "evidence").glob("*coding.py")),
        *(package / "evidence" / name for name in ("codec.py", "models.py")),
        *sorted((package / "sandbox" / "checking_process").glob("*.py")),
    ]
    return digest(*(path.read_bytes() for path in files))


def _shared_code(code: str) -> str:
    """Return the code of a test cell that its criteria share."""
    tree = tree_of(code)
    tree.body = [node for node in tree.body if not _is_criterion(node)]
    return ast.unparse(tree)


def _is_criterion(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(d, ast.Call) and isinstance(d.func, ast.Attribute) and d.func.attr == "criterion"
        for d in node.decorator_list
    )
