"""Whatever comes in, dies or is graded in any order: nothing vanishes, nothing takes its place."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from autograder.config import Course

from .lives import live, lives, make

HOW_MANY = int(os.environ.get("AUTOGRADER_LIVES", "100"))  # 10000: an hour of chances
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def course() -> Iterator[Course]:
    shared = Path("/dev/shm")  # in memory, where there is such a place
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield make(Path(folder) / "course")


@settings(
    max_examples=HOW_MANY,
    deadline=None,
    derandomize=HOW_MANY == 100,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(life=lives)
def test_nothing_vanishes_and_nothing_better_is_outranked(course: Course, life) -> None:
    live(course, next(NUMBERS), life)
