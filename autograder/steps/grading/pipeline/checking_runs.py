"""Judge criteria in clean processes, one process after the other until every criterion is decided.

A clean process that a student's value keeps busy, fills or crashes is ended. The criterion at work
fails, and a fresh process judges the rest. Earlier decisions stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.errors import SandboxFault
from autograder.evidence import check_pictures
from autograder.evidence.record import Evidence
from autograder.evidence.results import from_json
from autograder.evidence.store import Store
from autograder.notebook.source.cells import cells_of
from autograder.notebook.source.seeding import seeding_code
from autograder.nouns import Criterion, CriterionResult, Task
from autograder.sandbox import wire
from autograder.sandbox.supervisor.warm_server import Job, Outcome, WarmServer
from autograder.steps.grading.pipeline.budgets import (
    LEAST_SHARE,
    SECONDS,
    Budget,
    cause_of,
    fault_result,
    spent_result,
)
from autograder.steps.grading.pipeline.call_replay import CallReplay
from autograder.steps.grading.pipeline.grading_inputs import (
    GradingInputs,
    attempts,
    because,
    process_seed,
    seed_of,
)
from autograder.steps.grading.pipeline.run import call_seconds
from autograder.steps.grading.pipeline.taint import Topic, late_names, shown_result

LOOK = 0.5  # seconds between budget checks while a clean process works
Results = dict[str, dict[str, CriterionResult]]  # by task and criterion


@dataclass(frozen=True)
class Order:
    """Criteria of one task to judge (`todo`), and the known status of its other criteria."""

    task: Task
    todo: Sequence[str]
    known: Mapping[str, str]


@dataclass
class CleanRun:
    """Judging of one notebook; `asked` names the criteria with new questions."""

    server: WarmServer
    rules: GradingInputs
    evidence: Evidence
    store: Store
    answers: CallReplay
    results: Results
    between: Callable[[], None]  # called after all visible criteria, before any hidden one
    asked: list[str] = field(default_factory=list)
    _share: float = 1.0  # share of the seconds that a criterion may take
    _at: Topic | None = None  # the criterion being judged
    _ended_at: Counter[Topic | None] = field(default_factory=Counter)
    _past_visible: bool = False

    def judge(self, orders: Sequence[Order]) -> None:
        """Decide every criterion of these orders, or list it in `asked`."""
        left = list(orders)
        while left:
            outcome, begun = self._one_process(left)
            if outcome is None:
                break
            self._ended(left, outcome, alone=begun <= 1)
            left = [o for o in map(self._rest, left) if o.todo]
        self._visible_done()  # where a process ended at the last of them, none said so

    def _rest(self, order: Order) -> Order:
        found = self.results[order.task.grade_id]
        known = {**order.known, **{name: str(r.status) for name, r in found.items()}}
        return Order(order.task, [n for n in order.todo if n not in found], known)

    # ── One process ──────────────────────────────────────────────────────────────────

    def _one_process(self, orders: Sequence[Order]) -> tuple[Outcome | None, int]:
        """Judge in one process until it is done or ends.

        Return (None if all is done, else the outcome; the number of criteria begun).
        """
        rules = self.rules
        header: dict[str, Any] = {
            "op": "check",
            "language": rules.language,
            "setup": list(rules.source.setup),
            "files": list(rules.files),
            "released": sorted(rules.released),
            "tasks": [],
            "seed": f"{process_seed(rules, 'checking'):x}",
            "call_seconds": call_seconds(rules.limits),
        }
        body: list[wire.Buffer] = list(rules.files.values())
        for order in orders:
            header["tasks"].append(_task_order(rules, self.evidence, order, self.store, body))
        header["n"] = [memoryview(part).nbytes for part in body]
        begun = 0
        self._at = None
        with self.server.start(rules.limits) as job:
            job.send(wire.pack(header, body))
            while (frame := self._frame(job)) is not None:
                event = frame.header.get("event")
                if event == "done":
                    return None, begun
                begun += event == "begin"
                self._take(job, str(event), frame)
            return job.finish(), begun

    def _frame(self, job: Job) -> wire.Frame | None:
        """Return the next frame; None if the process hung up or exceeded its budget."""
        while (frame := job.receive(LOOK)) is None and not job.hung_up:
            if self._at is not None and self.answers.over():
                job.kill(SECONDS)
                return None
        return frame

    def _take(self, job: Job, event: str, frame: wire.Frame) -> None:
        if event == "ask":
            reply = self.answers.reply(frame)
            job.send(wire.pack(reply.header, [reply.body]))
        elif event == "begin":
            self._at = str(frame.header["task"]), str(frame.header["criterion"])
            self.answers.begin(self._budget(job))
        elif event == "visible_done":
            self._at = None
            self._visible_done()
        elif event == "new_question" and self._at is not None:
            name = "/".join(self._at)
            self.asked += [name] if name not in self.asked else []
        elif event in ("result", "spent") and self._at is not None:
            self._decide(frame)
        else:
            raise SandboxFault(f"the checking process sent {event[:40]!r}")

    def _visible_done(self) -> None:
        if not self._past_visible:
            self._past_visible = True
            self.between()

    def _budget(self, job: Job) -> Budget:
        return Budget(
            self.rules.limits, self._share, lambda: job.cpu_seconds + self.answers.cpu_seconds
        )

    # ── Decided ──────────────────────────────────────────────────────────────────────

    def _decide(self, frame: wire.Frame) -> None:
        assert self._at is not None
        task, name = self._at
        cause = self.answers.over()
        if cause:
            self._fail(cause)
            return
        result = _trusted(self.rules, task, frame.header.get("result"), self.answers)
        if result.name != name:
            raise SandboxFault(f"the checking process decided {result.name!r}, not {name!r}")
        self.results[task][name] = result
        pictures = () if result.tainted and not result.hidden else frame.header.get("pictures", ())
        check_pictures.keep(self.store, self.evidence.key, task, name, pictures)
        self._at = None

    def _fail(self, cause: str) -> None:
        """Fail the criterion at work for the limit that the student's answer exhausted."""
        assert self._at is not None
        task, name = self._at
        failed = spent_result(_criterion(self.rules, task, name), cause, self.rules.limits)
        self.results[task][name] = shown(failed, self._at, self.answers)
        if cause == SECONDS:  # so 100 slow criteria do not take 100 full budgets
            self._share = max(self._share / 2, LEAST_SHARE)
        self._at = None

    def _ended(self, left: Sequence[Order], outcome: Outcome, *, alone: bool) -> None:
        """Decide the criterion at which a process ended, or leave it to head a fresh process."""
        at = self._at
        self._ended_at[at] += 1
        again = self._ended_at[at] > 1
        if at is None:
            if again:
                self._give_up(left, outcome)
            return
        spent = self.answers.over()
        cause = spent or cause_of(outcome)
        if spent or (cause and (alone or again)):
            self._fail(cause)
        elif again:
            fault = fault_result(_criterion(self.rules, *at), _told(outcome, at[1]))
            self.results[at[0]][at[1]] = fault

    def _give_up(self, left: Sequence[Order], outcome: Outcome) -> None:
        """Mark all undecided criteria as errors, for no process reaches a criterion.

        Raises `SandboxFault` if nothing at all was decided.
        """
        open_ = [
            (o.task, n) for o in left for n in o.todo if n not in self.results[o.task.grade_id]
        ]
        if len(open_) == sum(len(o.todo) for o in left) and not any(self.results.values()):
            raise SandboxFault(
                _told(outcome, open_[0][1]),
                where=f"{self.rules.assignment}/{self.rules.source.name}",
                way_out=_last_words(outcome.output)
                or "grade again; see the operations guide if it stays",
            )
        for task, name in open_:
            criterion = _criterion(self.rules, task.grade_id, name)
            self.results[task.grade_id][name] = fault_result(criterion, _told(outcome, name))


