"""Submission → evidence: run the student's cells once in the sandbox and capture plain data.

Test cells are not sent. At each of them the values that its criteria need are captured. A run that
left evidence is not repeated; the evidence can be judged again and again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from autograder.errors import SandboxFault
from autograder.evidence.codec import split
from autograder.evidence.record import CellRecord, Evidence
from autograder.evidence.store import Store
from autograder.nouns import CellError, Limits, Message, Usage
from autograder.sandbox import wire
from autograder.sandbox.lockdown import limits as limits_
from autograder.sandbox.supervisor.warm_server import Job, Outcome, WarmServer
from autograder.steps.grading.pipeline.cell_outputs import CellOutputs, read_outputs
from autograder.steps.grading.pipeline.plan import Plan
from autograder.steps.grading.pipeline.student_process import StudentProcess

VALUES_CAP = 4096  # most values captured in one run, besides those that test cells name
NODES_CAP = 256 << 20  # bytes of JSON that describe the values of one run
MISSING_CAP = 100_000  # names reported missing in one run
CALL_SECONDS = 20.0  # CPU seconds of one criterion's call to a student's function
OUTPUTS_CAP = 12 << 20  # bytes of outputs kept of one run, besides its text
OUTPUTS_SPACE = 8  # bytes that a text character may take


@dataclass
class _Tape:
    """Frames of a run, collected until they become evidence."""

    plan: Plan
    store: Store
    records: dict[int, CellRecord] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, dict[str, str]] = field(default_factory=dict)
    running: int = -1
    remotes: bool = False
    count: int = 0
    missed: int = 0
    captured: int = 0  # bytes of the values that differ
    blobs: set[str] = field(default_factory=set)
    kept_outputs: int = 0

    def take(self, frame: wire.Frame) -> bool:
        """Record one frame; return True when the cells are done."""
        event = frame.header.get("event")
        if event == "start":
            self.running = int(frame.header["cell"])
        elif event == "cell":
            self._cell(frame)
        elif event == "value":
            self._value(frame)
        elif event == "missing":
            self.missed += 1
            if self.missed > MISSING_CAP:
                raise ValueError("too many missing values")
            task, name = self._place(frame)
            self.missing.setdefault(task, {})[name] = str(frame.header["why"])[:300]
        elif event == "done":
            return True
        else:
            raise ValueError(f"an event {str(event)[:40]!r}")
        return False

    def _cell(self, frame: wire.Frame) -> None:
        index = int(frame.header["cell"])
        cell = self.plan.cells[index]
        self.running = -1
        outputs, lost = self._outputs(frame)
        self.records[index] = CellRecord(
            number=int(cell.get("number", 0)),
            grade_id=str(cell.get("grade_id", "")),
            place=int(cell.get("place", -1)),
            error=_cell_error(cell, frame.header.get("error")),
            outputs=self.store.put(outputs.body) if outputs.body else "",
            figures=tuple(self.store.put(picture) for picture in outputs.pictures),
            drawn=max(_count(frame.header.get("pictures")), len(outputs.pictures)),
            lost=lost,
            cpu=_seconds(frame.header["cpu"]),
            wall=_seconds(frame.header["wall"]),
            skipped=tuple(str(s)[:200] for s in frame.header["skipped"][:50]),
        )

    def _outputs(self, frame: wire.Frame) -> tuple[CellOutputs, int]:
        """Return the outputs of a cell that are kept, and the number of those that are not."""
        outputs = read_outputs(frame.body)
        lost = _count(frame.header.get("dropped")) + outputs.unreadable
        self.kept_outputs += len(outputs.body)
        if self.kept_outputs > OUTPUTS_CAP + OUTPUTS_SPACE * (self.plan.limits.output_kb << 10):
            return CellOutputs(), lost + 1
        return outputs, lost

    def _place(self, frame: wire.Frame) -> tuple[str, str]:
        """The test cell and the name that a frame speaks of."""
        task = str(frame.header["at"])
        if all(cell["role"] != "test" or cell["grade_id"] != task for cell in self.plan.cells):
            raise ValueError("a value at no test cell")
        return task, str(frame.header["name"])[:200]

    def _value(self, frame: wire.Frame) -> None:
        self.count += 1
        if self.count > VALUES_CAP + sum(len(c.get("names", ())) for c in self.plan.cells):
            raise ValueError("too many values")
        task, name = self._place(frame)
        node, parts = frame.header["v"], frame.header["n"]
        split(frame.body, parts)  # BadValue where the parts are not those of the body
        if '"remote"' in json.dumps(node):
            self.remotes = True
        pieces = [memoryview(p) for p in wire.pack({"v": node, "n": parts}, [frame.body])]
        blob = self.store.put(*pieces)
        if blob not in self.blobs:
            self.blobs.add(blob)
            self.captured += sum(piece.nbytes for piece in pieces)
        if self.captured > (self.plan.limits.capture_mb << 20) + NODES_CAP:
            raise ValueError("more than is captured of a run")
        self.values.setdefault(task, {})[name] = blob


def run(server: WarmServer, plan: Plan, store: Store) -> tuple[Evidence, StudentProcess | None]:
    """Return the evidence of one run, and the process itself while it can still answer.

    If a cell ends the process, a second run leaves it out, so that later tasks are graded too.
    Raises `SandboxFault` if the sandbox failed; anything the student's code does is evidence.
    """
    evidence, live, ended_in = _run_once(server, plan, store)
    if ended_in < 0 or all(cell["role"] != "test" for cell in plan.cells[ended_in:]):
        return evidence, live
    inert = {**plan.cells[ended_in], "source": "", "role": "extra"}
    cells = (*plan.cells[:ended_in], inert, *plan.cells[ended_in + 1 :])
    again, live, _ = _run_once(server, replace(plan, cells=cells), store)
    return _joined(evidence, again), live


def with_calls(evidence: Evidence, live: StudentProcess) -> Evidence:
    """Return the evidence with the resource use of criteria's calls included."""
    before = live.before_hidden
    return replace(
        evidence,
        usage=_most(evidence.usage, live.usage()),
        usage_before_hidden=_most(evidence.usage, before) if before is not None else None,
    )


