"""What students read never depends on hidden questions: two courses with other keys, equal pages.

The hostile answer keeps what a hidden criterion calls it with, and says it by every way there is
when a later task's criteria ask.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from autograder import config, gradebook
from autograder.config import Course
from autograder.evidence import check_pictures, results
from autograder.evidence.store import Store
from autograder.language import in_words
from autograder.nouns import Criterion, CriterionResult, Message, Status, Task, TaskKind, Usage
from autograder.steps import assignments
from autograder.steps.grading import grade
from autograder.steps.grading.pipeline import checking_runs, grading_inputs, taint
from autograder.steps.grading.pipeline.grader import solution
from autograder.steps.reporting import feedback
from tests.grading.made import answer, setup, test, write

SETUP = "import numpy as np\nfrom autograder import Task, expect"
FIRST = """
task = Task("first")

### BEGIN HIDDEN TESTS
@task.criterion("Doubles any number", points=1)
def doubles(forward, rng):
    x = rng.random(8)
    expect.close(forward(x), 2 * x)
### END HIDDEN TESTS

@task.criterion("Doubles 3, in two attempts", points=1, retry=True)
def doubles_three(forward, rng):
    expect.close(forward(np.full(3, 3.0)), np.full(3, 6.0), name=str(forward(np.zeros(1))))

@task.criterion("Then doubles 4 as well", points=1, after="doubles")
def then(forward):
    assert forward(np.full(1, 4.0)).tolist() == [0.5], f"got {forward(np.zeros(1))}"

task.check()
"""
SECOND_HEAD = '\ntask = Task("second")\n'
WAYS = {
    "a returned value": "return float(SEEN[0][0])",
    "a returned text": "return str(SEEN[0])",
    "an exception's text": "raise ValueError(SEEN[0])",
    "an exception's name": "raise type(f'E{HEX}', (Exception,), {})()",
    "an object's repr": "return type('R', (), {'__repr__': lambda s: HEX})()",
    "a class's name": "return type(f'C{HEX}', (), {})",
    "a function's name": "f = lambda: 0; f.__name__ = 'f' + HEX; return f",
    "a parameter's name": "return eval(f'lambda p{HEX}: 0')",
    "a key": "return {HEX: 1}",
    "a shape": "return np.zeros(int(HEX[:3], 16) + 1)",
    "a type of numbers": "return np.zeros(1, f'S{int(HEX[:2], 16) + 1}')",
    "what is printed": "print(HEX); return HEX",
    "a figure": "import matplotlib.pyplot as plt; plt.title(HEX); plt.show(); return 0",
    "an argument": "x[:] = SEEN[0][:1]; return 0",
    "an end of the process": "import os; os._exit(int(HEX[0], 16) % 2) if SEEN else 0",
}
SECOND = (
    SECOND_HEAD
    + "".join(
        f"""
@task.criterion("Answers {name}", points=1)
def way_{number}(nearest):
    import inspect
    found = nearest({number}, np.zeros(1))
    told = [found, getattr(found, "__name__", ""), type(found), getattr(found, "dtype", "")]
    try:
        told.append(list(inspect.signature(found).parameters))
    except (TypeError, ValueError):
        pass
    assert False, repr(told)
