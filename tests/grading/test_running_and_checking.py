"""From a submission to results: values cross, criteria judge, what was judged is not done again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.criteria.rng import PUBLIC_KEY, draws
from autograder.criteria.running import Missing, run_task
from autograder.criteria.task import collecting
from autograder.evidence.record import Evidence, keep
from autograder.evidence.store import Store
from autograder.language import in_words
from autograder.nouns import CriterionResult, Limits, Notebook, Status
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.steps.grading.pipeline import check, run
from autograder.steps.grading.pipeline.grading_inputs import GradingInputs
from autograder.steps.grading.pipeline.plan import plan
from tests.grading.made import QUICK, answer, close, code, handed_in, setup, source, test, write

SETUP = "import numpy as np\nfrom autograder import Task, expect"


def a_test(body: str, points: float = 1) -> str:
    """A test cell with one criterion whose function is `body`."""
    return (
        'task = Task("t")\n\n'
        f'@task.criterion("it is right", points={points})\n{body}\n\ntask.check()'
    )


class Class:
    """One notebook, judged for one student after another."""

    def __init__(
        self, students: WarmServer, checkers: WarmServer, folder: Path, cells: list[Any]
    ) -> None:
        self.students, self.checkers, self.folder = students, checkers, folder
        self.store = Store(folder / "evidence")
        self.notebook = source(folder / "source", cells)
        self.limits = QUICK

    def rules(self, notebook: Notebook | None = None, **changes: Any) -> GradingInputs:
        rules = GradingInputs(
            "A", notebook or self.notebook, {}, b"secret", 1, plain_tests="inside"
        )
        return replace(rules, **changes)

    def run(
        self, answers: Mapping[str, str], rules: GradingInputs | None = None, **files: bytes
    ) -> tuple[dict[str, CriterionResult], Evidence]:
        merged = handed_in(self.notebook, self.folder / "in", answers)
        planned = plan("sub", self.notebook, merged, files, self.limits)
        evidence, live = run.run(self.students, planned, self.store)
        try:
            keep(self.store, evidence)
            done = check.check(
                self.checkers, rules or self.rules(), evidence, merged.attempted, self.store, live
            )
        finally:
            close(live)
        assert not done.new_questions
        return {c.name: c for t in done.tasks for c in t.criteria}, evidence

    def again(self, evidence: Evidence, rules: GradingInputs) -> check.Checked:
        """Judged from evidence alone."""
        attempted = {task.grade_id: True for task in self.notebook.tasks}
        return check.check(self.checkers, rules, evidence, attempted, self.store, None)

    def mended(self, old: str, new: str) -> Notebook:
        """The notebook with a test cell's text changed."""
        node = self.notebook.node
        cells = [replace_source(c, old, new) for c in node.cells]
        path = write(self.folder / "mended", cells)
        from autograder.notebook.source.reading import read_notebook

        notebook, problems = read_notebook(path)
        assert notebook is not None
        assert not problems
        return notebook


def replace_source(cell: Any, old: str, new: str) -> Any:
    copied = cell.copy()
    copied["source"] = cell["source"].replace(old, new)
    return copied


@pytest.fixture
def a_class(students: WarmServer, checkers: WarmServer, tmp_path: Path) -> Callable[..., Class]:
    def make(body: str, solution: str = "x = 1", *more: Any) -> Class:
        cells = [setup(SETUP), answer(solution), test(a_test(body), "t", 1), *more]
        return Class(students, checkers, tmp_path, cells)

    return make


# ── Values and remotes ───────────────────────────────────────────────────────────────

