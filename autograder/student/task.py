"""Task as a test cell uses it: `check()` shows the met and unmet criteria and the next step."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from autograder import expect, plot_fonts
from autograder.criteria import task as criteria
from autograder.criteria.rng import PUBLIC_KEY, draws
from autograder.criteria.running import run_task
from autograder.expect.verdict import Picture, picturing
from autograder.language import in_words, translate
from autograder.nouns import CriterionResult, Status, fill
from autograder.presentation import result_table
from autograder.sandbox import random_states
from autograder.student import check_history, environment, kept_folders, meter, own_names
from autograder.student.budget import time_and_memory, warnings
from autograder.student.check_result import CheckResult, as_checked
from autograder.student.display import Shown, show
from autograder.student.graded_view import GradedView
from autograder.student.output_capture import held_back


class Task(criteria.Task):
    """Criteria of one grade cell; the student may check them any number of times."""

    def check(self) -> CheckResult | float | None:
        """Show as a table which criteria are met; hidden criteria are checked after submitting.

        The names are looked up in the calling cell. Under nbgrader's autograde, return the points:
        a builtin float between 0 and the cell's points. Under its validate, raise AssertionError if
        a visible criterion is not met.
        """
        __tracebackhide__ = True  # a validation error ends in the message, not in lines of ours
        if self.collected:
            return None
        execution = os.environ.get("NBGRADER_EXECUTION", "")
        if environment.released().silent and not execution:
            show(_silent())
            return None
        names = sys._getframe(1).f_globals
        starts: list[tuple[str, int]] = []
        view = GradedView(names, kept_folders.helpers())
        states = random_states.capture()  # a check must not change what is trained after it

        def before(criterion: str, _: int) -> None:
            starts.append((criterion, len(drawn)))
            view.renew()

        with held_back() as printed, picturing() as drawn:
            try:
                results = run_task(self, view, draws(PUBLIC_KEY, self.grade_id), before=before)
            finally:
                random_states.restore(states)
        if execution == "autograde":
            return _points(self, results)
        if execution == "validate":
            _demand_all(self, results)
            return None
        failures = check_history.record(self.grade_id, list(self.criteria.values()), results)
        pictures = _by_criterion(drawn, starts)
        notes = (*view.notes(), *warnings(time_and_memory(environment.released().limits)))
        return as_checked(
            self, results, failures=failures, pictures=pictures, printed=printed(), notes=notes
        )


def _silent() -> Shown:
    """Return the message of a sprint that checks nothing before submission."""
    title, text = (
        translate("Handing in decides"),
        translate("Nothing is checked in this sprint yet."),
    )
    return Shown(f"{title}: {text}", result_table.block(title, text, ""))


def _by_criterion(
    drawn: Sequence[Picture], starts: Sequence[tuple[str, int]]
) -> dict[str, tuple[Picture, ...]]:
    """Return the pictures of each criterion's last attempt. `starts` holds, for each attempt, the
    number of pictures drawn before it.
    """
    ends = [start for _, start in starts[1:]] + [len(drawn)]
    pairs = zip(starts, ends, strict=True)
    return {name: tuple(drawn[start:end]) for (name, start), end in pairs}


def _points(task: criteria.Task, results: list[CriterionResult]) -> float:
    """Return the points for nbgrader: a builtin float, never above the cell's points."""
    whole = round(sum(c.points for c in task.criteria.values()), 6)
    return float(min(max(round(sum(r.points for r in results), 6), 0.0), whole))


def _demand_all(task: criteria.Task, results: list[CriterionResult]) -> None:
    __tracebackhide__ = True
    failed = [r for r in results if r.status is not Status.PASSED]
    if failed:
        raise AssertionError("\n\n".join(_in_plain_words(task, result) for result in failed))


def _in_plain_words(task: criteria.Task, result: CriterionResult) -> str:
    expected, got, next_ = in_words(result.message)
    declared = task.criteria[result.name]
    demand = fill(translate(declared.demand), declared.settings)
    lines = [f"{translate('Not met')}: {demand}"]
    for label, text in (("Expected", expected), ("Got", got), ("Next", next_)):
        if text:
            lines.append(f"{translate(label)}: {text}")
    return "\n".join(lines)


environment.speak()
plot_fonts.stand_in()
own_names.watch({"Task": Task, "expect": expect})
meter.start()  # budget() counts from the cell that first imports Task
if environment.released().sprint:
    from autograder.student import sprint_autosave

    sprint_autosave.watch()
