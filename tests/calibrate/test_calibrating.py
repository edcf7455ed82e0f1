"""Scores by seed become thresholds; what was measured is not measured again; nothing is changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.config import Course
from autograder.steps.authoring.calibrate import CalibrationReport, calibrate
from autograder.steps.authoring.validate import thresholds, validate
from autograder.steps.grading.pipeline.workers import Workers
from tests.grading.made import answer, setup, test
from tests.validate.made import course, mistake

SETUP = setup("import numpy as np\n\nfrom autograder import Task, expect")
GUESS = """### BEGIN SOLUTION
rng = np.random.default_rng(7)
rate = 0.9 + 0.005 * rng.normal()


def right_of(numbers):
    return rate
### END SOLUTION"""
TEST = """task = Task("guess")


@task.criterion("It is a function", points=1)
def callable_(right_of):
    assert callable(right_of)


@task.criterion("A share of {at_least} of {n} numbers is right", points=9, retry=True)
def share(right_of, rng, *, n=400, at_least=AT_LEAST):
    expect.reaches(right_of(n) + 0.002 * rng.normal(), at_least=at_least)


task.check()"""
BAD = mistake("bad", "share", "def right_of(numbers):\n    return 0.3")
CLOSE = mistake("close", "share", "\n".join(GUESS.split("\n")[1:-1]).replace("0.9 +", "0.893 +"))
NONE = mistake("none", "callable_, share", "right_of = None")


def made(root: Path, at_least: float = 0.8, *more: Any, guess: str = GUESS) -> Course:
    text = TEST.replace("AT_LEAST", str(at_least))
    return course(root, [SETUP, answer(guess, "a"), BAD, NONE, *more, test(text, "guess", 10)])


def measured(course: Course, workers: Workers, runs: int = 8, **others: Any) -> CalibrationReport:
    return calibrate(course, "A", runs=runs, mistake_runs=2, jobs=2, workers=workers, **others)


def kept(course: Course) -> dict[str, Any]:
    return json.loads((course.source / "A" / "calibration.json").read_text())["tasks"]


def test_a_threshold_gets_a_bound_from_other_seeds_and_other_draws(
    tmp_path: Path, workers: Workers
) -> None:
    made_course = made(tmp_path)
    before = (made_course.source / "A" / "A.ipynb").read_bytes()
    report = measured(made_course, workers, check=2)
    (row,) = report.rows
    assert report.ok, report.problems
    assert (row.name, row.n, row.scale, row.retry) == ("guess/share", 8, "logit", True)
    scores = kept(made_course)["A/guess"]["scores"]
    first = [run["share"][0] for run in scores["reference"].values()]
    second = [run["share"][1] for run in scores["reference"].values()]
    assert len(set(first)) == 8  # the seeds differ
    assert all(a != b and abs(a - b) < 0.02 for a, b in zip(first, second, strict=True))
    assert row.bound is not None
    assert row.proposed is not None
    assert 0.8 < row.proposed <= row.bound <= min(first)
    assert [(m.mistake, m.best, m.caught.count, m.separable) for m in row.mistakes] == [
        ("bad", pytest.approx(0.3, abs=0.02), 2, True),
        ("none", None, 2, True),
    ]
    assert row.failed is not None
    assert row.checked is not None
    assert (row.failed.count, row.checked.count, row.checked.of) == (0, 0, 2)
    (joint,) = report.joint
    assert joint.expected < joint.at_most < 0.01
    assert (made_course.source / "A" / "A.ipynb").read_bytes() == before
    assert str(tmp_path) not in json.dumps(kept(made_course))


def test_what_was_measured_is_not_measured_again(tmp_path: Path, workers: Workers) -> None:
    one = made(tmp_path)
    assert measured(one, workers, 3).ran == 3 + 2 * 2
    more = measured(one, workers, 5)
    assert (more.ran, more.reused) == (2, 7)
    stricter = measured(made(tmp_path, 0.85), workers, 5)  # a threshold decides, it measures not
    assert (stricter.ran, stricter.rows[0].threshold) == (0, 0.85)
    other = measured(made(tmp_path, guess=GUESS.replace("0.005", "0.006")), workers, 3)
    assert other.ran == 7
    assert "its code has changed" in other.notes[0]


def test_an_interrupted_calibration_goes_on(tmp_path: Path, workers: Workers) -> None:
    one, shown = made(tmp_path), []

    def interrupt(stage: str) -> None:
        shown.append(stage)
        if len(shown) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measured(one, workers, 5, progress=interrupt)
    assert measured(one, workers, 5).ran == 5 + 2 * 2 - 3


def test_a_mistake_that_reaches_the_bound_is_named(tmp_path: Path, workers: Workers) -> None:
    report = measured(made(tmp_path, 0.8, CLOSE), workers)
    assert not report.ok
    assert [m.mistake for m in report.rows[0].mistakes if not m.separable] == ["close"]
    assert "close is not separable" in report.problems[0]


def test_a_threshold_that_right_answers_miss_is_named(tmp_path: Path, workers: Workers) -> None:
    report = measured(made(tmp_path, 0.91), workers)
    assert any("0.91 is stricter than" in problem for problem in report.problems)
    (row,) = report.rows
    assert row.failed is not None
    assert row.expected is not None
    assert row.failed.count > 3
    assert row.expected > 0.3


# ── What validate says of it ─────────────────────────────────────────────────────────


def breaches(course: Course, workers: Workers) -> str:
    (one,) = validate(course, ["A"], workers=workers).assignments
    return "\n".join(one.breaches)


def test_validate_holds_thresholds_to_their_evidence(
    tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = made(tmp_path)
    (found,) = validate(one, ["A"], workers=workers).assignments
    assert any("has never been calibrated" in note for note in found.notes)
    measured(one, workers)
    assert breaches(one, workers) == ""
    assert "is stricter than" in breaches(made(tmp_path, 0.895), workers)
    assert "mistake bad reached 0.3" in breaches(made(tmp_path, 0.2), workers)
    changed = made(tmp_path, guess=GUESS.replace("0.005", "0.004"))
    assert "its code has changed since it was calibrated" in breaches(changed, workers)
    now = thresholds.measured_with()
    monkeypatch.setattr(thresholds, "measured_with", lambda: {**now, "keras": "99.0"})
    assert "other major versions: keras 3" in breaches(made(tmp_path), workers)


def test_standing_asks_for_enough_runs() -> None:
    from autograder.nouns import Criterion, Task, TaskKind

    criterion = Criterion("c", "d", 1, True, settings={"at_most": 5.0})
    task = Task("t", 1, TaskKind.CRITERIA, ("a",), (criterion,))
    one = thresholds.Threshold("nb", task, criterion, "at_most")
    summary = {"bound": 4.0, "proposed": 4.1, "n": 5, "mistakes": {"m": {"best": 7.0}}}
    entry = {"versions": {}, "code": "x", "files": "y", "criteria": {"c": summary}}
    fine = thresholds.standing(one, entry, code="x", files="y")
    assert fine.breaches == ()
    assert "5 runs only" in fine.notes[0]
    strict = replace(one, criterion=replace(criterion, settings={"at_most": 3.0}))
    assert "stricter" in thresholds.standing(strict, entry, code="x", files="y").breaches[0]
    lenient = replace(one, criterion=replace(criterion, settings={"at_most": 8.0}))
    assert "would pass" in thresholds.standing(lenient, entry, code="x", files="y").breaches[0]
    assert thresholds.standing(one, entry, code="x", files="z").notes