BOTH_WAYS = {
    "a number": ("def c(x):\n    assert x == 3", "x = 3", Status.PASSED),
    "a wrong number": ("def c(x):\n    assert x == 3, 'x is 3'", "x = 4", Status.FAILED),
    "a function": (
        "def c(f):\n    assert f(2, y=3) == 8",
        "def f(x, *, y): return x ** y",
        Status.PASSED,
    ),
    "an array by a function": (
        "def c(f):\n    expect.close(f(np.arange(3.0)), np.arange(3.0) * 2)",
        "import numpy as np\ndef f(x): return x * 2",
        Status.PASSED,
    ),
    "a wrong array": (
        "def c(f):\n    expect.close(f(np.arange(3.0)), np.arange(3.0) * 2)",
        "import numpy as np\ndef f(x): return x * 3",
        Status.FAILED,
    ),
    "an argument changed in place": (
        "def c(f):\n    a = np.zeros(3)\n    (b,) = expect.arguments_after(f, a)\n    assert b.tolist() == [1, 1, 1] and a.tolist() == [0, 0, 0]",
        "def f(a): a[:] = 1",
        Status.PASSED,
    ),
    "a list changed in place": (
        "def c(f):\n    a = [1]\n    assert expect.arguments_after(f, a) == ([1, 2],) and a == [1]",
        "def f(a): a.append(2)",
        Status.PASSED,
    ),
    "a callback": (
        "def c(f):\n    assert f(lambda v: v + 1, 4) == 10",
        "def f(g, v): return 2 * g(v)",
        Status.PASSED,
    ),
    "a callback that raises": (
        "def c(f):\n    def bad(v): raise ValueError\n    assert f(bad) == 'caught'",
        "def f(g):\n    try:\n        g(1)\n    except Exception:\n        return 'caught'",
        Status.PASSED,
    ),
    "an exception by type": (
        "def c(f):\n    try:\n        f(0)\n    except ZeroDivisionError:\n        return\n"
        "    raise AssertionError('no error for 0')",
        "def f(x): return 1 / x",
        Status.PASSED,
    ),
    "an unexpected exception": ("def c(f):\n    f(0)", "def f(x): return 1 / x", Status.FAILED),
    "an object's attributes": (
        "def c(m):\n    m.fit(np.eye(2))\n    assert m.coef_.sum() == 2",
        "class M:\n    def fit(self, x):\n        self.coef_ = x\nm = M()",
        Status.PASSED,
    ),
    "a class": (
        "def c(M):\n    assert M(3).double() == 6",
        "class M:\n    def __init__(self, n): self.n = n\n    def double(self): return 2 * self.n",
        Status.PASSED,
    ),
    "items and length": (
        "def c(d):\n    assert len(d) == 2 and d[1] == 'b' and list(d) == ['a', 'b'] and 'a' in d",
        "from collections import UserList\nd = UserList(['a', 'b'])",
        Status.PASSED,
    ),
    "what a function cannot do": (
        "def c(f):\n    assert callable(f) and not hasattr(f, '__getitem__')",
        "def f(x): return x",
        Status.PASSED,
    ),
    "what an object cannot do": (
        "def c(o):\n    assert not callable(o) and not hasattr(o, '__len__') and o.x == 1",
        "class O:\n    x = 1\no = O()",
        Status.PASSED,
    ),
    "a remote as an argument": (
        "def c(f, g):\n    assert f(g, 3) == 6",
        "def g(x): return 2 * x\ndef f(h, x): return h(x)",
        Status.PASSED,
    ),
    "the signature of a function": (
        "def c(f):\n    import inspect\n    assert list(inspect.signature(f).parameters) == ['x', 'n']",
        "def f(x, n=2): return x",
        Status.PASSED,
    ),
    "a missing name": ("def c(nothing):\n    pass", "x = 1", Status.FAILED),
    "a generator": (
        "def c(f):\n    assert list(f()) == [0, 1]",
        "def f():\n    yield 0\n    yield 1",
        Status.PASSED,
    ),
    "draws": (
        "def c(rng, f):\n    a = rng.normal(size=4)\n    assert (f(a) == -a).all()",
        "def f(a): return -a",
        Status.PASSED,
    ),
}


def in_a_kernel(body: str, solution: str) -> CriterionResult:
    """The same criterion run beside the answer, as in a student's own kernel."""
    names: dict[str, Any] = {}
    exec(SETUP, names)
    exec(solution, names)
    with collecting() as tasks:
        exec(a_test(body), names)

    def lookup(name: str) -> Any:
        if name not in names:
            raise Missing(name)
        return names[name]

    (result,) = run_task(tasks[0], lookup, draws(PUBLIC_KEY, "A"))
    return result


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_verdict_and_words_are_the_same_in_a_kernel_and_across_the_wall(
    name: str, a_class: Callable[..., Class]
) -> None:
    body, solution, status = BOTH_WAYS[name]
    solved = solution + ("\nnothing = 0" if "nothing" in body else "")  # the author defines it
    found, _ = a_class(body, solved).run({"answer": solution})
    here = in_a_kernel(body, solution)
    assert found["c"].status is here.status is status, in_words(found["c"].message)
    assert in_words(found["c"].message) == in_words(here.message)
    assert (found["c"].points, found["c"].score) == (here.points, here.score)


