"""A course with one released assignment and one sprint, a class of three, and a clock to set."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from autograder import config
from autograder.config import Course
from autograder.gradebook.portal import access
from autograder.notebook.source.reading import read_assignment
from autograder.notebook.translation import catalogues
from autograder.steps import roster as roster_steps
from autograder.steps.authoring.init import init
from autograder.steps.authoring.release import release
from autograder.steps.portal.receive_submission import Upload

CLASS = """number,name,email,role,multiplier
2026001,김하나,hana@example.org,student,
2026002,Bo Lee,bo@example.org,student,1.5
2026099,Prof. Park,park@example.org,instructor,
"""
ANSWER = """def standardise(x):
    spread = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)"""
SETTINGS = """
c.Course.timezone = "Asia/Seoul"
c.Course.due = {"hello": "2030-12-01 18:00"}
c.Exam.assignments = {"sc*": {"opens": "2030-01-10 19:00", "closes": "2030-01-10 22:00"}}
"""


@dataclass
class Clock:
    """The server's clock, as a test sets it."""

    at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def __call__(self) -> datetime:
        return self.at

    def to(self, hour: int, minute: int = 0, second: int = 0) -> None:
        """A time of the sprint's day, as in Seoul."""
        seoul = timezone(timedelta(hours=9))
        self.at = datetime(2030, 1, 10, hour, minute, second, tzinfo=seoul)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("template") / "course")


def made(root: Path) -> Path:
    """A new course at this path: released, with its class."""
    init(root, "Deep Learning")
    path = root / "course_config.py"
    path.write_text(path.read_text() + SETTINGS)
    shutil.copytree(root / "source" / "hello", root / "source" / "sc01")
    (root / "source" / "sc01" / "hello.ipynb").rename(root / "source" / "sc01" / "sc01.ipynb")
    course = config.load(root)
    for assignment in ("hello", "sc01"):
        release(course, assignment, prove=lambda *_: ())
    (root / "class.csv").write_text(CLASS, encoding="utf-8")
    roster_steps.import_roster(course, root / "class.csv")
    return root


@pytest.fixture
def course(template: Path, tmp_path: Path) -> Course:
    shutil.copytree(template, tmp_path / "course")
    return config.load(tmp_path / "course")


@pytest.fixture
def student(course: Course) -> str:
    return roster_steps.find(course, "2026001").id


@pytest.fixture
def clock() -> Clock:
    return Clock()


def with_settings(course: Course, section: str, **values: object) -> Course:
    return replace(course, **{section: replace(getattr(course, section), **values)})


def in_korean(course: Course) -> Course:
    """The course with `hello` released in Korean as well, nothing of it translated yet."""
    source = read_assignment(course.source / "hello")
    path = catalogues.path_of(source.path, "ko")
    path.parent.mkdir()
    path.write_bytes(catalogues.updated(source, "ko"))
    release(course, "hello", prove=lambda *_: [], languages=("ko",))
    return course


def link(course: Course, number: str) -> str:
    person = roster_steps.find(course, number)
    return access.new_token(course, person.id, "link", timedelta(days=1))


def answered(course: Course, assignment: str = "hello", answer: str = ANSWER) -> bytes:
    path = next((course.release / assignment).glob("*.ipynb"))
    notebook = json.loads(path.read_bytes())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = answer
    return json.dumps(notebook).encode()


def upload(folder: Path, data: bytes, name: str = "hello.ipynb") -> Upload:
    path = folder / f"upload-{name}"
    path.write_bytes(data)
    return Upload(name, path)
