"""Origin and time of a submission."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from dateutil import parser, tz  # type: ignore[import-untyped]

from autograder.submissions.entries import Entry
from autograder.submissions.filename_parsing import Sent
from autograder.submissions.paths import TIMESTAMP, Refused


@dataclass(frozen=True)
class Arrival:
    """Origin of a submission, and the time when it was submitted."""

    origin: str  # folder, zip, Canvas, Moodle, exchange, nbgrader, submitted, portal
    received: datetime  # UTC
    certain: bool = False  # from nbgrader's time stamp or our server, not from file dates
    dated: bool = True  # False: no time was found, so `received` is the time of collection
    sender: str = ""  # LMS and its number for the sender


def arrival_of(sent: Sent, origin: str) -> Arrival:
    """Return the arrival, dated by nbgrader's time stamp, else by its newest file.

    A time stamp is used only if the folder layout shows that nbgrader wrote it. A time in the
    future becomes the current time.
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
    """Return the arrival of a folder in `submitted/`, dated by nbgrader's time stamp, else now."""
    try:
        if not (place / TIMESTAMP).is_symlink():
            stamp = parsed((place / TIMESTAMP).read_text(encoding="utf-8"))
            return Arrival("submitted", stamp, certain=True)
    except (OSError, ValueError, OverflowError):
        pass
    return Arrival("submitted", datetime.now(timezone.utc), dated=False)


def parsed(written: str) -> datetime:
    """Parse a time stamp as nbgrader does (`2026-03-01 10:00:00.5 Asia/Seoul`); cap it at now.

    Raises ValueError or OverflowError if it is invalid. We do not use nbgrader's own function,
    because importing it takes seconds.
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
