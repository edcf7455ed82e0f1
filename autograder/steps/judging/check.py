"""Evidence → results: the criteria of each task, run in the clean process, nothing trained.

A criterion whose code, settings, data and evidence are what they were is not run again. What a
criterion asks the student's functions is answered by the living process if there is one, else from
the record of what was asked before; a question the record does not know is a *new question*, and
the submission has to run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from autograder.errors import Fault, SandboxFault
from autograder.evidence import drawn
from autograder.evidence.record import Evidence
from autograder.evidence.results import as_json, from_json
from autograder.evidence.store import Store
from autograder.nouns import (
    CriterionResult,
    Message,
    Status,
    Task,
    TaskKind,
    TaskResult,
)
from autograder.sandbox import wire
from autograder.sandbox.supervisor import Job, WarmServer
from autograder.steps.judging.living import Gone, Live
from autograder.steps.judging.questions import Answers
from autograder.steps.judging.rules import Rules, attempts, because, criterion_key, seed_of
from autograder.steps.judging.taint import CELL, Topic, late_names, late_topics, shown_result

GIVEN = "@given"  # marks what is kept of criteria judged by other settings than the source's


@dataclass(frozen=True)
class Checked:
    """The tasks' results; `new_questions` names criteria that need the submission to run again."""

    tasks: tuple[TaskResult, ...]
    new_questions: tuple[str, ...] = ()
    reused: int = 0
    checked: int = 0


def check(
    server: WarmServer,
    rules: Rules,
    evidence: Evidence,
    attempted: Mapping[str, bool],
    store: Store,
    live: Live | Gone | None,
) -> Checked:
    """Every task of one notebook judged by this evidence."""
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
            orders.append(_Order(task, todo, known))
    answers = Answers(store, evidence, live, late_topics(rules.source.tasks), mark)
    asked: list[str] = []

    def cells(*, late: bool) -> None:
        for task in rules.source.tasks:
            wanted = task.kind is TaskKind.INSIDE and bool(late_names(task)) == late
            if wanted and attempted.get(task.grade_id, True):
                results[task.grade_id] = _inside(task, rules, answers, asked)

    if orders:
        between = partial(cells, late=False)
        asked += _judge(server, rules, evidence, orders, results, answers, store, between)
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


@dataclass(frozen=True)
class _Order:
    task: Task
    todo: Sequence[str]
    known: Mapping[str, str]


def _judge(
    server: WarmServer,
    rules: Rules,
    evidence: Evidence,
    orders: Sequence[_Order],
    results: dict[str, dict[str, CriterionResult]],
    answers: Answers,
    store: Store,
    between: Callable[[], None],
) -> list[str]:
    """Run what is to be run in a clean process; return the criteria with new questions.

    `between` is called after the visible criteria of all tasks, before any hidden one.
    """
    header: dict[str, Any] = {
        "op": "check", "language": rules.language, "setup": list(rules.source.setup),
        "files": list(rules.files), "tasks": [],
    }  # fmt: skip
    body: list[wire.Buffer] = list(rules.files.values())
    for order in orders:
        header["tasks"].append(_task_order(rules, evidence, order, store, body))
    header["n"] = [memoryview(part).nbytes for part in body]
    asked: list[str] = []
    with server.start(rules.limits) as job:
        job.send(wire.pack(header, body))
        for event in _events(job, answers):
            if event["event"] == "visible_done":
                between()
                continue
            task = str(event["task"])
            if event["event"] == "new_question":
                asked.append(f"{task}/{event['criterion']}")
                continue
            result = _trusted(rules, task, event["result"], answers)
            results[task][result.name] = result
            pictures = () if result.tainted and not result.hidden else event.get("pictures", ())
            drawn.keep(store, evidence.key, task, result.name, pictures)
        outcome = job.finish()
    missing = [n for o in orders for n in o.todo if n not in results[o.task.grade_id]]
    unanswered = [n for n in missing if not any(a.endswith(f"/{n}") for a in asked)]
    if unanswered:
        tail = outcome.output.decode(errors="replace").strip().splitlines()[-3:]
        raise SandboxFault(
            f"the checking process ended before {unanswered[0]} was decided"
            f" ({outcome.fault or outcome.limit or f'exit code {outcome.exit_code}'})",
            where=f"{rules.assignment}/{rules.source.name}",
            way_out="; ".join(tail)[:600] or "grade again; see the operations guide if it stays",
        )
    return asked