def _most(cells: Usage, used: Outcome) -> Usage:
    return replace(
        cells,
        cpu_seconds=max(cells.cpu_seconds, used.cpu_seconds),
        wall_seconds=max(cells.wall_seconds, used.wall_seconds),
        memory_mb=max(cells.memory_mb, used.memory_mb),
    )


def _joined(first: Evidence, second: Evidence) -> Evidence:
    """Return the second run's evidence with the cell and limit at which the first one ended."""
    ended = first.cells[-1]
    used, more = first.usage, second.usage
    usage = replace(
        more,
        cpu_seconds=round(used.cpu_seconds + more.cpu_seconds, 3),
        wall_seconds=round(used.wall_seconds + more.wall_seconds, 3),
        memory_mb=max(used.memory_mb, more.memory_mb),
    )
    return replace(
        second,
        key=first.key,
        cells=tuple(ended if cell.place == ended.place else cell for cell in second.cells),
        limit=first.limit,
        limit_message=first.limit_message,
        usage=usage,
        started=first.started,
    )


def _run_once(
    server: WarmServer, plan: Plan, store: Store
) -> tuple[Evidence, StudentProcess | None, int]:
    """Run once; return also the index of the cell in which the process ended, else -1."""
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    job = server.start(plan.limits)
    tape = _Tape(plan, store)
    try:
        cells = json.dumps(plan.cells).encode()  # in the body: a student's cells may be long
        job.send(wire.pack(_order(plan, len(cells)), [cells, *plan.files.values()]))
        done = _follow(job, tape)
        job.drop_output()
        job.one_for_one()
    except BaseException:
        job.kill("abandoned")
        job.finish()
        raise
    if done and (tape.remotes or plan.asked_inside):
        live = StudentProcess(job)
        return _evidence(tape, None, job, started), live, -1
    outcome = job.finish()
    if outcome.fault:
        raise SandboxFault(outcome.fault, way_out="grade this submission again")
    return _evidence(tape, outcome, job, started), None, tape.running


# Exceptions that reading a forged frame may raise; a full disk (OSError) is not among them.
_FORGED = (
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
    *(MemoryError, RecursionError),
)