def test_a_model_arrives_as_a_real_keras_model_with_its_weights(
    a_class: Callable[..., Class],
) -> None:
    body = (
        "def c(m):\n    import keras\n    assert type(m) is keras.Sequential\n"
        "    assert float(m(np.ones((1, 2)))[0, 0]) == 7.0"
    )
    solution = (
        "import keras\nm = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
        "import numpy as np\nm.set_weights([np.array([[3.0], [4.0]]), np.zeros(1)])"
    )
    found, _ = a_class(body, solution).run({"answer": solution + "\n"})
    assert found["c"].status is Status.PASSED, found["c"].message


def test_a_model_with_its_own_layers_is_asked_from_afar(a_class: Callable[..., Class]) -> None:
    body = "def c(m):\n    assert m.predict(np.ones((2, 3)), verbose=0).tolist() == [[6.0], [6.0]]"
    solution = (
        "import keras\nclass M(keras.Model):\n    def call(self, x):\n"
        "        return 2 * keras.ops.sum(x, axis=1, keepdims=True)\nm = M()"
    )
    found, _ = a_class(body, solution).run({"answer": solution + "\n"})
    assert found["c"].status is Status.PASSED, found["c"].message


# ── State ────────────────────────────────────────────────────────────────────────────


def test_a_value_is_judged_as_it_was_at_its_test_cell(a_class: Callable[..., Class]) -> None:
    made = a_class("def c(x):\n    assert x == 1", "x = 1", code("x = 99"))
    found, _ = made.run({"answer": "x = 1 "})
    assert found["c"].status is Status.PASSED


def test_a_function_is_asked_in_the_state_of_its_test_cell(a_class: Callable[..., Class]) -> None:
    solution = "factor = 2\ndef f(x): return factor * x"
    made = a_class("def c(f):\n    assert f(3) == 6", solution, code("factor = 100"))
    found, _ = made.run({"answer": solution + "\n"})
    assert found["c"].status is Status.PASSED


