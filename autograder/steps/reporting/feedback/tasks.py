"""A task and its criteria as the student may see them, in the reader's language.

Of a hidden criterion only the demand, status and points are copied, and the one number that its
demand names if the course allows it. Data that is not copied cannot leak.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from autograder import sanitize
from autograder.evidence import check_pictures
from autograder.evidence.check_pictures import Drawn
from autograder.evidence.store import Store
from autograder.expect.verdict import msgid
from autograder.gradebook import Remark, TaskScore, shown_points
from autograder.language import in_words, translate
from autograder.nouns import CriterionResult, NotebookResult, Status, TaskKind, TaskResult, fill
from autograder.presentation import distance, drawing, result_text
from autograder.steps.reporting.feedback.points import (
    Piece,
    Points,
    Stamp,
    State,
    bar_of,
    chip,
    points_of,
)

NEXTS = 3  # steps listed at the top
NO_LINE = Markup("")
TARGET = re.compile(r"\{at_(?:least|most)\b")


@dataclass(frozen=True)
class Sources:
    """Data from which the page of one notebook is made."""

    result: NotebookResult
    scores: Mapping[str, TaskScore]  # from the gradebook, by task
    remarks: Sequence[Remark]
    demands: Mapping[str, Mapping[str, Any]]  # by `grade_id/name`: settings and template
    hidden: str  # "none", "verdict" or "number": detail shown of hidden criteria
    evidence: Store
    counts: bool = True  # the gradebook's scores belong to this submission


@dataclass(frozen=True)
class Part:
    """Expected, Got or Next; `do` marks what the student is asked to do."""

    label: str
    text: str
    do: bool = False


@dataclass(frozen=True)
class CriterionView:
    """One criterion as the student may see it."""

    demand: str
    state: State
    points: Points
    parts: tuple[Part, ...] = ()
    line: Markup = NO_LINE
    asides: tuple[str, ...] = ()
    pictures: tuple[Drawn, ...] = ()


@dataclass(frozen=True)
class TaskView:
    """One task: its points, its criteria and a person's remarks."""

    name: str
    anchor: str
    points: Points
    bar: tuple[Piece, ...]
    criteria: tuple[CriterionView, ...]
    lines: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    stamp: Stamp | None = None
    unseen: float = 0.0  # points of hidden criteria that this page does not reveal


def task_view(task: TaskResult, sources: Sources) -> TaskView:
    """Return one task as the student may see it."""
    concealed = [c for c in task.criteria if c.hidden and sources.hidden == "none"]
    unseen = sum(c.max_points for c in concealed)
    score = sources.scores.get(task.grade_id) if sources.counts else None
    person = score is not None and score.manual is not None
    found = task.points
    if found is not None:
        found = sum(_shown(c, sources.hidden) for c in task.criteria)
    if score is not None and person:
        found, unseen = score.score, 0.0
    elif score is not None and score.extra:
        found = (found or 0.0) + score.extra
    most = task.max_points - unseen
    points = points_of(found, most)
    return TaskView(
        name=task.grade_id,
        anchor=_anchor(task.grade_id),
        points=points,
        bar=bar_of([("later", most)] if points.waits else [("got", points.got)], most),
        criteria=tuple(criterion_view(c, task.grade_id, sources) for c in task.criteria),
        lines=tuple(_task_lines(task, score, unseen)),
        remarks=tuple(sanitize.text(r.text) for r in sources.remarks if r.cell == task.grade_id),
        stamp=beside() if task.beside_student_code else None,
        unseen=unseen,
    )


def _shown(criterion: CriterionResult, policy: str) -> float:
    if not criterion.hidden:
        return criterion.points
    return shown_points(criterion.points, criterion.max_points, policy)


def _task_lines(task: TaskResult, score: TaskScore | None, unseen: float) -> Sequence[str]:
    lines = []
    if score is not None and score.manual is not None:
        lines.append(translate("A person gave these points."))
    elif task.kind is TaskKind.MANUAL and task.attempted:
        lines.append(translate("A person reads this answer; its points come later."))
    elif task.kind is TaskKind.MANUAL:
        lines.append(translate("Nothing was handed in here: the answer is as it was released."))
    elif task.points is None:
        lines.append(translate("A person looks at this task before it gets its points."))
    if score is not None and score.extra:
        text = translate("{points} of these points are extra credit.")
        lines.append(fill(text, {"points": result_text.number(score.extra)}))
    if unseen:
        text = translate("{points} more points are decided on unseen data and not shown here.")
        lines.append(fill(text, {"points": result_text.number(unseen)}))
    return lines


def _anchor(name: str) -> str:
    return "task-" + re.sub(r"[^A-Za-z0-9_-]", "-", name)


