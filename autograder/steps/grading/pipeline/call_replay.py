"""Answers to what criteria ask of the student's objects, and their record.

The live process answers while there is one. Otherwise the record of earlier questions answers, if
they come in the same order. Any other question is reported as new.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from autograder.evidence.record import Evidence
from autograder.evidence.store import Store, digest, fingerprint
from autograder.nouns import Limits, Task
from autograder.sandbox import wire
from autograder.steps.grading.pipeline.budgets import Budget
from autograder.steps.grading.pipeline.student_process import EndedProcess, StudentProcess
from autograder.steps.grading.pipeline.taint import CELL, Topic


class CallReplay:
    """Answers to the calls that criteria make to the student's code, with their record."""

    def __init__(
        self,
        store: Store,
        evidence: Evidence,
        live: StudentProcess | EndedProcess | None,
        late: Collection[Topic],
        limits: Limits,
        mark: str = "",
    ) -> None:
        """Take `late`, the topics whose questions taint the process.

        `mark` separates the records of the same criteria under different settings.
        """
        self._mark, self.late = mark, late
        self._store, self._evidence, self._live = store, evidence, live
        self._topic: tuple[Any, ...] = ()
        self._trace: list[dict[str, str]] = []
        self._at = 0
        self._budget = Budget(limits, 1.0, lambda: 0.0)
        self._allowed = [limits.check_questions, limits.check_mb, limits.check_seconds]
        self.tainted: set[Topic] = set()  # topics whose answers came after a hidden question

    def reply(self, frame: wire.Frame) -> wire.Frame:
        """Return the live or recorded answer, or a frame that says the question is new."""
        request = {k: v for k, v in frame.header.items() if k != "event"}
        if "topic" in request and tuple(request["topic"]) != self._topic:
            self._turn_to(tuple(request["topic"]))
        question = fingerprint([request, digest(frame.body)])
        self._budget.questions += 1
        if self._live is not None:
            answer, written = self._living(self._live, request, frame.body)
            self._trace[self._at :] = [{"q": question, "a": self._store.put(*written)}]
        elif self._at < len(self._trace) and self._trace[self._at]["q"] == question:
            written = [self._store.get(self._trace[self._at]["a"])]
            (answer,) = wire.Reader().feed(written[0])
            if answer.header.get("spent") and answer.header.get("budget") != self._allowed:
                return wire.Frame({"new_question": True})
            if answer.header.get("spent"):
                self._budget.spent = str(answer.header["spent"])
        else:
            return wire.Frame({"new_question": True})
        self._at += 1
        self._budget.received += sum(len(part) for part in written)
        return answer

    def _living(
        self, live: StudentProcess | EndedProcess, request: dict[str, Any], body: bytes
    ) -> tuple[wire.Frame, list[bytes]]:
        """Return the live process's answer and its wire form; the "spent" answer if over budget."""
        over = self._budget.over
        answer = self._spent() if over() else live.exchange(request, body, over)
        if over() and "spent" not in answer.header:
            answer = self._spent()
        try:
            pieces = wire.pack(answer.header, [answer.body])
        except (ValueError, RecursionError, MemoryError):  # `parse_header` lets none of these in
            answer = live.forged()
            pieces = wire.pack(answer.header, [answer.body])
        return answer, [bytes(piece) for piece in pieces]

    def _spent(self) -> wire.Frame:
        return wire.Frame({"spent": self._budget.spent, "budget": self._allowed, "n": []})

    def begin(self, budget: Budget) -> None:
        """Start a criterion, or restart it, with this budget."""
        self.keep()
        self._budget, self._topic = budget, ()
        if self._live is not None:
            self._live.anew()

    def over(self) -> str:
        """Return the kind of limit that the criterion at work exhausted; "" while none."""
        return self._budget.over()

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of the live process."""
        return self._live.cpu_seconds if self._live is not None else 0.0

    def keep(self) -> None:
        """Record the questions put to the live process since the last topic."""
        if self._live is not None and self._topic:
            tainted = self._topic[:2] in self.tainted
            self._store.write(*self._name(), record={"trace": self._trace, "tainted": tainted})

    def _turn_to(self, topic: tuple[Any, ...]) -> None:
        self.keep()
        self._topic, self._at = topic, 0
        self._trace = []
        late = topic[:2] in self.late
        if self._live is not None:
            if late:
                self._live.taint()
            tainted = self._live.tainted
        else:
            record = self._store.read(*self._name()) or {}
            # old records lack the taint flag, so their questions count as new
            tainted = late or bool(record.get("tainted"))
            if late or "tainted" in record:
                self._trace = list(record.get("trace", ()))
        if tainted:
            self.tainted.add(topic[:2])

    def _name(self) -> tuple[str, ...]:
        task, criterion, attempt = self._topic
        return ("traces", self._evidence.key, f"{task}.{criterion}.{attempt}{self._mark}")

    def inside(self, task: Task) -> wire.Frame:
        """Run a test that needs the student's process; return the frame it ended with."""
        header = {"event": "ask", "op": "inside", "at": task.grade_id, "code": task.code, "n": []}
        return self.reply(wire.Frame({**header, "topic": [task.grade_id, CELL, 1]}))
