"""Every attack by a submission gets something with its measure undone, and nothing with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.steps.grading.pipeline.workers import Workers
from tests.sandbox.attacks.notebooks import ATTACKS, NotebookAttack

pytestmark = [pytest.mark.attack]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_it_gets_nothing_and_would_without_its_measure(
    attack: NotebookAttack, tmp_path: Path, workers: Workers
) -> None:
    assert attack.got(tmp_path / "held", workers) == ""
    with attack.undone():
        assert attack.got(tmp_path / "undone", workers) != ""
