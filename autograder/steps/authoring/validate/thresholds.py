"""Thresholds on scores that vary by chance, and their evidence: `source/A/calibration.json`.

A task's entry there holds the scores of the reference and of each mistake by seed, the
conclusions, and what they were measured with: package versions and fingerprints of the code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.config.stored_json import read_object
from autograder.evidence.store import digest, fingerprint
from autograder.nouns import Assignment, Criterion, Task
from autograder.steps.authoring.validate.variants import Variants
from autograder.steps.grading.pipeline.run import versions

FILE = "calibration.json"
FORMAT = 1
ENOUGH = 20  # runs of the reference that suffice
SETTINGS = ("at_least", "at_most")
_JUDGED_BY = {*SETTINGS, "partial_from", "usual"}  # they judge a score, never change it
_CHANCE = re.compile(
    r"\.fit\(|\.train_on_batch\(|\.apply_gradients\(|set_random_seed|set_seed|default_rng|\brandom\b"
)
_PACKAGES = ("keras", "tensorflow", "tensorflow-cpu", "numpy")


@dataclass(frozen=True)
class Threshold:
    """One criterion whose score varies from run to run."""

    notebook: str
    task: Task
    criterion: Criterion
    setting: str  # "at_least" or "at_most"

    @property
    def value(self) -> float:
        return float(self.criterion.settings[self.setting])

    @property
    def sign(self) -> int:
        """1 if more is better, -1 if less is."""
        return 1 if self.setting == "at_least" else -1

    @property
    def key(self) -> str:
        """Key of its task in calibration.json."""
        return f"{self.notebook}/{self.task.grade_id}"

    def met_by(self, score: float | None) -> bool:
        return score is not None and self.sign * (score - self.value) >= 0


def thresholds(variants: Variants) -> Iterator[Threshold]:
    """Yield the criteria of a notebook with a threshold on a score that varies, in order.

    A score varies if the criterion draws (`rng`), may be retried (`retry`), or uses values that
    were trained or drawn.
    """
    for task in variants.notebook.tasks:
        for criterion in task.criteria:
            numbers = [s for s in SETTINGS if type(criterion.settings.get(s)) in (int, float)]
            if len(numbers) == 1 and (
                criterion.draws or criterion.retry or _by_chance(variants, task, criterion)
            ):
                yield Threshold(variants.notebook.name, task, criterion, numbers[0])


def _by_chance(variants: Variants, task: Task, criterion: Criterion) -> bool:
    kept = variants.flow.slice([(task.grade_id, criterion.name)]).cells
    return any(
        _CHANCE.search(cell.source)
        for cell in variants.flow.cells
        if cell.id in kept and cell.role != "setup"
    )


# ── The file ─────────────────────────────────────────────────────────────────────────


def read_calibration(assignment: Assignment) -> dict[str, Any]:
    """Return the entries by notebook/task; {} if there is no file of this format."""
    path = assignment.path / FILE
    if not path.is_file():
        return {}
    way_out = f"delete it and measure again: autograder calibrate {assignment.name}"
    data = read_object(path, "the calibration", _is_calibration, way_out)
    return dict(data["tasks"]) if data.get("format") == FORMAT else {}


def _is_calibration(data: dict[str, Any]) -> bool:
    if data.get("format") != FORMAT:
        return True  # of another format, so measured again
    return all(isinstance(entry, dict) for entry in data["tasks"].values())


def code_of(variants: Variants, task: Task, criteria: list[Criterion]) -> str:
    """Return a fingerprint of the code behind the scores: cells, and checks without thresholds."""
    ids = [(task.grade_id, criterion.name) for criterion in criteria]
    return fingerprint([variants.code(ids), list(_checks(task.code, {c.name for c in criteria}))])


def files_of(assignment: Assignment) -> str:
    """Return a fingerprint of the assignment's modules and data, hidden ones included."""
    names = [*assignment.files, *assignment.hidden_files]
    return fingerprint({name: digest((assignment.path / name).read_bytes()) for name in names})


def _checks(code: str, names: set[str]) -> Iterator[str]:
    """Yield the shared code of a test cell, and these criteria without sentences and thresholds."""
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            if node.name not in names:
                continue
            node.decorator_list = []
            arguments = node.args
            arguments.kw_defaults = [
                None if argument.arg in _JUDGED_BY else default
                for argument, default in zip(
                    arguments.kwonlyargs, arguments.kw_defaults, strict=True
                )
            ]
        yield ast.unparse(node)


def measured_with() -> dict[str, str]:
    """Return the package versions that scores depend on."""
    return {name: found for name, found in versions().items() if name in _PACKAGES}


def other_majors(before: Mapping[str, str]) -> list[str]:
    """Return the packages whose major version has changed."""
    now = measured_with()
    return [
        f"{name} {before[name]}, now {now[name]}"
        for name in sorted(before.keys() & now.keys())
        if before[name].split(".")[0] != now[name].split(".")[0]
    ]


# ── Comparison with the evidence ─────────────────────────────────────────────────────


@dataclass(frozen=True)
class ThresholdState:
    """A threshold compared with its calibration: a summary, breaches and remarks."""

    words: str
    breaches: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def standing(
    threshold: Threshold, entry: Mapping[str, Any] | None, *, code: str, files: str
) -> ThresholdState:
    """Compare a threshold with its calibration; `code` and `files` are today's fingerprints."""
    name = f"{threshold.notebook}, {threshold.task.grade_id}/{threshold.criterion.name}"
    summary = (entry or {}).get("criteria", {}).get(threshold.criterion.name)
    if entry is None or summary is None or summary.get("bound") is None:
        note = f"{name}: {threshold.setting}={threshold.value:g} has never been calibrated"
        return ThresholdState("not calibrated", (), (note,))
    others = other_majors(entry["versions"])
    breaches = [f"{name}: calibrated with other major versions: {other}" for other in others]
    if entry["code"] != code:
        breaches.append(f"{name}: its code has changed since it was calibrated")
    bound, n = float(summary["bound"]), int(summary["n"])
    if threshold.sign * (threshold.value - bound) > 0:
        breaches.append(
            f"{name}: {threshold.setting}={threshold.value:g} is stricter than {bound:.4g}, the"
            f" bound of {n} right answers; {summary['proposed']:g} is proposed"
        )
    breaches += [
        f"{name}: mistake {mistake} reached {found['best']:.4g} and would pass"
        f" {threshold.setting}={threshold.value:g}"
        for mistake, found in summary.get("mistakes", {}).items()
        if threshold.met_by(found.get("best"))
    ]
    notes = []
    if entry["files"] != files:
        notes.append(f"{name}: a file of the assignment has changed since it was calibrated")
    if n < ENOUGH:
        notes.append(f"{name}: calibrated with {n} runs only; {ENOUGH} or more tell")
    words = f"{threshold.setting} {threshold.value:g}, bound {bound:.4g} (n={n})"
    return ThresholdState(words, tuple(breaches), tuple(notes))
