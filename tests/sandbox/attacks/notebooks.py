"""Attacks by submissions on a course: what they learn, claim or shop for, and what holds them.

Each is graded as any submission, once with its measure and once with the measure undone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat

from autograder.config import Course
from autograder.evidence import results
from autograder.gradebook.portal import served_releases
from autograder.notebook.release.release_record import TOKEN, release_token
from autograder.nouns import CriterionResult
from autograder.steps.grading import grade
from autograder.steps.grading.pipeline.workers import Workers
from tests.grading import test_visible_text as visible
from tests.grading.made import answer, setup, test

LEARN, CLAIM, SHOP = "learn", "claim", "shop"


@dataclass(frozen=True)
class NotebookAttack:
    """A submission, and what it got: "" if nothing. `undone` takes its measure away."""

    threat: str
    name: str
    measure: str
    got: Callable[[Path, Workers], str]
    undone: Callable[[], AbstractContextManager[Any]]


def _hidden_inputs(root: Path, workers: Workers) -> str:
    """The ways by which words of visible criteria differ with hidden data alone."""
    found = [
        visible.graded(visible.a_course(root / k, k.encode() * 32, visible.HOSTILE), workers)
        for k in "ab"
    ]
    leaking = [name for name, c in found[0].items() if _read(c) != _read(found[1][name])]
    return f"{len(leaking)} ways" if leaking else ""


def _read(criterion: CriterionResult) -> str:
    return "" if criterion.hidden else str(criterion.message)


def _course(root: Path, code: str, criterion: str) -> Course:
    cells = [
        setup("from autograder import Task\nimport random"),
        answer("lucky = 1", "one"),
        test(
            f'task = Task("t")\n\n@task.criterion("it", points=1)\n{criterion}\n\ntask.check()',
            "t",
            1,
        ),
    ]
    return visible.with_student(root, b"k" * 32, cells, {"one": code})


def _claiming(course: Course, facts: Mapping[str, Any]) -> None:
    (path,) = (course.submitted / "ann" / "hw").glob("*.ipynb")
    node = nbformat.read(path, 4)
    node.metadata["autograder"] = dict(facts)
    nbformat.write(node, path)


FACTS = {"assignment": "hw", "notebook": "hw", "release": 999_999}


def _claimed_release(root: Path, workers: Workers) -> str:
    course = _course(root, "lucky = 2", "def it(lucky):\n    assert lucky == 1")
    _claiming(course, FACTS)
    return _believed(course, workers, 999_999)


def _release_of_others(root: Path, workers: Workers) -> str:
    course = _course(root, "lucky = 2", "def it(lucky):\n    assert lucky == 1")
    facts = {**FACTS, "release": 3}
    _claiming(course, {**facts, TOKEN: release_token(course.key, facts)})
    served_releases.note(course, "hw", "ann", 4)
    return _believed(course, workers, 3)


def _believed(course: Course, workers: Workers, number: int) -> str:
    grade.grade(course, "hw", workers=workers)
    result = results.load(course.state, "hw", "ann")
    assert result is not None
    return f"release {number}" if result.release == number else ""


def _luck(root: Path, workers: Workers) -> str:
    """One answer handed in three times, for the best of three draws."""
    code = "import random\nlucky = random.random()"
    course = _course(root, code, "def it(lucky):\n    assert False, str((lucky, random.random()))")
    (path,) = (course.submitted / "ann" / "hw").glob("*.ipynb")
    for student in ("ben", "cho"):
        other = course.submitted / student / "hw" / path.name
        other.parent.mkdir(parents=True)
        other.write_bytes(path.read_bytes())
    done = grade.grade(course, "hw", workers=workers)
    said = {str(r.notebooks[0].tasks[0].criteria[0].message) for r in done.results}
    return f"{len(said)} results" if len(said) > 1 else ""


@contextmanager
def _unordered() -> Iterator[None]:
    judging = "autograder.steps.grading.pipeline"
    with (
        mock.patch(f"{judging}.check.late_names", return_value=frozenset()),
        mock.patch(f"{judging}.check.late_topics", return_value=frozenset()),
        mock.patch(f"{judging}.checking_runs.late_names", return_value=frozenset()),
    ):
        yield


def _believing() -> AbstractContextManager[Any]:
    def claimed(node: Any, *_: Any) -> int:
        return int(node["metadata"]["autograder"]["release"])

    return mock.patch("autograder.submissions.store.issued_release", claimed)


def _served_to_all() -> AbstractContextManager[Any]:
    return mock.patch("autograder.gradebook.portal.served_releases.oldest", return_value={})


def _lucky() -> AbstractContextManager[Any]:
    def drawn(*_: Any) -> int:
        return int.from_bytes(os.urandom(8), "little")

    return mock.patch("autograder.steps.grading.pipeline.grader.process_seed", drawn)


ATTACKS = (
    NotebookAttack(
        LEARN,
        "hidden inputs, said by a later task",
        "visible before hidden, taint",
        _hidden_inputs,
        _unordered,
    ),
    NotebookAttack(
        CLAIM, "a release that was never issued", "signed releases", _claimed_release, _believing
    ),
    NotebookAttack(
        CLAIM,
        "a release issued to somebody else",
        "served releases",
        _release_of_others,
        _served_to_all,
    ),
    NotebookAttack(
        SHOP, "the best of three draws for one answer", "seeds from the course's key", _luck, _lucky
    ),
)
