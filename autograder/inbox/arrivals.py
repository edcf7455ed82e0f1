"""How and when a submission came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from dateutil import parser, tz  # type: ignore[import-untyped]

from autograder.inbox.entries import Entry
from autograder.inbox.paths import TIMESTAMP, Refused
from autograder.inbox.senders import Sent


@dataclass(frozen=True)
class Arrival:
    """Where a submission came from, and when it was handed in."""

    origin: str  # folder, zip, Canvas, Moodle, exchange, nbgrader, submitted, portal
    received: datetime  # UTC
    certain: bool = False  # by nbgrader's time stamp or our own server, not by dates of files
    dated: bool = True  # False: nothing said when, so it is when we took it
    sender: str = ""  # who the LMS says it is, as a number of its own


def arrival_of(sent: Sent, origin: str) -> Arrival:
    """When it was handed in: by nbgrader's time stamp, else by the newest date of its files.

    A time stamp counts only where nbgrader's own layout shows that nbgrader wrote it. No time lies
    in the future.
    """
    now = datetime.now(timezone.utc)
    stamp = sent.when or (_stamp_in(sent.entries) if sent.system == "nbgrader" else None)
    dates = [entry.made for entry in sent.entries if entry.made]
    return Arrival(
        sent.system or origin,
        min(stamp or max(dates, default=now), now),
        certain=stamp is not None,
        dated=bool(stamp or dates),
        sender=f"{sent.system} {sent.number}" if sent.number else "",
    )


def arrival_in(place: Path) -> Arrival:
    """How a folder came to lie in `submitted/`: nbgrader's time stamp says when, else it is now."""
    try:
        if not (place / TIMESTAMP).is_symlink():
            stamp = parsed((place / TIMESTAMP).read_text(encoding="utf-8"))
            return Arrival("submitted", stamp, certain=True)
    except (OSError, ValueError, OverflowError):
        pass
    return Arrival("submitted", datetime.now(timezone.utc), dated=False)


def parsed(written: str) -> datetime:
    """A time stamp as nbgrader reads it (`2026-03-01 10:00:00.5 Asia/Seoul`), not later than now.

    ValueError or OverflowError if it is none. nbgrader's own function would cost seconds to import.
    """
    text, zones = written[:100].strip(), {}
    day, time, zone = [*text.split(), "", "", ""][:3]
    if len(text.split()) == 3 and not zone.lstrip("+-").isdigit():
        text, zones = f"{day} {time} TZ", {"TZ": tz.gettz(zone)}
    moment: datetime = parser.parse(text, tzinfos=zones)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return min(moment.astimezone(timezone.utc), datetime.now(timezone.utc))


def _stamp_in(entries: tuple[Entry, ...]) -> datetime | None:
    for entry in entries:
        if str(entry.path) == TIMESTAMP:
            try:
                return parsed(next(iter(entry.chunks()), b"").decode("utf-8"))
            except (Refused, ValueError, OverflowError):
                return None
    return None
