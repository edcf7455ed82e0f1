"""Every bundled criterion: the same verdict and the same words in a kernel and across the wall.

The cells of each assignment's solution run once; then its criteria judge what they left twice, as
`task.check()` does beside them and as the clean process does, through the codec and the links.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from autograder.criteria.rng import draws
from autograder.criteria.running import Missing, run_task
from autograder.criteria.task import Task as Declared
from autograder.criteria.task import collecting
from autograder.evidence.codec import Encoder, lengths, split
from autograder.language import in_words
from autograder.notebook.source.cells import cells_of
from autograder.notebook.source.reading import read_assignment
from autograder.nouns import Assignment, CriterionResult, Status, TaskKind
from autograder.nouns import Task as Read
from autograder.sandbox.checking_process.author_code import plain_code
from autograder.sandbox.checking_process.remote import Link
from autograder.sandbox.student_process.object_server import Exports
from autograder.sandbox.wire import Buffer, Frame, read_frame, write_frame
from tests.course.proof import close_figures

SOURCE = Path(__file__).parents[2] / "source"
KEY = b"the same draws both ways"
QUICK = {"n411_first_network"}
ALL = sorted(p.name for p in SOURCE.iterdir() if (p / f"{p.name}.ipynb").exists())


@contextmanager
def folder_of(assignment: Assignment, scratch: Path) -> Iterator[dict[str, Any]]:
    """A namespace to run cells in, the assignment's files beside it."""
    for name in (*assignment.files, *assignment.hidden_files):
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((assignment.path / name).read_bytes())
    helpers = [Path(f).stem for f in assignment.files if f.endswith(".py")]
    kept = {name: sys.modules.pop(name, None) for name in helpers}
    sys.path.insert(0, str(scratch))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(scratch)
        patch.setenv("MPLBACKEND", "agg")
        try:
            yield {"__name__": "__main__"}
        finally:
            sys.path.remove(str(scratch))
            for name, module in kept.items():
                sys.modules.pop(name, None)
                if module is not None:
                    sys.modules[name] = module


def declared(task: Read, names: dict[str, Any]) -> Declared:
    with collecting() as tasks:
        exec(plain_code(task.code), names)
    return tasks[0]


def in_a_kernel(task: Read, names: dict[str, Any]) -> list[CriterionResult]:
    def lookup(name: str) -> Any:
        if name not in names:
            raise Missing(name)
        return names[name]

    return run_task(declared(task, dict(names)), lookup, draws(KEY, task.grade_id))


def across_the_wall(
    task: Read, names: dict[str, Any], clean: dict[str, Any], helpers: tuple[str, ...]
) -> list[CriterionResult]:
    """Criteria in a thread, the student's objects here: between them bytes in pipes, as always."""
    (theirs, ours), (back, out) = os.pipe(), os.pipe()
    exports = Exports(names, helpers=helpers)

    def exchange(header: dict[str, Any], buffers: list[Buffer]) -> Frame:
        write_frame(ours, header, buffers)
        reply = read_frame(back)
        assert reply is not None
        return reply

    link = Link(exchange, {name: sys.modules[name] for name in helpers if name in sys.modules})

    def lookup(name: str) -> Any:
        if name not in names:
            raise Missing(name)
        encoder = Encoder(exports.stranger)
        node = json.loads(json.dumps(encoder.node(names[name])))
        body = b"".join(bytes(b) for b in encoder.buffers)
        return link.decode(node, split(body, lengths(encoder.buffers)))

    def judge() -> list[CriterionResult]:
        try:
            return run_task(declared(task, dict(clean)), lookup, draws(KEY, task.grade_id))
        finally:
            os.close(ours)

    with ThreadPoolExecutor(1) as threads:
        judged = threads.submit(judge)
        exports.serve(theirs, out, call_seconds=60)
        for fd in (theirs, back, out):
            os.close(fd)
        return judged.result()


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in ALL]
)
def test_verdicts_and_words_are_the_same(name: str, tmp_path: Path) -> None:
    assignment = read_assignment(SOURCE / name)
    helpers = tuple(Path(f).stem for f in assignment.files if f.endswith(".py"))
    for notebook in assignment.notebooks:
        tasks = {task.grade_id: task for task in notebook.tasks}
        with folder_of(assignment, tmp_path / notebook.name) as names:
            clean = {"__name__": "__main__"}
            for code in notebook.setup:
                exec(plain_code(code), clean)
            for cell in cells_of(notebook.node):
                if cell.kind != "code" or cell.role == "mistake":
                    continue
                if cell.role != "test":
                    exec(plain_code(cell.source), names)
                    close_figures()
                    continue
                task = tasks[cell.grade_id]
                here, again = in_a_kernel(task, names), in_a_kernel(task, names)
                there = across_the_wall(task, names, clean, helpers)
                assert [told(r) for r in there] == [told(r) for r in here]
                assert len(here) == len(task.criteria)
                for one, other, far in zip(here, again, there, strict=True):
                    if score(one) == score(other):  # what trains a step further scores differently
                        assert score(far) == score(one), one.name


def told(result: CriterionResult) -> tuple[Any, ...]:
    """All that a student is told, points to three digits: a model predicts in float32."""
    return (result.name, result.status, round(result.points, 3), *in_words(result.message))


def score(result: CriterionResult) -> float | None:
    """What was measured, to three digits."""
    return None if result.score is None else round(result.score, 3)


RAISING = """
class Mine(ValueError):
    pass
class Loud(Exception):
    def __str__(self): return "loud: " + repr(self.args)
class Broken(Exception):
    def __str__(self): raise OSError
def raising(make):
    def function(x):
        raise make()
    return function
mine = raising(lambda: Mine("no such word"))
loud = raising(lambda: Loud("no such word"))
broken = raising(Broken)
bare = raising(Mine)
key = raising(lambda: KeyError("word"))
missing = raising(lambda: FileNotFoundError(2, "gone", "a.txt"))
asserted = raising(lambda: AssertionError("x is 3"))
many = raising(lambda: ExceptionGroup("two", [ValueError("a"), KeyError("b")]))
left = raising(lambda: SystemExit(3))
def decoded(x):
    return b"\\xff".decode()
"""
NAMES = ["mine", "loud", "broken", "bare", "key", "missing", "asserted", "many", "left", "decoded"]
ASKING = """
from autograder import Task, expect
task = Task("raising")
@task.criterion("It is called", points=1)
def called({name}):
    {name}(1)
@task.criterion("It agrees", points=1)
def agrees({name}):
    expect.matches_reference({name}, abs, [(-1,)])
@task.criterion("A ValueError is seen as one", points=1)
def caught({name}):
    try:
        {name}(1)
    except ValueError:
        pass
"""


@pytest.mark.parametrize("name", NAMES)
def test_an_exception_is_told_in_the_same_words_both_ways(name: str) -> None:
    names: dict[str, Any] = {}
    exec(RAISING, names)
    task = Read("raising", 3, TaskKind.CRITERIA, (), code=ASKING.format(name=name))
    here = in_a_kernel(task, names)
    there = across_the_wall(task, names, {}, ())
    assert [told(r) for r in there] == [told(r) for r in here]
    assert [score(r) for r in there] == [score(r) for r in here]
    assert [r.error for r in there] == [r.error for r in here]
    assert here[0].status is Status.FAILED
    assert (here[2].status is Status.PASSED) is (name in ("mine", "bare", "decoded"))
