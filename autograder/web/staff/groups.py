"""Groups of similar answers: look at three, then comment on or adjust all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from autograder import gradebook, sanitize
from autograder.errors import AutograderError, NotFound
from autograder.evidence.store import fingerprint
from autograder.gradebook.marking import (
    answer_groups,
    leases,
    mark_changes,
    rubric_changes,
    worklist,
)
from autograder.gradebook.marking.leases import Answer
from autograder.gradebook.marking.marks import Mark, State
from autograder.language import in_words, translate
from autograder.nouns import Message, Status
from autograder.steps.assignments import find_source, find_task
from autograder.steps.reporting.groups import behaviour_groups, fingerprints, saving
from autograder.steps.reporting.groups.behaviour_groups import LOOKS, Group
from autograder.web.staff import cell_rendering
from autograder.web.staff.answers import path_of, seed_bank
from autograder.web.staff.background import Background, Tell
from autograder.web.staff.context import Member, Staff, StaffContext
from autograder.web.staff.forms import points_in, said_in

AT_ONCE = 60  # answers grouped while the page waits; more are grouped in the background
ACTIONS = ("group scored", "group commented")
TYPED = ("do", "comment", "adjustment", "reason", "name", "tell")
MEMBERS = 400  # shown in one list


@dataclass(frozen=True)
class View:
    """Content of one group's page."""

    group: Group
    title: str
    examples: tuple[str, ...]  # students, in the order of looking
    looked: int
    needed: int
    number: int  # of the example shown, from 0
    example: str
    mark: Mark
    cells: tuple[cell_rendering.Cell, ...]
    missing: bool
    difference: dict[str, list[behaviour_groups.Difference]]
    first: tuple[tuple[str, str], ...]
    left: tuple[tuple[str, str], ...]
    edition: str
    others: tuple[Group, ...]
    fails: tuple[str, ...]
    scores: dict[str, float]


def routes(room: StaffContext) -> APIRouter:
    """Return a task's groups, one group's page, and the handlers of their forms."""
    router = APIRouter()
    working = Background()
    course = room.course

    @router.get("/a/{assignment}/groups")
    def first(assignment: str, visitor: Staff) -> Response:
        room.must_know(assignment)
        del visitor
        one = gradebook.tasks(course, assignment)[0]
        return RedirectResponse(_path(assignment, one.notebook, one.task), 303)

    @router.get("/a/{assignment}/groups/{notebook}/{task}")
    def of_task(assignment: str, notebook: str, task: str, visitor: Staff) -> Response:
        known = room.task(assignment, notebook, task)
        seed_bank(room, assignment)
        waiting = fingerprints.waiting(course, assignment)
        state = working.state(assignment)
        found: tuple[Group, ...] = ()
        if len(waiting) > AT_ONCE and not (state and state.problem):
            working.begin(assignment, lambda tell: _refresh(room, assignment, tell))
        else:
            found = behaviour_groups.groups(course, assignment, notebook, task)
        return room.page(
            "staff/groups.html.j2",
            visitor,
            assignment=assignment,
            tab="groups",
            task=known,
            tasks=gradebook.tasks(course, assignment),
            groups=found,
            title_of=title_of,
            path=_path,
            waiting=len(waiting) if not found else 0,
            state=state,
            total=sum(g.size for g in found),
        )

    @router.get("/a/{assignment}/groups/{notebook}/{task}/{key}")
    def one(
        assignment: str,
        notebook: str,
        task: str,
        key: str,
        visitor: Staff,
        n: int = 0,
        done: int = -1,
        left: int = 0,
    ) -> Response:
        return _page(room, visitor, assignment, notebook, task, key, n, done=done, left=left)

    @router.post("/a/{assignment}/groups/{notebook}/{task}")
    async def join(
        request: Request, assignment: str, notebook: str, task: str, visitor: Staff
    ) -> Response:
        form = await room.portal.door.form(request, visitor)
        keys = [key for key in form.getlist("key") if isinstance(key, str)]
        await run_in_threadpool(_join, room, assignment, notebook, task, keys, visitor)
        return RedirectResponse(_path(assignment, notebook, task), 303)

    @router.post("/a/{assignment}/groups/{notebook}/{task}/{key}")
    async def do(
        request: Request, assignment: str, notebook: str, task: str, key: str, visitor: Staff
    ) -> Response:
        form = await room.portal.door.form(request, visitor, fields=MEMBERS + 20)
        try:
            to = await run_in_threadpool(
                _do, room, visitor, (assignment, notebook, task, key), form
            )
        except NotFound:
            raise
        except AutograderError as error:
            status = 409 if isinstance(error, mark_changes.EditConflict) else 400
            return await run_in_threadpool(
                _page,
                room,
                visitor,
                assignment,
                notebook,
                task,
                key,
                0,
                trouble=error,
                typed=form,
                status=status,
            )
        return RedirectResponse(to, 303)

    return router


