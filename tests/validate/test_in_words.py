"""What a terminal shows of validation and calibration, and how the commands end."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable

import pytest
from rich.console import Console
from typer.testing import CliRunner

from autograder.cli import app
from autograder.cli.reports import validation
from autograder.nouns import Usage
from autograder.steps.authoring.calibrate import CalibrationReport as Calibrated
from autograder.steps.authoring.calibrate import CalibrationRow as Threshold
from autograder.steps.authoring.calibrate import Joint, Rate, Separation
from autograder.steps.authoring.validate import Tried, Validated, ValidationReport, ValidationRow
from autograder.steps.authoring.validate.report import Spent

USED = Spent("nb", Usage(4.7, 10.2, 316.0, 60.0, 3072.0))
ROW = ValidationRow("nb", "t", "c", 5.0, False, "passed", 0.94, ("m",), ("late",), "at_least 0.9")
NEVER = ValidationRow("nb", "t", "d", 5.0, True, "passed", None, (), (), "")
MISTAKE = Tried("nb", "t", "m", ("t/c",), ("t/c",), 2, 3, 1.5, True, ())


def text(parts: Iterable[object]) -> str:
    console = Console(width=220, record=True, file=io.StringIO())
    for part in parts:
        console.print(part, markup=False)
    return console.export_text()


def test_validation_in_words_names_what_is_wrong_and_what_it_took() -> None:
    one = Validated("A", (ROW, NEVER), (MISTAKE,), 1, (USED,), ("d is wrong",), ("be aware",), 12.0)
    report = ValidationReport((one,), "A")
    shown = text(validation.validate(report))
    for words in (
        "m, (late)",
        "NOTHING",
        "10.2 s, 4.7 CPU s, 316 MB",
        "1 of 1 mistakes fail exactly",
        "(1 run, 0 judged from evidence), 1 slow ones left out",
        "NO: d is wrong",
        "· be aware",
    ):
        assert words in shown
    assert report.ok is False
    assert json.loads(json.dumps(report.as_json()))["assignments"][0]["breaches"] == ["d is wrong"]


def test_calibration_in_words_shows_bounds_mistakes_and_the_joint_chance() -> None:
    seen = Rate(0, 30, (0.0, 0.116))
    row = Threshold(
        "nb",
        "t",
        "c",
        "at_least",
        0.9,
        True,
        30,
        0,
        "logit",
        0.95,
        0.93,
        0.912,
        0.91,
        seen,
        1e-5,
        4e-4,
        seen,
        (Separation("m", 5, 0.4, Rate(5, 5, (0.478, 1.0)), True),),
    )
    joint = Joint("nb", 1e-5, 4e-4, seen)
    report = Calibrated("A", "f", (row,), (joint,), 2, 33, ("too strict",), (), {}, 9.0)
    shown = text(validation.calibrate(report))
    for words in (
        "t/c: at_least 0.9, two attempts",
        "bound 0.912, proposed 0.91",
        "unused seeds 0/30",
        "0/30 [0.000, 0.116]",
        "5/5 [0.478, 1.000]",
        "a chance of 1e-05 (at most 0.0004)",
        "NO: too strict",
        "2 runs made, 33 there before",
    ):
        assert words in shown
    nothing = Calibrated("A", "f", (), (), 0, 0, (), (), {}, 0.1)
    assert "no threshold that chance decides about" in text(validation.calibrate(nothing))


@pytest.mark.parametrize("words", [["validate"], ["validate", "A", "--all"]])
def test_validate_wants_to_know_what(words: list[str]) -> None:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "name assignments, or say --all" in done.output