def criterion_view(criterion: CriterionResult, task: str, sources: Sources) -> CriterionView:
    """Return one criterion; a hidden one without anything the student must not know."""
    known = sources.demands.get(f"{task}/{criterion.name}", {})
    state = chip(result_text.STATES[criterion.status])
    if criterion.hidden:
        return _hidden(criterion, known, state, sources.hidden)
    points = points_of(None if criterion.status in OPEN else criterion.points, criterion.max_points)
    return CriterionView(
        demand=sanitize.text(translate(criterion.demand)),
        state=state,
        points=points,
        parts=_parts(criterion),
        line=_line(criterion, known),
        asides=tuple(_asides(criterion)),
        pictures=() if criterion.status is Status.PASSED else _drawn(criterion, task, sources),
    )


def _drawn(criterion: CriterionResult, task: str, sources: Sources) -> tuple[Drawn, ...]:
    """Return the plots of a criterion on the student's own data, which hold no hidden data."""
    return check_pictures.read(sources.evidence, sources.result.run, task, criterion.name)


def _hidden(
    criterion: CriterionResult, known: Mapping[str, Any], state: State, policy: str
) -> CriterionView:
    demand = sanitize.text(translate(criterion.demand))
    unseen = translate("Checked on data that you have not seen.")
    if policy == "none":
        sealed = State(translate("not shown"), "◌", "later")
        most = result_text.number(criterion.max_points)
        points = Points("", "", fill(translate("{max} points"), {"max": most}), 0.0, 0.0)
        return CriterionView(demand, sealed, points, asides=(unseen,))
    shown = shown_points(criterion.points, criterion.max_points, policy)
    got = None if criterion.status in OPEN else shown
    tells = policy == "number" and TARGET.search(str(known.get("demand", "")))
    asides = [unseen]
    if criterion.status is Status.ERROR:
        asides.append(translate(OUR_FAULT))
    elif criterion.status is Status.FAILED:
        asides.append(_too_slow(criterion) or translate(TRY_OTHERS))
    return CriterionView(
        demand,
        state,
        points_of(got, criterion.max_points),
        line=_line(criterion, known) if tells else NO_LINE,
        asides=tuple(asides),
    )


def _too_slow(criterion: CriterionResult) -> str:
    """Return the message for a call that was stopped: its name and limit, nothing of its input.

    Return "" if the criterion failed for another reason.
    """
    values = criterion.message.values
    if criterion.error == "TooSlow" and set(values) >= {"seconds"} and "text" not in values:
        text = translate("With your answer this check took longer than {seconds:g} s.")
        return fill(text, {"seconds": values["seconds"]})
    if criterion.error != "TimeoutError" or "call" not in values:
        return ""
    text = translate(
        "A call of {call} took longer than {seconds:g} s of computing time and was stopped: "
        "try it on more and larger values."
    )
    return sanitize.text(fill(text, values))


TRY_OTHERS = msgid("Try your code on other values than the shown ones, the odd ones too.")
OPEN = (Status.ERROR, Status.UNREADABLE)  # no points until a person decides
OUR_FAULT = msgid("The fault is ours, not yours: a person looks at it, and nothing is lost.")


def _parts(criterion: CriterionResult) -> tuple[Part, ...]:
    if criterion.status is Status.ERROR:
        return ()
    expected, got, next_ = (sanitize.text(said) for said in in_words(criterion.message))
    if criterion.status is Status.PASSED:
        return (Part(translate("Got"), got),) if got else ()
    parts = (
        Part(translate("Expected"), expected),
        Part(translate("Got"), got),
        Part(translate("Next"), next_, do=True),
    )
    return tuple(part for part in parts if part.text)


def _line(criterion: CriterionResult, known: Mapping[str, Any]) -> Markup:
    """Return the distance to the target, drawn by the same code as in the student's notebook."""
    found = distance.distance(criterion.score, known.get("settings", {}))
    return Markup(drawing.line(found))  # noqa: S704 - it escapes its own text


def _asides(criterion: CriterionResult) -> Sequence[str]:
    if criterion.status is Status.ERROR:
        return [translate(OUR_FAULT)]
    if criterion.attempts > 1:
        text = translate("Checked {n} times with different draws; the better one counts.")
        return [fill(text, {"n": criterion.attempts})]
    return []


@dataclass(frozen=True)
class Step:
    """One thing to do next, and its task."""

    text: str
    task: str
    anchor: str


def next_steps(tasks: Sequence[TaskView]) -> tuple[Step, ...]:
    """Return the first thing to do in each task that has one, at most three in all."""
    found = []
    for task in tasks:
        todo = [part.text for c in task.criteria for part in c.parts if part.do]
        if todo:
            found.append(Step(todo[0], task.name, task.anchor))
    return tuple(found[:NEXTS])


def beside() -> Stamp:
    """Return the caveat for a task whose test ran in the process of the student's code."""
    return Stamp(
        "TESTS BESIDE STUDENT CODE",
        translate("The test of this task ran in the same process as your code."),
    )