def _path(assignment: str, notebook: str, task: str, key: str = "") -> str:
    parts = "/".join(map(quote, (notebook, task, key) if key else (notebook, task)))
    return f"/staff/a/{quote(assignment)}/groups/{parts}"


def _refresh(room: StaffContext, assignment: str, tell: Tell) -> str:
    return str(fingerprints.refresh(room.course, assignment, tell))


def title_of(group: Group) -> str:
    """Return a group's title: its given name, its mistake, or the first criterion that fails."""
    if group.name:
        return group.name
    if group.outcome == fingerprints.ALL_MET:
        return translate("Every criterion met")
    if group.outcome == fingerprints.UNTOUCHED:
        return translate("Not attempted")
    if group.match and group.match.sure:
        return group.match.mistake.name
    if group.first_failing:
        return sanitize.text(group.first_failing.demand, cap=120)
    return translate("Answers that are alike")


# ── One group ────────────────────────────────────────────────────────────────────────


def _page(
    room: StaffContext,
    visitor: Member,
    assignment: str,
    notebook: str,
    task: str,
    key: str,
    n: int,
    *,
    done: int = -1,
    left: int = 0,
    trouble: AutograderError | None = None,
    typed: FormData | None = None,
    status: int = 200,
) -> Response:
    known = room.task(assignment, notebook, task)
    view = _view(room, visitor, assignment, notebook, task, key, n)
    items = rubric_changes.of_task(room.course, assignment, notebook, task).items
    return room.page(
        "staff/group.html.j2",
        visitor,
        status=status,
        assignment=assignment,
        tab="groups",
        view=view,
        task=known,
        items=items,
        path=_path(assignment, notebook, task, view.group.key),
        up=_path(assignment, notebook, task),
        path_of=path_of,
        title_of=title_of,
        done=done,
        left=left,
        trouble=trouble,
        typed={name: said_in(typed, name) for name in TYPED} if typed else {},
    )


def _view(
    room: StaffContext, visitor: Member, assignment: str, notebook: str, task: str, key: str, n: int
) -> View:
    course = room.course
    all_ = behaviour_groups.groups(course, assignment, notebook, task)
    group = next((g for g in all_ if key == g.key or key in g.joined), None)
    if group is None:
        raise NotFound(translate("There is no such group."))
    listed = worklist.entries(course, assignment, notebook, task)
    members = set(group.students)
    order = [e.answer.student for e in listed if e.answer.student in members]
    examples = (group.exemplar, *(s for s in order if s != group.exemplar))
    n = min(max(n, 0), len(examples) - 1)
    example = Answer(assignment, notebook, task, examples[n])
    leases.look(course, example, visitor.id)
    looked = leases.looked_at(course, assignment, notebook, task, visitor.id) & members
    code = behaviour_groups.code_of(course, assignment, notebook, task, example.student)
    facts = behaviour_groups.fingerprint_of(
        course, assignment, notebook, task, example.student
    ).facts
    first = group.first_failing
    return View(
        group=group,
        title=title_of(group),
        examples=examples,
        looked=len(looked),
        needed=min(LOOKS, group.size),
        number=n,
        example=example.student,
        mark=mark_changes.mark(course, example),
        cells=tuple(
            cell_rendering.Cell(cell, place, True, False, cell_rendering.lines(text), ())
            for place, (cell, text) in enumerate(code.items())
        ),
        missing=not code,
        difference=behaviour_groups.difference(
            behaviour_groups.usual(course, assignment, notebook, task), code
        ),
        first=_said(first.message) if first else (),
        left=tuple((name, sanitize.text(line)) for name, line in _left(facts)),
        edition=_edition(group),
        others=tuple(g for g in all_ if g.key != group.key),
        fails=tuple(w[0] for w in facts["ways"] if w[1] == Status.FAILED),
        scores={e.answer.student: e.score for e in listed if e.answer.student in members},
    )


def _said(message: Message) -> tuple[tuple[str, str], ...]:
    words = (sanitize.text(text) for text in in_words(message))
    labels = (translate("Expected"), translate("Got"), translate("Next"))
    return tuple((label, text) for label, text in zip(labels, words, strict=True) if text)


