"""Registration of an assignment in nbgrader's tables, as `nbgrader generate_assignment` does it.

nbgrader refuses to add or remove cells once there are submissions. Here a newer release may do so:
an added cell gets an empty grade in every submission, and the scores and comments of a removed cell
go to the audit log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from nbgrader import api, preprocessors, utils
from nbgrader.utils import parse_utc
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from traitlets.config import Config

from autograder import nouns
from autograder.config import Course
from autograder.gradebook.database.connection import (
    Gradebook,
    nbgrader_config,
    now,
    storable,
    writing,
)
from autograder.gradebook.database.tables import AuditRow, CriterionRow, ReleaseRow

MISTAKE_TAG = "mistake"
_PIPELINE = (
    preprocessors.LockCells,
    preprocessors.ClearSolutions,
    preprocessors.ClearOutput,
    preprocessors.CheckCellMetadata,
    preprocessors.ComputeChecksums,
)  # generate_assignment's steps before it saves the cells

Key = tuple[str, str]  # (kind of cell, its grade_id)


@dataclass(frozen=True)
class Registered:
    """Cells added and removed by registering, as `notebook/grade_id`."""

    assignment: str
    release: int
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True)
class _Cells:
    """The cells of one notebook as nbgrader's SaveCells collects them."""

    graded: Mapping[Key, dict[str, Any]]
    source: Mapping[str, dict[str, Any]]


def register(course: Course, assignment: nouns.Assignment, release_number: int) -> Registered:
    """Register a release and return the changed cells; repeating it changes nothing.

    Extensions, scores and comments stay, as does nbgrader's due date unless course_config.py sets
    one. A criterion with `was="old"` takes over the results of criterion `old`.
    """
    config = nbgrader_config(course)
    cells = {notebook.name: _cells(notebook, config) for notebook in assignment.notebooks}
    with writing(course) as book:
        book.check_course(book.course_id)  # creates the course's row, which PostgreSQL requires
        known = book.update_or_create_assignment(assignment.name)
        due = course.due(assignment.name)
        if due is not None:
            known.duedate = parse_utc(due)
        before = _registered(known)
        for notebook in list(known.notebooks):
            if notebook.name not in cells:
                _remove_notebook(book, known, notebook)
        for source in assignment.notebooks:
            _store(book, known, source, cells[source.name])
        book.session.expire_all()
        _mirror(book.session, known)
        _remember(book.session, assignment, release_number)
        book.session.flush()
        book.session.expire_all()
        after = _registered(known)
    return Registered(
        assignment.name,
        release_number,
        added=tuple(sorted(after - before)),
        removed=tuple(sorted(before - after)),
    )


def _registered(assignment: Any) -> set[str]:
    return {f"{nb.name}/{cell.name}" for nb in assignment.notebooks for cell in nb._base_cells}


# ── Cells to register ────────────────────────────────────────────────────────────────


def _cells(notebook: nouns.Notebook, config: Config) -> _Cells:
    node = deepcopy(notebook.node)
    node.cells = [c for c in node.cells if MISTAKE_TAG not in c.metadata.get("tags", ())]
    resources: dict[str, Any] = {"nbgrader": {"notebook": notebook.name}}
    for step in _PIPELINE:
        node, resources = step(config=config).preprocess(node, resources)
    graded: dict[Key, dict[str, Any]] = {}
    source: dict[str, dict[str, Any]] = {}
    for cell in node.cells:
        marks = cell.metadata.get("nbgrader", {})
        name = marks.get("grade_id", "")
        kinds = [kind for kind, is_it in _KINDS.items() if is_it(cell)]
        for kind in kinds:
            graded[kind, name] = (
                {}
                if kind == "SolutionCell"
                else {
                    "max_score": float(marks["points"]),
                    "cell_type": cell.cell_type,
                }
            )
        if kinds or utils.is_locked(cell):
            source[name] = {
                "cell_type": cell.cell_type,
                "locked": utils.is_locked(cell),
                "source": cell.source,
                "checksum": marks.get("checksum"),
            }
    by_kind = sorted(graded.items(), key=lambda item: list(_KINDS).index(item[0][0]))
    return _Cells(dict(by_kind), source)  # the order in which nbgrader stores them


_KINDS = {"GradeCell": utils.is_grade, "SolutionCell": utils.is_solution, "TaskCell": utils.is_task}
_TABLES = {kind: getattr(api, kind) for kind in _KINDS}


# ── Storing ──────────────────────────────────────────────────────────────────────────


def _store(book: Gradebook, assignment: Any, notebook: nouns.Notebook, cells: _Cells) -> None:
    session = book.session
    known = next((nb for nb in assignment.notebooks if nb.name == notebook.name), None)
    if known is not None and not known.submissions:
        if _same_order(known, cells):
            _refresh(known, notebook, cells)
            return
        fixed_id = known.id  # recreated, as nbgrader does, to store cells in order
        book.remove_notebook(notebook.name, assignment.name)
        known = book.add_notebook(notebook.name, assignment.name, id=fixed_id)
    elif known is None:
        known = book.add_notebook(notebook.name, assignment.name)
    present = {(cell.type, cell.name): cell for cell in known._base_cells}
    for key, cell in present.items():
        if key not in cells.graded:
            _remove_cell(session, assignment.name, notebook.name, cell)
    for key, facts in cells.graded.items():
        if key not in present:
            session.add(_TABLES[key[0]](name=key[1], notebook_id=known.id, **facts))
    session.execute(delete(api.SourceCell).where(api.SourceCell.notebook_id == known.id))
    for name, facts in cells.source.items():
        session.add(api.SourceCell(name=name, notebook_id=known.id, **facts))
    session.flush()
    session.expire_all()
    _refresh(known, notebook, cells)


