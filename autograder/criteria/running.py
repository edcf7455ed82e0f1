"""Execution of a task's criteria on values, shared by the kernel and the clean grading process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from autograder.criteria.rng import Draws
from autograder.criteria.task import CriterionSpec, Task
from autograder.errors import Fault
from autograder.expect.handover import lent
from autograder.expect.verdict import NotMet, Verdict, noting
from autograder.nouns import CriterionResult, Message, Status, fill
from autograder.shadowing import shadowed

THRESHOLDS = {"at_least", "at_most"}  # settings that compare a score with a threshold
Lookup = Callable[[str], Any]  # name in the notebook -> its value; raises Missing


class Missing(LookupError):
    """Error: the student's cells do not define a name. `because` holds the known reason."""

    def __init__(self, name: str, because: str = "") -> None:
        self.name = name
        self.because = because
        super().__init__(name)


def run_task(
    task: Task,
    lookup: Lookup,
    rng: Draws,
    *,
    only: Collection[str] | None = None,
    known: Mapping[str, Status] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    before: Callable[[str, int], None] | None = None,
) -> list[CriterionResult]:
    """Return one result per criterion whose check is present, in order of declaration.

    `only` limits the run to these names. `known` has the statuses of criteria that are not run
    again. `settings` overrides settings by criterion. `before(name, attempt)` is called before each
    attempt, to restore the student's state. Faults of the grader itself propagate.
    """
    statuses: dict[str, Status] = dict(known or {})
    results = []
    for criterion in task.criteria.values():
        if criterion.check is None or (only is not None and criterion.name not in only):
            continue
        merged = {**criterion.settings, **(settings or {}).get(criterion.name, {})}
        blocked = _blocked_by(task, criterion, statuses)
        if blocked is not None:
            result = _result(criterion, merged, Status.NOT_RUN, message=_after(blocked))
        else:
            result = _run(criterion, merged, lookup, rng, before)
        statuses[criterion.name] = result.status
        results.append(result)
    return results


def _blocked_by(task: Task, criterion: CriterionSpec, statuses: Mapping[str, Status]) -> str | None:
    """Return the demand of the first prerequisite that did not pass; None if all passed."""
    for name in criterion.after:
        if statuses.get(name, Status.PASSED) is not Status.PASSED:
            return task.criteria[name].sentence if name in task.criteria else name
    return None


def _run(
    criterion: CriterionSpec,
    settings: Mapping[str, Any],
    lookup: Lookup,
    rng: Draws,
    before: Callable[[str, int], None] | None,
) -> CriterionResult:
    attempts = 2 if criterion.retry and not criterion.retrain else 1
    best: CriterionResult | None = None
    for attempt in range(1, attempts + 1):
        if before is not None:
            before(criterion.name, attempt)
        result = _attempt(criterion, settings, lookup, rng, attempt)
        if best is None or result.points > best.points or result.status is Status.PASSED:
            best = result
        if result.status is not Status.FAILED or result.error:
            break
    assert best is not None
    return best


def _attempt(
    criterion: CriterionSpec, settings: Mapping[str, Any], lookup: Lookup, rng: Draws, attempt: int
) -> CriterionResult:
    assert criterion.check is not None
    try:
        arguments = {name: lent(lookup(name)) for name in criterion.parameters}
        if criterion.draws:
            arguments["rng"] = rng(criterion.name, attempt)
        with noting() as verdicts:
            criterion.check(**arguments, **settings)
        last = verdicts[-1] if verdicts else None
        return _result(criterion, settings, Status.PASSED, verdict=last, attempts=attempt)
    except Fault:
        raise
    except NotMet as failure:
        return _result(
            criterion, settings, Status.FAILED, verdict=failure.verdict, attempts=attempt
        )
    except Missing as missing:
        return _result(
            criterion, settings, Status.FAILED, message=_missing(missing), attempts=attempt
        )
    except AssertionError as failure:
        message = _asserted(str(failure))
        return _result(criterion, settings, Status.FAILED, message=message, attempts=attempt)
    except KeyboardInterrupt:
        raise
    except BaseException as failure:
        return _result(
            criterion,
            settings,
            Status.FAILED,
            message=_raised(failure, criterion),
            error=type(failure).__name__,
            attempts=attempt,
        )


def _result(
    criterion: CriterionSpec,
    settings: Mapping[str, Any],
    status: Status,
    *,
    verdict: Verdict | None = None,
    message: Message | None = None,
    error: str = "",
    attempts: int = 1,
) -> CriterionResult:
    credit = 1.0 if status is Status.PASSED else (verdict.credit if verdict else 0.0)
    shown = message or (verdict.message if verdict else Message())
    score = verdict.score if verdict else None
    if status is Status.PASSED and not THRESHOLDS & settings.keys():
        shown = Message()  # the value meets the demand exactly: there is no distance to report
    return CriterionResult(
        name=criterion.name,
        status=status,
        points=round(credit * criterion.points, 6),
        max_points=criterion.points,
        demand=fill(criterion.demand, settings),
        hidden=False,
        message=shown,
        score=score,
        attempts=attempts,
        error=error,
    )


def _after(demand: str) -> Message:
    return Message(
        "{first} passes first",
        "it has not passed yet",
        "Mend {first} first.",
        {"first": f"“{demand}”"},
    )


def _missing(missing: Missing) -> Message:
    if missing.because:
        return Message(
            "a name {name}",
            "no {name}: {because}",
            "Mend the cell that should define {name}, then run it again.",
            {"name": missing.name, "because": missing.because},
        )
    return Message(
        "a name {name}",
        "no {name} after your cells ran",
        "Define {name} in the answer cell, spelt exactly so.",
        {"name": missing.name},
    )


def _asserted(text: str) -> Message:
    return Message("{demand}", "not so", "", {"demand": text or "the assertion holds"})


def _raised(failure: BaseException, criterion: CriterionSpec) -> Message:
    call = str(getattr(failure, "call", ""))
    if call in criterion.parameters:  # the criterion's own name for it
        return Message(
            "a call of {call} ends within {seconds:g} s of computing time",
            "{type}: {text}",
            "Look for a loop that does not end, or use arrays where you go through single values.",
            {
                "call": call,
                "seconds": float(getattr(failure, "seconds", 0.0)),
                "type": type(failure).__name__,
                "text": _text(failure),
            },
        )
    taken = shadowed(failure)
    if taken:
        return Message(
            "{taken} means what it does in Python and in the set-up cell",
            "{taken} has another value in this notebook ({type}: {text})",
            "Rename your own variable {taken}, restart the kernel and run all cells again.",
            {"taken": taken, "type": type(failure).__name__, "text": _text(failure)},
        )
    return Message(
        "the check runs to its end",
        "{type}: {text}",
        "Read the error, then try the same call in a cell of your own.",
        {"type": type(failure).__name__, "text": _text(failure)},
    )


def _text(failure: BaseException) -> str:
    try:
        return str(failure)[:300]
    except Exception:
        return ""
