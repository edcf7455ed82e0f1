"""A package that grading lacks fails what depends on it, by name, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder import config
from autograder.cli.reports import grading
from autograder.language import in_words
from autograder.nouns import CellError, CriterionResult, NotebookResult, Status
from autograder.steps import assignments
from autograder.steps.authoring import release_checks
from autograder.steps.grading import grade
from autograder.steps.grading.grade_files import FileGradeReport, GradedFile, _grade
from autograder.steps.grading.pipeline.checking_runs import _last_words
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.reporting.feedback.cells import error_view
from tests.grading.made import answer, code, setup, test, write

HELPER = "import torch_nowhere\n\ndef ready():\n    return 1\n"
SETUP = """import torch_nowhere, numpy as np
from helper import ready
from autograder import Task, expect


def doubled(x):
    return 2 * x


def as_tensor(x):
    return torch_nowhere.tensor(x)"""


def criteria(grade_id: str, *bodies: str, first: str = "") -> str:
    """A test cell with one criterion of one point per body, named c1, c2, …."""
    lines = [*([first] if first else []), f'task = Task("{grade_id}")']
    for number, body in enumerate(bodies, 1):
        lines += [f'@task.criterion("it is right", points=1)\ndef c{number}({body}']
    return "\n".join([*lines, "task.check()"])


CELLS = [
    setup(SETUP),
    answer("a = 1", "one"),
    test(criteria("t1", "a):\n    assert doubled(a) == 2", "a):\n    as_tensor(a)"), "t1", 2),
    answer("b = np.ones(3)", "two"),
    test(
        criteria("t2", "b):\n    expect.close(b, [1, 1, 1])", first="import nowhere_at_all"),
        "t2",
        1,
    ),
    answer("e = 5", "three"),
    test(criteria("t3", "e):\n    assert ready() == 1", "e):\n    assert e == 5"), "t3", 2),
    answer("net = torch_nowhere.nn()", "four"),
    test(criteria("t4", "net):\n    assert net"), "t4", 1),
    answer("f = 6", "five"),
    test(criteria("t5", "f):\n    import nowhere_inside\n    assert f == 6"), "t5", 1),
]


@dataclass(frozen=True)
class Tried:
    judge: Any
    source: Any
    folder: Path

    def grade(self, answers: dict[str, str], extra: list[Any] | None = None) -> GradedFile:
        """The result of one notebook with these answers, by the way of `grade FILE`."""
        node = nbformat.from_dict(self.source.notebooks[0].node)
        node.cells = [c.copy() for c in node.cells]
        for cell in node.cells:
            grade_id = cell.metadata["nbgrader"]["grade_id"]
            cell["source"] = answers.get(grade_id, cell["source"])
        node.cells[1:1] = extra or []
        file = self.folder / "handed" / "hw.ipynb"
        file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(node, file)
        return _grade(self.judge, self.source, file, self.folder)


@pytest.fixture(scope="module")
def course(workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    root = tmp_path_factory.mktemp("course")
    (root / "course_config.py").write_text("c = get_config()\n")
    write(root / "source" / "hw", CELLS, "hw")
    (root / "source" / "hw" / "helper.py").write_text(HELPER)
    made = config.load(root)
    source = assignments.load_assignment(made, "hw")
    return Tried(grade.judge_of(made, source, workers), source, root / "scratch")


STUDENT = {
    "one": "import flashy_package\na = 1",
    "two": "from flashy_package import x\nb = np.ones(3)",
    "three": "import flashy_package, math\ne = int(math.sqrt(25))",
    "five": "f = 6 # six",
}


@pytest.fixture(scope="module")
def graded(course: Tried) -> GradedFile:
    return course.grade(
        STUDENT, [code("import flashy_package\nmine = 3"), code("assert mine == 3")]
    )


def found(graded: GradedFile) -> dict[str, CriterionResult]:
    assert graded.result is not None
    return {f"{t.grade_id}/{c.name}": c for t in graded.result.tasks for c in t.criteria}


DECIDED = {
    "t1/c1": Status.PASSED,
    "t1/c2": Status.ERROR,  # the set-up cell's own package
    "t2/c1": Status.ERROR,  # the test cell's
    "t3/c1": Status.ERROR,  # the helper's
    "t3/c2": Status.PASSED,
    "t4/c1": Status.ERROR,  # the answer needs the set-up cell's
    "t5/c1": Status.ERROR,  # the criterion's, as with the solution
}


def test_only_what_depends_on_a_missing_package_is_undecided(graded: GradedFile) -> None:
    assert {name: c.status for name, c in found(graded).items()} == DECIDED
    assert graded.state == "error"


@pytest.mark.parametrize(
    ("name", "package", "place"),
    [
        ("t1/c2", "torch_nowhere", "set-up cell 1, line 1"),
        ("t2/c1", "nowhere_at_all", "test cell t2"),
        ("t3/c1", "torch_nowhere", "set-up cell 1, line 2"),
    ],
)
def test_the_message_names_the_package_the_place_and_the_way_out(
    graded: GradedFile, name: str, package: str, place: str
) -> None:
    _, got, _ = in_words(found(graded)[name].message)
    assert got.startswith(f"{place} imports {package}, which is not installed")
    assert f"pip install {package} in the grader's environment" in got


def test_a_students_own_missing_package_stops_one_line(graded: GradedFile) -> None:
    assert graded.result is not None
    mine = [e for e in graded.result.cell_errors if "flashy_package" in e.text]
    assert {e.type for e in mine} == {"ModuleNotFoundError"}
    assert len(mine) == 4  # three answers and a cell of their own; the cell after that one ran


def test_an_answer_that_needs_the_authors_missing_package_is_no_zero(course: Tried) -> None:
    result = found(course.grade({"four": "net = torch_nowhere.nn(3)"}))["t4/c1"]
    assert result.status is Status.ERROR
    assert "torch_nowhere" in in_words(result.message)[1]


def test_the_command_names_the_cause(graded: GradedFile) -> None:
    lines = list(grading.grade_files(FileGradeReport("hw", "A", (graded,))))
    assert "torch_nowhere, which is not installed" in str(lines[0])


def test_a_proof_says_what_to_install(course: Tried) -> None:
    complaints = release_checks.proved(course.judge).complaints
    stops = [c for c in complaints if c.startswith("hw: cell 1 of the solution stops")]
    assert (
        "No module named 'torch_nowhere' (pip install it in the grader's environment)" in stops[0]
    )


def test_feedback_names_the_module_and_what_is_installed_instead() -> None:
    view = error_view(CellError(3, "", "ModuleNotFoundError", "No module named 'torch.nn'", 1))
    assert view.plain.startswith(
        "torch.nn is not installed where grading runs; installed there: numpy"
    )


def test_the_last_words_of_a_process_are_no_pointers() -> None:
    printed = b"Traceback\n  import x\n         ^^^^^^^^\nModuleNotFoundError: No module named 'x'\n ~~^~\n"
    assert _last_words(printed) == "Traceback; import x; ModuleNotFoundError: No module named 'x'"


# ── What earlier test cells import, and cells that may raise ─────────────────────────

LATER = [
    setup("from autograder import Task, expect"),
    answer("a = 1", "one"),
    test("import numpy.testing as npt\nfrom math import pi\nassert a == 1", "t1", 1),
    answer("b = 2", "two"),
    test("npt.assert_equal(b, 2)", "t2", 1),
    test(criteria("t3", "b):\n    npt.assert_equal(b, int(pi) - 1)"), "t3", 1),
    test("npt.assert_equal(b, 2)\ndel b", "t4", 1),
    code("raise ValueError('shown on purpose')", tags=["raises-exception"]),
    code("1 / 0"),
]


@pytest.fixture(scope="module")
def later(workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> NotebookResult:
    root = tmp_path_factory.mktemp("later")
    (root / "course_config.py").write_text("c = get_config()\nc.Grading.plain_tests = 'inside'\n")
    file = write(root / "source" / "hw", LATER, "hw")
    made = config.load(root)
    source = assignments.load_assignment(made, "hw")
    node = nbformat.read(file, 4)
    node.cells[1]["source"] = "a = int(1)"
    node.cells[3]["source"] = "b = int(2)"
    (root / "in").mkdir()
    nbformat.write(node, root / "in" / "hw.ipynb")
    judge = grade.judge_of(made, source, workers)
    result = _grade(judge, source, root / "in" / "hw.ipynb", root / "in").result
    assert result is not None
    return result


def test_what_an_earlier_test_cell_imports_later_ones_have(later: NotebookResult) -> None:
    assert {t.grade_id: t.points for t in later.tasks} == dict.fromkeys(("t1", "t2", "t3", "t4"), 1)


def test_a_cell_that_may_raise_is_no_error(later: NotebookResult) -> None:
    assert [e.type for e in later.cell_errors] == ["ZeroDivisionError"]
    assert "on purpose" not in json.dumps([vars(e) for e in later.cell_errors])
