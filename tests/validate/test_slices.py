"""What a changed answer can have changed, and what a criterion needs, read from the code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from autograder.nouns import Notebook
from autograder.steps.authoring.validate.dependency_slicing import Flow
from tests.grading.made import answer, code, setup, source, test


def a_test(task: str, *criteria: tuple[str, str]) -> object:
    """A test cell whose criteria ask for these names: (criterion, parameters)."""
    body = "\n\n".join(
        f'@task.criterion("{name}", points=1)\ndef {name}({names}):\n    pass'
        for name, names in criteria
    )
    return test(f'task = Task("{task}")\n\n{body}\n\ntask.check()', task, len(criteria))


SETUP = setup("from autograder import Task\nimport numpy as np\n\ndata = np.zeros(3)")


def notebook(folder: Path, *cells: object) -> Notebook:
    return source(folder, [SETUP, *cells])


def touched(nb: Notebook, grade_id: str, wrong: str) -> set[str]:
    found = Flow(nb, {grade_id: wrong}).touched_by(grade_id, Flow(nb))
    return {f"{task}/{name}" for task, name in found}


def needed(nb: Notebook, *criteria: tuple[str, str]) -> set[str]:
    kept = Flow(nb).slice(criteria).cells
    return {cell.grade_id or cell.source for cell in Flow(nb).cells if cell.id in kept} - {"setup"}


def two(first: str, between: Sequence[object] = (), then: str = "y = 1") -> list[object]:
    """A first answer that is replaced, and a second task."""
    return [
        answer(first, "one"),
        a_test("t", ("c", "x")),
        *between,
        answer(then, "two"),
        a_test("u", ("d", "y")),
    ]


@pytest.mark.parametrize(
    ("what", "cells"),
    {
        "a name it binds": two("x = 1", then="y = x + 1"),
        "an object it mentions": two("x = m = []", then="y = len(m)"),
        "an object that a function of its touches": two(
            "x = 1\nm = []\ndef f():\n    m.append(x)", then="f()\ny = list(m)"
        ),
        "an object behind another name": two("x = m = []\nn = m", then="n.append(1)\ny = n"),
        "an object kept in another": two("x = m = []\nn = {'m': m}", then="y = n['m']"),
        "a cell between": two("x = 1", [code("z = x", "")], then="y = z"),
        "a locked cell between": two("x = 1", [code("z = x", "given", locked=True)], then="y = z"),
        "a name looked up as text": two("x = 1", then="y = globals()['x']"),
        "code that nobody can read": two("x = 1", then="y = eval('x')"),
        "a file": two("x = 1\nopen('w.txt', 'w').close()", then="y = open('w.txt').read()"),
        "a comprehension": two("x = [1]", then="y = [i for i in x]"),
        "a builtin it binds": two("x = 1\nsum = max", then="y = sum([1])"),
        "a lambda": two("x = 1\nf = lambda: x", then="y = f()"),
    }.items(),
)
def test_what_follows_from_an_answer_is_judged_again(
    what: str, cells: list[object], tmp_path: Path
) -> None:
    nb = notebook(tmp_path, *cells)
    assert touched(nb, "one", "x = 2") == {"t/c", "u/d"}, what


def test_what_does_not_follow_from_an_answer_is_not(tmp_path: Path) -> None:
    nb = notebook(tmp_path, *two("x = data.sum()", then="y = data + 1"))
    assert touched(nb, "one", "x = data.mean()") == {"t/c"}
    assert touched(nb, "two", "y = 2") == {"u/d"}


def test_setup_data_that_a_mistake_writes_into_counts_as_changed(tmp_path: Path) -> None:
    nb = notebook(tmp_path, *two("x = 1", then="y = data.sum()"))
    assert touched(nb, "one", "x = 1\ndata[0] = 5") == {"t/c", "u/d"}
    assert touched(nb, "one", "x = 1\ndata = data + 1") == {"t/c", "u/d"}


def test_an_object_may_be_changed_through_another_that_holds_it(tmp_path: Path) -> None:
    cells = [
        answer("m = []\nn = {'m': m}", "make"),
        answer("n['m'].append(1)\nx = 1", "one"),
        answer("y = len(m)", "two"),
        a_test("u", ("d", "y")),
    ]
    nb = notebook(tmp_path, *cells)
    assert touched(nb, "one", "x = 1") == {"u/d"}
    assert needed(nb, ("u", "d")) == {"make", "one", "two"}


def test_a_model_that_is_only_asked_to_predict_is_not_changed(tmp_path: Path) -> None:
    cells = [
        answer("m = object()", "build"),
        answer("def f(): pass\nz = m.predict(data)", "use"),
        a_test("t", ("model", "m"), ("function", "f")),
    ]
    nb = notebook(tmp_path, *cells)
    assert touched(nb, "use", "def f(): return 1") == {"t/function"}
    assert touched(nb, "use", "def f(): return 1\nm.fit(data)") == {"t/function", "t/model"}
    assert needed(nb, ("t", "function")) == {"use", "build"}  # the same cell predicts with it


def test_a_criterion_needs_what_it_comes_after(tmp_path: Path) -> None:
    text = (
        'task = Task("t")\n\n@task.criterion("a", points=1)\ndef first(x):\n    pass\n\n'
        '@task.criterion("b", points=1, after=first)\ndef second(y):\n    pass\n\ntask.check()'
    )
    nb = notebook(tmp_path, answer("x = 1", "one"), answer("y = 2", "two"), test(text, "t", 2))
    assert Flow(nb).slice([("t", "second")]).criteria == {("t", "first"), ("t", "second")}
    assert needed(nb, ("t", "second")) == {"one", "two"}
    assert needed(nb, ("t", "first")) == {"one"}


def test_a_cell_after_the_test_is_not_needed(tmp_path: Path) -> None:
    nb = notebook(tmp_path, *two("x = []", then="x.append(1)\ny = x"))
    assert needed(nb, ("t", "c")) == {"one"}
    assert needed(nb, ("u", "d")) == {"one", "two"}


def test_a_mistake_that_is_no_python_may_have_changed_anything(tmp_path: Path) -> None:
    nb = notebook(tmp_path, *two("x = 1", then="y = x"))
    assert touched(nb, "one", "x = (") == {"t/c", "u/d"}
