"""`task.check()` and grading see the same facts of a model, however it was written."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from autograder.criteria.rng import PUBLIC_KEY, draws
from autograder.criteria.running import run_task
from autograder.criteria.task import collecting
from autograder.evidence.codec import Encoder
from autograder.language import in_words
from autograder.nouns import CriterionResult, Status
from autograder.sandbox.checking_process.main import Values
from autograder.sandbox.checking_process.remote import Link
from autograder.sandbox.student_process import object_server
from autograder.sandbox.student_process.object_server import Exports
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.sandbox.wire import Frame, read_frame, write_frame
from autograder.student.graded_view import GradedView
from tests.grading.made import answer, setup, test
from tests.grading.test_running_and_checking import Class
from tests.grading.ways_to_write_a_model import ALWAYS, CRITERIA, START, WAYS

pytestmark = pytest.mark.filterwarnings("ignore")

SETUP = "import numpy as np\nfrom autograder import expect\nfrom autograder import Task"
NAMES = ("net", "build")
LATER = "\nif 'build' not in dir():\n    build = lambda: compiled(plain())\n"
Words = dict[str, tuple[Status, float, tuple[str, str, str]]]


@pytest.fixture(autouse=True)
def seeded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(
        object_server, "cpu_alarm", lambda *_, **__: nullcontext()
    )  # not the main thread
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)  # nothing is traced: a tenth of the time
    yield
    tf.config.run_functions_eagerly(False)


def answered(code: str) -> dict[str, Any]:
    """The names of a student whose answer cell is this code."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in (START, code + LATER):
        exec(compile(cell, "<answer>", "exec"), namespace)
    return namespace


def declared() -> Any:
    with collecting() as tasks:
        exec(compile(f"{SETUP}\n{CRITERIA}", "<test>", "exec"), {})
    return tasks[0]


def words(results: list[CriterionResult]) -> Words:
    return {r.demand: (r.status, r.points, in_words(r.message)) for r in results}


def in_the_notebook(code: str) -> tuple[Words, tuple[str, ...]]:
    view = GradedView(answered(code), {})
    results = run_task(declared(), view, draws(PUBLIC_KEY, "t"), before=lambda *_: view.renew())
    return words(results), view.notes()


@contextmanager
def exchange_with(exports: Exports) -> Iterator[Any]:
    """Frames to a student's process, which here is a thread."""
    (request_out, request_in), (reply_out, reply_in) = os.pipe(), os.pipe()
    serve = threading.Thread(
        target=exports.serve, args=(request_out, reply_in), kwargs={"call_seconds": 60}
    )
    serve.start()

    def exchange(header: dict[str, Any], buffers: list[Any]) -> Frame:
        write_frame(request_in, header, buffers)
        frame = read_frame(reply_out)
        assert frame is not None
        return frame

    yield exchange
    os.close(request_in)
    serve.join()
    for fd in (request_out, reply_out, reply_in):
        os.close(fd)


def graded(code: str) -> Words:
    """What grading finds: values encoded in the one place, decoded and asked from the other."""
    namespace = answered(code)
    exports = Exports(namespace)
    values = {}
    for name in NAMES:
        encoder = Encoder(exports.stranger)
        node = json.loads(json.dumps(encoder.node(namespace[name])))
        values[name] = (node, [memoryview(bytes(b)) for b in encoder.buffers])
    exports.remember("t")
    with exchange_with(exports) as exchange:
        lookup = Values(values, {}, Link(exchange, {}))
        results = run_task(
            declared(), lookup, draws(PUBLIC_KEY, "t"), before=lambda *_: lookup.renew()
        )
    return words(results)


def test_there_are_forty_ways() -> None:
    assert len(WAYS) >= 40


QUICK = (
    "loss by function",
    "own loss function",
    "own metric class",
    "own schedule",
    "unbuilt",
    "tf.nn.softmax",
    "own layer in a functional",
    "subclassed and built",
    "layers of another model",
    "own layers from a function",
)


@pytest.mark.parametrize(
    "way", [w if w in QUICK else pytest.param(w, marks=pytest.mark.slow) for w in WAYS]
)
def test_one_verdict_and_the_same_words_in_the_notebook_and_graded(way: str) -> None:
    notebook, notes = in_the_notebook(WAYS[way].code)
    assert notebook == graded(WAYS[way].code)
    missed = {name for name, (status, *_) in notebook.items() if status is not Status.PASSED}
    named = {name for name in notebook if f" {name} " in f" {WAYS[way].misses} {ALWAYS} "}
    assert missed == named, {name: notebook[name][2] for name in missed ^ named}
    assert WAYS[way].note in " ".join(notes)
    assert bool(notes) == bool(WAYS[way].note)


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", ["loss by function", "own loss function", "own layer in a functional", "unbuilt"]
)
def test_the_real_sandbox_finds_what_the_notebook_said(
    way: str, students: WarmServer, checkers: WarmServer, tmp_path: Path
) -> None:
    cells = [setup(SETUP), answer("net = build = 1"), test(CRITERIA, "t", 16)]
    notebook, _ = in_the_notebook(WAYS[way].code)
    course = Class(students, checkers, tmp_path, cells)
    found, _ = course.run({"answer": START + WAYS[way].code + LATER})
    assert words(list(found.values())) == notebook