"""
        for number, name in enumerate(WAYS)
    )
    + "\ntask.check()"
)
HONEST = {
    "one": "def forward(x): return 2 * x",
    "two": "def nearest(way, x): return 0",
}
HOSTILE = {
    "one": (
        "import numpy as np\nSEEN = []\ndef forward(x):\n"
        "    if len(x) == 8: SEEN.append(np.array(x))\n"
        "    return 2 * x if not SEEN or len(x) == 8 else SEEN[0]"
    ),
    "two": (
        "def nearest(way, x):\n    if not SEEN: return 0\n    HEX = SEEN[0].tobytes().hex()\n"
        + "".join(f"    if way == {n}:\n        {code}\n" for n, code in enumerate(WAYS.values()))
    ),
}


def a_course(root: Path, key: bytes, answers: dict[str, str]) -> Course:
    """A course with this key and one student, who answers so."""
    cells = [
        setup(SETUP),
        answer(HONEST["one"], "one"),
        test(FIRST.strip(), "first", 3),
        answer(HONEST["two"], "two"),
        test(SECOND.strip(), "second", len(WAYS)),
    ]
    return with_student(root, key, cells, answers)


def with_student(
    root: Path, key: bytes, cells: list[Any], answers: dict[str, str], settings: str = ""
) -> Course:
    """A course of these cells with one student, who answers so."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "course_config.py").write_text(f"c = get_config()\n{settings}\n")
    for cell in cells:
        cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    write(root / "source" / "hw", cells, "hw")
    course = config.load(root)
    course.state.mkdir(mode=0o700)
    (course.state / "course.key").write_bytes(key)
    given = [nbformat.from_dict(cell) for cell in cells]
    for cell in given:
        cell.source = answers.get(cell.metadata.nbgrader.grade_id, cell.source)
    folder = root / "submitted" / "ann" / "hw"
    folder.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=given), folder / "hw.ipynb")
    gradebook.register(course, assignments.load_assignment(course, "hw"), 1)
    return course


def graded(course: Course, workers: Any) -> dict[str, CriterionResult]:
    grade.grade(course, "hw", workers=workers)
    result = results.load(course.state, "hw", "ann")
    assert result is not None
    return {c.name: c for t in result.notebooks[0].tasks for c in t.criteria}


def read_by_the_student(course: Course) -> dict[str, bytes]:
    """Every feedback page, of a result without times and ids."""
    result = results.load(course.state, "hw", "ann")
    assert result is not None
    notebooks = tuple(replace(n, usage=Usage(), usage_shown=Usage()) for n in result.notebooks)
    results.save(course.state, replace(result, submission="S", notebooks=notebooks))
    feedback.feedback(course, "hw")
    pages = {p.name: p.read_bytes() for p in (course.feedback / "ann" / "hw").glob("*.html")}
    assert pages
    return pages


@pytest.mark.parametrize("answers", [HONEST, HOSTILE], ids=["honest", "hostile"])
def test_pages_are_byte_equal_under_other_hidden_data(
    answers: dict[str, str], tmp_path: Path, workers: Any
) -> None:
    mine = {name: f"{text}  # mine" for name, text in answers.items()}
    one, other = (a_course(tmp_path / k, k.encode() * 32, mine) for k in "ab")
    found = [graded(course, workers) for course in (one, other)]
    for criteria in found:
        assert criteria["doubles"].status is Status.PASSED, "hidden data was asked for"
        assert criteria["way_0"].status is Status.FAILED
        tainted = {name for name, c in criteria.items() if c.tainted}
        assert tainted == {"doubles", "then"}, "visible criteria were asked before hidden ones"
    assert read_by_the_student(one) == read_by_the_student(other)


