"""What statistics say of a class, computed by hand beside."""

from __future__ import annotations

import json
import random
from datetime import datetime, timezone
from statistics import mean

import numpy as np
import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.errors import NotFound
from autograder.gradebook.scores.item_scores import attempts
from autograder.steps.reporting import statistics as step
from autograder.steps.reporting.statistics.report import bins, spread

from .made import a_class

NOW = datetime(2026, 4, 1, tzinfo=timezone.utc)


def statistics(course):
    return step.statistics(course, "a1", NOW)


def by_name(found):
    return {one.demanded.name: one for one in found}


def test_an_assignment_that_is_not_there_is_told(course):
    with pytest.raises(NotFound, match="no assignment 'a1'"):
        statistics(course)


def test_before_anything_is_graded_everything_is_empty(course):
    a_class(course, {})
    found = statistics(course)
    assert (found.handed_in, found.items, found.stuck, found.at_risk) == (0, (), (), ())
    assert found.score.mean is None
    assert sum(b.students for b in found.bins) == 0
    json.dumps(found.as_json())


def test_difficulty_is_the_share_of_the_points_the_class_got(course):
    a_class(course, {"s-1": [(2, 3, 1)], "s-2": [(2, 1.5, 0)], "s-3": [(0, 0, 0)]})
    found = by_name(statistics(course).items)
    assert found["doubles"].right == pytest.approx(4 / 6)
    assert found["unseen"].right == pytest.approx(4.5 / 9)
    assert found["y_1"].right == pytest.approx(1 / 3)
    assert found["unseen"].ended == {"passed": 1, "failed": 2}
    assert found["doubles"].discrimination is None, "three students say nothing"


def test_discrimination_is_the_correlation_with_all_the_other_criteria(course):
    draw = random.Random(4)
    points = [
        (draw.choice((0, 2)), draw.choice((0, 1.5, 3)), draw.choice((0, 1))) for _ in range(30)
    ]
    a_class(course, {f"s-{i}": [p] for i, p in enumerate(points)})
    table = np.array(points, float)
    for place, one in enumerate(statistics(course).items):
        rest = table.sum(axis=1) - table[:, place]
        assert one.discrimination == pytest.approx(np.corrcoef(table[:, place], rest)[0, 1])


def test_a_criterion_that_all_meet_has_no_discrimination_and_is_not_doubted(course):
    a_class(course, {f"s-{i}": [(2, float(i % 2) * 3, i % 2)] for i in range(8)})
    found = by_name(statistics(course).items)
    assert found["doubles"].discrimination is None
    assert not found["doubles"].doubtful
    assert found["unseen"].discrimination == pytest.approx(1)


def test_a_criterion_that_poor_students_meet_and_good_ones_fail_is_doubted(course):
    a_class(course, {f"s-{i}": [((2, 3, 0) if i < 6 else (0, 0, 1))] for i in range(12)})
    assert by_name(statistics(course).items)["y_1"].doubtful


def test_only_the_submission_that_counts_is_measured_but_all_are_counted(course):
    a_class(course, {"s-1": [(0, 0, 0), (2, 3, 1), (2, 0, 0)], "s-2": [(2, 3, 1)]})
    found = statistics(course)
    assert by_name(found.items)["unseen"].right == 1
    assert (found.submissions.mean, found.submissions.n) == (2, 2)
    assert found.hours.mean == pytest.approx(48), "of the one who handed in more than once"


def test_where_the_class_is_stuck_is_the_first_unmet_criterion_of_a_task(course):
    a_class(
        course,
        {
            "s-1": [(0, 0, 1), (0, 0, 1)],
            "s-2": [(0, 0, 1)],
            "s-3": [(2, 0, 1)],
            "s-4": [(2, 3, 1)],
        },
    )
    found = statistics(course).stuck
    assert [(s.demanded.name, s.students, s.share, s.tries) for s in found] == [
        ("doubles", 2, 0.5, 1.5),
        ("unseen", 1, 0.25, 1.0),
    ]


