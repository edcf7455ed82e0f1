"""A course with one released assignment in the gradebook, and a class list."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from autograder import config, gradebook
from autograder.config import Course
from autograder.steps import roster
from tests.gradebook import made

CLASS = """number,name,email,section,role
2026001,김하나,hana@example.org,분반 1,
2026002,"Lee, Bo",bo@example.org,2,
2026003,=HYPERLINK("x"),mallory@example.org,2,
2026004,Never Came,never@example.org,2,
2026099,Prof. Park,park@example.org,,instructor
"""


@dataclass
class Class:
    """A course, and the pseudonyms of its people by number."""

    course: Course
    ids: dict[str, str]

    def hand_in(self, number: str, *, person: bool = False, **points: float) -> None:
        """Records a submission; `person` leaves a part to a person."""
        student = self.ids.get(number, number)
        handed = made.a_submission(1, student)
        result = made.a_result(handed, why=person, **points)
        if not person:  # nor does drawing wait
            first, second = result.notebooks
            tasks = tuple(
                replace(t, attempted=t.attempted and t.grade_id != "draw") for t in first.tasks
            )
            result = replace(result, notebooks=(replace(first, tasks=tasks), second))
        gradebook.record(self.course, handed, result)

    def with_settings(self, **values: object) -> Course:
        return replace(self.course, export=replace(self.course.export, **values))


@pytest.fixture
def class_(tmp_path: Path) -> Class:
    (tmp_path / "course_config.py").write_text("c = get_config()\nc.Course.timezone='Asia/Seoul'\n")
    course = config.load(tmp_path)
    gradebook.register(course, made.an_assignment(course), 1)
    (course.release / "a1").mkdir(parents=True)
    (course.release / "a1" / "manifest.json").write_text(json.dumps({"number": 1}))
    (tmp_path / "class.csv").write_text(CLASS, encoding="utf-8")
    roster.import_roster(course, tmp_path / "class.csv")
    return Class(course, {one.number: one.id for one in roster.people(course)})