def test_what_one_criterion_changes_the_next_does_not_see(
    students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    body = (
        'task = Task("t")\n\n'
        '@task.criterion("one", points=1)\ndef one(xs, count):\n    xs.append(1)\n    count()\n\n'
        '@task.criterion("two", points=1)\ndef two(xs, count):\n'
        "    assert xs == [0]\n    assert count() == 1\n\ntask.check()"
    )
    solution = "xs = [0]\nn = 0\ndef count():\n    global n\n    n += 1\n    return n"
    made = Class(students, checkers, tmp_path, [setup(SETUP), answer(solution), test(body, "t", 2)])
    found, _ = made.run({"answer": solution + "\n"})
    assert {name: c.status for name, c in found.items()} == {
        "one": Status.PASSED,
        "two": Status.PASSED,
    }


# ── Errors and limits ────────────────────────────────────────────────────────────────


def test_an_error_in_one_cell_does_not_stop_the_next(a_class: Callable[..., Class]) -> None:
    made = a_class("def c(x):\n    assert x == 1", "x = 1")
    merged_first = "raise ValueError('gave up')"
    found, evidence = made.run({"answer": merged_first})
    assert found["c"].status is Status.FAILED
    _, got, _ = in_words(found["c"].message)
    assert "ValueError: gave up" in got
    stopped = evidence.stopped_at
    assert stopped is not None
    assert stopped.error is not None
    assert stopped.error.type == "ValueError"


def test_a_cell_out_of_time_ends_and_what_was_there_before_counts(
    students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    cells = [
        setup(SETUP),
        answer("x = 1"),
        test(a_test("def c(x):\n    assert x == 1"), "t", 1),
        answer("y = 1", "second"),
        test(a_test("def d(y):\n    assert y == 1").replace('"t"', '"u"'), "u", 1),
        answer("z = 1", "third"),
        test(a_test("def e(z):\n    assert z == 1").replace('"t"', '"v"'), "v", 1),
    ]
    made = Class(students, checkers, tmp_path, cells)
    made.limits = Limits(cpu_seconds=30, cell_seconds=2)
    answers = {"answer": "x = 1 ", "second": "while True:\n    pass", "third": "z = 1 "}
    found, evidence = made.run(answers)
    assert {n: c.status for n, c in found.items()} == {
        "c": Status.PASSED,
        "d": Status.FAILED,
        "e": Status.PASSED,
    }
    assert "more than 2 s" in in_words(found["d"].message)[1]
    assert [c.error.type for c in evidence.cells if c.error] == ["TimeLimit"]


def test_a_cell_that_ignores_its_alarm_ends_the_run_and_what_was_captured_counts(
    a_class: Callable[..., Class],
) -> None:
    deaf = (
        "def spin():\n    while True: pass\n"
        "while True:\n    try:\n        spin()\n    except BaseException: pass"
    )
    made = a_class("def c(x):\n    assert x == 1", "x = 1", code(deaf))
    made.limits = Limits(cpu_seconds=4, cell_seconds=1)
    merged = handed_in(made.notebook, made.folder / "in", {"answer": "x = 1 "})
    assert merged.cells[-1].source == deaf
    found, evidence = made.run({"answer": "x = 1 "})
    assert found["c"].status is Status.PASSED
    assert evidence.limit == "cpu"
    assert "cell 4" in in_words(evidence.limit_message)[1]


def test_tasks_after_a_cell_that_ends_the_process_are_graded_too(
    students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    cells = [
        setup(SETUP),
        answer("def f(): return 1"),
        test(a_test("def c(f):\n    assert f() == 1"), "t", 1),
        answer("y = 1", "second"),
        test(a_test("def d(y):\n    assert y == 1").replace('"t"', '"u"'), "u", 1),
        answer("z = 1", "third"),
        test(a_test("def e(z):\n    assert z == 1").replace('"t"', '"v"'), "v", 1),
    ]
    made = Class(students, checkers, tmp_path, cells)
    answers = {
        "answer": "def f(): return 1 ",
        "second": "import os\nos.kill(os.getpid(), 11)",
        "third": "z = 1 ",
    }
    found, evidence = made.run(answers)
    assert {n: c.status for n, c in found.items()} == {
        "c": Status.PASSED,
        "d": Status.FAILED,
        "e": Status.PASSED,
    }
    assert evidence.limit == "crash"
    assert "ended in cell 4" in in_words(evidence.limit_message)[1]
    assert [c.error.cell for c in evidence.cells if c.error] == [4]


def test_a_function_that_never_returns_fails_its_criterion(
    a_class: Callable[..., Class], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CALL_SECONDS", 1.0)
    solution = "def f():\n    while True: pass"
    found, _ = a_class("def c(f):\n    f()", "def f(): return 1").run({"answer": solution})
    assert found["c"].status is Status.FAILED
    assert "TimeoutError" in in_words(found["c"].message)[1]


def test_a_process_that_ends_fails_the_criterion_that_asked(a_class: Callable[..., Class]) -> None:
    solution = "import os\ndef f(): os._exit(0)"
    found, _ = a_class("def c(f):\n    f()", "def f(): return 1").run({"answer": solution})
    assert found["c"].status is Status.FAILED
    assert "ended the Python process" in in_words(found["c"].message)[1]


# ── Judged again ─────────────────────────────────────────────────────────────────────


def test_what_was_judged_is_not_judged_again(a_class: Callable[..., Class]) -> None:
    made = a_class("def c(x):\n    assert x == 1", "x = 1")
    _, evidence = made.run({"answer": "x = 1 "})
    again = made.again(evidence, made.rules())
    assert (again.checked, again.reused) == (0, 1)
    assert again.tasks[0].criteria[0].status is Status.PASSED


def test_a_mended_criterion_is_judged_from_evidence(a_class: Callable[..., Class]) -> None:
    made = a_class("def c(x):\n    assert x == 1, 'wrong'", "x = 1")
    _, evidence = made.run({"answer": "x = 1 "})
    again = made.again(evidence, made.rules(made.mended("x == 1", "x == 2")))
    assert (again.checked, again.reused, again.new_questions) == (1, 0, ())
    assert again.tasks[0].criteria[0].status is Status.FAILED


def test_a_mended_criterion_may_ask_for_another_name_of_the_answer(
    a_class: Callable[..., Class],
) -> None:
    made = a_class("def c(x):\n    assert x == 1", "x = 1\nother = 5")
    _, evidence = made.run({"answer": "x = 1\nother = 6"})
    mended = made.mended("def c(x):\n    assert x == 1", "def c(other):\n    assert other == 6")
    again = made.again(evidence, made.rules(mended))
    assert again.tasks[0].criteria[0].status is Status.PASSED


def test_the_same_question_is_answered_from_the_record(a_class: Callable[..., Class]) -> None:
    made = a_class("def c(f):\n    assert f(2) == 4", "def f(x): return 2 * x")
    _, evidence = made.run({"answer": "def f(x): return 2 * x "})
    again = made.again(evidence, made.rules(made.mended("== 4", "== 5")))
    assert again.new_questions == ()
    assert again.tasks[0].criteria[0].status is Status.FAILED


def test_a_record_of_before_the_order_of_questions_opens_and_its_questions_are_new(
    a_class: Callable[..., Class],
) -> None:
    made = a_class("def c(f):\n    assert f(2) == 4", "def f(x): return 2 * x")
    _, evidence = made.run({"answer": "def f(x): return 2 * x "})
    (path,) = (made.store.root / "traces").rglob("*.json")
    record = json.loads(path.read_bytes())
    assert record.pop("tainted") is False
    path.write_text(json.dumps(record))
    again = made.again(evidence, made.rules(made.mended("== 4", "== 5")))
    assert again.new_questions == ("t/c",)


def test_a_new_question_to_a_function_is_named(a_class: Callable[..., Class]) -> None:
    made = a_class("def c(f):\n    assert f(2) == 4", "def f(x): return 2 * x")
    _, evidence = made.run({"answer": "def f(x): return 2 * x "})
    again = made.again(evidence, made.rules(made.mended("f(2) == 4", "f(3) == 6")))
    assert again.new_questions == ("t/c",)


def test_what_comes_after_a_new_question_waits_for_its_answer_as_well(
    students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    tests = (
        'task = Task("t")\n\n'
        '@task.criterion("first", points=1)\ndef first(f):\n    assert f(2) == 4\n\n'
        '@task.criterion("then", points=1, after=first)\ndef then(f):\n    assert f(5) == 10\n\n'
        "task.check()"
    )
    cells = [setup(SETUP), answer("def f(x): return 2 * x"), test(tests, "t", 2)]
    made = Class(students, checkers, tmp_path, cells)
    _, evidence = made.run({"answer": "def f(x): return 2 * x "})
    again = made.again(evidence, made.rules(made.mended("f(2) == 4", "f(3) == 6")))
    assert again.new_questions == ("t/first", "t/then")
    assert again.tasks[0].criteria == ()


def test_another_draw_has_other_data(a_class: Callable[..., Class]) -> None:
    body = "def c(rng, x):\n    assert rng.integers(1 << 40) % 2 == x % 2, str(rng.integers(9))"
    made = a_class(body, "x = 1")
    _, evidence = made.run({"answer": "x = 1 "})
    seen = {made.again(evidence, made.rules(draw=n)).tasks[0].criteria[0].status for n in range(12)}
    assert seen == {Status.PASSED, Status.FAILED}


# ── Kinds of test cells ──────────────────────────────────────────────────────────────


def test_plain_asserts_with_sentences_share_the_points(
    students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    tests = 'assert f(1) == 1, "one"\nassert f(2) == 4, "two"'
    cells = [answer("def f(x): return x * x"), test(tests, "t", 4)]
    made = Class(students, checkers, tmp_path, cells)
    found, _ = made.run({"answer": "def f(x): return 1"})
    assert [(c.demand, c.points) for c in found.values()] == [("one", 2.0), ("two", 0.0)]


def test_plain_asserts_without_sentences_are_all_or_nothing(
    students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    cells = [answer("def f(x): return x * x"), test("assert f(1) == 1\nassert f(2) == 4", "t", 4)]
    found, _ = Class(students, checkers, tmp_path, cells).run({"answer": "def f(x): return 1"})
    assert [c.points for c in found.values()] == [0.0]


def test_a_test_that_deletes_a_name_runs_beside_the_student_and_says_so(
    students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    tests = (
        "kept = g\ndel g\ntry:\n    f(1)\nexcept NameError:\n    pass\nelse:\n"
        "    raise AssertionError('f does not use g')\nfinally:\n    g = kept"
    )
    cells = [answer("def g(x): return x\ndef f(x): return g(x)"), test(tests, "t", 1)]
    made = Class(students, checkers, tmp_path, cells)
    good, _ = made.run({"answer": "def g(x): return x\ndef f(x): return g(x) "})
    bad, _ = made.run({"answer": "def g(x): return x\ndef f(x): return x"})
    assert [c.status for c in good.values()] == [Status.PASSED]
    assert [c.status for c in bad.values()] == [Status.FAILED]
    refused, _ = made.run({"answer": "def g(x): return x "}, made.rules(plain_tests="refuse"))
    assert [c.status for c in refused.values()] == [Status.ERROR]
