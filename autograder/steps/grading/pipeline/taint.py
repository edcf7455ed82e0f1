"""Taint: hide from students what their process says after a hidden question.

A student's function may store the arguments of a hidden criterion's call and return, raise, print
or name them later. So the questions of visible criteria are asked first, over all tasks, then
those of hidden ones. A visible criterion that comes `after` a hidden one is asked with the hidden
ones and counts as tainted: students see its status, points, score and, of an exception, a builtin
type.

Every result passes through `shown_result` on its way out of `check.py`. No other place decides
which text of a result is shown.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import replace

from autograder.language import msgid
from autograder.nouns import CriterionResult, Message, Status, Task, TaskKind

Topic = tuple[str, str]  # (task, criterion)
CELL = "cell"  # the criterion name for a whole cell


def late_names(task: Task) -> frozenset[str]:
    """Return the criteria to ask after all visible ones: hidden, or dependent on a hidden one."""
    late: set[str] = {c.name for c in task.criteria if c.hidden}
    while more := {c.name for c in task.criteria if late.intersection(c.after)} - late:
        late |= more
    return frozenset(late)


def late_topics(tasks: Iterable[Task]) -> frozenset[Topic]:
    """Return the topics of a notebook whose questions taint the student's process."""
    return frozenset(
        (task.grade_id, CELL if task.kind is TaskKind.INSIDE else name)
        for task in tasks
        for name in late_names(task)
    )


def shown_result(result: CriterionResult, *, tainted: bool) -> CriterionResult:
    """Return the result as it may be stored; a tainted visible one loses its text.

    Texts of hidden criteria are for staff. They stay and are marked as tainted.
    """
    if not tainted:
        return result
    if result.hidden:
        return replace(result, tainted=True)
    return replace(
        result,
        tainted=True,
        message=_silent(result),
        error=_builtin(result.error) if result.error else "",
    )


def _silent(result: CriterionResult) -> Message:
    if result.status is Status.NOT_RUN:
        return result.message  # quotes only the author's own sentences
    if result.status is not Status.FAILED:
        return Message()
    if result.error:
        return Message(SILENT, RAISED, TRY, {"type": _builtin(result.error)})
    return Message(SILENT, UNMET, TRY)


def _builtin(name: str) -> str:
    """Return the name if it is a builtin exception's, else "Exception": names can carry data."""
    found = getattr(builtins, name, None)
    return name if isinstance(found, type) and issubclass(found, Exception) else "Exception"


SILENT = msgid("what the demand says")
RAISED = msgid("your code raised {type}; more is not shown, since this came after unseen data")
UNMET = msgid("it is not met; more is not shown, since this came after unseen data")
TRY = msgid("Try your code on values of your own.")
