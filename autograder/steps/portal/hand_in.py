"""What one student hands in here and now → kept on disk, queued, and a signed receipt for it.

A receipt is given only for what is safely on disk: the files are written beside, synced, renamed.
The same files once more give the same receipt, so whoever heard no answer may simply ask again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Container, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from autograder import atomically, harmless, receipts
from autograder.config import Course
from autograder.expect.verdict import msgid
from autograder.gradebook import queue
from autograder.gradebook.connection import moment, now
from autograder.inbox import folder
from autograder.inbox.arrivals import Arrival
from autograder.inbox.deciding import receive, settle
from autograder.inbox.notebooks import take_notebooks
from autograder.inbox.paths import Refused, harmless_path
from autograder.inbox.senders import Sent
from autograder.inbox.shelf import Kept, Shelf
from autograder.inbox.taking import File, Taken, digest_of
from autograder.inbox.unpacking import unpacked
from autograder.language import translate
from autograder.notebook.choosing import SAVED_AS
from autograder.steps.collect import caps_of, expected_of, shelf_of, source_of
from autograder.steps.inspecting import inspect_submission

ORIGIN = "portal"  # of submissions that are graded as they arrive
RECEIPT = "receipt.json"
SUFFIXES = (".ipynb", ".zip", *SAVED_AS)
COUNTS = {  # in the reader's words, by c.Submissions.counts
    "best": msgid("the best of this student's submissions"),
    "last": msgid("the last of this student's submissions that can be graded"),
}
COUNTED = (msgid("the last of this student's submissions"),)  # in receipts given before


@dataclass(frozen=True)
class Upload:
    """One file that came in: what its sender calls it, and where its bytes lie now."""

    name: str
    path: Path


@dataclass(frozen=True)
class HandedIn:
    """One submission as it was kept; `again` if the very same one was there already."""

    submission: str
    receipt: Mapping[str, Any]
    again: bool
    notes: tuple[str, ...] = ()

    @property
    def gradable(self) -> bool:
        """Whether anything of it can be graded, as far as can be told without running it."""
        return self.receipt.get("gradable", True) is not False


def hand_in(
    course: Course,
    assignment: str,
    student: str,
    uploads: Iterable[Upload],
    received: datetime,
    origin: str = ORIGIN,
    *,
    quota: bool = True,
) -> HandedIn:
    """The submission, on disk and in the queue when this returns.

    `received` is when its first byte arrived. Raises Refused for what cannot be taken: nothing of
    it is kept then.
    """
    shelf = shelf_of(course, assignment)
    caps = replace(caps_of(course), for_student=True)
    entries = tuple(
        one.under(_named(upload.name))
        for upload in uploads
        for one in folder.offered_file(upload.path).entries
    )
    sent = Sent(student, entries)
    arrival = Arrival(origin, received, certain=True)
    with shelf.lock(student), shelf.staging() as staged, ExitStack() as stack:
        expected = expected_of(course, assignment)
        lying = settle(shelf, student, caps, expected)
        parts = unpacked(sent, shelf, caps, stack)
        taken = take_notebooks(parts.entries, staged / "files", caps, expected)
        _must_hold_a_notebook(taken, (*parts.refused, *taken.refused))
        newest = shelf.newest(student)
        again = newest is not None and newest.sha256 == digest_of(taken.files)
        if newest is not None and again:
            kept = newest
            if lying is None:
                shelf.place(kept)
        else:
            if quota:
                _must_fit(course, shelf, student, taken)
            kept, *_ = receive(shelf, student, staged, taken, arrival, lying)
        receipt = receipt_of(course, shelf, kept)
        queue_unknown(course, shelf, student, also=kept.id)
    said = map(str, receipt.get("notes", ()))
    refused = (str(error).replace("\n  → ", "; ") for error in (*parts.refused, *taken.refused))
    return HandedIn(kept.id, receipt, again, tuple(dict.fromkeys((*said, *refused))))


def receipt_of(course: Course, shelf: Shelf, kept: Kept) -> dict[str, Any]:
    """The receipt of a kept submission: the one that was given, else made now."""
    given = receipt_given(shelf, kept)
    if given is not None:
        return given
    key = receipts.signing_key(course.state, course.root)
    receipt = receipts.signed({**facts_of(course, kept), **_seen(course, shelf, kept)}, key)
    path = shelf.files(kept).parent / RECEIPT
    atomically.write(path, json.dumps(receipt, ensure_ascii=False, indent=1).encode(), mode=0o400)
    return receipt


def receipt_given(shelf: Shelf, kept: Kept) -> dict[str, Any] | None:
    """The receipt that was given for a submission; None if none was yet."""
    try:
        given = json.loads((shelf.files(kept).parent / RECEIPT).read_bytes())
    except (OSError, ValueError):
        return None
    return given if isinstance(given, dict) else None


def can_be_graded(shelf: Shelf, kept: Kept) -> bool:
    """Whether anything of a submission can be graded, as far as its receipt says."""
    return (receipt_given(shelf, kept) or {}).get("gradable", True) is not False


def facts_of(course: Course, kept: Kept) -> dict[str, Any]:
    """What the shelf itself knows of a submission, as its receipt says it."""
    return {
        "course": course.name,
        "assignment": kept.assignment,
        "student": kept.student,
        "submission": kept.id,
        "received": kept.arrival.received.isoformat(),
        "release": kept.release,
        "sha256": kept.sha256,
        "files": [_fact(file, kept) for file in kept.files],
    }


def _fact(file: File, kept: Kept) -> dict[str, Any]:
    """One file of a submission, with its name as handed in where it got another."""
    fact = {"path": file.path, "size": file.size, "sha256": file.sha256}
    given = kept.renamed.get(file.path)
    return {**fact, "given": given} if given else fact


def to_the_queue(course: Course, kept: Kept) -> None:
    """Queue a submission for grading: at once, after a sprint's close, or on the next day that has
    one of the student's `attempts_per_day` left.
    """
    start, a_day = now(), 0
    if course.kind_of(kept.assignment) != "sprint":
        a_day = course.feedback_of(kept.assignment).attempts_per_day
    elif not course.rehearses(kept.assignment):
        due = course.due(kept.assignment)
        start = max(start, moment(due.isoformat())) if due else start
    queue.enqueue(course, kept.assignment, kept.student, kept.id, start, a_day)


def queue_what_is_not(course: Course) -> int:
    """Queue what was kept here but never queued, because somebody was stopped in between."""
    count = 0
    for path in sorted((course.state / "submissions").glob("*")):
        shelf = shelf_of(course, path.name)
        known = queue.known(course, path.name)
        count += sum(queue_unknown(course, shelf, p.name, known) for p in shelf.students())
    return count


def queue_unknown(
    course: Course, shelf: Shelf, student: str, known: Container[str] | None = None, also: str = ""
) -> int:
    """Queue what a student handed in here, and `also`, unless it is queued or graded already.

    That is what just came in, and what a process that was stopped left behind.
    """
    known = queue.known(course, shelf.assignment, student) if known is None else known
    there = shelf.unknown(student, known)
    new = [kept for kept in there if kept.arrival.origin == ORIGIN or kept.id == also]
    for kept in new:
        to_the_queue(course, kept)
    return len(new)


# ── Parts ────────────────────────────────────────────────────────────────────────────


def _named(name: str) -> PurePosixPath:
    """The file's last name; Refused unless it is a notebook or a zip."""
    path = harmless_path(PurePosixPath(name.replace("\\", "/")).name or name)
    if path.suffix.casefold() not in SUFFIXES:
        raise Refused.because(
            "this is neither a notebook nor a zip", where=harmless.text(name, cap=120),
            way_out="hand in the .ipynb, or one .zip of everything",
        )  # fmt: skip
    return path


