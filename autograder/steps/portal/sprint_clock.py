"""Clock of a sprint challenge: when a student may start, the end, and both in words.

Every function here is pure: it depends on a window, one student's allowances and a moment. The
caller passes the server's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum

from autograder.deadlines import extended, in_local_time, real
from autograder.language import translate
from autograder.nouns import fill


@dataclass(frozen=True)
class Window:
    """Times of a sprint for all students: aware datetimes, and minutes from the personal start."""

    opens: datetime
    closes: datetime
    minutes: float
    latest_start: datetime | None = None
    grace: timedelta = timedelta(0)  # for uploads that started in time


@dataclass(frozen=True)
class Allowance:
    """Extra time of one student."""

    multiplier: float = 1.0  # on the minutes; the personal close moves by the same time
    credits: timedelta = timedelta(0)  # for outages
    extension: timedelta = timedelta(0)  # of the close only


class Phase(str, Enum):
    """Phase of a sprint that one student is in."""

    BEFORE = "before"  # not open yet
    OPEN = "open"  # may be started
    RUNNING = "running"
    GRACE = "grace"  # only uploads that have already started are accepted
    OVER = "over"
    MISSED = "missed"  # never started, and too late now

    def __str__(self) -> str:
        return self.value


NOBODY = Allowance()


def working_time(window: Window, mine: Allowance = NOBODY) -> timedelta:
    """Return the full working time: minutes × multiplier + credits."""
    return timedelta(minutes=window.minutes * mine.multiplier) + mine.credits


def personal_close(window: Window, mine: Allowance = NOBODY) -> datetime:
    """Return the student's personal close in UTC: the close plus their extra time.

    Whole days of an extension are calendar days, all other time is real time.
    """
    more = working_time(window, mine) - timedelta(minutes=window.minutes)
    zone = window.closes.tzinfo or timezone.utc
    return real(extended(window.closes, mine.extension, zone), more)


def deadline(window: Window, started: datetime, mine: Allowance = NOBODY) -> datetime:
    """Return the end of a sprint that was started at `started`.

    This is min(start + minutes × multiplier + credits, personal close).
    """
    return min(real(started, working_time(window, mine)), personal_close(window, mine))


def begin_by(window: Window, mine: Allowance = NOBODY) -> datetime:
    """Return the last moment to start with the full working time left."""
    last = real(personal_close(window, mine), -working_time(window, mine))
    return _not_after(last, window.latest_start)


def last_start(window: Window, mine: Allowance = NOBODY) -> datetime:
    """Return the last moment to start at all."""
    close = personal_close(window, mine)
    return _not_after(close, window.latest_start)


def _not_after(moment: datetime, latest: datetime | None) -> datetime:
    return moment if latest is None else min(moment, latest.astimezone(timezone.utc))


def phase(
    window: Window, now: datetime, started: datetime | None, mine: Allowance = NOBODY
) -> Phase:
    """Return the student's phase at this moment."""
    now = now.astimezone(timezone.utc)  # aware times of the same zone compare by wall clock alone
    if started is None:
        if now < window.opens:
            return Phase.BEFORE
        return Phase.OPEN if now < last_start(window, mine) else Phase.MISSED
    end = deadline(window, started, mine)
    if now < end:
        return Phase.RUNNING
    return Phase.GRACE if now < end + window.grace else Phase.OVER


def takes(
    window: Window,
    first_byte: datetime,
    whole: datetime,
    started: datetime | None,
    mine: Allowance = NOBODY,
) -> bool:
    """Return True if an upload counts.

    Its first byte must arrive before the deadline, and its last before the grace period ends.
    """
    if started is None or first_byte < started:
        return False
    end = deadline(window, started, mine)
    return first_byte < end and whole < end + window.grace


# ── In words ─────────────────────────────────────────────────────────────────────────


def in_words(
    window: Window, now: datetime, started: datetime | None, mine: Allowance = NOBODY
) -> str:
    """Return the text above the Start button and during work, with times in the zone of `now`."""
    where = phase(window, now, started, mine)
    values = {
        "opens": _clock(window.opens, now),
        "by": _clock(begin_by(window, mine), now),
        "last": _clock(last_start(window, mine), now),
        "close": _clock(personal_close(window, mine), now),
        "full": _minutes(working_time(window, mine)),
    }
    if where is Phase.BEFORE:
        return fill(
            translate("It opens at {opens}. Begin by {by} for the full {full} minutes."), values
        )
    if where is Phase.OPEN:
        return fill(_may_start(window, now, mine, values), values)
    if where is Phase.MISSED or started is None:
        return fill(translate("It could be started until {last}. It is closed for you."), values)
    end = deadline(window, started, mine)
    values = {**values, "end": _clock(end, now), "left": _minutes(end - now)}
    if where is Phase.RUNNING:
        return fill(translate("You have until {end}: {left} minutes left."), values)
    return fill(translate("Time was over at {end}. What was saved last is handed in."), values)


def _may_start(window: Window, now: datetime, mine: Allowance, values: dict[str, str]) -> str:
    if now <= begin_by(window, mine):
        return translate("Begin by {by} for the full {full} minutes.")
    rest = personal_close(window, mine) - now
    if rest < working_time(window, mine):
        values["rest"] = _minutes(rest)
        return translate("If you begin now you have {rest} minutes: it closes at {close}.")
    return translate("Begin by {last} for the full {full} minutes.")


def _minutes(span: timedelta) -> str:
    """Return whole minutes, rounded down."""
    return str(max(0, int(span.total_seconds() // 60)))


def _clock(moment: datetime, now: datetime) -> str:
    local = moment.astimezone(now.tzinfo)
    form = "%H:%M" if local.date() == now.date() else "%Y-%m-%d %H:%M"
    return in_local_time(local, now.tzinfo, form)
