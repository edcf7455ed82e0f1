"""A course in a scratch folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.config import Course


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(root=tmp_path)
