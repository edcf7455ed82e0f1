"""Due times where the clocks change: New York, Lisbon, Lord Howe (half an hour), and Seoul (never)."""

from __future__ import annotations

import doctest
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import config, deadlines
from autograder.deadlines import DAY, end_of_day, extended, in_local_time, start_of_day, time_late
from autograder.errors import ConfigError
from autograder.steps.portal.sprint_clock import (
    Allowance,
    Phase,
    Window,
    begin_by,
    personal_close,
    phase,
)

ZONES = [
    ZoneInfo(name)
    for name in ("America/New_York", "Europe/Lisbon", "Asia/Seoul", "Australia/Lord_Howe")
]
YORK, LISBON, SEOUL, LORD_HOWE = ZONES
zones = st.sampled_from(ZONES)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1), timezones=st.just(timezone.utc))
spans = st.integers(0, 40 * 24 * 3600).map(lambda s: timedelta(seconds=s))


def course(folder: Path, zone: str, text: str) -> config.Course:
    file = folder / config.FILE
    file.write_text(f"c = get_config()\nc.Course.timezone = '{zone}'\n{text}\n", encoding="utf-8")
    return config.load(folder)


def test_the_examples_of_the_docstrings_hold() -> None:
    failed, tried = doctest.testmod(deadlines)
    assert (failed, tried > 10) == (0, True)


TWICE = [
    ("America/New_York", "2026-11-01 01:30", "-04:00", "-05:00"),
    ("Europe/Lisbon", "2026-10-25 01:30", "+01:00", "+00:00"),
    ("Australia/Lord_Howe", "2027-04-04 01:45", "+11:00", "+10:30"),
]
NEVER = [
    ("America/New_York", "2027-03-14 02:30", "2027-03-14 01:30", "2027-03-14 03:30"),
    ("Europe/Lisbon", "2027-03-28 01:30", "2027-03-28 00:30", "2027-03-28 02:30"),
    ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-04 01:45", "2026-10-04 02:45"),
]
PLACES = [
    "c.Course.due = {{'hw': '{}'}}",
    "c.Exam.closes = '{}'",
    "c.Exam.opens = '{}'",
    "c.Exam.latest_start = '{}'",
    "c.Exam.assignments = {{'sc*': {{'closes': '{}'}}}}",
    "c.Exam.assignments = {{'sc [1]': {{'opens': '{}'}}}}",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("zone", "written", "first", "second"), TWICE)
def test_a_time_that_comes_twice_is_refused_with_both_readings(
    tmp_path, place, zone, written, first, second
):
    with pytest.raises(ConfigError) as caught:
        course(tmp_path, zone, place.format(written))
    said = str(caught.value)
    assert "line 3" in said
    assert "twice" in said
    assert f"→ write '{written}{first}' or '{written}{second}'" in said
    readings = []
    for offset in (first, second):
        found = course(tmp_path, zone, place.format(written + offset))
        readings.append(found.moment(written + offset).astimezone(timezone.utc))
    assert readings[1] - readings[0] == timedelta(minutes=30 if "Howe" in zone else 60)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("zone", "written", "before", "after"), NEVER)
def test_a_time_that_never_comes_is_refused_with_both_readings(
    tmp_path, place, zone, written, before, after
):
    with pytest.raises(ConfigError) as caught:
        course(tmp_path, zone, place.format(written))
    assert "never show" in str(caught.value)
    assert f"→ write '{before}' or '{after}'" in str(caught.value)
    assert course(tmp_path, zone, place.format(after)).moment(after)


def test_an_offset_is_obeyed_and_shown_in_the_courses_zone(tmp_path):
    found = course(tmp_path, "Asia/Seoul", "c.Course.due = {'hw': '2026-12-01 10:00-05:00'}")
    assert found.due("hw").isoformat() == "2026-12-02T00:00:00+09:00"


@pytest.mark.parametrize("written", ["0001-01-01 00:00", "9999-12-31 23:59", "", "25:00", "nan"])
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Seoul"])
def test_a_date_that_cannot_be_is_a_clear_error(tmp_path, zone, written):
    with pytest.raises(ConfigError, match="is no date"):
        course(tmp_path, zone, f"c.Course.due = {{'hw': '{written}'}}")


# ── Late days and extensions ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("zone", "due", "last"),
    [
        (YORK, "2026-10-31 20:00", "2026-11-01 20:00"),  # 25 hours
        (YORK, "2027-03-13 20:00", "2027-03-14 20:00"),  # 23 hours
        (LISBON, "2026-10-24 20:00", "2026-10-25 20:00"),
        (LISBON, "2027-03-27 20:00", "2027-03-28 20:00"),
        (LORD_HOWE, "2027-04-03 20:00", "2027-04-04 20:00"),  # 24.5 hours
        (LORD_HOWE, "2026-10-03 20:00", "2026-10-04 20:00"),  # 23.5 hours
        (SEOUL, "2026-10-31 20:00", "2026-11-01 20:00"),
    ],
)
def test_a_late_day_ends_at_the_same_time_of_the_next_day(zone, due, last):
    start, end = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (due, last))
    second = timedelta(seconds=1)
    received = end.astimezone(timezone.utc)
    assert 0 < time_late(start, received - second, zone).total_seconds() <= 86400
    assert time_late(start, received, zone) == DAY
    assert time_late(start, received + second, zone) == DAY + second
    assert extended(start, DAY, zone) == received
    assert extended(received, -DAY, zone) == start.astimezone(timezone.utc)