def test_a_criterion_good_students_fail_first_and_pass_later_is_suspected(course):
    good = {f"s-g{i}": [(2, 0, 1), (2, 3, 1)] for i in range(5)}
    weak = {f"s-w{i}": [(0, 0, 0)] for i in range(10)}
    a_class(course, {**good, **weak})
    (suspect,) = statistics(course).unclear
    assert suspect.demanded.name == "unseen"
    assert (suspect.good, suspect.failed_first, suspect.passed_later) == (5, 5, 5)


@pytest.mark.parametrize(
    "good",
    [
        [(2, 3, 1)],  # met at once
        [(2, 0, 1), (2, 0, 1)],  # failed, and never passed
        [None, (2, 3, 1)],  # not attempted at first is not failed
    ],
)
def test_a_criterion_that_is_only_hard_is_not_suspected(course, good):
    weak = {f"s-w{i}": [(0, 3, 0), (2, 0, 0)] for i in range(10)}
    a_class(course, {**{f"s-g{i}": good for i in range(5)}, **weak})
    assert "unseen" not in by_name(statistics(course).unclear)


def test_students_at_risk_are_listed_with_every_reason(course):
    a_class(
        course,
        {
            "s-good": [(2, 3, 1)],
            "s-low": [(0, 1, 1), (0, 1, 1), (0, 1, 1)],
            "s-idle": [None],
        },
    )
    found = {one.student: one.reasons for one in statistics(course).at_risk}
    assert "s-good" not in found
    assert any("no gain" in reason for reason in found["s-low"])
    assert any("not attempted" in reason for reason in found["s-idle"])


def test_everybody_is_in_the_distribution_whatever_they_are_called(course):
    draw = random.Random(1)
    a_class(
        course,
        {
            f"김{i:04d}": [(draw.choice((0, 2)), draw.choice((0, 3)), draw.choice((0, 1)))]
            for i in range(60)
        },
    )
    found = statistics(course)
    assert found.handed_in == 60
    assert sum(b.students for b in found.bins) == 60


def test_bins_hold_everybody_also_at_the_edges():
    counts = [b.students for b in bins([0.0, 0.0999, 0.1, 0.3, 0.9999, 1.0])]
    assert counts == [2, 1, 0, 1, 0, 0, 0, 0, 0, 2]


def test_spread_agrees_with_numpy():
    values = [1.0, 5.0, 2.5, 8.0, 3.0]
    found = spread(values)
    assert (found.low, found.high) == (np.percentile(values, 25), np.percentile(values, 75))
    assert (found.mean, found.deviation) == (mean(values), pytest.approx(np.std(values, ddof=1)))
    assert spread([]).mean is None
    assert (spread([4.0]).median, spread([4.0]).deviation) == (4.0, None)


def test_the_order_of_criteria_is_that_of_the_notebook(course):
    a_class(course, {"s-1": [(2, 3, 1)]})
    assert [d.name for d in attempts(course, "a1").demanded] == ["doubles", "unseen", "y_1"]


# ── The command ──────────────────────────────────────────────────────────────────────


def cli(course, *words):
    (course.root / "course_config.py").write_text("c = get_config()\n")
    return CliRunner().invoke(app, ["--course", str(course.root), "stats", *words])


def test_the_command_prints_words_json_and_tables(course):
    a_class(course, {"s-1": [(2, 3, 1)], "=cmd": [None]})
    words = cli(course, "a1")
    assert words.exit_code == 0, words.output
    assert "2 handed in" in words.stdout
    assert "double/unseen" in words.stdout
    found = json.loads(cli(course, "a1", "--json").stdout)
    assert found["criteria"][1]["right"] == 0.5
    assert found["at_risk"][0]["student"] == "=cmd"
    table = cli(course, "a1", "--csv").stdout.splitlines()
    assert table[0].startswith("notebook,task,criterion,demand,hidden,points,students,right,")
    assert len(table) == 4
    risky = cli(course, "a1", "--csv", "--table", "at_risk").stdout
    assert "\n'=cmd," in risky.replace("\r", ""), "no spreadsheet takes it for a formula"


def test_a_table_that_is_not_there_is_told_with_those_that_are(course):
    a_class(course, {})
    wrong = cli(course, "a1", "--csv", "--table", "names")
    assert wrong.exit_code == 1
    assert "criteria, distribution, stuck, unclear, at_risk" in wrong.output
