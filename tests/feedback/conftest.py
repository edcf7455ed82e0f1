"""A scratch course whose one assignment is registered in the gradebook."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.config import Course

from . import made


@pytest.fixture
def course(tmp_path: Path) -> Course:
    course = made.the_course(tmp_path)
    made.register(course)
    return course
