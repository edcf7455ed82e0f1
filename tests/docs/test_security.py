"""What SECURITY.md claims is what the code, its settings and its attacks say."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from autograder.config.settings import SECTIONS, settings
from autograder.gradebook.portal import access
from autograder.gradebook.scores import visible_points
from autograder.web import bodies
from tests.sandbox.attacks import all_attacks

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_it_is_linked_from_where_people_look():
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "(../SECURITY.md)" in (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("said", sorted(set(re.findall(r"`c\.(\w+\.\w+)", PAGE))))
def test_every_setting_it_names_is_one(said):
    section, name = said.split(".")
    if section in SECTIONS:
        assert name in settings(section)
    else:
        assert said == "CourseDirectory.groupshared"


def test_its_numbers_are_those_of_the_code():
    assert f"{bodies.FORM_BYTES >> 10} KB for whoever" in PAGE
    assert f"lasts {access.SESSION_DAYS} days" in PAGE
    assert access.DEVICE_MINUTES == 10
    assert "a code of ten minutes" in PAGE
    assert visible_points.STEPS == 4
    assert "in quarters" in PAGE


NOT_HELD_AT_B = {  # attack: the words of the page that stand for it
    "the grader's files by its descriptors": "descriptors the grader has open",
    "what others run": "what else runs on the machine",
    "who uses this machine": "what else runs on the machine",
    "a note in /tmp for the next job": "`/tmp`",
    "a note in /dev/shm for the next job": "`/dev/shm`",
    "a listening socket in the file system": "sockets in the file system",
    "fork bomb": "many processes",
    "threads": "threads",
    "disk": "a full disk",
    "disk by /dev/shm": "a full disk",
    "inodes": "inode table",
}


def test_what_tier_b_does_not_hold_is_said_and_nothing_else():
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| ")]
    not_held = " ".join(row[1] for row in rows if "**not held**" in row[3])
    only_a = {attack.name for attack in all_attacks() if not attack.partial}
    assert only_a == set(NOT_HELD_AT_B)
    for words in NOT_HELD_AT_B.values():
        assert words in not_held


def test_the_simulation_gives_its_figures():
    spec = importlib.util.spec_from_file_location("labels", ROOT / "benchmarks/hidden_labels.py")
    labels = importlib.util.module_from_spec(spec)

    sys.modules["labels"] = labels
    spec.loader.exec_module(labels)

    def bits(policy: str, classes: int, right: float, attempts: int) -> float:
        runs = [labels.learned(policy, 50, classes, right, seed) for seed in range(20)]
        return sum(run[attempts - 1] for run in runs) / len(runs)

    exact, quarters = "exact points (before)", "quarters (now)"
    assert [round(bits(one, 2, 0.5, 42)) for one in (exact, quarters)] == [43, 30]
    assert [round(bits(one, 10, 0.1, 100)) for one in (exact, quarters)] == [65, 5]
    assert [round(bits(one, 10, 0.7, 100)) for one in (exact, quarters)] == [154, 103]