COURSE = config.load(Path(__file__).parents[2])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(p.name for p in COURSE.source.glob("*/")))
def test_what_is_read_of_a_bundled_assignment_is_equal_under_other_hidden_data(
    name: str, tmp_path: Path, workers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the draws of hidden criteria change; the author's own solution answers."""
    seed_of = grading_inputs.seed_of
    found = []
    for salt in (0, 1):

        def other(
            r: grading_inputs.GradingInputs, task: Task, criterion: str, n: int, salt: int = salt
        ) -> int:
            late = criterion in taint.late_names(task)
            return seed_of(r, task, criterion, n) + (salt if late else 0)

        for module in (grading_inputs, checking_runs):
            monkeypatch.setattr(module, "seed_of", other)
        judge = replace(
            grade.judge_of(COURSE, assignments.load_assignment(COURSE, name), workers),
            store=Store(tmp_path / str(salt)),
        )
        folder = tmp_path / f"in{salt}"
        folder.mkdir()
        judged = judge.judge(solution(judge.assignment, folder), as_attempted=True)
        criteria = [
            (n.notebook, t.grade_id, c)
            for n in judged.result.notebooks
            for t in n.tasks
            for c in t.criteria
            if not c.hidden
        ]
        pictures = [
            check_pictures.read(judge.store, judged.evidence[notebook].key, task, c.name)
            for notebook, task, c in criteria
        ]
        found.append((criteria, pictures))
    assert found[0] == found[1]


BESIDE = """
f = f
### BEGIN HIDDEN TESTS
assert f(SECRET) == 1
### END HIDDEN TESTS
"""
BESIDE_VISIBLE = "f = f\nassert f(0) == 1, f'got {f(0)}'"
STORES = """
SEEN = []
def f(x):
    if x: SEEN.append(x)
    if x: raise ValueError(SEEN)
    return SEEN
"""


def test_a_cell_beside_student_code_tells_nothing_of_its_hidden_tests(
    tmp_path: Path, workers: Any
) -> None:
    found, pages = [], []
    for secret in ("1234.5", "9876.5"):
        cells = [
            setup(SETUP),
            answer("def f(x): return 1", "one"),
            test(BESIDE.strip().replace("SECRET", secret), "first", 1),
            test(BESIDE_VISIBLE, "second", 1),
        ]
        inside = 'c.Grading.plain_tests = "inside"'
        course = with_student(tmp_path / secret, b"k" * 32, cells, {"one": STORES}, inside)
        found.append(graded(course, workers))
        pages.append(read_by_the_student(course))
        assert secret not in str(pages[-1])
    assert pages[0] == pages[1]
    result = results.load(tmp_path / "1234.5" / ".autograder", "hw", "ann")
    assert result is not None
    first, second = result.notebooks[0].tasks
    assert (first.criteria[0].hidden, first.criteria[0].tainted) == (True, True)
    assert "1234.5" in str(first.criteria[0].message), "staff are told, and that it is tainted"
    assert "got []" in str(second.criteria[0].message), "it was asked before the hidden cell"


@pytest.mark.parametrize(
    ("error", "shown"), [("ValueError", "ValueError"), ("E3fa", "Exception"), ("exit", "Exception")]
)
def test_of_a_tainted_exception_a_builtin_type_is_told(error: str, shown: str) -> None:
    message = Message("{a}", "{type}: {text}", "{a}", {"type": error, "text": "3f", "a": "3f"})
    raised = CriterionResult("c", Status.FAILED, 0, 1, "demand", False, message, 0.5, error=error)
    told = taint.shown_result(raised, tainted=True)
    assert (told.error, told.message.values, told.score) == (shown, {"type": shown}, 0.5)
    assert "3f" not in str(in_words(told.message))


@pytest.mark.parametrize("status", list(Status))
def test_no_text_of_a_tainted_visible_result_stays(status: Status) -> None:
    message = Message("a", "b {x}", "c", {"x": "3f"})
    result = CriterionResult("c", status, 0, 1, "demand", False, message)
    assert taint.shown_result(result, tainted=False) is result
    told = taint.shown_result(result, tainted=True)
    assert told.tainted
    assert "3f" not in str(told) or status is Status.NOT_RUN, "what blocks it is in author's words"
    hidden = taint.shown_result(replace(result, hidden=True), tainted=True)
    assert (hidden.message, hidden.tainted) == (message, True)


def test_what_waits_for_a_hidden_criterion_is_asked_late() -> None:
    def one(name: str, *after: str, hidden: bool = False) -> Criterion:
        return Criterion(name, name, 1, hidden=hidden, after=after)

    criteria = (
        one("a"),
        one("h", "a", hidden=True),
        one("b", "a"),
        one("c", "h"),
        one("d", "c", "b"),
    )
    task = Task("t", 5, TaskKind.CRITERIA, (), criteria)
    assert taint.late_names(task) == {"h", "c", "d"}
