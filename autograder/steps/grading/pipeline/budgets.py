"""Budget of one criterion (questions, bytes and seconds), counted where no student code runs.

A student's object may cause endless questions, and a student's model may keep the clean process
busy. An exhausted budget fails the criterion that exhausted it and no other.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping

from autograder.language import msgid
from autograder.nouns import Criterion, CriterionResult, Limits, Message, Status
from autograder.sandbox.lockdown import limits as limits_
from autograder.sandbox.supervisor.warm_server import Outcome

QUESTIONS, BYTES, SECONDS, CRASH = "questions", "bytes", "seconds", "crash"
LEAST_SHARE = 1 / 8  # smallest share of the seconds left to criteria after slow ones


class Budget:
    """Budget use of one criterion, counted from the creation of this object."""

    def __init__(self, limits: Limits, share: float, cpu: Callable[[], float]) -> None:
        """Take `cpu`, which returns the CPU seconds that the criterion's processes used so far."""
        self._limits, self._cpu = limits, cpu
        self._seconds = limits.check_seconds * share
        self._began, self._used = time.monotonic(), cpu()
        self.questions = self.received = 0
        self.spent = ""

    def over(self) -> str:
        """Return the kind of the exhausted limit; "" while none is exhausted."""
        self.spent = self.spent or self._over()
        return self.spent

    def _over(self) -> str:
        if self.questions > self._limits.check_questions:
            return QUESTIONS
        if self.received > self._limits.check_mb << 20:
            return BYTES
        took = time.monotonic() - self._began
        if took <= self._seconds:
            return ""
        slept = took > self._seconds * self._limits.wall_factor
        return SECONDS if slept or self._cpu() - self._used > self._seconds else ""


_SENTENCES: Mapping[str, tuple[str, str, str]] = {
    QUESTIONS: (
        msgid("an answer that comes to an end"),
        msgid("your object was asked {count} times and never ended"),
        msgid("Look for an object that holds itself, or a loop over something without an end."),
    ),
    BYTES: (
        msgid("answers of at most {megabytes} MB"),
        msgid("your code returned more than {megabytes} MB to this one check"),
        msgid("Return less: smaller arrays, float32, only what is asked for."),
    ),
    SECONDS: (
        msgid("a check within {seconds:g} s of computing time"),
        msgid("with your answer it took longer"),
        msgid("Look for a slow function, a very large model or a very large value."),
    ),
    limits_.MEMORY: (
        msgid("a check within {megabytes} MB of memory"),
        msgid("with your answer it needed more"),
        msgid("Look for a very large model or a very large value."),
    ),
    CRASH: (
        msgid("an answer that can be looked at"),
        msgid("looking at it ended the Python process of the check"),
        msgid("Use plain arrays, numbers, lists, functions and Keras layers."),
    ),
}
_ERRORS = {QUESTIONS: "TooManyQuestions", BYTES: "TooLarge", SECONDS: "TooSlow"}
_KINDS = {limits_.CPU: SECONDS, limits_.WALL: SECONDS, limits_.CAPTURE: BYTES}


def cause_of(outcome: Outcome) -> str:
    """Return how a student's value ended a clean process; "" if the fault is the grader's."""
    if outcome.fault:
        return ""
    if outcome.limit:
        return _KINDS.get(outcome.limit, outcome.limit)
    crashed = outcome.exit_code < 0 and outcome.exit_code != -signal.SIGKILL
    return CRASH if crashed else ""


def spent_result(criterion: Criterion, cause: str, limits: Limits) -> CriterionResult:
    """Return the failure of a criterion that exhausted its budget or ended the clean process."""
    kind = cause if cause in _SENTENCES else CRASH
    megabytes = limits.check_mb if kind == BYTES else limits.memory_mb
    values = {
        "count": limits.check_questions,
        "megabytes": megabytes,
        "seconds": limits.check_seconds,
    }
    return CriterionResult(
        criterion.name,
        Status.FAILED,
        0.0,
        criterion.points,
        criterion.sentence,
        criterion.hidden,
        Message(*_SENTENCES[kind], values),
        error=_ERRORS.get(kind, "CheckEnded"),
    )


def fault_result(criterion: Criterion, fault: str) -> CriterionResult:
    """Return the error result of a criterion that a fault of the grader left undecided."""
    message = Message("the grader runs to its end", "{fault}", "", {"fault": fault[:500]})
    return CriterionResult(
        criterion.name,
        Status.ERROR,
        0.0,
        criterion.points,
        criterion.sentence,
        criterion.hidden,
        message,
        error="SandboxFault",
    )
