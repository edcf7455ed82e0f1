"""Tasks of a notebook, built from its cells: answers, criteria, and names for each test cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.errors import AuthoringError
from autograder.notebook.source import declarations, names, plain_asserts
from autograder.notebook.source.cell_rules import is_points, stands_without_hidden
from autograder.notebook.source.cells import SourceCell
from autograder.notebook.source.mistakes import read_mistake
from autograder.notebook.source.problems import Place
from autograder.notebook.source.released_text import released_test
from autograder.notebook.source.scope import Scope, is_python, scope_at
from autograder.nouns import Criterion, Mistake, Task, TaskKind


@dataclass(frozen=True)
class Graded:
    """A cell that carries points, with the answers before it."""

    cell: SourceCell
    answers: tuple[SourceCell, ...]


def graded_cells(cells: Sequence[SourceCell]) -> Iterator[Graded]:
    """Yield each graded cell with its answers.

    These are the answer cells since the previous graded test; consecutive tests share them.
    """
    answers: list[SourceCell] = []
    closed = False  # True if a test follows the last answer
    for cell in cells:
        if cell.role == "answer":
            answers = [cell] if closed else [*answers, cell]
            closed = False
        elif cell.role == "test":
            yield Graded(cell, tuple(answers))
            closed = True
        elif cell.role == "manual":
            yield Graded(cell, () if cell.task else (cell,))


def read_tasks(
    cells: Sequence[SourceCell], notebook: str, folder: Path
) -> tuple[tuple[Task, ...], list[AuthoringError]]:
    """Return the tasks of a notebook with their mistakes, and all their problems."""
    problems: list[AuthoringError] = []
    tasks = []
    for graded in graded_cells(cells):
        task, wrong = _task(graded, cells, notebook, folder)
        tasks.append(task)
        problems += wrong
    mistakes, wrong = _mistakes(cells, tasks, notebook)
    found = tuple(
        replace(t, mistakes=tuple(m for m in mistakes if m.task == t.grade_id)) for t in tasks
    )
    return found, problems + wrong


def _task(
    graded: Graded, cells: Sequence[SourceCell], notebook: str, folder: Path
) -> tuple[Task, list[AuthoringError]]:
    cell = graded.cell
    place = Place(notebook, cell.number, cell.grade_id)
    points = float(cell.points) if is_points(cell.points) else 0.0
    task = Task(
        grade_id=cell.grade_id,
        points=points,
        kind=TaskKind.MANUAL,
        answers=tuple(a.grade_id for a in graded.answers),
        code=cell.source,
        cell_index=cell.number - 1,
    )
    if cell.role == "manual":
        return task, []
    problems = []
    if not graded.answers:
        problems.append(
            place.problem(
                "a test without an answer before it", "mark the cell it tests as an answer"
            )
        )
    if not is_python(cell):  # reported by the rules for cells
        return replace(task, kind=TaskKind.CRITERIA), problems
    scope = scope_at(cells, cell.number - 1, folder)
    if declarations.is_task_cell(cell.source):
        known = points if is_points(cell.points) else None
        declared, wrong = declarations.read_declaration(cell.source, place, known)
        problems += wrong
        problems += _names_of_task_cell(cell, declared.criteria, scope, place)
        code = _with_imports(cell.source, scope)
        task = replace(task, kind=TaskKind.CRITERIA, criteria=declared.criteria, code=code)
        return task, problems
    task, wrong = _plain(task, cell, scope, place)
    return task, problems + wrong


def _with_imports(source: str, scope: Scope) -> str:
    """Return the cell, preceded by the imports that it needs from earlier test cells."""
    needed = sorted((names.free(source) & scope.tested.keys()) - scope.setup)
    return "\n".join([*(scope.tested[name] for name in needed), source])


def _names_of_task_cell(
    cell: SourceCell, criteria: Sequence[Criterion], scope: Scope, place: Place
) -> Iterator[AuthoringError]:
    reach = scope.students | scope.setup | set(scope.imported)
    for criterion in criteria:
        for name in criterion.parameters:
            if name not in reach and not scope.anything:
                yield place.problem(
                    f"criterion {criterion.name!r} asks for {name!r}, which no answer defines",
                    f"assign {name} in an answer cell before this one, or mend the parameter",
                )
    unknown = names.free(cell.source) - scope.setup - scope.tested.keys()
    for name in sorted(unknown):
        line = names.line_of(cell.source, name)
        if name in scope.students - set(scope.imported):
            way_out = f"make it a parameter of the criterion: def check({name}, ...)"
        else:
            way_out = f"define or import {name} in this cell or in a locked cell tagged setup"
        yield place.problem(f"line {line} uses {name}, which nobody defines here", way_out)
    if not stands_without_hidden(cell.source):
        return  # reported by the rules for cells
    released = released_test(cell.source, tuple(criteria))
    for name in sorted(names.free(released) - names.free(cell.source)):
        yield place.problem(
            f"line {names.line_of(cell.source, name)} uses {name}, which only a hidden block "
            "defines: the student's notebook would not have it",
            f'move {name} out of the hidden block, or write after="{name}" with quotes',
        )


def _plain(
    task: Task, cell: SourceCell, scope: Scope, place: Place
) -> tuple[Task, list[AuthoringError]]:
    """Return the task of a plain test cell.

    It is decided in the clean process if possible, else beside the student's code.
    """
    free = names.free(cell.source)
    reason = plain_asserts.changes_the_students(cell.source, scope.students - set(scope.imported))
    if reason:
        _, criteria = plain_asserts.as_task(cell.source, task.grade_id, task.points, (), {})
        whole = Criterion(
            name="checks",
            demand=criteria[0].demand if len(criteria) == 1 else "Every check of this cell passes",
            points=task.points,
            hidden=any(c.hidden for c in criteria),
            parameters=tuple(sorted(free & scope.students)),
            source=cell.source,
        )
        code = _with_imports(cell.source, scope)
        return replace(task, kind=TaskKind.INSIDE, criteria=(whole,), code=code), []
    every = {**scope.tested, **scope.imported}
    modules = {n: s for n, s in every.items() if n not in scope.setup}
    parameters = (free & scope.students) - set(modules)
    unknown = free - parameters - scope.setup - set(modules)
    problems = []
    if unknown and not scope.anything:
        problems = [
            place.problem(
                f"line {names.line_of(cell.source, name)} uses {name}, which nobody defines",
                f"assign {name} in an answer before this cell, import it, or define it in a "
                "locked cell tagged setup",
            )
            for name in sorted(unknown)
        ]
    asked = parameters | unknown if scope.anything else parameters
    code, criteria = plain_asserts.as_task(cell.source, task.grade_id, task.points, asked, modules)
    return replace(task, kind=TaskKind.ASSERTS, code=code, criteria=criteria), problems


def _mistakes(
    cells: Sequence[SourceCell], tasks: Sequence[Task], notebook: str
) -> tuple[list[Mistake], list[AuthoringError]]:
    mistakes: list[Mistake] = []
    problems: list[AuthoringError] = []
    answer = ""
    for cell in cells:
        if cell.role == "answer":
            answer = cell.grade_id
        if cell.role != "mistake":
            continue
        place = Place(notebook, cell.number, cell.grade_id)
        sharing = [t for t in tasks if answer in t.answers]
        found, wrong = read_mistake(cell, answer, sharing, place)
        problems += [
            place.problem(
                f"two mistakes of task {m.task!r} are named {m.name!r}", "give each its own name"
            )
            for m in found
            if (m.name, m.task) in {(known.name, known.task) for known in mistakes}
        ]
        mistakes += found
        problems += wrong
    return mistakes, problems
