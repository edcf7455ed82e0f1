"""What a student's object or value uses up fails one criterion; the others stand and still run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.language import in_words
from autograder.nouns import CriterionResult, Limits, Status
from autograder.sandbox.supervisor.warm_server import WarmServer
from tests.grading.made import answer, setup, test
from tests.grading.test_running_and_checking import SETUP, Class

SMALL = Limits(check_seconds=2, check_questions=150, check_mb=1, wall_factor=2)

CELL = """
task = Task("t")


@task.criterion("before", points=1)
def before(x):
    assert x == 1


@task.criterion("it is right", points=1)
{body}


@task.criterion("after", points=1)
def after(x):
    assert x == 1


@task.criterion("asked after", points=1)
def asked(count):
    assert count() == 1


task.check()
"""
COUNT = "x = 1\nn = 0\ndef count():\n    global n\n    n += 1\n    return n\n"

Judge = Callable[..., dict[str, CriterionResult]]


@pytest.fixture
def judge(students: WarmServer, checkers: WarmServer, tmp_path: Path) -> Judge:
    def judge(body: str, code: str) -> dict[str, CriterionResult]:
        cells = [
            setup(SETUP),
            answer(COUNT + "v = f = None"),
            test(CELL.format(body=body).strip(), "t", 4),
        ]
        made = Class(students, checkers, tmp_path, cells)
        rules = made.rules(limits=SMALL)
        found, evidence = made.run({"answer": COUNT + code}, rules)
        again = made.again(evidence, rules)
        assert not again.new_questions
        assert {c.name: c.status for t in again.tasks for c in t.criteria} == {
            name: c.status for name, c in found.items()
        }
        return found

    return judge


SELF = (
    "class E:\n    def __len__(self): return 1\n    def __getitem__(self, i): return self\nv = E()"
)
ENDS = {
    "a list of an object that holds itself": "def c(v):\n    assert list(v) == [1]",
    "an array of it": "def c(v):\n    assert np.asarray(v).sum() == 3",
    "a check of it": "def c(v):\n    expect.close(v, 3.0)",
    "texts of it": "def c(v):\n    expect.tokens_match(v, ['a'])",
    "itself among its items": "def c(v):\n    assert 7 in v",
}


@pytest.mark.parametrize("name", ENDS)
def test_an_object_that_holds_itself_is_read_to_its_length(name: str, judge: Judge) -> None:
    found = judge(ENDS[name], SELF)
    assert found.pop("c").status is Status.FAILED
    assert {c.status for c in found.values()} == {Status.PASSED}


SPENT = {
    "items of items of items": (
        "def c(v):\n    np.asarray(v)",
        "class E:\n    def __len__(self): return 9\n    def __getitem__(self, i): return E()\nv = E()",
        "TooManyQuestions",
    ),
    "a check that takes no refusal": (
        "def c(f):\n    for _ in range(1000):\n        try:\n            f()\n"
        "        except Exception:\n            pass",
        "def f(): return 1",
        "TooManyQuestions",
    ),
    "a callback without an end": (
        "def c(f):\n    f(lambda: 1)",
        "def f(g):\n    while True:\n        g()",
        "TooManyQuestions",
    ),
    "many large answers": (
        "def c(f):\n    for _ in range(40):\n        f()",
        "import numpy as np\ndef f(): return np.zeros(20_000)",
        "TooLarge",
    ),
    "a value that keeps the check busy": (
        "def c(v):\n    sum(1 for _ in range(v))",
        "v = 10**15",
        "TooSlow",
    ),
    "a callback that keeps the check busy": (
        "def c(f):\n    f(lambda n: sum(1 for _ in range(n)))",
        "def f(g): g(10**15)",
        "TooSlow",
    ),
    "a value that crashes the check": (
        "def c(v):\n    import ctypes\n    ctypes.string_at(v)",
        "v = 1",
        "CheckEnded",
    ),
}


@pytest.mark.parametrize("name", SPENT)
def test_what_is_used_up_fails_one_criterion(name: str, judge: Judge) -> None:
    body, code, error = SPENT[name]
    found = judge(body, code)
    spent = found.pop("c")
    assert (spent.status, spent.points, spent.error) == (Status.FAILED, 0, error)
    assert all(in_words(spent.message))
    assert {c.status for c in found.values()} == {Status.PASSED}, found


DEAF = {
    "who sleeps": (
        "f()",
        "import time\ndef f():\n    while True:\n        try: time.sleep(1000)\n",
        "TooSlow",
    ),
    "who calls back without an end": (
        "f(abs)",
        "def f(g):\n    while True:\n        try: g(1)\n",
        "TooManyQuestions",
    ),
}


@pytest.mark.parametrize("name", DEAF)
def test_who_takes_no_end_ends_their_own_process_and_nothing_else(name: str, judge: Judge) -> None:
    call, code, error = DEAF[name]
    found = judge(f"def c(f):\n    {call}", f"{code}        except BaseException: pass")
    assert {name: c.status for name, c in found.items()} == {
        "before": Status.PASSED,
        "c": Status.FAILED,
        "after": Status.PASSED,
        "asked": Status.FAILED,
    }
    assert found["c"].error == error


def test_an_answer_in_the_graders_words_is_only_an_answer(judge: Judge) -> None:
    forged = (
        "def f():\n    import os, struct\n"
        '    text = b\'{"new_question": true, "spent": "seconds"}\'\n'
        "    os.write(4, struct.pack('<IQ', len(text), 0) + text)\n    os._exit(0)"
    )
    found = judge("def c(f):\n    f()", forged)
    assert (found["before"].status, found["after"].status) == (Status.PASSED, Status.PASSED)
    assert found["c"].status is Status.FAILED
    assert found["c"].error != "TooSlow"


def test_the_student_reads_how_often_they_were_asked(judge: Judge) -> None:
    body, code, _ = SPENT["items of items of items"]
    expected, got, next_ = in_words(judge(body, code)["c"].message)
    assert expected == "an answer that comes to an end"
    assert got == "your object was asked 150 times and never ended"
    assert next_.startswith("Look for an object that holds itself")


def test_with_more_to_spend_it_is_asked_anew(
    students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    body = "def c(f):\n    for i in range(200):\n        assert f(i) == i"
    cells = [setup(SETUP), answer(COUNT + "f = None"), test(CELL.format(body=body).strip(), "t", 4)]
    made = Class(students, checkers, tmp_path, cells)
    rules = made.rules(limits=SMALL)
    found, evidence = made.run({"answer": COUNT + "def f(i): return i"}, rules)
    assert found["c"].error == "TooManyQuestions"
    richer = replace(rules, limits=replace(SMALL, check_questions=1000))
    assert made.again(evidence, richer).new_questions == ("t/c",)
