"""The proof of one source notebook, in one process: what a right and a wrong answer get.

    python -m tests.course.proof n411_first_network [mistake ...]

Cells run in one namespace, criteria in another that only the set-up cells have filled. A mistake
is run from its task on, with names and weights as the reference left them there; a later task is
run again only if it uses a name that the mistaken answer defines.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.criteria.rng import draws
from autograder.criteria.running import Missing, run_task
from autograder.criteria.task import collecting
from autograder.notebook.source import markers, names
from autograder.notebook.source.cells import SourceCell, cells_of
from autograder.notebook.source.reading import read_assignment
from autograder.nouns import CriterionResult, Mistake, Notebook, Status, Task

SOURCE = Path(__file__).parents[2] / "source"
Results = dict[str, list[CriterionResult]]  # by task


@dataclass
class Run:
    """A notebook as its cells ran so far."""

    notebook: Notebook
    key: bytes = b"a proof"
    space: dict[str, Any] = field(default_factory=dict)
    results: Results = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)  # CPU, by grade_id
    errors: dict[str, str] = field(default_factory=dict)  # by grade_id

    def cell(self, cell: SourceCell, code: str) -> None:
        """Runs one cell of the student's; an error does not stop later cells."""
        start = cpu()
        try:
            exec(compile(code, f"<{cell.grade_id or cell.id}>", "exec"), self.space)
        except Exception as error:
            self.errors[cell.grade_id] = f"{type(error).__name__}: {error}"
        self.seconds[cell.grade_id] = cpu() - start
        close_figures()

    def check(self, task: Task, clean: Mapping[str, Any]) -> None:
        """Runs the criteria of one task on the names as they are now."""
        start = cpu()
        with collecting() as tasks:
            exec(compile(task.code, f"<{task.grade_id}>", "exec"), dict(clean))
        rng = draws(self.key, self.notebook.name, task.grade_id)
        self.results[task.grade_id] = run_task(tasks[0], self.lookup, rng)
        self.seconds["check " + task.grade_id] = cpu() - start

    def lookup(self, name: str) -> Any:
        if name not in self.space:
            raise Missing(name)
        return self.space[name]


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def read(assignment: str) -> Notebook:
    return read_assignment(SOURCE / assignment).notebooks[0]


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """The folder as working directory, its helper modules importable, figures kept silent."""
    import matplotlib

    matplotlib.use("Agg")
    before = Path.cwd()
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        os.chdir(before)
        sys.path.remove(str(folder))
        for file in folder.glob("*.py"):
            sys.modules.pop(file.stem, None)


def close_figures() -> None:
    """Behind each cell no figure is open, as with the inline backend of a notebook."""
    import matplotlib.pyplot as plt

    plt.close("all")


def clean_space(notebook: Notebook) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "__clean__"}
    for code in notebook.setup:
        exec(compile(code, "<setup>", "exec"), space)
    return space


def solve(
    notebook: Notebook,
    *,
    key: bytes = b"a proof",
    before: Callable[[Run, Task], None] | None = None,
) -> Run:
    """Every cell as its author wrote it; `before` is called before the answers of each task."""
    run = Run(notebook, key=key)
    clean = clean_space(notebook)
    starts = {task.answers[0]: task for task in notebook.tasks if task.answers}
    for cell in code_cells(notebook):
        if before and cell.grade_id in starts:
            before(run, starts[cell.grade_id])
        if cell.role == "test":
            run.check(task_of(notebook, cell.grade_id), clean)
        else:
            run.cell(cell, cell.source)
    return run


def release(notebook: Notebook) -> Run:
    """The notebook as a student gets it: nothing is answered."""
    run = Run(notebook)
    clean = clean_space(notebook)
    for cell in code_cells(notebook):
        if cell.role == "test":
            run.check(task_of(notebook, cell.grade_id), clean)
        else:
            answer = cell.role == "answer"
            code = markers.without_solutions(cell.source, "code") if answer else cell.source
            run.cell(cell, code)
    return run


def mistaken(reference: Run, task: Task, mistake: Mistake, kept: Kept) -> Run:
    """The notebook from one task on, with the mistake in place of its answer."""
    notebook = reference.notebook
    run = Run(notebook, key=reference.key, space=kept.restore())
    clean = clean_space(notebook)
    cells = code_cells(notebook)
    first = next(i for i, c in enumerate(cells) if c.grade_id == task.answers[0])
    changed = {n for c in cells if c.grade_id in task.answers for n in names.defined(c.source)}
    changed |= set(names.defined(mistake.code)) | touched(mistake.code)
    own = True  # still in the task of the mistake
    for cell in cells[first:]:
        if cell.role == "test":
            later = task_of(notebook, cell.grade_id)
            if own or uses(cells, later, changed):
                run.check(later, clean)
            own = own and cell.grade_id != task.grade_id
        elif cell.grade_id == mistake.answer:
            run.cell(cell, mistake.code)
        elif own or names.free(cell.source) & changed:
            run.cell(cell, cell.source)
            changed |= names.defined(cell.source) - set(clean)
    return run