def _task_order(
    rules: Rules, evidence: Evidence, order: _Order, store: Store, body: list[wire.Buffer]
) -> dict[str, Any]:
    task = order.task
    wanted = {name for c in task.criteria if c.name in order.todo for name in c.parameters}
    values = []
    for name, blob in evidence.values.get(task.grade_id, {}).items():
        if name in wanted:
            (frame,) = wire.Reader().feed(store.get(blob))
            parts = _parts(frame)
            values.append([name, frame.header["v"], len(parts)])
            body.extend(parts)
    return {
        "grade_id": task.grade_id,
        "code": task.code,
        "only": list(order.todo),
        "late": sorted(late_names(task)),
        "known": dict(order.known),
        "settings": {k: dict(v) for k, v in rules.settings.get(task.grade_id, {}).items()},
        "values": values,
        "missing": {n: because(evidence, task, n) for n in wanted},
        "seeds": {
            c.name: [f"{seed_of(rules, task, c.name, n):x}" for n in attempts(rules, c)]
            for c in task.criteria
            if c.name in order.todo
        },
    }


def _parts(frame: wire.Frame) -> list[memoryview]:
    view, start, parts = memoryview(frame.body), 0, []
    for length in frame.header["n"]:
        parts.append(view[start : start + length])
        start += length
    return parts


def _events(job: Job, answers: Answers) -> Any:
    """The results as they come; questions on the way are answered."""
    while (frame := job.receive()) is not None:
        event = frame.header.get("event")
        if event == "done":
            return
        if event == "ask":
            reply = answers.reply(frame)
            job.send(wire.pack(reply.header, [reply.body]))
        elif event in ("result", "new_question", "visible_done"):
            yield frame.header
        else:
            raise SandboxFault(f"the checking process sent {str(event)[:40]!r}")


def _inside(
    task: Task, rules: Rules, answers: Answers, asked: list[str]
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
    frame = answers.inside(task)
    if frame.header.get("new_question"):
        asked.append(f"{task.grade_id}/{name}")
        return {}
    if frame.header.get("ok") is True:
        passed = CriterionResult(name, Status.PASSED, task.points, task.points, demand, hidden)
        return {name: _shown(passed, (task.grade_id, CELL), answers)}
    got = f"{frame.header.get('type', '')}: {frame.header.get('text', '')}".strip(": ")
    message = Message("{demand}", "{error}", "", {"demand": demand, "error": got[:300]})
    failed = CriterionResult(name, Status.FAILED, 0.0, task.points, demand, hidden, message)
    return {name: _shown(failed, (task.grade_id, CELL), answers)}


def _shown(result: CriterionResult, topic: Topic, answers: Answers) -> CriterionResult:
    return shown_result(result, tainted=topic in answers.tainted or topic in answers.late)


def _trusted(rules: Rules, grade_id: str, data: Any, answers: Answers) -> CriterionResult:
    """A result of the clean process with points, demand and visibility as the source says."""
    try:
        result = from_json(CriterionResult, data)
    except (ValueError, KeyError, TypeError) as error:
        raise SandboxFault(f"the checking process sent no result: {error}") from error
    task = next(t for t in rules.source.tasks if t.grade_id == grade_id)
    criterion = next(c for c in task.criteria if c.name == result.name)
    points = min(max(result.points, 0.0), criterion.points)
    known = replace(result, points=points, max_points=criterion.points, hidden=criterion.hidden)
    return _shown(known, (grade_id, criterion.name), answers)


def _task_result(
    task: Task, found: Mapping[str, CriterionResult], attempted: Mapping[str, bool], rules: Rules
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
        task.grade_id, task.kind, task.points, criteria,
        beside_student_code=task.kind is TaskKind.INSIDE and rules.plain_tests == "inside",
    )  # fmt: skip


def not_attempted(task: Task) -> TaskResult:
    """The result of a task whose answer is as it was released."""
    message = Message(
        "an answer", "the answer cells are as they were released", "Write your answer."
    )
    criteria = tuple(
        CriterionResult(c.name, Status.NOT_ATTEMPTED, 0.0, c.points, c.sentence, c.hidden, message)
        for c in task.criteria
    )
    return TaskResult(task.grade_id, task.kind, task.points, criteria, attempted=False)


def in_error(task: Task, fault: Fault) -> TaskResult:
    """The result of a task that a fault of ours kept from being decided: a person must look."""
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