def _left(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    replies = [(name, "; ".join(lines)) for name, lines in facts.get("replies", {}).items()]
    values = [(k, v) for k, v in facts.get("left", {}).items() if not v.startswith("function")]
    return [*replies, *values][:8]


def _edition(group: Group) -> str:
    return fingerprint([group.key, sorted(group.students)])[:24]


# ── Actions ──────────────────────────────────────────────────────────────────────────

Where = tuple[str, str, str, str]  # assignment, notebook, task, key


def _do(room: StaffContext, visitor: Member, where: Where, form: FormData) -> str:
    """Carry out one form of a group's page; return the address of the next page."""
    assignment, notebook, task, key = where
    course, who, do = room.course, visitor.id, said_in(form, "do")
    group = behaviour_groups.group(course, assignment, notebook, task, key)
    here = _path(assignment, notebook, task, group.key)
    if do == "name":
        answer_groups.call(
            course, assignment, notebook, task, group.key, said_in(form, "name")[:80], who
        )
        return here
    if do == "apart":
        answer_groups.apart(course, assignment, notebook, task, group.key)
        return _path(assignment, notebook, task)
    if said_in(form, "edition") != _edition(group):
        raise mark_changes.EditConflict(
            translate("The group has other members than when your page was made."),
            way_out=translate("Look at it as it is now, then do it again."),
        )
    if do == "split":
        return _split(room, visitor, where, group, form)
    if do == "mistake":
        return _as_mistake(room, visitor, where, group, form)
    if do == "undo":
        return f"{here}?done={_undo(room, visitor, where, group)}"
    _must_have_looked(room, visitor, where, group)
    done, left = _to_all(room, visitor, where, group, form)
    return f"{here}?done={done}&left={left}"


def _must_have_looked(room: StaffContext, visitor: Member, where: Where, group: Group) -> None:
    assignment, notebook, task, _ = where
    looked = leases.looked_at(room.course, assignment, notebook, task, visitor.id)
    needed = min(LOOKS, group.size)
    if len(looked & set(group.students)) < needed:
        raise AutograderError(
            translate("Look at {n} answers of the group first.").format(n=needed),
            way_out=translate("They may be less alike than they seem."),
        )


def _to_all(
    room: StaffContext, visitor: Member, where: Where, group: Group, form: FormData
) -> tuple[int, int]:
    """Apply a comment or adjustment to all answers; return the counts changed and unchanged."""
    text = said_in(form, "comment")
    points, reason = points_in(form, "adjustment"), said_in(form, "reason")
    items = frozenset(one for one in form.getlist("item") if isinstance(one, str))
    scoring = bool(points or items)
    if points and not reason:
        raise AutograderError(
            translate("An adjustment needs a reason."),
            way_out=translate("Say why, so that it can be answered for later."),
        )
    if not scoring and not text:
        raise AutograderError(translate("There is nothing to say or to adjust."))

    def change(found: Mark) -> State:
        state = found.state
        if text and text not in state.comment:
            state = replace(state, comment=f"{state.comment}\n\n{text}".strip())
        if scoring and not state.scored:
            state = replace(state, items=state.items | items, adjustment=points, reason=reason)
        return state

    answers = [Answer(*where[:3], student) for student in group.students]
    action = ACTIONS[0] if scoring else ACTIONS[1]
    why = translate("group: {name}").format(name=title_of(group))
    done = mark_changes.save_many(room.course, answers, visitor.id, change, action, reason or why)
    return done, len(answers) - done


def _undo(room: StaffContext, visitor: Member, where: Where, group: Group) -> int:
    """Undo this person's last change of the group; return how many answers were restored."""
    answers = [Answer(*where[:3], student) for student in group.students]
    return mark_changes.undo_many(room.course, answers, visitor.id, ACTIONS)


def _split(room: StaffContext, visitor: Member, where: Where, group: Group, form: FormData) -> str:
    assignment, notebook, task, _ = where
    chosen = {one for one in form.getlist("student") if isinstance(one, str)}
    chosen &= set(group.students)
    if not chosen or len(chosen) == group.size:
        raise AutograderError(translate("Choose some of the answers, not none and not all."))
    submissions = answer_groups.sorted_out(room.course, assignment, notebook, task).submissions
    key = answer_groups.split(
        room.course,
        assignment,
        notebook,
        task,
        {s: submissions[s] for s in sorted(chosen)},
        visitor.id,
        said_in(form, "name")[:80],
    )
    return _path(assignment, notebook, task, key)


def _join(
    room: StaffContext, assignment: str, notebook: str, task: str, keys: list[str], visitor: Member
) -> None:
    room.task(assignment, notebook, task)
    known = behaviour_groups.groups(room.course, assignment, notebook, task)
    chosen = [group.key for group in known if group.key in keys]  # largest first
    if len(chosen) < 2:
        raise AutograderError(translate("Choose the groups that belong together: two at least."))
    answer_groups.merge(room.course, assignment, notebook, task, chosen[1:], chosen[0], visitor.id)


def _as_mistake(
    room: StaffContext, visitor: Member, where: Where, group: Group, form: FormData
) -> str:
    assignment, notebook, task, _ = where
    if visitor.person is None or visitor.person.role != "instructor":
        raise AutograderError(translate("Only instructors change the source."))
    known = find_task(find_source(room.course, assignment), notebook, task)
    names = [c.name for c in known[1].criteria] if known else []
    fails = [one for one in form.getlist("fails") if one in names]
    saving.save_mistake(
        room.course,
        assignment,
        notebook,
        task,
        name=said_in(form, "name"),
        fails=[str(one) for one in fails],
        tell=said_in(form, "tell"),
        code=behaviour_groups.code_of(room.course, assignment, notebook, task, group.exemplar),
    )
    return f"{_path(assignment, notebook, task, group.key)}?done=0"
