"""Answers that attack the criterion they are judged by: what each gets without the measure.

Job-level attacks try to leave the sandbox; these stay in it and bend what is judged outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

import numpy as np

from autograder.errors import SandboxFault
from autograder.nouns import CriterionResult, Limits, Status
from autograder.sandbox.supervisor.warm_server import WarmServer

SETUP = "import numpy as np\nfrom autograder import Task, expect"
BEFORE = "x = 1"
SMALL = Limits(check_seconds=2, check_questions=150, check_mb=1, wall_factor=2)
CELL = """
task = Task("t")


@task.criterion("before", points=1)
def before(x):
    assert x == 1


@task.criterion("it is right", points=1)
{criterion}


@task.criterion("after", points=1)
def after(x):
    assert x == 1


task.check()
"""
Grade = Callable[["AnswerAttack"], str]


@dataclass(frozen=True)
class AnswerAttack:
    """An answer, the criterion that it attacks, and what it gets where the measure is not there."""

    threat: str
    name: str
    measure: str
    criterion: str
    code: str
    without: Callable[[AnswerAttack, Grade], str]


def grader(students: WarmServer, checkers: WarmServer, folder: Path) -> Grade:
    """Return what grades an attack: "" where it gets nothing and harms no other criterion."""
    from tests.grading.made import answer, setup, test
    from tests.grading.test_running_and_checking import Class

    def grade(attack: AnswerAttack) -> str:
        text = CELL.format(criterion=attack.criterion).strip()
        cells = [setup(SETUP), answer(f"{BEFORE}\nv = f = None"), test(text, "t", 3)]
        fresh = Path(mkdtemp(dir=folder))  # nothing that was graded before is used
        made = Class(students, checkers, fresh, cells)
        try:
            found, _ = made.run({"answer": f"{BEFORE}\n{attack.code}"}, made.rules(limits=SMALL))
        except SandboxFault:
            return "all wait for a person"
        except AssertionError:
            return "left undecided"
        return _got(found)

    return grade


def _got(found: dict[str, CriterionResult]) -> str:
    mine = found.pop("c")
    if mine.status is not Status.FAILED or mine.points:
        return f"{mine.points:g} points, {mine.status}"
    harmed = [name for name, c in found.items() if c.status is not Status.PASSED]
    return f"harms {harmed[0]}" if harmed else ""


# ── Without the measure ──────────────────────────────────────────────────────────────


def names_of(attack: AnswerAttack) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(f"{SETUP}\n{BEFORE}\n{attack.code}\n{attack.criterion}", names)
    return names


def beside(attack: AnswerAttack, _: Grade) -> str:
    """Run the criterion on the student's own function: arguments are no copies then."""
    names = names_of(attack)
    names["c"](names["f"], np.random.default_rng(1))
    return "the point"


def by_numpy(attack: AnswerAttack, _: Grade) -> str:
    """Compare as NumPy does, to which True is 1."""
    return "the point" if np.isclose(names_of(attack)["v"], 1.0).all() else ""


def by_python(attack: AnswerAttack, _: Grade) -> str:
    """Iterate as Python does: by number, until an IndexError."""
    count = sum(1 for _ in islice(iter(names_of(attack)["v"]), 100_000))
    return f"{count} items and no end" if count == 100_000 else ""


def unbudgeted(attack: AnswerAttack, grade: Grade) -> str:
    """Grade with a budget that is never spent."""
    with patch("autograder.steps.grading.pipeline.budgets.Budget.over", lambda _: ""):
        return grade(attack)


def all_at_once(attack: AnswerAttack, grade: Grade) -> str:
    """Grade as if a clean process that ends were a fault of the machine's."""

    def fault(*_: Any, **__: Any) -> None:
        raise SandboxFault("the checking process ended")

    with patch("autograder.steps.grading.pipeline.checking_runs.CleanRun._ended", fault):
        return grade(attack)


def believed(attack: AnswerAttack, grade: Grade) -> str:
    """Grade with the student's answers passed on as they come."""
    with patch("autograder.steps.grading.pipeline.student_process.OURS", ()):
        return grade(attack)


BEND, STALL = "bend", "stall"
_TRUTH = "def c(f, rng):\n    y, p = rng.normal(size=(2, 9))\n"
_FORGED = (
    "def f():\n    import os, struct\n"
    '    text = b\'{{"{key}": true, "ok": true, "v": 1, "n": []}}\'\n'
    "    os.write(4, struct.pack('<IQ', len(text), 0) + text)\n    os._exit(0)"
)

ATTACKS = (
    AnswerAttack(
        BEND,
        "arguments set to what gives 0",
        "arguments are copies",
        _TRUTH + "    expect.close(f(y, p), np.mean((y - p) ** 2))",
        "def f(y, p):\n    y[...] = 0\n    p[...] = 0\n    return 0.0",
        beside,
    ),
    AnswerAttack(
        BEND,
        "a list of arguments rewritten",
        "arguments are copies",
        "def c(f, rng):\n    words = [[str(n) for n in rng.integers(9, size=5)]]\n"
        "    assert f(words) == len(words[0][0])",
        "def f(words):\n    words[0][:] = ['']\n    return 0",
        beside,
    ),
    AnswerAttack(
        BEND,
        "True in the place of 1.0",
        "no boolean is a number",
        "def c(v):\n    expect.close(v, 1.0)",
        "v = True",
        by_numpy,
    ),
    AnswerAttack(
        BEND,
        "a mixed list of True and numbers",
        "no boolean is a number",
        "def c(v):\n    expect.close(v, [1.0, 1.0])",
        "v = [True, 1.0]",
        by_numpy,
    ),
    AnswerAttack(
        STALL,
        "an object that holds itself",
        "iteration bounded by length",
        "def c(v):\n    assert list(v) == [1]",
        "class E:\n    def __len__(self): return 1\n    def __getitem__(self, i): return self\n"
        "v = E()",
        by_python,
    ),
    AnswerAttack(
        STALL,
        "questions without an end",
        "budget of questions",
        "def c(f):\n    for _ in range(1000):\n        f()",
        "def f(): return 1",
        unbudgeted,
    ),
    AnswerAttack(
        STALL,
        "a criterion made slow to wait for a person",
        "a limit fails one criterion",
        "def c(v):\n    sum(1 for _ in range(v))",
        "v = 10**15",
        all_at_once,
    ),
    AnswerAttack(
        STALL,
        "a criterion made to crash",
        "a limit fails one criterion",
        "def c(v):\n    import ctypes\n    ctypes.string_at(v)",
        "v = 1",
        all_at_once,
    ),
    AnswerAttack(
        STALL,
        "an answer that says it is a new question",
        "the grader's words are stripped",
        "def c(f):\n    assert f() == 2",
        _FORGED.format(key="new_question"),
        believed,
    ),
)
