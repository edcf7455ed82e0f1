"""The notebooks of the text week grade as their author says: solution, release, mistakes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "assignment",
    [
        "n421_text_to_counts",
        "n422_word_vectors",
        "n423_language_models",
        "n424_transformer",
        "sc42_language",
    ],
)
def test_every_mistake_fails_exactly_the_criteria_it_names(assignment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.course.proof", assignment],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "proved", done.stdout[-3000:] + done.stderr[-2000:]
    assert done.returncode == 0
