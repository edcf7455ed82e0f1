"""Whether what is there, or what comes in, is another submission or one that is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from autograder import harmless
from autograder.inbox import folder
from autograder.inbox.arrivals import Arrival, arrival_in
from autograder.inbox.notebooks import Expected, take_notebooks
from autograder.inbox.paths import Refused
from autograder.inbox.senders import Sent
from autograder.inbox.shelf import Kept, Shelf
from autograder.inbox.taking import Caps, Taken, digest_of

CLOCKS = timedelta(seconds=2)  # a zip tells time no finer
Kind = Literal["new", "updated", "unchanged"]


@dataclass(frozen=True)
class Lying:
    """What lies in `submitted/` of one student, and whether that was known."""

    kept: Kept
    kind: Kind
    refused: tuple[Refused, ...] = ()  # files in it that are not taken


def settle(shelf: Shelf, student: str, caps: Caps, expected: Expected) -> Lying | None:
    """What lies in `submitted/` of this student, kept if it was not; None if nothing does.

    What somebody was stopped at is done first. The caller holds the lock.
    """
    newest, place = shelf.newest(student), shelf.place_of(student)
    if newest and shelf.interrupted(student):
        shelf.place(newest)
    if not place.is_dir() or place.is_symlink():
        return None
    placed, same = shelf.placed(student)
    if placed and same:
        return Lying(placed, "unchanged")
    arrival = arrival_in(place)
    with shelf.staging() as staged:
        entries = folder.offered(place).entries
        taken = take_notebooks(entries, staged / "files", caps, expected)
        digest = digest_of(taken.files)
        if newest and placed and newest.id != placed.id and digest == placed.sha256:
            shelf.place(newest)  # somebody was stopped between keeping and placing it
            return Lying(newest, "unchanged")
        if newest and digest == newest.sha256 and not _restamped(newest, arrival):
            shelf.remember(newest)
            return Lying(newest, "unchanged")
        kept = shelf.keep(student, staged, taken, arrival)
        shelf.remember(kept)
    return Lying(kept, "updated" if newest else "new", taken.refused)


def adopt(shelf: Shelf, name: str, student: str, caps: Caps, expected: Expected) -> None:
    """Keeps and places for a student what lies in `submitted/` under another name of theirs.

    The caller holds the lock. What was adopted before and is as it was is not read again.
    """
    place = shelf.place_of(name)
    seen = folder.fingerprint(place)
    if shelf.adopted(student, name) == seen:
        return
    lying = settle(shelf, student, caps, expected)
    with shelf.staging() as staged:
        entries = folder.offered(place).entries
        taken = take_notebooks(entries, staged / "files", caps, expected)
        receive(shelf, student, staged, taken, arrival_in(place), lying)
    shelf.remember_adopted(student, name, seen)


def receive(
    shelf: Shelf, student: str, staged: Path, taken: Taken, arrival: Arrival, lying: Lying | None
) -> tuple[Kept, Kind, tuple[str, ...]]:
    """What came in, kept and put into `submitted/` unless it is known: which, what it is, notes.

    The caller holds the lock; `lying` is what `settle` found before.
    """
    newest = shelf.newest(student)
    what = _fate(digest_of(taken.files), arrival, newest, shelf.all_of(student))
    if newest and what == "known":
        if lying is None:
            shelf.place(newest)
        return newest, "unchanged", ()
    kept = shelf.keep(student, staged, taken, arrival, late=what == "late")
    if newest and what == "late":
        if lying is None:
            shelf.place(newest)
        else:
            shelf.remember(lying.kept)
        return kept, "updated", ("it was handed in before what was there already",)
    shelf.place(kept)
    return kept, "updated" if newest else "new", ()


def _fate(
    digest: str, arrival: Arrival, newest: Kept | None, known: tuple[Kept, ...]
) -> Literal["new", "late", "known"]:
    """Whether it is another submission, one handed in before what is there, or known already.

    Dates of files are believed only as far as to tell an old zip collected once more from the same
    work handed in once more: an unknown submission is never passed over because of them.
    """
    if newest is None:
        return "new"
    both_certain = arrival.certain and newest.arrival.certain
    after = arrival.received > newest.arrival.received + CLOCKS
    if digest == newest.sha256:
        return "new" if both_certain and after else "known"
    if any(kept.sha256 == digest for kept in known):
        return "new" if arrival.dated and after else "known"
    return "late" if both_certain and arrival.received < newest.arrival.received else "new"


def same_person(sent: Sent, arrival: Arrival, newest: Kept | None) -> None:
    """Refused if the LMS says that another person of this name sent the former one."""
    before = newest.arrival.sender if newest else ""
    system = arrival.sender.partition(" ")[0]
    if system and before != arrival.sender and before.partition(" ")[0] == system:
        raise Refused(
            f"it comes from {arrival.sender}, an earlier one of this name from {before}",
            where=harmless.text(sent.name, cap=80),
            way_out="import a roster, and name both by student number",
        )


def _restamped(newest: Kept, arrival: Arrival) -> bool:
    """Whether nbgrader, or a person, now says another time for the same files."""
    return arrival.certain and abs(arrival.received - newest.arrival.received) > CLOCKS
