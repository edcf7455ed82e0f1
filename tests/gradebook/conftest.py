"""A course in a scratch folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from autograder.config import Course


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(root=tmp_path)


@pytest.fixture
def alembic_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new database of nbgrader's own making needs the command `alembic`; ours does not."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(autouse=True)
def no_alembic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
