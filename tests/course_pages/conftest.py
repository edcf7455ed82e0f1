"""A course with a released assignment, staff, and a class whose work is graded by hand here."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from autograder import config, gradebook, nouns
from autograder.config import Course
from autograder.evidence import results
from autograder.gradebook.portal import access
from autograder.notebook.source.reading import read_assignment
from autograder.steps import roster as roster_steps
from autograder.steps.authoring.init import init
from autograder.steps.authoring.release import release
from autograder.steps.grading.collect import collect, shelf_of
from autograder.web.app import create_app

BASE = "http://portal.test"
STAFF = "number,name,role\n1,Prof. Park,instructor\n2,Kim TA,ta\n"
NAMES = ("김하나", "이바다", "Bo Lee", "=SUM(A1)", "<script>alert(1)</script>", "박서연")
MESSAGE = nouns.Message("the mean of each column is 0", "{mean}", "Give it axis=0.", {"mean": 2.5})
RIGHT = """def standardise(x):
    spread = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)"""


@dataclass
class Class:
    """A course, and ways to hand in and to grade by hand."""

    course: Course
    open: ExitStack = field(default_factory=ExitStack)  # the browsers, closed with the test

    def enrol(self, count: int) -> list[str]:
        """So many students in the roster; their pseudonyms."""
        lines = [f"{2026000 + i},{_csv(NAMES[i % len(NAMES)])},student" for i in range(count)]
        path = self.course.root / "class.csv"
        path.write_text(STAFF + "\n".join(lines) + "\n", encoding="utf-8")
        roster_steps.import_roster(self.course, path)
        return [p.id for p in roster_steps.people(self.course) if p.role == "student"]

    def hand_in(self, student: str, answer: str = RIGHT) -> nouns.Submission:
        """A submission on the shelf and in submitted/, as collected from a folder."""
        inbox = self.course.root / "inbox" / student
        inbox.mkdir(parents=True, exist_ok=True)
        (inbox / "hello.ipynb").write_bytes(answered(self.course, answer))
        collect(self.course, "hello", inbox.parent)
        shutil.rmtree(inbox)
        shelf = shelf_of(self.course, "hello")
        return shelf.submission(shelf.newest(student))

    def graded(
        self, student: str, failing: Collection[str] = (), error: Collection[str] = ()
    ) -> nouns.Result:
        """A submission with a result that was made by hand, recorded and kept."""
        submission = self.hand_in(student, f"# {student}\n{RIGHT}\n# {', '.join(failing)}")
        result = result_of(self.course, submission, failing, error)
        gradebook.record(self.course, submission, result)
        results.save(self.course.state, result)
        return result

    def client(self, number: str = "1", clock=None) -> TestClient:
        """A browser in which this person is signed in."""
        app = create_app(self.course, **({"clock": clock} if clock else {}))
        client = self.open.enter_context(TestClient(app, base_url=BASE, follow_redirects=True))
        if number:
            person = roster_steps.find(self.course, number)
            code = access.new_token(self.course, person.id, "link", timedelta(days=1))
            client.post("/sign-in", data={"seal": seal_of(client, "/sign-in"), "code": code})
        return client


def _csv(name: str) -> str:
    return f'"{name}"'


def answered(course: Course, answer: str) -> bytes:
    notebook = json.loads((course.release / "hello" / "hello.ipynb").read_bytes())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = answer
    return json.dumps(notebook).encode()


def result_of(
    course: Course,
    submission: nouns.Submission,
    failing: Collection[str] = (),
    error: Collection[str] = (),
) -> nouns.Result:
    """A result in which these criteria fail, or end in an error of ours."""
    source = read_assignment(course.source / "hello", kind="daily")
    notebooks = []
    for notebook in source.notebooks:
        tasks = tuple(
            nouns.TaskResult(
                task.grade_id,
                task.kind,
                task.points,
                tuple(_criterion(c, failing, error) for c in task.criteria),
            )
            for task in notebook.tasks
        )
        notebooks.append(nouns.NotebookResult(notebook.name, tasks, run="r" * 16))
    return nouns.Result(submission.id, "hello", submission.student, 1, tuple(notebooks))


def _criterion(
    c: nouns.Criterion, failing: Collection[str], error: Collection[str]
) -> nouns.CriterionResult:
    if c.name in error:
        status, points, message = nouns.Status.ERROR, 0.0, nouns.Message("", "it broke")
    elif c.name in failing:
        status, points, message = nouns.Status.FAILED, 0.0, MESSAGE
    else:
        status, points, message = nouns.Status.PASSED, c.points, nouns.Message()
    kind = "SandboxFault" if c.name in error else ""
    return nouns.CriterionResult(
        c.name, status, points, c.points, c.sentence, c.hidden, message, error=kind
    )


def seal_of(client: TestClient, page: str) -> str:
    return re.search(r'name="seal" value="(\w+)"', client.get(page).text)[1]


def post(client: TestClient, page: str, form: str, **values: str):
    """What is posted from a page of ours."""
    return client.post(form, data={"seal": seal_of(client, page), **values})


@pytest.fixture(scope="session")
def course_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("course-pages") / "course"
    init(root, "Deep Learning")
    release(config.load(root), "hello", prove=lambda *_: ())
    return root


@pytest.fixture
def class_(course_template: Path, tmp_path: Path) -> Iterator[Class]:
    shutil.copytree(course_template, tmp_path / "course")
    made = Class(config.load(tmp_path / "course"))
    with made.open:
        yield made


def settings(class_: Class, text: str) -> None:
    """Adds lines to course_config.py."""
    path = class_.course.root / "course_config.py"
    path.write_text(path.read_text() + "\n" + text + "\n")
    class_.course = config.load(class_.course.root)
