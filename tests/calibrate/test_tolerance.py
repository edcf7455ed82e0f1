"""The numbers behind thresholds, against published tables and by simulation."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.steps.authoring.calibrate import reseeding, tolerance
from autograder.steps.authoring.calibrate.tolerance import (
    any_of,
    bound_of,
    expected_failure,
    failure_bound,
    from_scale,
    interval,
    rounded,
    runs_for_lowest,
    scale_of,
    to_scale,
    tolerance_factor,
)


@pytest.mark.parametrize("module", [tolerance, reseeding])
def test_the_examples_in_the_docstrings_are_so(module) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


# one-sided factors at 95 % confidence: NIST/SEMATECH e-Handbook 7.2.6.3, Hahn & Meeker table A.12d
PUBLISHED = {
    (5, 0.90): 3.407,
    (5, 0.95): 4.203,
    (5, 0.99): 5.741,
    (10, 0.90): 2.355,
    (10, 0.95): 2.911,
    (10, 0.99): 3.981,
    (20, 0.90): 1.926,
    (20, 0.95): 2.396,
    (20, 0.99): 3.295,
    (30, 0.90): 1.777,
    (30, 0.95): 2.220,
    (30, 0.99): 3.064,
    (100, 0.90): 1.527,
    (100, 0.95): 1.927,
    (100, 0.99): 2.684,
}


@pytest.mark.parametrize(("n", "content"), PUBLISHED)
def test_tolerance_factors_are_those_of_the_tables(n: int, content: float) -> None:
    assert tolerance_factor(n, content) == pytest.approx(PUBLISHED[n, content], abs=1e-3)


def test_the_factor_of_thirty_runs_is_that_of_the_method() -> None:
    assert round(tolerance_factor(30), 2) == 4.02


def test_the_bound_holds_its_promise_in_nineteen_of_twenty_samples() -> None:
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(4000, 20))
    bounds = samples.mean(axis=1) - tolerance_factor(20) * samples.std(axis=1, ddof=1)
    share_beyond = np.array([0.5 * math.erfc(-b / math.sqrt(2)) for b in bounds])
    assert 0.94 < (share_beyond <= 0.001).mean() < 0.96


@settings(deadline=None)
@given(st.integers(3, 200), st.floats(0.5, 6))
def test_failure_bound_is_the_inverse_of_the_factor(n: int, k: float) -> None:
    share = failure_bound(k, n)
    if 1e-7 < share < 0.99:
        assert tolerance_factor(n, 1 - share) == pytest.approx(k, rel=1e-3)


@settings(deadline=None)
@given(st.integers(2, 100), st.floats(-3, 8), st.floats(0, 3))
def test_a_threshold_farther_away_fails_fewer(n: int, k: float, more: float) -> None:
    assert failure_bound(k + more, n) <= failure_bound(k, n) + 1e-9


def test_wilks_counts_are_the_published_ones() -> None:
    assert [runs_for_lowest(p) for p in (0.10, 0.05, 0.01)] == [29, 59, 299]
    assert runs_for_lowest(0.01, 0.99) == 459


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (10, 10, 0.6915, 1.0),
        (5, 10, 0.1871, 0.8129),
        (1, 100, 0.0003, 0.0545),
    ],
)
def test_intervals_are_those_of_clopper_and_pearson(count, of, low, high) -> None:
    assert interval(count, of) == pytest.approx((low, high), abs=1e-4)


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(0, 50))
def test_an_interval_holds_the_share_that_was_seen(count: int, more: int) -> None:
    low, high = interval(count, count + more)
    assert 0 <= low <= high <= 1
    if count + more:
        assert low <= count / (count + more) <= high


SCORES = st.lists(st.floats(0.02, 0.98), min_size=3, max_size=40)


@settings(deadline=None)
@given(SCORES, st.sampled_from([1, -1]))
def test_the_bound_is_never_stricter_than_the_worst_right_answer(scores, sign) -> None:
    bound = bound_of(scores, 0.5, sign)
    worst = min(scores) if sign > 0 else max(scores)
    assert bound.worst == worst
    assert sign * (worst - bound.bound) >= -1e-12
    assert sign * (bound.bound - rounded(bound.bound, sign, bound.scale)) >= -1e-9


def test_the_bound_is_mean_minus_k_sd_on_the_scale() -> None:
    above, below = (bound_of([math.exp(x) for x in (1.5, 2.0, 2.5)], 5.0, s) for s in (1, -1))
    k = tolerance_factor(3)
    assert (above.scale, above.mean, above.sd) == ("log", pytest.approx(2), pytest.approx(0.5))
    assert math.log(above.bound) == pytest.approx(2 - k / 2)
    assert math.log(below.bound) == pytest.approx(2 + k / 2)
    assert bound_of([0.9] * 10 + [0.94] * 10, 0.8, 1).bound == pytest.approx(0.7766, abs=1e-3)


def test_a_right_answer_far_off_moves_the_bound_to_itself() -> None:
    assert bound_of([0.9] * 39 + [0.1], 0.8, 1).bound == 0.1
    assert bound_of([3.0] * 39 + [90.0], 5.0, -1).bound == 90.0


@settings(deadline=None)
@given(SCORES)
def test_a_rate_s_bound_is_a_rate(scores) -> None:
    bound = bound_of([*scores, 0.0, 1.0], 0.5, 1)
    assert bound.scale == "logit"
    assert 0 <= bound.bound <= 1


def test_scales_fit_the_numbers() -> None:
    assert scale_of([0.9, 1.0], 0.8, 1) == "logit"
    assert scale_of([3.5, 2.5], 2.5, 1) == "log"
    assert scale_of([0.2, 0.3], 0.4, -1) == "log"
    assert scale_of([-0.2, 0.3], 0.1, 1) == "as it is"
    assert scale_of([0.2, 0.3], 0.4, -1, others=[0.6, -0.1]) == "as it is"


def test_how_far_an_estimate_is_off_is_bounded_as_it_is() -> None:
    """Near 0 by luck, now and then: on the scale of logarithms the bound would mean nothing."""
    off = [0.001, 0.004, 0.012, 0.02, 0.025, 0.03, 0.041, 0.06]
    assert scale_of(off, 0.15, -1) == "as it is"
    assert bound_of(off, 0.15, -1).bound < 0.2


@pytest.mark.parametrize("scale", ["logit", "log", "as it is"])
@given(score=st.floats(0.01, 0.99))
def test_scales_lead_there_and_back(scale, score) -> None:
    assert from_scale(scale)(to_scale(scale)(score)) == pytest.approx(score)


def test_proposals_are_round_and_kind() -> None:
    assert rounded(0.9278, 1, "logit") == 0.92
    assert rounded(0.9967, 1, "logit") == 0.996
    assert rounded(0.1231, -1, "log") == 0.13
    assert rounded(6.61, -1, "log") == 6.7
    assert rounded(312.0, 1, "log") == 310.0
    assert rounded(0.92, 1, "logit") == 0.92


def test_the_expected_failure_is_the_share_that_fails() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(2.0, 0.4, size=(20_000, 2)) + rng.normal(0, 0.3, size=(20_000, 1))
    rates = 1 / (1 + np.exp(-logits))
    bound = bound_of(list(rates[:500, 0]), 0.8, 1, 10**6)
    once = expected_failure(bound, 0.8)
    twice = expected_failure(bound, 0.8, [tuple(pair) for pair in rates[:500]])
    assert once == pytest.approx((rates[:, 0] < 0.8).mean(), abs=0.02)
    assert twice == pytest.approx((rates < 0.8).all(axis=1).mean(), abs=0.015)
    assert twice < once


def test_the_chance_of_any_of_many() -> None:
    assert any_of([]) == 0
    assert any_of([0.01] * 40) == pytest.approx(0.331, abs=1e-3)