def uses(cells: list[SourceCell], task: Task, changed: set[str]) -> bool:
    answers = [c.source for c in cells if c.grade_id in task.answers]
    asked = {name for c in task.criteria for name in c.parameters}
    return bool(changed & asked) or any(names.free(code) & changed for code in answers)


def touched(code: str) -> set[str]:
    """Names whose methods the code calls: fit() changes a model without defining a name."""
    return {name for name in names.free(code) if f"{name}.fit(" in code}


class Kept:
    """A namespace as it was, with the weights and optimizer states of its models."""

    def __init__(self, space: dict[str, Any]) -> None:
        self.space = dict(space)
        self.models = [(m, m.get_weights(), state(m)) for m in models(space)]

    def restore(self) -> dict[str, Any]:
        for model, weights, values in self.models:
            model.set_weights(weights)
            for i, variable in enumerate(variables(model)):
                variable.assign(values[i] if i < len(values) else variable * 0)
        return dict(self.space)


def models(space: Mapping[str, Any]) -> list[Any]:
    import keras

    return list({id(v): v for v in space.values() if isinstance(v, keras.Model)}.values())


def variables(model: Any) -> list[Any]:
    optimizer = getattr(model, "optimizer", None)
    return list(optimizer.variables) if optimizer else []


def state(model: Any) -> list[Any]:
    return [v.numpy().copy() for v in variables(model)]


def code_cells(notebook: Notebook) -> list[SourceCell]:
    cells = [c for c in cells_of(notebook.node) if c.kind == "code"]
    return [c for c in cells if c.role != "mistake"]


def task_of(notebook: Notebook, grade_id: str) -> Task:
    return next(t for t in notebook.tasks if t.grade_id == grade_id)


def failing(results: list[CriterionResult]) -> set[str]:
    """What did not pass by itself: a criterion that was not run only waits for another."""
    return {r.name for r in results if r.status not in (Status.PASSED, Status.NOT_RUN)}


def prove(assignment: str, only: tuple[str, ...] = ()) -> list[str]:
    """What is not as its author says, in sentences; prints a table while it runs."""
    notebook = read(assignment)
    wrong = []
    with inside(notebook.path.parent):
        kept: dict[str, Kept] = {}
        run = solve(notebook, before=lambda r, t: kept.update({t.grade_id: Kept(r.space)}))
        wrong += [f"solution: {line}" for line in shown(run, "solution") if " fails " in line]
        for line in shown(run, "solution"):
            print(line)
        for name, spent in run.seconds.items():
            print(f"  {spent:6.1f} CPU s  {name}") if spent > 0.3 else None
        for task in notebook.tasks:
            for mistake in task.mistakes:
                if only and mistake.name not in only:
                    continue
                found = mistaken(run, task, mistake, kept[task.grade_id])
                failed = {g: failing(r) for g, r in found.results.items() if failing(r)}
                print(f"{task.grade_id}/{mistake.name}: {failed} {found.errors or ''}")
                for line in shown(found, mistake.name):
                    print("    ", line) if only else None
                if failed != {task.grade_id: set(mistake.fails)}:
                    wrong.append(f"{mistake.name} names {mistake.fails}, but fails {failed}")
        if not only:
            wrong += nothing_for_nothing(notebook)
    caught = {(m.task, n) for t in notebook.tasks for m in t.mistakes for n in m.fails}
    every = {(t.grade_id, c.name) for t in notebook.tasks for c in t.criteria}
    wrong += [f"nothing shows that {t}/{n} can fail" for t, n in sorted(every - caught)]
    return wrong


def nothing_for_nothing(notebook: Notebook) -> list[str]:
    given = {g: sum(c.points for c in r) for g, r in release(notebook).results.items()}
    return [f"the untouched release gets {p} points in {g}" for g, p in given.items() if p]


def shown(run: Run, who: str) -> Iterator[str]:
    for grade_id, error in run.errors.items():
        yield f"{who} fails in {grade_id}: {error}"
    for grade_id, results in run.results.items():
        for r in results:
            score = "" if r.score is None else f" score {r.score:.4g}"
            if r.status is Status.PASSED:
                yield f"{who} passes {grade_id}/{r.name} {r.points:g}{score}"
            else:
                got = r.message.got.format_map(r.message.values)
                yield f"{who} fails {grade_id}/{r.name} {r.points:g}{score}: {got}"


if __name__ == "__main__":
    found = prove(sys.argv[1], tuple(sys.argv[2:]))
    print(*found or ["proved"], sep="\n")
    sys.exit(bool(found))
