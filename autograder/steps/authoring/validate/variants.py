"""Variants of a source notebook, with some cells solved and others left out, and their outcomes."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.evidence.record import Evidence
from autograder.notebook.release.stripping import student_notebook
from autograder.notebook.source.cells import write_node
from autograder.nouns import CriterionResult, Mistake, Notebook, NotebookResult, Submission
from autograder.steps.authoring.validate.dependency_slicing import Flow, Slice
from autograder.steps.grading.pipeline.grader import GradedSubmission, Grader
from autograder.steps.grading.pipeline.run import versions

SUBMISSION = "validation"
Ids = frozenset[tuple[str, str]]  # (task, criterion)
Rewrite = Callable[[str, bool], str]  # (code, True for the first student cell) -> code


def as_written(source: str, first: bool) -> str:  # noqa: ARG001
    """Return the code as its author wrote it."""
    return source


@dataclass(frozen=True)
class Variant:
    """A notebook to submit, and the criteria that its run decides."""

    notebook: str
    node: Any
    criteria: Ids
    left_out: tuple[str, ...] = ()  # answers and cells that it does not need


@dataclass(frozen=True)
class Outcome:
    """Outcome of judging a variant."""

    criteria: Mapping[tuple[str, str], CriterionResult]
    result: NotebookResult
    evidence: Evidence | None
    ran: bool
    timed_out: bool


class Variants:
    """Builder of the variants of one notebook."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.flow = Flow(notebook)
        self._released = student_notebook(notebook, "", {})

    def mistaken(
        self,
        mistake: Mistake,
        *,
        whole: bool = False,
        criteria: Collection[tuple[str, str]] | None = None,
        rewrite: Rewrite = as_written,
    ) -> Variant:
        """Return the solution with this mistake, limited to what the mistake may have changed.

        `whole` runs every cell and decides every criterion. `criteria` decides only these.
        """
        flow = Flow(self.notebook, {mistake.answer: mistake.code})
        every = {(t.grade_id, c.name) for t in self.notebook.tasks for c in t.criteria}
        touched = flow.touched_by(mistake.answer, self.flow) if criteria is None else criteria
        part = flow.slice(every if whole else touched, answer=mistake.answer)
        return self._variant(flow, part, whole, rewrite)

    def solved(
        self, criteria: Collection[tuple[str, str]], *, rewrite: Rewrite = as_written
    ) -> Variant:
        """Return the solution, limited to the cells that these criteria need."""
        return self._variant(self.flow, self.flow.slice(criteria), False, rewrite)

    def code(self, criteria: Collection[tuple[str, str]]) -> list[str]:
        """Return the source of the cells that these criteria depend on, setup cells included."""
        kept = self.flow.slice(criteria).cells
        return [c.source for c in self.flow.cells if c.id in kept or c.role == "setup"]

    def _variant(self, flow: Flow, part: Slice, whole: bool, rewrite: Rewrite) -> Variant:
        node = copy.deepcopy(self._released)
        roles = {cell.id: cell for cell in flow.cells}
        cells, left_out = [], []
        first = True
        for cell in node.cells:
            known = roles.get(cell["id"])
            if known is not None and known.role in ("answer", "extra"):
                if not whole and known.id not in part.cells:
                    left_out.append(known.grade_id or f"cell {known.id}")
                    if known.role == "extra":
                        continue
                else:
                    cell["source"] = rewrite(known.source, first)
                    first = False
            cells.append(cell)
        node["cells"] = cells
        return Variant(self.notebook.name, node, part.criteria, tuple(left_out))


def hand_in(judge: Grader, variant: Variant, *, draw: int = 1, afresh: bool = False) -> Outcome:
    """Submit the variant to this judge; `draw` numbers the hidden data (1: the real).

    `afresh` repeats runs that ended at a time limit. Evidence from other package versions is
    discarded and the run repeated.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{variant.notebook}.ipynb"
        path.write_text(write_node(variant.node), encoding="utf-8")
        submission = Submission(
            SUBMISSION, judge.assignment.name, SUBMISSION, Path(folder), "", "", 0
        )
        judged = judge.judge(submission, as_attempted=True, afresh=afresh, draw=draw)
        if outdated(judge, judged):
            judged = judge.judge(submission, as_attempted=True, draw=draw)
    (result,) = (n for n in judged.result.notebooks if n.notebook == variant.notebook)
    decided = {
        (task.grade_id, c.name): c
        for task in result.tasks
        for c in task.criteria
        if (task.grade_id, c.name) in variant.criteria
    }
    evidence = judged.evidence.get(variant.notebook)
    return Outcome(decided, result, evidence, judged.ran > 0, judged.timed_out)


def outdated(judge: Grader, judged: GradedSubmission) -> bool:
    """Remove stored evidence of other package versions; return True if there was any."""
    old = [e for e in judged.evidence.values() if judged.ran == 0 and e.versions != versions()]
    for evidence in old:
        judge.store.remove("runs", evidence.key)
    return bool(old)
