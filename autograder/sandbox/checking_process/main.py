"""Checking process: runs criteria on evidence, never in a process with student code.

in:  {"op": "check", "language", "setup", "files", "released", "tasks": [...]} + files and values
out: {"event": "ask", ...} for what only the student's process can answer,
     {"event": "begin"} and then {"event": "result" | "spent", ...} per criterion,
     {"event": "visible_done"}, {"event": "done"}

Visible criteria of all tasks run first, then hidden ones and those that depend on them. The
author's cells set the global random states; if they set none, each criterion's own seed does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder import language
from autograder.criteria.running import Missing, run_task
from autograder.criteria.task import Task
from autograder.evidence.codec import BadValue, split
from autograder.evidence.models import ModelRefused, state
from autograder.evidence.results import as_json
from autograder.expect.verdict import Picture, picturing
from autograder.nouns import CriterionResult, Status
from autograder.sandbox import random_states
from autograder.sandbox.checking_process.author_code import (
    declare,
    lacked,
    load_helpers,
    new_namespace,
    set_up,
    undecided,
    why_lacking,
)
from autograder.sandbox.checking_process.remote import BudgetSpent, Link, NewQuestion
from autograder.sandbox.random_states import RandomStates
from autograder.sandbox.wire import BadFrame, Buffer, Frame, read_frame, unpack, write_frame

PICTURES = 2  # per criterion; shown to staff, and to students only those of their own kernel
PICTURE_CAP = 400_000  # characters per picture
Value = tuple[Any, list[memoryview]]  # node and buffers


def main(read_fd: int, write_fd: int) -> None:
    """Check one notebook's tasks, read as frames."""
    frame = read_frame(read_fd)
    if frame is None:
        return
    order = frame.header
    language.use(order["language"])
    parts = iter(split(frame.body, order["n"]))
    for file in order["files"]:
        path = Path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(next(parts))
    sys.path.insert(0, os.getcwd())

    def exchange(header: dict[str, Any], buffers: list[Buffer]) -> Frame:
        write_frame(write_fd, {"event": "ask", **header}, buffers)
        reply = read_frame(read_fd)
        if reply is None:
            raise SystemExit
        return reply

    random_states.seed_all(int(order["seed"], 16))
    seeded = random_states.capture()
    namespace = new_namespace()
    lacking: dict[str, str] = {}  # names that set-up cells did not bind, with the reason
    for number, code in enumerate(order["setup"], 1):
        lacking = set_up(code, f"set-up cell {number}", namespace, lacking)
    link = Link(exchange, load_helpers(order["released"]))
    link.call_seconds = order["call_seconds"]
    start = _Start(seeded, random_states.capture(), lacking)
    checks = [
        _TaskCheck(
            task,
            dict(_values({name: next(parts) for name in task["values"]})),
            dict(namespace),
            link,
            start,
        )
        for task in order["tasks"]
    ]
    for late in (False, True):
        for one in checks:
            for event in one.run(late=late):
                write_frame(write_fd, event)
        write_frame(write_fd, {"event": "done" if late else "visible_done"})


def _values(stored: Mapping[str, memoryview]) -> Iterator[tuple[str, Value]]:
    """Yield the values that are in stored frames; skip a frame that no codec of ours wrote."""
    for name, data in stored.items():
        with suppress(BadFrame, BadValue, KeyError):
            header, body = unpack(data)
            yield name, (header["v"], split(body, header["n"]))


@dataclass(frozen=True)
class _Start:
    """Random states before and after the set-up cells, and the names these cells did not bind."""

    seeded: RandomStates
    set_up: RandomStates
    lacking: Mapping[str, str]


