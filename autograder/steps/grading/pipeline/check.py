"""Evidence → results: judge the criteria of each task in the clean process, without training.

A criterion is judged again only if its code, settings, data or evidence changed. Calls to the
student's functions are answered by the live process if there is one, else from the record of
earlier calls. A call that the record does not contain is a *new question*: the submission has to
run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from autograder.errors import BrokenSubmission, Fault
from autograder.evidence.record import Evidence
from autograder.evidence.results import as_json, from_json
from autograder.evidence.store import Store
from autograder.nouns import Criterion, CriterionResult, Message, Status, Task, TaskKind, TaskResult
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.steps.grading.pipeline.budgets import Budget, spent_result
from autograder.steps.grading.pipeline.call_replay import CallReplay
from autograder.steps.grading.pipeline.checking_runs import CleanRun, Order, shown
from autograder.steps.grading.pipeline.grading_inputs import GradingInputs, criterion_key
from autograder.steps.grading.pipeline.student_process import EndedProcess, StudentProcess
from autograder.steps.grading.pipeline.taint import CELL, late_names, late_topics

GIVEN = "@given"  # marks stored results judged by a release's settings


@dataclass(frozen=True)
class Checked:
    """Task results; `new_questions` names criteria that need the submission to run again."""

    tasks: tuple[TaskResult, ...]
    new_questions: tuple[str, ...] = ()
    reused: int = 0
    checked: int = 0


def check(
    server: WarmServer,
    rules: GradingInputs,
    evidence: Evidence,
    attempted: Mapping[str, bool],
    store: Store,
    live: StudentProcess | EndedProcess | None,
) -> Checked:
    """Judge every task of one notebook by this evidence."""
    kept = (store.read("checks", evidence.key) or {}).get("criteria", {})
    mark = GIVEN if rules.settings else ""
    orders, results = [], dict[str, dict[str, CriterionResult]]()
    keys: dict[str, str] = {}
    reused = 0
    for task in rules.source.tasks:
        if task.kind in (TaskKind.MANUAL, TaskKind.INSIDE) or not attempted.get(
            task.grade_id, True
        ):
            continue
        found = results.setdefault(task.grade_id, {})
        todo = []
        for criterion in task.criteria:
            name = f"{task.grade_id}/{criterion.name}{mark}"
            keys[name] = criterion_key(rules, task, criterion, evidence)
            old = kept.get(name)
            if old and old["key"] == keys[name]:
                found[criterion.name] = from_json(CriterionResult, old["result"])
                reused += 1
            else:
                todo.append(criterion.name)
        if todo:
            known = {name: str(result.status) for name, result in found.items()}
            orders.append(Order(task, todo, known))
    answers = CallReplay(store, evidence, live, late_topics(rules.source.tasks), rules.limits, mark)
    asked: list[str] = []

    def cells(*, late: bool) -> None:
        for task in rules.source.tasks:
            wanted = task.kind is TaskKind.INSIDE and bool(late_names(task)) == late
            if wanted and attempted.get(task.grade_id, True):
                results[task.grade_id] = _inside(task, rules, answers, asked)

    if orders:
        between = partial(cells, late=False)
        run = CleanRun(server, rules, evidence, store, answers, results, between, asked)
        run.judge(orders)
    else:
        cells(late=False)
    cells(late=True)
    answers.keep()
    _remember(store, evidence.key, kept, keys, results, mark)
    return Checked(
        tuple(
            _task_result(t, results.get(t.grade_id, {}), attempted, rules)
            for t in rules.source.tasks
        ),
        tuple(asked),
        reused,
        sum(len(order.todo) for order in orders),
    )


def _inside(
    task: Task, rules: GradingInputs, answers: CallReplay, asked: list[str]
) -> dict[str, CriterionResult]:
    demand = task.criteria[0].sentence if task.criteria else "the test cell runs without an error"
    name = task.criteria[0].name if task.criteria else CELL
    hidden = bool(late_names(task))
    if rules.plain_tests != "inside":
        text = "this test changes a student's names, so it can only run beside student code"
        message = Message(
            demand, text, "Set c.Grading.plain_tests = 'inside', or grade it by hand."
        )
        return {name: CriterionResult(name, Status.ERROR, 0.0, task.points, demand, True, message)}
    answers.begin(Budget(rules.limits, 1.0, lambda: answers.cpu_seconds))
    frame = answers.inside(task)
    if answers.over():
        criterion = Criterion(name, demand, task.points, hidden)
        failed = spent_result(criterion, answers.over(), rules.limits)
        return {name: shown(failed, (task.grade_id, CELL), answers)}
    if frame.header.get("new_question"):
        asked.append(f"{task.grade_id}/{name}")
        return {}
    if frame.header.get("ok") is True:
        passed = CriterionResult(name, Status.PASSED, task.points, task.points, demand, hidden)
        return {name: shown(passed, (task.grade_id, CELL), answers)}
    got = f"{frame.header.get('type', '')}: {frame.header.get('text', '')}".strip(": ")
    message = Message("{demand}", "{error}", "", {"demand": demand, "error": got[:300]})
    failed = CriterionResult(name, Status.FAILED, 0.0, task.points, demand, hidden, message)
    return {name: shown(failed, (task.grade_id, CELL), answers)}


def _task_result(
    task: Task,
    found: Mapping[str, CriterionResult],
    attempted: Mapping[str, bool],
    rules: GradingInputs,
) -> TaskResult:
    if task.kind is TaskKind.MANUAL:
        did = attempted.get(task.grade_id, True)
        return TaskResult(task.grade_id, task.kind, task.points, attempted=did)
    if not attempted.get(task.grade_id, True):
        return not_attempted(task)
    if task.kind is TaskKind.INSIDE:
        criteria = tuple(found.values())
    else:
        criteria = tuple(found[c.name] for c in task.criteria if c.name in found)
    return TaskResult(
        task.grade_id,
        task.kind,
        task.points,
        criteria,
        beside_student_code=task.kind is TaskKind.INSIDE and rules.plain_tests == "inside",
    )


def not_attempted(task: Task) -> TaskResult:
    """Return the result of a task whose answer cells are unchanged since the release."""
    message = Message(
        "an answer", "the answer cells are as they were released", "Write your answer."
    )
    criteria = tuple(
        CriterionResult(c.name, Status.NOT_ATTEMPTED, 0.0, c.points, c.sentence, c.hidden, message)
        for c in task.criteria
    )
    return TaskResult(task.grade_id, task.kind, task.points, criteria, attempted=False)


def unreadable(task: Task, file: str, broken: BrokenSubmission) -> TaskResult:
    """Return the result of a task in an unreadable file; a person has to decide it."""
    message = Message(
        "a notebook that can be read",
        "{file}: {fact}",
        "Open it in JupyterLab or Colab, run it, save it and submit the saved .ipynb file.",
        {"file": file, "fact": broken.fact},
    )
    criteria = tuple(
        CriterionResult(c.name, Status.UNREADABLE, 0.0, c.points, c.sentence, c.hidden, message)
        for c in task.criteria
    )
    return TaskResult(task.grade_id, task.kind, task.points, criteria)


def not_handed_in(task: Task, file: str) -> TaskResult:
    """Return the result of a task whose notebook is missing while others were submitted."""
    message = Message(
        "{file}",
        "there is no file of this name in the submission",
        "Submit all notebooks of the assignment together, in one .zip.",
        {"file": file},
    )
    criteria = tuple(replace(c, message=message) for c in not_attempted(task).criteria)
    return replace(not_attempted(task), criteria=criteria)


def in_error(task: Task, fault: Fault) -> TaskResult:
    """Return the result of a task that a grader fault left undecided; a person has to decide it."""
    message = Message("the grader runs to its end", "{fault}", "", {"fault": str(fault)[:500]})
    criteria = tuple(
        CriterionResult(
            c.name,
            Status.ERROR,
            0.0,
            c.points,
            c.sentence,
            c.hidden,
            message,
            error=type(fault).__name__,
        )
        for c in task.criteria
    )
    return TaskResult(task.grade_id, task.kind, task.points, criteria)


def _remember(
    store: Store,
    key: str,
    kept: Mapping[str, Any],
    keys: Mapping[str, str],
    results: Mapping[str, Mapping[str, CriterionResult]],
    mark: str,
) -> None:
    fresh = dict(kept)
    for task, found in results.items():
        for name, result in found.items():
            full = f"{task}/{name}{mark}"
            if full in keys and result.status is not Status.ERROR:
                fresh[full] = {"key": keys[full], "result": as_json(result)}
    store.write("checks", key, record={"criteria": fresh})
