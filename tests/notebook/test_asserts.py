"""Plain nbgrader test cells: where they are decided, and the criteria they amount to."""

import pytest

from autograder.criteria.rng import PUBLIC_KEY, draws
from autograder.criteria.running import Missing, run_task
from autograder.criteria.task import collecting
from autograder.nouns import TaskKind


def task_of(nb, test, answer="def f(x): return x", *, points=4, setup="import numpy as np"):
    return nb.notebook(nb.setup(setup), nb.answer("a", answer), nb.test("t", test, points)).tasks[0]


def grade(task, **students):
    """What the clean process would find: {criterion: points}, with the names it was asked for."""

    def lookup(name):
        if name not in students:
            raise Missing(name)
        return students[name]

    namespace = {}
    with collecting() as tasks:
        exec("import numpy as np\n" + task.code, namespace)
    results = run_task(tasks[0], lookup, draws(PUBLIC_KEY, "test"))
    return {r.name: (r.points, r.message.values.get("demand", "")) for r in results}


def test_assertions_with_sentences_are_criteria_that_share_the_points(nb):
    task = task_of(
        nb, "y = f(2)\nassert y == 2, 'f(2) is 2'\nz = f(3)\nassert z == 9, 'a {{brace}}'"
    )
    assert task.kind is TaskKind.ASSERTS
    assert [(c.name, c.sentence, c.points) for c in task.criteria] == [
        ("check_1", "f(2) is 2", 2.0),
        ("check_2", "a {{brace}}", 2.0),
    ]
    assert grade(task, f=lambda x: x) == {"check_1": (2.0, ""), "check_2": (0.0, "a {{brace}}")}
    assert grade(task, f=lambda x: x * x)["check_1"][0] == 0.0
    assert grade(task, f=lambda x: x * x)["check_2"][0] == 2.0


def test_a_cell_without_sentences_is_all_or_nothing_and_tells_what_failed(nb):
    task = task_of(nb, '"""Try f on numbers."""\nassert f(1) == 1\nassert f(2) == 2')
    (one,) = task.criteria
    assert (one.name, one.sentence, one.points) == ("checks", "Try f on numbers.", 4.0)
    assert grade(task, f=lambda x: x) == {"checks": (4.0, "")}
    assert grade(task, f=lambda x: 1) == {"checks": (0.0, "f(2) == 2")}


@pytest.mark.parametrize(
    "test",
    [
        "for x in (2, 3):\n    assert f(x) == x\nassert f(1) == 1, 'one'",
        "assert f(1) == 1, 'one'\nfor x in (2, 3):\n    assert f(x) == x",
        "assert f(1) == 1, 'one'\nnp.testing.assert_equal(f(2), 2)",
        "assert f(1) == 1, 'one'\nif f(2) != 2:\n    raise ValueError",
        "assert f(1) == 1, f'one {f(1)}'",
    ],
)
def test_nothing_that_could_fail_is_lost(nb, test):
    task = task_of(nb, test)
    assert [c.name for c in task.criteria] == ["checks"]
    assert grade(task, f=lambda x: 1 if x == 1 else None)["checks"][0] == (
        4.0 if "{" in test else 0.0
    )
    assert grade(task, f=lambda x: x)["checks"][0] == 4.0


def test_a_last_line_that_is_a_number_gives_that_many_points(nb):
    task = task_of(nb, "score = 0\nif f(1) == 1: score += 1.5\nif f(2) == 2: score += 2.5\nscore")
    assert grade(task, f=lambda x: x)["checks"][0] == 4.0
    assert grade(task, f=lambda x: 1)["checks"][0] == 1.5
    assert grade(task, f=lambda x: None)["checks"][0] == 0.0


def test_a_name_that_is_missing_fails_only_its_own_criterion(nb):
    answer = "def f(x): return x\ny = 2"
    task = task_of(nb, "assert f(1) == 1, 'f'\nassert y == 2, 'y'", answer)
    assert [c.parameters for c in task.criteria] == [("f",), ("y",)]
    assert grade(task, y=2) == {"check_1": (0.0, ""), "check_2": (2.0, "")}


def test_hidden_assertions_are_hidden_criteria(nb):
    task = task_of(
        nb,
        "assert f(1) == 1, 'a'\n### BEGIN HIDDEN TESTS\n"
        "assert f(2) == 2, 'b'\n### END HIDDEN TESTS",
    )
    assert [c.hidden for c in task.criteria] == [False, True]


def test_modules_the_source_imports_are_imported_by_the_clean_process(nb):
    task = task_of(nb, "assert math.isclose(f(1), 1), 'close'", "import math\ndef f(x): return x")
    assert task.criteria[0].parameters == ("f",)
    assert grade(task, f=lambda x: x)["check_1"][0] == 4.0


def test_helpers_and_imports_of_the_cell_itself_stay_its_own(nb):
    test = (
        "import math\ndef near(a, b):\n    return math.isclose(a, b)\nassert near(f(1), 1), 'near'"
    )
    task = task_of(nb, test)
    assert grade(task, f=lambda x: x)["check_1"][0] == 4.0


@pytest.mark.parametrize(
    "test",
    [
        "old = f\ndel f",
        "f = None",
        "f.calls = 0",
        "data[0] = 5",
        "for f in (1, 2): pass",
        "def f(x): return 1",
        "np.dot = None",
        "globals()['f'] = None",
        "exec('f = 1')",
        "from unittest.mock import patch\nwith patch('numpy.dot'): f(1)",
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()): f(1)",
    ],
)
def test_a_cell_that_changes_what_is_the_students_runs_beside_their_code(nb, test):
    task = task_of(nb, test, "def f(x): return x\ndata = [1]")
    assert task.kind is TaskKind.INSIDE
    assert task.code == test
    assert [(c.name, c.points) for c in task.criteria] == [("checks", 4.0)]


@pytest.mark.parametrize(
    "test",
    [
        "x = np.zeros(3)\nx[0] = 1\nassert f(x) is not None",
        "d = {}\nd['a'] = f(1)\nassert d",
        "import numpy as np\nassert f(1) == 1",
        "np.random.seed(0)\nassert f(np.random.rand()) > 0",
        "class Case:\n    pass\nc = Case()\nc.x = f(1)\nassert c.x == 1",
        "try:\n    f(-1)\nexcept ValueError:\n    pass",
    ],
)
def test_a_cell_that_only_looks_is_decided_in_the_clean_process(nb, test):
    assert task_of(nb, test, "import numpy as np\ndef f(x): return x").kind is TaskKind.ASSERTS
