"""Zeros stay zeros, a grader's disk stays free, and hidden data leaves by no number of a run."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder import config
from autograder.evidence.record import CellRecord, Evidence
from autograder.evidence.store import Store
from autograder.nouns import CellError, Limits, NotebookResult, Status, TaskKind
from autograder.sandbox.checking_process import main
from autograder.sandbox.checking_process.remote import student_error
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.sandbox.wire import HEADER_CAP, BadFrame, Frame, pack, parse_header
from autograder.steps import assignments
from autograder.steps.grading import grade
from autograder.steps.grading.grade_files import _grade
from autograder.steps.grading.pipeline import author_faults, run
from autograder.steps.grading.pipeline.plan import Plan
from autograder.steps.grading.pipeline.workers import Workers
from tests.grading.made import answer, code, setup, test, write
from tests.grading.test_running_and_checking import SETUP, Class, a_test

TEST = """task = Task("t")

@task.criterion("f gives 3 back", points=1)
def visible(f):
    assert f(3) == 3

### BEGIN HIDDEN TESTS
@task.criterion("f gives any number back", points=1)
def unseen(f):
    assert f(20261) == 20261
### END HIDDEN TESTS

task.check()"""
SOLUTION = "### BEGIN SOLUTION\ndef f(n):\n    return n\n### END SOLUTION"
SPOILT = "import sys\nsys.modules['colorsys'] = None"
WASTING = """BLOCK = []
def f(n):
    if n > 3: BLOCK.append(bytes(range(256)) * (1 << 21))
    return n"""

Graded = Callable[[str, str], NotebookResult]


@pytest.fixture(scope="module")
def graded(workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    root = tmp_path_factory.mktemp("trust")
    (root / "course_config.py").write_text("c = get_config()\n")
    cells = [
        setup("from autograder import Task"),
        setup("import colorsys", "later"),
        answer(SOLUTION, "one"),
        test(TEST, "t", 2),
    ]
    write(root / "source" / "hw", cells, "hw")
    made = config.load(root)
    source = assignments.load_assignment(made, "hw")

    def graded(own_cell: str, text: str) -> NotebookResult:
        handed = [cells[0], code(own_cell), *deepcopy(cells[1:])]
        handed[3]["source"] = text
        file = write(root / "in", handed, "hw")
        found = _grade(grade.judge_of(made, source, workers), source, file, root / "in").result
        assert found is not None
        return found

    return graded


def test_an_authors_import_that_a_student_makes_fail_excuses_nothing(graded: Graded) -> None:
    result = graded(SPOILT, "def f(n):\n    raise NameError(n)")
    assert {e.type for e in result.cell_errors} == {"ModuleNotFoundError"}
    assert {c.status for t in result.tasks for c in t.criteria} == {Status.FAILED}


def test_what_hidden_calls_use_is_not_shown(graded: Graded) -> None:
    result = graded("", WASTING)
    assert result.usage_shown is not None
    assert result.usage.memory_mb > result.usage_shown.memory_mb + 400
    assert result.usage_shown.cpu_limit == result.usage.cpu_limit


def test_an_authors_import_that_fails_in_the_solution_too_is_ours() -> None:
    evidence = Evidence(
        "k", "s", "nb", cells=(CellRecord(1, "setup", 0, CellError(1, "setup", "ImportError", "")),)
    )
    assert author_faults.stops(evidence) == {("setup", "ImportError")}


@pytest.mark.parametrize(
    "text", [b"\xed\xa0\x80", b"\xff", "\ud800".encode("utf-16-le", "surrogatepass")]
)
def test_a_header_that_is_not_utf_8_is_no_frame(text: bytes) -> None:
    with pytest.raises(BadFrame):
        parse_header(b'{"why":"' + text + b'"}')


FORGED = """
import os, json, struct
header = b'{"event": "missing", "at": "t", "name": "x", "why": "\\xed\\xa0\\x80"}'
for fd in range(3, 64):
    try:
        os.write(fd, struct.pack("<IQ", len(header), 0) + header)
    except OSError:
        pass
