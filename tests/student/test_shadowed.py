"""A variable that is called like something of Python's or of the course's: said by name."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from autograder.criteria.rng import PUBLIC_KEY, draws
from autograder.criteria.running import run_task
from autograder.criteria.task import Task
from autograder.language import in_words
from autograder.shadowing import shadowed
from autograder.student.own_names import put_back

TASK = """
task = Task("t")

@task.criterion("the sum is {wanted}", points=1)
def right(x, *, wanted=3):
    expect.close(sum(list(x)), wanted)

task.check()
"""


def test_a_check_goes_on_with_its_own_task_and_expect(start_kernel):
    kernel = start_kernel()
    kernel.run("from autograder import Task, expect\nx = [1, 2]")
    kernel.run("Task = 3; expect = None; task = 7")
    said = kernel.run(TASK)
    assert (
        "Task has another value in this notebook; this check uses the course's Task again" in said
    )
    assert "expect has another value" in said
    assert "1 of 1 points" in said
    assert "another value" not in kernel.run(TASK)
    kernel.run("list = [5]")
    said = kernel.run(TASK)
    assert (
        "list has another value in this notebook (TypeError: 'list' object is not callable)" in said
    )
    assert "Rename your own variable list" in said


# ── Which name it is ─────────────────────────────────────────────────────────────────

CASES: dict[str, tuple[str, str, str]] = {  # what the notebook says, what fails, the name
    "list": ("list = [1]", "list((1, 2))", "list"),
    "print": ("print = 3", "print('x')", "print"),
    "sum": ("sum = 0", "sum([1])", "sum"),
    "a name in a function": ("max = 2\ndef f(): return max([1])", "f()", "max"),
    "type": ("type = 'relu'", "type(3)", "type"),
    "np": ("np = 3", "np.array([1])", "np"),
    "plt": ("plt = None", "plt.plot([1])", "plt"),
    "expect": ("expect = None", "expect.close(1, 1)", "expect"),
    "Task": ("Task = 3", "Task('x')", "Task"),
    "a module that is a function": ("def tf(x): return x", "tf.constant(3)", "tf"),
    "an ordinary mistake": ("x = 3", "x()", ""),
    "another kind of error": ("list = [1]", "1 / 0", ""),
    "a name that is taken but not at fault": ("max = 3\nf = 'text'", "f(max)", ""),
    "nothing of the notebook's": ("import numpy as np", "np.nothing", ""),
    "a function of that name": ("def sum(a, b): return a + b", "sum(1, 2)()", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_the_name_at_fault_is_found_by_the_error(name):
    before, fails, taken = CASES[name]
    namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}
    exec(before, namespace)
    with pytest.raises(Exception) as caught:  # noqa: PT011
        exec(fails, namespace)
    assert shadowed(caught.value) == taken


def test_an_error_whose_text_cannot_be_read_names_nothing():
    class Odd(TypeError):
        def __str__(self) -> str:
            raise ValueError

    assert shadowed(Odd()) == ""


def test_only_names_that_were_taken_are_put_back():
    ours: dict[str, Any] = {"Task": Task, "expect": builtins}
    namespace: dict[str, Any] = {"expect": None, "x": 1}
    assert put_back(namespace, ours) == ["expect"]
    assert namespace == {"expect": builtins, "x": 1}


def test_a_criterion_says_which_variable_to_rename():
    namespace: dict[str, Any] = {"__name__": "__main__", "Task": Task}
    exec(TASK.replace("expect.close", "list").replace("task.check()", "list = [1]"), namespace)
    (result,) = run_task(namespace["task"], {"x": (1, 2)}.__getitem__, draws(PUBLIC_KEY, "t"))
    expected, got, next_ = in_words(result.message)
    assert expected == "list means what it does in Python and in the set-up cell"
    assert got.startswith("list has another value in this notebook")
    assert next_.startswith("Rename your own variable list")
