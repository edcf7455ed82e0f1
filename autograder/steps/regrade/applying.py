"""Apply a preview: record each change with who, when, old, new and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from autograder import gradebook
from autograder.config import Course
from autograder.errors import AutograderError, NotFound
from autograder.evidence import results
from autograder.gradebook.database import audit
from autograder.gradebook.regrades.regrading import Regraded, regrade
from autograder.gradebook.scores.nbgrader_scores import AuditContext
from autograder.language import translate
from autograder.nouns import Result
from autograder.steps.assignments import load_assignment
from autograder.steps.grading.collect import lies, put_forward
from autograder.steps.grading.grade import outputs
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.regrade.judging import Again, digest, judge_again
from autograder.steps.regrade.previewing import Preview, pairs
from autograder.steps.reporting.feedback import feedback

APPLIED, REGRADED = "regrade applied", "regraded"
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Applied:
    """Changes that a regrade recorded."""

    assignment: str
    students: tuple[Regraded, ...]  # students whose scores changed
    pages: int  # number of students whose feedback was rewritten

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        plain: dict[str, Any] = results.as_json(self)
        return plain


def apply(
    course: Course,
    found: Preview,
    workers: Workers,
    *,
    who: str,
    reason: str,
    progress: Tell = lambda *_: None,
) -> Applied:
    """Record the changes that the preview found. Applying twice changes nothing more.

    Raises `AutograderError` without a reason, or if the source changed after the preview.
    """
    if not reason.strip():
        raise AutograderError(translate("Say why: it stands beside every change."))
    source = load_assignment(course, found.assignment)
    if digest(source) != found.source:
        raise AutograderError(
            translate("The source was changed after the preview."),
            way_out=translate("Preview again, so that nobody's score changes unseen."),
        )
    chosen = [(student, id_) for student, ids in found.submissions.items() for id_ in ids]
    again: dict[str, list[Again]] = {}
    for one in judge_again(course, source, workers, chosen, found.tasks):
        if not one.why_not:
            again.setdefault(one.submission.student, []).append(one)
    by, changed = AuditContext(who, REGRADED, reason, every=True), []
    for count, (_, many) in enumerate(sorted(again.items()), 1):
        done = regrade(course, pairs(many), by)
        _keep(course, many, done.counting)
        _forward(course, many, done.counting)
        if done.tasks or done.before != done.after:
            changed.append(done)
        progress(count, len(again))
    facts = {
        "students": len(changed),
        "more": sum(one.after > one.before for one in changed),
        "less": sum(one.after < one.before for one in changed),
    }
    audit.note(course, who, APPLIED, found.assignment, facts, reason=reason)
    return Applied(found.assignment, tuple(changed), _pages(course, found.assignment, list(again)))


def _keep(course: Course, many: Sequence[Again], counting: str) -> None:
    """Update the stored result, which feedback and formgrader show, if it is of one of these."""
    for one in many:
        student, assignment = one.submission.student, one.submission.assignment
        before = results.load(course.state, assignment, student)
        if one.result is None or one.judged is None or before is None:
            continue
        if before.submission != one.submission.id:
            continue
        result = _joined(before, one.result)
        if one.submission.id == counting:
            _for_formgrader(course, one, result)
        results.save(course.state, result)


def _forward(course: Course, many: Sequence[Again], counting: str) -> None:
    """Put the submission that now counts into `submitted/`, as grading does."""
    first = many[0].submission
    choice = gradebook.choices(course, first.assignment, [first.student])[first.student]
    if not lies(course, first.assignment, first.student, counting):
        with suppress(NotFound):  # its files are gone, but its scores still count
            put_forward(course, first.assignment, first.student, counting, graded=choice.newest)
    before = results.load(course.state, first.assignment, first.student)
    if before is None or before.submission == counting:
        return
    for one in many:
        if one.submission.id == counting and one.result is not None:
            _for_formgrader(course, one, one.result)


def _for_formgrader(course: Course, one: Again, result: Result) -> None:
    assert one.judged is not None
    for notebook in result.notebooks:
        if notebook.notebook in one.judged.merged:
            gradebook.write_autograded(
                course,
                one.submission,
                notebook,
                one.judged.merged[notebook.notebook].node,
                outputs(course, one.judged.evidence.get(notebook.notebook)),
            )


def _joined(before: Result, now: Result) -> Result:
    """Return the earlier result with the regraded tasks replaced."""
    tasks = {(n.notebook, t.grade_id): t for n in now.notebooks for t in n.tasks}
    notebooks = tuple(
        replace(n, tasks=tuple(tasks.get((n.notebook, t.grade_id), t) for t in n.tasks))
        for n in before.notebooks
    )
    return replace(before, notebooks=notebooks)


def _pages(course: Course, assignment: str, students: Sequence[str]) -> int:
    """Rewrite the feedback of students who already have some; return their number."""
    given = {
        student
        for student in students
        if (course.feedback / student / assignment / "index.html").is_file()
    }
    if given:
        feedback(course, assignment, only=given)
    return len(given)
