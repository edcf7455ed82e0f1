"""Built-in mutants: the solution with functions that change their arguments in place.

The cells run unchanged; only calls by criteria are spoilt. With its arguments set to 0 or sorted,
a function answers a different question. If a criterion passes that answer, but fails it when it is
computed on a copy, the criterion trusts arguments that student code can change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import nbformat

from autograder.nouns import Notebook, Status
from autograder.steps.authoring.validate.dependency_slicing import asked, read_code
from autograder.steps.authoring.validate.variants import Ids, Variants, hand_in
from autograder.steps.grading.pipeline.grader import Grader

HOWS: Mapping[str, str] = {"zero": "sets its arguments to 0", "sort": "sorts its arguments"}

_SPOIL = """
def _spoil_zero(value):
    import numpy
    if isinstance(value, numpy.ndarray) and value.dtype.kind in "biufc":
        value[...] = 0
    elif isinstance(value, (list, dict)):
        for key, item in list(enumerate(value) if isinstance(value, list) else value.items()):
            if isinstance(item, (bool, int, float, complex)):
                value[key] = type(item)(0)
            elif isinstance(item, str):
                value[key] = ""
            else:
                _spoil_zero(item)

def _spoil_sort(value):
    import numpy
    if isinstance(value, numpy.ndarray) and value.ndim:
        value.sort(axis=0)
    elif isinstance(value, list):
        value.sort()
    elif isinstance(value, dict):
        for item in value.values():
            _spoil_sort(item)

def _spoilt(function, spoil, copied):
    import builtins, copy, functools
    state = builtins.__dict__.setdefault("_spoiling", {"on": False, "within": False})

    @functools.wraps(function)
    def called(*args, **kwargs):
        if not state["on"] or state["within"]:
            return function(*args, **kwargs)
        own = lambda value: copy.deepcopy(value) if hasattr(value, "copy") and copied else value
        args, kwargs = [own(a) for a in args], {k: own(v) for k, v in kwargs.items()}
        if not any(hasattr(value, "copy") for value in (*args, *kwargs.values())):
            raise RuntimeError("there is nothing to spoil")
        for value in (*args, *kwargs.values()):
            try:
                spoil(value)
            except Exception:
                pass
        state["within"] = True
        try:
            return function(*args, **kwargs)
        finally:
            state["within"] = False

    return called
"""
_ON = "import builtins\nbuiltins._spoiling['on'] = True"


@dataclass(frozen=True)
class Mutated:
    """Findings on the mutants of one notebook: points they gained (breaches) and remarks."""

    breaches: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def try_mutants(judge: Grader, notebook: Notebook, show: Callable[[str], None]) -> Mutated:
    """Try the mutants of one notebook on the criteria that call a student's function."""
    functions = frozenset(_functions(notebook))
    criteria = _asking(notebook, functions)
    breaches, notes = list[str](), list[str]()
    for how, words in HOWS.items() if criteria else ():
        show(f"{judge.assignment.name}: the solution that {words}")
        passed = _passed(judge, notebook, functions, criteria, how, copied=False)
        fair = _passed(judge, notebook, functions, passed, how, copied=True) if passed else passed
        for task, name in sorted(passed - fair):
            breaches.append(
                f"{notebook.name}, task {task}: {name} passes the solution that {words} in place,"
                " and fails it on a copy; compare with data that the call has not been given"
            )
        blind = sorted(_worth(notebook, passed & fair))
        if blind and how == "zero":  # sorting may leave an argument unchanged
            named = ", ".join(f"{task}/{name}" for task, name in blind)
            notes.append(
                f"{notebook.name}: the solution that {words} before it answers still passes"
                f" {named}: what these ask does not depend on the arguments"
            )
    return Mutated(tuple(breaches), tuple(notes))


def _functions(notebook: Notebook) -> Iterator[str]:
    """Yield the functions that answers define and criteria use."""
    cells = [c for c in Variants(notebook).flow.cells if c.role in ("answer", "extra")]
    defined = {name for cell in cells for name in read_code(cell.source).defines}
    for task in notebook.tasks:
        for criterion in task.criteria:
            yield from defined & asked(task, criterion)


def _asking(notebook: Notebook, functions: Collection[str]) -> Ids:
    return frozenset(
        (task.grade_id, c.name)
        for task in notebook.tasks
        for c in task.criteria
        if asked(task, c) & frozenset(functions)
    )


def _passed(
    judge: Grader,
    notebook: Notebook,
    functions: Collection[str],
    criteria: Ids,
    how: str,
    *,
    copied: bool,
) -> Ids:
    """Return the criteria that the mutant passes."""

    def rewrite(source: str, _: bool) -> str:
        mine = sorted(read_code(source).defines.keys() & set(functions))
        wrapped = [f"{name} = _spoilt({name}, _spoil_{how}, {copied})" for name in mine]
        return "\n".join([source, _SPOIL, *wrapped]) if mine else source

    variant = Variants(notebook).solved(criteria, rewrite=rewrite)
    variant.node["cells"].append(nbformat.v4.new_code_cell(_ON))
    outcome = hand_in(judge, replace(variant, criteria=criteria))
    return frozenset(key for key, c in outcome.criteria.items() if c.status is Status.PASSED)


def _worth(notebook: Notebook, criteria: Collection[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield those of the criteria that are hidden and give points."""
    for task in notebook.tasks:
        for criterion in task.criteria:
            key = (task.grade_id, criterion.name)
            if key in criteria and criterion.hidden and criterion.points:
                yield key