class _TaskCheck:
    """The criteria of one task, run in two rounds: visible ones, then late ones."""

    def __init__(
        self,
        order: dict[str, Any],
        values: Mapping[str, Value],
        namespace: dict[str, Any],
        link: Link,
        start: _Start,
    ) -> None:
        self._order, self._link, self._start = order, link, start
        self._authors: RandomStates | None = None  # set by the author's cells, if at all
        self._grade_id = order["grade_id"]
        self._lookup = Values(values, order["missing"], link)
        self._namespace: dict[str, Any] | None = namespace
        self._task: Task | None = None
        self._fault = ""  # the reason why the test cell declares no task
        self._known = {name: Status(value) for name, value in order["known"].items()}
        self._undecided: set[str] = set()  # criteria that wait for an answer, and those after them

    def run(self, *, late: bool) -> Iterator[dict[str, Any]]:
        """Yield the events of one round; visible criteria of all tasks come before late ones."""
        names = [n for n in self._order["only"] if (n in self._order["late"]) == late]
        if names and self._task is None:
            self._declare()
        for name in names:
            yield {"event": "begin", "task": self._grade_id, "criterion": name}
            yield self._criterion(name)
        self._lookup.renew()  # only models stay in memory between the rounds

    def _declare(self) -> None:
        assert self._namespace is not None
        random_states.restore(self._start.set_up)
        with suppress(Exception):  # like a kernel without that library
            exec(self._order["seeding"], {})  # noqa: S102 - the author's
        try:
            self._task = declare(self._order["code"], self._grade_id, self._namespace)
        except Exception as error:  # a fault of the author's code affects no other task
            place = f"test cell {self._grade_id}"
            self._fault = why_lacking(error, place, self._start.lacking)
        declared = random_states.capture()
        self._authors = declared if declared != self._start.seeded else None

    def _criterion(self, name: str) -> dict[str, Any]:
        if self._task is None:
            return self._result(undecided(name, self._fault))
        told = {"task": self._grade_id, "criterion": name}
        if self._undecided.intersection(self._task.criteria[name].after):
            self._undecided.add(name)
            return {"event": "new_question", **told}
        try:
            with picturing() as drawn:
                (result,) = run_task(
                    self._task,
                    self._lookup,
                    self._rng,
                    only=[name],
                    known=self._known,
                    settings=self._order["settings"],
                    before=self._before,
                )
        except NewQuestion:
            self._undecided.add(name)
            return {"event": "new_question", **told}
        except BudgetSpent:
            self._known[name] = Status.FAILED
            return {"event": "spent", **told}
        because = lacked(result, self._start.lacking)
        result = undecided(name, because) if because else result
        self._known[name] = result.status
        return self._result(result, drawn)

    def _result(self, result: CriterionResult, drawn: Sequence[Picture] = ()) -> dict[str, Any]:
        pictures = [asdict(one) for one in drawn if len(one.svg) <= PICTURE_CAP][-PICTURES:]
        return {
            "event": "result",
            "task": self._grade_id,
            "result": as_json(result),
            "pictures": [] if result.status is Status.PASSED else pictures,
        }

    def _rng(self, criterion: str, attempt: int) -> Any:
        import numpy as np

        return np.random.default_rng(self._seed(criterion, attempt))

    def _seed(self, criterion: str, attempt: int) -> int:
        return int(self._order["seeds"][criterion][attempt - 1], 16)

    def _before(self, criterion: str, attempt: int) -> None:
        self._link.topic = (self._grade_id, criterion, attempt)
        self._lookup.renew()  # each criterion gets its own copy of the values
        if self._authors is not None and attempt == 1:
            random_states.restore(self._authors)
        else:
            random_states.seed_all(self._seed(criterion, attempt))


class Values:
    """A task's captured values by name, decoded afresh for each criterion.

    A model that a criterion left unchanged is reused for the next one: rebuilding it and tracing
    its prediction costs more than the rest of a check.
    """

    def __init__(self, values: Mapping[str, Value], missing: Mapping[str, str], link: Link) -> None:
        self._values, self._missing, self._link = values, missing, link
        self._decoded: dict[str, Any] = {}
        self._states: dict[str, Any] = {}  # of the models among them, as captured

    def __call__(self, name: str) -> Any:
        """Return the value of a name; raise Missing if there is none."""
        if name not in self._values:
            raise Missing(name, self._missing.get(name, ""))
        if name not in self._decoded:
            node, buffers = self._values[name]
            try:
                self._decoded[name] = self._link.decode(node, buffers)
            except (BadValue, ModelRefused) as error:
                raise Missing(name, str(error)) from error
            if type(node) is dict and "model" in node:
                self._states[name] = state(self._decoded[name])
        return self._decoded[name]

    def renew(self) -> None:
        """Drop every decoded value except unchanged models."""
        self._decoded = {
            name: value
            for name, value in self._decoded.items()
            if name in self._states and _is_as_it_came(value, self._states[name])
        }


def _is_as_it_came(model: Any, before: Any) -> bool:
    try:
        return bool(state(model) == before)
    except Exception:  # too large to be looked at twice
        return False
