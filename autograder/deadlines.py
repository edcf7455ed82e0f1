"""Calendar arithmetic in a course's time zone: parse, move, compare and print due times.

A day lasts until the same wall-clock time on the next day: 23 or 25 hours where the clocks change.
Hours and minutes are real time.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo

DAY = timedelta(days=1)
YEARS = range(1971, 9999)  # leaves room for a zone's offset and an extension
_NEVER = datetime(9999, 12, 30, tzinfo=timezone.utc)


class UnclearTime(ValueError):
    """A local time that the zone's clocks show twice or never; `readings` are the candidates."""

    def __init__(self, fact: str, readings: tuple[str, ...]) -> None:
        super().__init__(fact)
        self.readings = readings


def parse_time(written: str, zone: tzinfo) -> datetime:
    """Return the moment that the text `written` names, in `zone`.

    Raises UnclearTime for a time that the clocks skip or repeat, ValueError for any other text.

    >>> from zoneinfo import ZoneInfo
    >>> parse_time("2026-12-01 18:00", ZoneInfo("Asia/Seoul")).isoformat()
    '2026-12-01T18:00:00+09:00'
    >>> parse_time("2026-11-01 01:30-04:00", ZoneInfo("America/New_York")).fold
    0
    """
    moment = datetime.fromisoformat(written.strip())
    if moment.year not in YEARS:
        raise ValueError(f"the year {moment.year} is outside {YEARS[0]} to {YEARS[-1]}")
    if moment.tzinfo is not None:
        return moment.astimezone(zone)
    first, second = _readings(moment, zone)
    if first.utcoffset() == second.utcoffset():
        return first
    raise _unclear(first, second)


def _readings(moment: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the local time under the zone's offset before and after a change of clocks."""
    return moment.replace(tzinfo=zone, fold=0), moment.replace(tzinfo=zone, fold=1)


def _unclear(first: datetime, second: datetime) -> UnclearTime:
    zone = first.tzinfo
    wall = f"{first:%Y-%m-%d %H:%M}"
    exact = tuple(f"{wall}{offset_of(one)}" for one in (first, second))
    if first.astimezone(timezone.utc) < second.astimezone(timezone.utc):
        fact = f"the clocks of {zone} show {wall} twice: {exact[0]} and, later, {exact[1]}"
        return UnclearTime(fact, exact)
    shown = [f"{real(one, timedelta()).astimezone(zone):%Y-%m-%d %H:%M}" for one in (second, first)]
    fact = (
        f"the clocks of {zone} never show {wall}: they are put forward; "
        f"{exact[1]} is {shown[0]} and {exact[0]} is {shown[1]}"
    )
    return UnclearTime(fact, (shown[0], shown[1]))


def real(moment: datetime, span: timedelta) -> datetime:
    """Return the moment (UTC) after `span` of real time, ignoring changes of the clocks."""
    try:
        return moment.astimezone(timezone.utc) + span
    except OverflowError:
        return _NEVER


def extended(moment: datetime, span: timedelta, zone: tzinfo) -> datetime:
    """Return `moment` moved by `span`, in UTC.

    Whole days follow the calendar of `zone`, the rest is real time. If the clocks show the new time
    twice or never, use the later reading.

    >>> from zoneinfo import ZoneInfo
    >>> york = ZoneInfo("America/New_York")
    >>> due = datetime(2026, 10, 31, 20, tzinfo=york)
    >>> extended(due, DAY, york).astimezone(york).isoformat()
    '2026-11-01T20:00:00-05:00'
    """
    days = span // DAY if span >= timedelta() else -(-span // DAY)
    try:
        local = moment.astimezone(zone)
        there = local.replace(tzinfo=None, fold=0) + days * DAY
        on_the_day = max(one.astimezone(timezone.utc) for one in _readings(there, zone))
    except OverflowError:
        return _NEVER
    if not days:
        on_the_day = local.astimezone(timezone.utc)
    return real(on_the_day, span - days * DAY)


def time_late(due: datetime, received: datetime, zone: tzinfo) -> timedelta:
    """Return the lateness: whole calendar days of `zone`, plus real time for the last day.

    A started day counts as at most one day. So 24 hours and 59 minutes up to the same wall-clock
    time of the next day are one day, even where the clocks change.

    >>> from zoneinfo import ZoneInfo
    >>> york = ZoneInfo("America/New_York")
    >>> due = datetime(2026, 10, 31, 20, tzinfo=york)
    >>> time_late(due, datetime(2026, 11, 1, 20, tzinfo=york), york)
    datetime.timedelta(days=1)
    """
    came = received.astimezone(timezone.utc)
    if came <= due.astimezone(timezone.utc):
        return timedelta()
    days = max(0, (came - due.astimezone(timezone.utc)) // DAY - 1)
    while extended(due, (days + 1) * DAY, zone) <= came:
        days += 1
    return days * DAY + min(came - extended(due, days * DAY, zone), DAY)


def start_of_day(moment: datetime, zone: tzinfo) -> datetime:
    """Return the first moment (UTC) of the day that contains `moment`."""
    return _midnight(moment.astimezone(zone), zone)


def end_of_day(moment: datetime, zone: tzinfo) -> datetime:
    """Return the first moment (UTC) of the day after the one that contains `moment`."""
    return _midnight(moment.astimezone(zone) + DAY, zone)


def _midnight(local: datetime, zone: tzinfo) -> datetime:
    """Return the first moment (UTC) of the local date.

    Clocks that are put back over midnight show it twice, and the first counts; those that are put
    forward over it skip it, and the offset before the change gives the moment of the change.
    """
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    first, _ = _readings(midnight, zone)
    return first.astimezone(timezone.utc)


def offset_of(moment: datetime) -> str:
    """Return the offset from UTC in the format that settings accept: `-04:00`.

    >>> offset_of(datetime(2026, 1, 1, tzinfo=timezone.utc))
    '+00:00'
    """
    offset = moment.strftime("%z")
    return f"{offset[:3]}:{offset[3:5]}" + (f":{offset[5:7]}" if len(offset) > 5 else "")


def with_offset(moment: datetime, zone: tzinfo, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return the local time with its offset, in the format that settings accept.

    >>> from zoneinfo import ZoneInfo
    >>> with_offset(datetime(2026, 11, 1, 6, 30, tzinfo=timezone.utc), ZoneInfo("America/New_York"))
    '2026-11-01 01:30-05:00'
    """
    local = moment.astimezone(zone)
    return f"{local:{form}}{offset_of(local)}"


def in_local_time(moment: datetime, zone: tzinfo | None, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return the local time, with its offset only if the clocks show that time twice.

    >>> from zoneinfo import ZoneInfo
    >>> york = ZoneInfo("America/New_York")
    >>> in_local_time(datetime(2026, 11, 1, 6, 30, tzinfo=timezone.utc), york)
    '2026-11-01 01:30 (UTC-05:00)'
    >>> in_local_time(datetime(2026, 11, 1, 16, 30, tzinfo=timezone.utc), york)
    '2026-11-01 11:30'
    """
    local = moment.astimezone(zone)
    first, second = _readings(local, local.tzinfo or timezone.utc)
    twice = first.astimezone(timezone.utc) < second.astimezone(timezone.utc)
    return f"{local:{form}}" + (f" (UTC{offset_of(local)})" if twice else "")
