"""The sprint clock and receipts: what holds for all of them, and what a person reads."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.steps.portal.sprint_clock import (
    Allowance,
    Phase,
    Window,
    begin_by,
    deadline,
    in_words,
    last_start,
    personal_close,
    phase,
    takes,
    working_time,
)

SEVEN = datetime(2026, 12, 1, 19, 0, tzinfo=timezone(timedelta(hours=9)))
SPRINT = Window(SEVEN, SEVEN + timedelta(hours=3), 90, grace=timedelta(seconds=60))
MINUTE = timedelta(minutes=1)

spans = st.integers(0, 6000).map(lambda s: timedelta(seconds=10 * s))
windows = st.builds(
    lambda length, minutes, latest: Window(
        SEVEN, SEVEN + length, minutes, None if latest is None else SEVEN + latest, MINUTE
    ),
    st.integers(1, 600).map(lambda m: m * MINUTE),
    st.integers(1, 300),
    st.none() | spans,
)
allowances = st.builds(Allowance, st.floats(1, 4), spans, spans)
moments = st.integers(-3600, 90000).map(lambda s: SEVEN + timedelta(seconds=s))


@given(windows, allowances, moments)
def test_nobody_works_past_their_close_nor_longer_than_their_time(window, mine, start):
    end = deadline(window, start, mine)
    assert end <= personal_close(window, mine)
    assert end <= start + working_time(window, mine)
    assert end in {personal_close(window, mine), start + working_time(window, mine)}


@given(windows, allowances, moments, moments)
def test_beginning_later_never_ends_earlier(window, mine, one, other):
    first, second = sorted((one, other))
    assert deadline(window, first, mine) <= deadline(window, second, mine)


@given(windows, allowances, allowances, moments)
def test_having_more_never_ends_earlier(window, one, other, start):
    more = Allowance(
        max(one.multiplier, other.multiplier),
        max(one.credits, other.credits),
        max(one.extension, other.extension),
    )
    assert deadline(window, start, one) <= deadline(window, start, more)
    assert last_start(window, one) <= last_start(window, more)


@given(windows, allowances)
def test_who_begins_by_the_hour_named_has_the_full_time(window, mine):
    start = begin_by(window, mine)
    assert deadline(window, start, mine) == start + working_time(window, mine)


@given(windows, allowances, moments, moments)
def test_an_upload_is_taken_only_between_start_and_end(window, mine, start, first):
    end = deadline(window, start, mine)
    assert takes(window, first, first, start, mine) == (start <= first < end)
    late = end + window.grace
    assert not takes(window, first, late, start, mine)


@given(windows, allowances, moments)
def test_phases_follow_one_another(window, mine, start):
    end = deadline(window, start, mine)
    order = [Phase.RUNNING, Phase.GRACE, Phase.OVER]
    seen = [phase(window, start + n * MINUTE / 2, start, mine) for n in range(400)]
    assert [order.index(p) for p in seen] == sorted(order.index(p) for p in seen)
    assert phase(window, end, start, mine) is Phase.GRACE


@pytest.mark.parametrize(
    ("at", "started", "mine", "words"),
    [
        (-30, None, Allowance(), "It opens at 19:00. Begin by 20:30 for the full 90 minutes."),
        (5, None, Allowance(), "Begin by 20:30 for the full 90 minutes."),
        (5, None, Allowance(1.5), "Begin by 20:30 for the full 135 minutes."),
        (117, None, Allowance(), "If you begin now you have 63 minutes: it closes at 22:00."),
        (200, None, Allowance(), "It could be started until 22:00. It is closed for you."),
        (30, 10, Allowance(), "You have until 20:40: 70 minutes left."),
        (30, 10, Allowance(credits=10 * MINUTE), "You have until 20:50: 80 minutes left."),
        (101, 10, Allowance(), "Time was over at 20:40. What was saved last is handed in."),
    ],
)
def test_the_words_name_the_hour_and_the_minutes(at, started, mine, words):
    begun = None if started is None else SEVEN + started * MINUTE
    assert in_words(SPRINT, SEVEN + at * MINUTE, begun, mine) == words


def test_a_latest_start_before_that_is_the_hour_named():
    window = Window(SEVEN, SEVEN + timedelta(hours=3), 90, SEVEN + 30 * MINUTE)
    assert in_words(window, SEVEN, None) == "Begin by 19:30 for the full 90 minutes."
    assert phase(window, SEVEN + 30 * MINUTE, None) is Phase.MISSED
