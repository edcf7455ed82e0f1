"""Settings of the release a student worked from; they count where they give more points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autograder import gradebook
from autograder.config import Course
from autograder.gradebook.database.connection import storable
from autograder.nouns import CriterionResult, Notebook, TaskResult, criterion_id
from autograder.steps.grading.pipeline.check import Checked
from autograder.steps.grading.pipeline.grading_inputs import Settings


def settings_of(course: Course, assignment: str, source: Notebook, release: int) -> Settings:
    """Return the release's settings that differ from the source's today; empty if none differ."""
    demands = gradebook.demands(course, assignment, release)
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for task in source.tasks:
        for criterion in task.criteria:
            names = filter(None, (criterion.name, criterion.was))
            ids = (criterion_id(assignment, source.name, task.grade_id, name) for name in names)
            known = next((demands[i] for i in ids if i in demands), None)
            other = {
                name: _alike(value, criterion.settings[name])
                for name, value in (known["settings"] if known else {}).items()
                if name in criterion.settings and storable(criterion.settings[name]) != value
            }
            if other:
                found.setdefault(task.grade_id, {})[criterion.name] = other
    return found


def matters(checked: Checked, settings: Settings) -> bool:
    """Return True if the release's settings could give more points than today's did."""
    return any(
        criterion.points < criterion.max_points
        for task in checked.tasks
        for criterion in task.criteria
        if criterion.name in settings.get(task.grade_id, {})
    )


def better(now: Checked, then: Checked) -> Checked:
    """Take each criterion from the judging that gives more points; on a tie from the newer."""
    older = {(task.grade_id, c.name): c for task in then.tasks for c in task.criteria}
    return Checked(
        tuple(_better(task, older) for task in now.tasks),
        tuple(dict.fromkeys((*now.new_questions, *then.new_questions))),
        now.reused + then.reused,
        now.checked + then.checked,
    )


def _better(task: TaskResult, older: Mapping[tuple[str, str], CriterionResult]) -> TaskResult:
    def best(now: CriterionResult) -> CriterionResult:
        then = older.get((task.grade_id, now.name), now)
        return then if then.points > now.points else now

    return replace(task, criteria=tuple(best(c) for c in task.criteria))


def _alike(value: Any, model: Any) -> Any:
    """Return a stored setting in its original type: JSON stores tuples as lists."""
    return tuple(value) if isinstance(model, tuple) and isinstance(value, list) else value
