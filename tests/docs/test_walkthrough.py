"""What the pages tell people to type, typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox.lockdown.isolation import Tier
from autograder.sandbox.supervisor import isolation_level
from autograder.steps.authoring.init import init

ROOT = Path(__file__).parents[2]


def typed(page: str, folder: Path) -> str:
    """The output of every ```bash block of a page, typed one after the other."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", "".join(blocks)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def isolation() -> None:
    if isolation_level.find() is Tier.NONE:
        pytest.skip("student code cannot be isolated on this machine")


@pytest.mark.needs_isolation
def test_the_instructors_page_makes_a_course_and_grades_it(tmp_path: Path) -> None:
    said = typed("instructor.md", tmp_path)
    assert "hello, release 1: hello, 10 points" in said
    assert "2 added" in said
    assert "1 student: 1 new" in said
    assert "1 submission: 1 untouched" in said
    assert len(list((tmp_path / "my-course" / "feedback").rglob("hello.html"))) == 1


@pytest.mark.needs_isolation
def test_the_operators_page_finds_out_what_the_machine_can_do(tmp_path: Path) -> None:
    init(tmp_path / "course", "course")
    said = typed("operations.md", tmp_path / "course")
    assert "student code is graded at tier" in said
    assert "nothing to delete" in said