def _seconds(number: Any) -> float:
    seconds = float(number)
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError("no seconds")
    return seconds


def _follow(job: Job, tape: _Tape) -> bool:
    """Take frames until the cells are done (True) or the process has ended (False)."""
    while (frame := job.receive()) is not None:
        try:
            if tape.take(frame):
                return True
        except _FORGED:
            job.kill(limits_.FRAMES)
            return False
    return False


def call_seconds(limits: Limits) -> float:
    """Return the CPU seconds that one call of a student's function may take."""
    return min(limits.cell_seconds, CALL_SECONDS)


def _order(plan: Plan, cells: int) -> dict[str, Any]:
    return {
        "op": "run",
        "seed": f"{plan.seed:x}",
        "cells": cells,
        "files": [{"path": path, "n": len(data)} for path, data in plan.files.items()],
        "helpers": list(plan.helpers),
        "limits": {
            "cell_seconds": plan.limits.cell_seconds,
            "call_seconds": call_seconds(plan.limits),
            "output_bytes": plan.limits.output_kb * 1024,
            "capture_bytes": plan.limits.capture_mb << 20,
        },
    }


def _evidence(tape: _Tape, outcome: Outcome | None, job: Job, started: str) -> Evidence:
    plan, limits = tape.plan, tape.plan.limits
    limit = outcome.limit if outcome else ""
    if outcome and not limit and outcome.exit_code:
        limit = "crash"
    cells = dict(tape.records)
    number = 0
    if tape.running >= 0:  # the cell in which the process ended
        cell = plan.cells[tape.running]
        number = int(cell.get("number", 0))
        error = _ended_error(cell, limit, outcome)
        cells[tape.running] = CellRecord(number, str(cell["grade_id"]), int(cell["place"]), error)
    used = outcome or job.usage()
    return Evidence(
        key=plan.key,
        submission=plan.submission,
        notebook=plan.notebook,
        cells=tuple(cells[i] for i in sorted(cells)),
        values=tape.values,
        missing=tape.missing,
        limit=limit,
        limit_message=_limit_message(limit, limits, number),
        usage=Usage(
            used.cpu_seconds,
            used.wall_seconds,
            used.memory_mb,
            limits.cpu_seconds,
            limits.memory_mb,
        ),
        tier=job.tier,
        versions=versions(),
        started=started,
    )


def _limit_message(limit: str, limits: Limits, cell: int) -> Message:
    if not limit:
        return Message()
    if limit == "crash":
        return Message(
            got="the Python process ended in cell {cell}" if cell else "the Python process ended",
            next="Look for very deep recursion, or for a library used in an unusual way.",
            values={"cell": cell},
        )
    return limits_.message(limit, limits, cell)


def _ended_error(cell: Mapping[str, Any], limit: str, outcome: Outcome | None) -> CellError:
    code = outcome.exit_code if outcome else 0
    kind = {limits_.CPU: "TimeLimit", limits_.WALL: "TimeLimit", limits_.MEMORY: "MemoryLimit"}
    return CellError(
        cell=int(cell.get("number", 0)),
        grade_id=str(cell.get("grade_id", "")),
        type=kind.get(limit, "Stopped"),
        text=f"the process ended here ({limit or f'exit code {code}'})",
    )


def _count(claimed: Any) -> int:
    """Return a number that the student's process claims, limited to 0–1,000,000."""
    return min(max(claimed, 0), 1_000_000) if type(claimed) is int else 0


def _cell_error(cell: Mapping[str, Any], error: Any) -> CellError | None:
    if not isinstance(error, dict):
        return None
    if cell.get("may_raise") and error.get("type") != "TimeLimit":
        return None
    return CellError(
        cell=int(cell.get("number", 0)),
        grade_id=str(cell.get("grade_id", "")),
        type=str(error.get("type", ""))[:80],
        text=str(error.get("text", ""))[:2000],
        line=int(error.get("line", 0)),
        source_line=str(error.get("source_line", ""))[:200],
    )


@cache
def versions() -> dict[str, str]:
    """Return the package versions that evidence is stamped with."""
    found = {}
    for name in ("tensorflow", "tensorflow-cpu", "keras", "numpy", "sprintgrader"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