@given(zones, moments, spans, spans)
def test_later_is_never_less_late(zone, due, one, other):
    first, second = sorted((one, other))
    assert time_late(due, due + first, zone) <= time_late(due, due + second, zone)
    assert (time_late(due, due + first, zone) > timedelta()) == (first > timedelta())


@given(zones, moments, st.integers(1, 60))
def test_what_comes_by_the_end_of_the_nth_day_is_n_days_late(zone, due, days):
    end = extended(due, days * DAY, zone)
    assert time_late(due, end, zone) <= days * DAY < time_late(due, end + DAY / 24, zone)


@given(zones, moments, spans, spans)
def test_a_longer_extension_by_whole_days_never_ends_earlier(zone, due, one, other):
    first, second = sorted((one // DAY * DAY, other // DAY * DAY))
    assert extended(due, first, zone) <= extended(due, second, zone)


CHANGED_AT_MIDNIGHT = {  # a day whose midnight the clocks skip or show twice, and when it begins
    "America/Santiago": ("2026-09-06", "2026-09-06T01:00:00-03:00"),
    "Africa/Cairo": ("2026-04-24", "2026-04-24T01:00:00+03:00"),
    "America/Havana": ("2026-11-01", "2026-11-01T00:00:00-04:00"),
    "Atlantic/Azores": ("2026-10-25", "2026-10-25T00:00:00+00:00"),
}


@pytest.mark.parametrize("name", CHANGED_AT_MIDNIGHT)
def test_a_day_whose_midnight_is_skipped_or_doubled_begins_with_its_first_moment(name):
    zone, (day, begins) = ZoneInfo(name), CHANGED_AT_MIDNIGHT[name]
    noon = datetime.fromisoformat(f"{day} 12:00").replace(tzinfo=zone)
    assert start_of_day(noon, zone).astimezone(zone).isoformat() == begins
    assert end_of_day(noon - DAY, zone) == start_of_day(noon, zone)


@given(st.sampled_from([*ZONES, *map(ZoneInfo, CHANGED_AT_MIDNIGHT)]), moments)
def test_a_day_begins_at_midnight_and_the_next_one_follows(zone, moment):
    first, last = start_of_day(moment, zone), end_of_day(moment, zone)
    assert first <= moment < last
    assert last == start_of_day(last, zone)
    assert first.astimezone(zone).date() == moment.astimezone(zone).date()
    assert timedelta(hours=23) <= last - first <= timedelta(hours=25)


def test_an_extension_without_end_stays_a_date():
    due = datetime(9998, 12, 31, tzinfo=timezone.utc)
    assert extended(due, timedelta(days=40000), SEOUL).year == 9999


# ── Sprints ──────────────────────────────────────────────────────────────────────────


def at(text: str) -> datetime:
    return deadlines.parse_time(text, YORK)


def test_minutes_of_a_sprint_are_real_minutes_across_a_change():
    window = Window(at("2026-11-01 00:00"), at("2026-11-01 01:30-04:00"), 60)
    double = Allowance(2.0)
    assert personal_close(window, double) == at("2026-11-01 01:30-05:00").astimezone(timezone.utc)
    assert begin_by(window) == at("2026-11-01 00:30").astimezone(timezone.utc)
    spring = Window(at("2027-03-14 00:00"), at("2027-03-14 03:30"), 90)
    assert begin_by(spring) == at("2027-03-14 01:00").astimezone(timezone.utc)


def test_the_second_hour_of_a_name_is_not_the_first():
    window = Window(at("2026-11-01 01:30-05:00"), at("2026-11-01 04:00"), 60)
    assert phase(window, at("2026-11-01 01:40-04:00"), None) is Phase.BEFORE
    assert phase(window, at("2026-11-01 01:40-05:00"), None) is Phase.OPEN


def test_a_day_more_of_a_sprint_closes_at_the_same_time_of_the_next_day():
    window = Window(at("2026-10-31 10:00"), at("2026-10-31 20:00"), 60)
    assert personal_close(window, Allowance(extension=DAY)) == at("2026-11-01 20:00").astimezone(
        timezone.utc
    )


def test_a_time_shown_says_which_of_two_it_is():
    assert in_local_time(at("2026-11-01 01:30-05:00"), YORK) == "2026-11-01 01:30 (UTC-05:00)"
    assert in_local_time(at("2026-11-01 03:30"), YORK) == "2026-11-01 03:30"