def _must_fit(course: Course, shelf: Shelf, student: str, taken: Taken) -> None:
    """Refused past what one student's submissions to one assignment may take together."""
    most = course.submissions.quota_mb
    files = [file for kept in shelf.all_of(student) for file in kept.files]
    size = sum(file.size for file in (*files, *taken.files))
    if size > most << 20:
        raise Refused.because(
            "your submissions to this assignment take {size} MB with it, {most} MB are kept",
            where=translate("this upload"), size=math.ceil(size / (1 << 20)), most=most,
            way_out="hand in without large files, or ask your course to make room",
        )  # fmt: skip


def _must_hold_a_notebook(taken: Taken, refused: tuple[Refused, ...]) -> None:
    if any(file.path.endswith(".ipynb") for file in taken.files):
        return
    if refused:
        raise refused[0]
    raise Refused.because(
        "there is no notebook in it", where=translate("this upload"),
        way_out="hand in the .ipynb that you worked in, or a zip with it",
    )  # fmt: skip


def _seen(course: Course, shelf: Shelf, kept: Kept) -> dict[str, Any]:
    """What was found in the files: each task saved or missing, and what there is to be told."""
    files = shelf.files(kept)
    inspected = inspect_submission(source_of(course, kept.assignment), files, kept)
    return {
        "tasks": {
            notebook: {task: "saved" if there else "missing" for task, there in tasks.items()}
            for notebook, tasks in inspected.tasks.items()
        },
        "environment": _environment(files),
        "counts": COUNTS[course.submissions.counts],
        "gradable": inspected.gradable,
        "findings": [one.as_json() for one in inspected.findings],
        "notes": list(inspected.lines),
    }


def _environment(files: Path) -> dict[str, str]:
    """The versions that the notebook's own side tells; a claim, shown and never believed."""
    try:
        said = json.loads((files / "manifest.json").read_bytes())["versions"]
        found = {str(k): str(v) for k, v in said.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        found = {}
    return {
        harmless.text(name, cap=40): harmless.text(value, cap=40)
        for name, value in sorted(found.items())[:20]
    }
