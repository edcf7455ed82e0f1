"""Decision whether files in `submitted/`, or incoming ones, are a new or a known submission."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from autograder import sanitize
from autograder.submissions import folder
from autograder.submissions.arrivals import Arrival, arrival_in
from autograder.submissions.extraction import Caps, Taken, digest_of
from autograder.submissions.filename_parsing import Sent
from autograder.submissions.notebook_names import Expected, take_notebooks
from autograder.submissions.paths import Refused
from autograder.submissions.store import StoredSubmission, SubmissionStore

CLOCKS = timedelta(seconds=2)  # resolution of times in a zip
Kind = Literal["new", "updated", "unchanged"]


@dataclass(frozen=True)
class PlacedSubmission:
    """Submission in a student's `submitted/` folder; `kind` says if it was known."""

    kept: StoredSubmission
    kind: Kind
    refused: tuple[Refused, ...] = ()  # files in it that are left out


def settle(
    shelf: SubmissionStore, student: str, caps: Caps, expected: Expected
) -> PlacedSubmission | None:
    """Return the submission in this student's `submitted/` folder; None if there is no folder.

    Finish an interrupted placement first. Keep the submission if it is new. The caller holds the
    lock.
    """
    newest, place = shelf.newest(student), shelf.place_of(student)
    if newest and shelf.interrupted(student):
        shelf.place(newest)
    if not place.is_dir() or place.is_symlink():
        return None
    placed, same = shelf.placed(student)
    if placed and same:
        return PlacedSubmission(placed, "unchanged")
    arrival = arrival_in(place)
    with shelf.staging() as staged:
        entries = folder.offered(place).entries
        taken = take_notebooks(entries, staged / "files", caps, expected)
        digest = digest_of(taken.files)
        if newest and placed and newest.id != placed.id and digest == placed.sha256:
            shelf.place(newest)  # interrupted between keeping and placing
            return PlacedSubmission(newest, "unchanged")
        if newest and digest == newest.sha256 and not _restamped(newest, arrival):
            shelf.remember(newest)
            return PlacedSubmission(newest, "unchanged")
        kept = shelf.keep(student, staged, taken, arrival)
        shelf.remember(kept)
    return PlacedSubmission(kept, "updated" if newest else "new", taken.refused)


def adopt(shelf: SubmissionStore, name: str, student: str, caps: Caps, expected: Expected) -> None:
    """Keep and place a submission found in `submitted/` under another name of this student.

    A folder that was adopted before and is unchanged is not read again. The caller holds the lock.
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
    shelf: SubmissionStore,
    student: str,
    staged: Path,
    taken: Taken,
    arrival: Arrival,
    lying: PlacedSubmission | None,
) -> tuple[StoredSubmission, Kind, tuple[str, ...]]:
    """Keep an incoming submission unless it is known, and place it unless it is older.

    Return the submission, its kind, and notes for the report. The caller holds the lock; `lying` is
    the return value of `settle`.
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
    digest: str,
    arrival: Arrival,
    newest: StoredSubmission | None,
    known: tuple[StoredSubmission, ...],
) -> Literal["new", "late", "known"]:
    """Return "new", "late" (submitted before the newest one) or "known".

    File dates are used only to distinguish an old zip collected again from the same work submitted
    again. A submission with unknown content is never dropped because of them.
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


def same_person(sent: Sent, arrival: Arrival, newest: StoredSubmission | None) -> None:
    """Raise Refused if, by the LMS's numbers, another person sent the earlier submission."""
    before = newest.arrival.sender if newest else ""
    system = arrival.sender.partition(" ")[0]
    if system and before != arrival.sender and before.partition(" ")[0] == system:
        raise Refused(
            f"it comes from {arrival.sender}, an earlier one of this name from {before}",
            where=sanitize.text(sent.name, cap=80),
            way_out="import a roster, and name both by student number",
        )


def _restamped(newest: StoredSubmission, arrival: Arrival) -> bool:
    """Return True if the time stamp of the same files has changed."""
    return arrival.certain and abs(arrival.received - newest.arrival.received) > CLOCKS