def _same_order(known: Any, cells: _Cells) -> bool:
    return [(c.type, c.name) for c in known._base_cells] == list(cells.graded) and [
        c.name for c in known.source_cells
    ] == list(cells.source)


def _refresh(known: Any, notebook: nouns.Notebook, cells: _Cells) -> None:
    known.kernelspec = json.dumps(notebook.node.metadata.get("kernelspec", {}))
    for cell in known._base_cells:
        _set(cell, cells.graded[cell.type, cell.name])
    for cell in known.source_cells:
        _set(cell, cells.source[cell.name])


def _set(row: Any, facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def _remove_notebook(book: Gradebook, assignment: Any, notebook: Any) -> None:
    for cell in list(notebook._base_cells):
        _remove_cell(book.session, assignment.name, notebook.name, cell)
    book.session.flush()
    book.session.expire_all()
    book.remove_notebook(notebook.name, assignment.name)
    book.session.expire_all()


def _remove_cell(session: Session, assignment: str, notebook: str, cell: Any) -> None:
    for row in session.scalars(select(api.Grade).where(api.Grade.cell_id == cell.id)).all():
        scores = {
            name: getattr(row, name) for name in ("auto_score", "manual_score", "extra_credit")
        }
        _keep(session, assignment, notebook, cell.name, row, scores)
    for row in session.scalars(select(api.Comment).where(api.Comment.cell_id == cell.id)).all():
        _keep(session, assignment, notebook, cell.name, row, {"comment": row.manual_comment})
    session.flush()
    session.expire_all()
    session.delete(cell)


def _keep(
    session: Session, assignment: str, notebook: str, task: str, row: Any, facts: dict[str, Any]
) -> None:
    if any(value is not None for value in facts.values()):
        session.add(
            AuditRow(
                at=now(),
                who="autograder",
                action="cell removed",
                assignment=assignment,
                student=row.student.id,
                notebook=notebook,
                task=task,
                before=storable(facts),
                after={},
                reason="a newer release has no such cell",
            )
        )
    session.delete(row)


def _mirror(session: Session, assignment: Any) -> None:
    """Add missing notebooks, grades and comments to every submission, as `add_submission` does."""
    session.flush()
    for submission in assignment.submissions:
        notebooks = {nb.notebook_id: nb for nb in submission.notebooks}
        for notebook in assignment.notebooks:
            own = notebooks.get(notebook.id)
            if own is None:
                own = api.SubmittedNotebook(notebook=notebook, assignment=submission)
                session.add(own)
                session.flush()
            graded = {grade.cell_id for grade in own.grades}
            commented = {comment.cell_id for comment in own.comments}
            for cell in notebook._base_cells:
                if cell.type != "SolutionCell" and cell.id not in graded:
                    session.add(api.Grade(cell_id=cell.id, notebook_id=own.id))
                if cell.type != "GradeCell" and cell.id not in commented:
                    session.add(api.Comment(cell_id=cell.id, notebook_id=own.id))


# ── Criteria of the release ──────────────────────────────────────────────────────────


def _remember(session: Session, assignment: nouns.Assignment, number: int) -> None:
    demands: dict[str, Any] = {}
    for notebook, task, criterion in _criteria(assignment):
        name = nouns.criterion_id(assignment.name, notebook, task, criterion.name)
        demands[name] = storable(
            {
                "demand": criterion.demand,
                "sentence": criterion.sentence,
                "points": criterion.points,
                "hidden": criterion.hidden,
                "settings": dict(criterion.settings),
            }
        )
        if criterion.was:
            old = nouns.criterion_id(assignment.name, notebook, task, criterion.was)
            _rename(session, old, name)
    tasks = [
        {
            "notebook": nb.name,
            "task": t.grade_id,
            "points": t.points,
            "kind": str(t.kind),
            "answers": list(t.answers),
        }
        for nb in assignment.notebooks
        for t in nb.tasks
    ]
    row = session.get(ReleaseRow, (assignment.name, number))
    if row is None:
        row = ReleaseRow(assignment=assignment.name, number=number, registered=now())
        session.add(row)
    elif (row.tasks, row.demands) != (tasks, demands):
        row.registered = now()
    row.tasks, row.demands = tasks, demands


def _criteria(
    assignment: nouns.Assignment,
) -> Iterable[tuple[str, str, nouns.Criterion]]:
    for notebook in assignment.notebooks:
        for task in notebook.tasks:
            for criterion in task.criteria:
                yield notebook.name, task.grade_id, criterion


def _rename(session: Session, old: str, new: str) -> None:
    for row in session.scalars(select(CriterionRow).where(CriterionRow.criterion == old)).all():
        if session.get(CriterionRow, (row.submission, new)) is None:
            row.criterion = new