"""


def test_half_a_surrogate_pair_in_a_forged_frame_is_no_fault_of_ours(
    students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    cells = [setup(SETUP), answer("x = 1"), test(a_test("def c(x):\n    assert x == 1"), "t", 1)]
    found, _ = Class(students, checkers, tmp_path, cells).run({"answer": FORGED + "x = 1"})
    assert found["c"].status in (Status.FAILED, Status.PASSED)


# ── What a forged run can make a grader keep ─────────────────────────────────────────


def tape(folder: Path, **limits: Any) -> run._Tape:
    cells = ({"role": "test", "grade_id": "t", "names": ["x"]},)
    return run._Tape(Plan("s", "nb", cells, {}, (), Limits(**limits)), Store(folder))


def value(body: bytes, at: str = "t") -> Frame:
    return Frame({"event": "value", "at": at, "name": "x", "v": 1, "n": [len(body)]}, body)


def test_a_run_keeps_no_more_bytes_than_may_be_captured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "NODES_CAP", 1 << 10)
    of_run = tape(tmp_path, capture_mb=1)
    for _ in range(4):  # equal values are kept once
        of_run.take(value(bytes(600_000)))
    with pytest.raises(ValueError, match="more than is captured"):
        of_run.take(value(bytes([1]) * 600_000))


def test_values_lie_at_test_cells_and_missing_ones_come_to_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "MISSING_CAP", 3)
    of_run = tape(tmp_path)
    with pytest.raises(ValueError, match="no test cell"):
        of_run.take(value(b"", at="u" * 1000))
    for number in range(3):
        of_run.take(Frame({"event": "missing", "at": "t", "name": f"n{number}", "why": ""}))
    with pytest.raises(ValueError, match="too many"):
        of_run.take(Frame({"event": "missing", "at": "t", "name": "n", "why": ""}))


# ── The clean process ────────────────────────────────────────────────────────────────


def test_an_error_with_an_endless_name_is_just_an_exception() -> None:
    assert type(student_error("A" * 1000, "text")).__name__ == "Exception"
    assert type(student_error("Odd", "text", "ValueError")).__name__ == "Odd"


def test_a_model_that_cannot_be_looked_at_twice_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(main, "state", full)
    values = main.Values({}, {}, None)  # type: ignore[arg-type]
    values._decoded, values._states = {"model": object()}, {"model": ()}
    values.renew()
    assert values._decoded == {}


HELPER = b"def solve(x):\n    return 2 * x\n"
MODEL = """
def c(net):
    import secret_part
    assert net.predict(np.array([[3.0]]), verbose=0).tolist() == [[6.0]]"""


def test_a_model_cannot_name_what_is_in_a_hidden_module(
    students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    cells = [setup(SETUP), answer("net = 1"), test(a_test(MODEL.strip()), "t", 1)]
    made = Class(students, checkers, tmp_path, cells)
    function = {"module": "secret_part", "class_name": "function", "config": "solve"}
    layers = [
        {"module": "keras.layers", "class_name": name, "config": config, "registered_name": None}
        for name, config in (
            ("InputLayer", {"batch_shape": [None, 1]}),
            ("Activation", {"activation": {**function, "registered_name": "solve"}}),
        )
    ]
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "net", "layers": layers},
        "registered_name": None,
    }
    node = {"model": {"config": config, "compile": None}, "w": []}
    blob = made.store.put(*map(memoryview, pack({"v": node, "n": []})))
    evidence = Evidence("k", "s", "nb", values={"t": {"net": blob}})
    rules = made.rules(files={"secret_part.py": HELPER})
    status = {
        released: made.again(
            replace(evidence, key=f"k{released}"),
            replace(rules, released=frozenset({"secret_part.py"} if released else ())),
        )
        .tasks[0]
        .criteria[0]
        .status
        for released in (True, False)
    }
    assert status == {True: Status.PASSED, False: Status.FAILED}


def test_a_test_beside_student_code_is_run_where_the_last_check_crashes(
    students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    cells = [
        setup(SETUP),
        answer("x = 1"),
        test(a_test("def c(x):\n    import os; os.abort()"), "t", 1),
        test("def x2(): return x\nx = x2()\nassert x == 1", "plain", 1),
    ]
    made = Class(students, checkers, tmp_path, cells)
    kinds = {task.grade_id: task.kind for task in made.notebook.tasks}
    assert kinds["plain"] is TaskKind.INSIDE
    found, _ = made.run({"answer": "x = 1"})
    assert [result.status for result in found.values()] == [Status.FAILED, Status.PASSED]


# ── Much that is handed in ───────────────────────────────────────────────────────────


def test_long_cells_and_long_lists_are_judged(
    students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    body = "def c(a, b):\n    assert len(a) == len(b) == 600_000"
    cells = [setup(SETUP), answer("a = b = 1"), test(a_test(body), "t", 1)]
    lists = "".join(f"{n} = ['{n}%08d' % i for i in range(600_000)]\n" for n in "ab")
    long = "#" * (HEADER_CAP + 1) + "\n" + lists
    found, _ = Class(students, checkers, tmp_path, cells).run({"answer": long})
    assert found["c"].status is Status.PASSED, found["c"].message


@pytest.mark.parametrize("parts", [7, ["a"], [-1], [3], None])
def test_a_value_whose_parts_are_not_those_of_its_body_is_forged(
    tmp_path: Path, parts: Any
) -> None:
    with pytest.raises(ValueError, match="length"):
        tape(tmp_path).take(Frame({**value(b"ab").header, "n": parts}, b"ab"))
