"""What criteria ask of the student's objects, answered and written down.

By the living process while there is one; else from the record of what was asked before, in the
same order; else with the word that this is a new question.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from autograder.evidence.record import Evidence
from autograder.evidence.store import Store, digest, fingerprint
from autograder.nouns import Task
from autograder.sandbox import wire
from autograder.steps.judging.living import Gone, Live
from autograder.steps.judging.taint import CELL, Topic


class Answers:
    """Answers what criteria ask of the student's code, and keeps the record of it."""

    def __init__(
        self,
        store: Store,
        evidence: Evidence,
        live: Live | Gone | None,
        late: Collection[Topic],
        mark: str = "",
    ) -> None:
        """Take `late`, the topics whose questions taint the process.

        `mark` tells records of the same criteria by other demands apart.
        """
        self._mark, self.late = mark, late
        self._store, self._evidence, self._live = store, evidence, live
        self._topic: tuple[Any, ...] = ()
        self._trace: list[dict[str, str]] = []
        self._at = 0
        self.tainted: set[Topic] = set()  # topics whose answers came after a hidden question

    def reply(self, frame: wire.Frame) -> wire.Frame:
        """The answer: living, recorded, or the word that this is a new question."""
        request = {k: v for k, v in frame.header.items() if k != "event"}
        if "topic" in request and tuple(request["topic"]) != self._topic:
            self._turn_to(tuple(request["topic"]))
        question = fingerprint([request, digest(frame.body)])
        if self._live is not None:
            answer = self._live.exchange(request, frame.body)
            blob = self._store.put(*(bytes(p) for p in wire.pack(answer.header, [answer.body])))
            self._trace[self._at :] = [{"q": question, "a": blob}]
            self._at += 1
            return answer
        if self._at < len(self._trace) and self._trace[self._at]["q"] == question:
            (answer,) = wire.Reader().feed(self._store.get(self._trace[self._at]["a"]))
            self._at += 1
            return answer
        return wire.Frame({"new_question": True})

    def keep(self) -> None:
        """Writes down what was asked of the living process since the last topic."""
        if self._live is not None and self._topic:
            tainted = self._topic[:2] in self.tainted
            self._store.write(*self._name(), record={"trace": self._trace, "tainted": tainted})

    def _turn_to(self, topic: tuple[Any, ...]) -> None:
        self.keep()
        self._topic, self._at = topic, 0
        self._trace = []
        late = topic[:2] in self.late
        if self._live is not None:
            self._live.tainted = self._live.tainted or late
            tainted = self._live.tainted
        else:
            record = self._store.read(*self._name()) or {}
            # a record of before the order was kept says nothing of taint: its questions are new
            tainted = late or bool(record.get("tainted"))
            if late or "tainted" in record:
                self._trace = list(record.get("trace", ()))
        if tainted:
            self.tainted.add(topic[:2])

    def _name(self) -> tuple[str, ...]:
        task, criterion, attempt = self._topic
        return ("traces", self._evidence.key, f"{task}.{criterion}.{attempt}{self._mark}")

    def inside(self, task: Task) -> wire.Frame:
        """How a test ended that has to run beside the student's code."""
        header = {"event": "ask", "op": "inside", "at": task.grade_id, "code": task.code, "n": []}
        return self.reply(wire.Frame({**header, "topic": [task.grade_id, CELL, 1]}))