def _last_words(output: bytes) -> str:
    """Return the last 3 lines that a process printed, without lines of mere `^~` markers."""
    lines = (line.strip() for line in output.decode(errors="replace").splitlines())
    return "; ".join([line for line in lines if line.strip("^~ ")][-3:])[:600]


def _told(outcome: Outcome, name: str) -> str:
    why = outcome.fault or outcome.limit or f"exit code {outcome.exit_code}"
    return f"the checking process ended before {name} was decided ({why})"


def _criterion(rules: GradingInputs, grade_id: str, name: str) -> Criterion:
    task = next(t for t in rules.source.tasks if t.grade_id == grade_id)
    return next(c for c in task.criteria if c.name == name)


def _task_order(
    rules: GradingInputs, evidence: Evidence, order: Order, store: Store, body: list[wire.Buffer]
) -> dict[str, Any]:
    task = order.task
    wanted = {name for c in task.criteria if c.name in order.todo for name in c.parameters}
    values, missing = [], {n: because(evidence, task, n) for n in wanted}
    for name, blob in evidence.values.get(task.grade_id, {}).items():
        if name in wanted:
            data = store.get(blob)
            if sum(memoryview(part).nbytes for part in body) + len(data) > wire.BODY_CAP:
                missing[name] = "your values are too large to be checked together"
                continue
            values.append(name)
            body.append(data)
    return {
        "grade_id": task.grade_id,
        "code": task.code,
        "seeding": seeding_code(cells_of(rules.source.node), task.cell_index + 1),
        "only": list(order.todo),
        "late": sorted(late_names(task)),
        "known": dict(order.known),
        "settings": {k: dict(v) for k, v in rules.settings.get(task.grade_id, {}).items()},
        "values": values,
        "missing": missing,
        "seeds": {
            c.name: [f"{seed_of(rules, task, c.name, n):x}" for n in attempts(rules, c)]
            for c in task.criteria
            if c.name in order.todo
        },
    }


def shown(result: CriterionResult, topic: Topic, answers: CallReplay) -> CriterionResult:
    return shown_result(result, tainted=topic in answers.tainted or topic in answers.late)


def _trusted(
    rules: GradingInputs, grade_id: str, data: Any, answers: CallReplay
) -> CriterionResult:
    """Read a result of the clean process; take points limits and visibility from the source."""
    try:
        result = from_json(CriterionResult, data)
    except (ValueError, KeyError, TypeError) as error:
        raise SandboxFault(f"the checking process sent no result: {error}") from error
    criterion = _criterion(rules, grade_id, result.name)
    points = min(max(result.points, 0.0), criterion.points)
    known = replace(result, points=points, max_points=criterion.points, hidden=criterion.hidden)
    return shown(known, (grade_id, criterion.name), answers)
