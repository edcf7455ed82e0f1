"""Accept one student's submission: store it on disk, queue it, and sign a receipt.

A receipt is issued only for data that is safely on disk: files are written beside, synced, then
renamed. The same files again give the same receipt, so a client that got no answer may simply
retry.
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

from autograder import atomic_files, sanitize
from autograder.config import Course
from autograder.expect.verdict import msgid
from autograder.gradebook.database.connection import moment, now
from autograder.gradebook.portal import queue
from autograder.language import translate
from autograder.notebook.submission.choosing import SAVED_AS
from autograder.steps.grading.collect import caps_of, expected_of, shelf_of, source_of
from autograder.steps.grading.inspect_submission import inspect_submission
from autograder.steps.portal import receipts
from autograder.submissions import folder
from autograder.submissions.arrivals import Arrival
from autograder.submissions.deduplication import receive, settle
from autograder.submissions.extraction import File, Taken, digest_of
from autograder.submissions.filename_parsing import Sent
from autograder.submissions.notebook_names import take_notebooks
from autograder.submissions.paths import Refused, harmless_path
from autograder.submissions.store import StoredSubmission, SubmissionStore
from autograder.submissions.unpacking import unpacked

ORIGIN = "portal"  # of submissions that are graded on arrival
RECEIPT = "receipt.json"
SUFFIXES = (".ipynb", ".zip", *SAVED_AS)
COUNTS = {  # as the reader sees it, by c.Submissions.counts
    "best": msgid("the best of this student's submissions"),
    "last": msgid("the last of this student's submissions that can be graded"),
}
COUNTED = (msgid("the last of this student's submissions"),)  # in receipts of earlier versions


@dataclass(frozen=True)
class Upload:
    """One uploaded file: the sender's name for it, and its path on this machine."""

    name: str
    path: Path


@dataclass(frozen=True)
class HandedIn:
    """One stored submission; `again` if the same files were already stored."""

    submission: str
    receipt: Mapping[str, Any]
    again: bool
    notes: tuple[str, ...] = ()

    @property
    def gradable(self) -> bool:
        """True unless the receipt already says that no part of the submission can be graded."""
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
    """Store and queue a submission; both are done when this returns.

    `received` is the time of its first byte. Raises Refused for a rejected submission, of which
    nothing is stored.
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


def receipt_of(course: Course, shelf: SubmissionStore, kept: StoredSubmission) -> dict[str, Any]:
    """Return the receipt of a stored submission, creating it if there is none yet."""
    given = receipt_given(shelf, kept)
    if given is not None:
        return given
    key = receipts.signing_key(course.state, course.root)
    receipt = receipts.signed({**facts_of(course, kept), **_seen(course, shelf, kept)}, key)
    path = shelf.files(kept).parent / RECEIPT
    atomic_files.write(path, json.dumps(receipt, ensure_ascii=False, indent=1).encode(), mode=0o400)
    return receipt


def receipt_given(shelf: SubmissionStore, kept: StoredSubmission) -> dict[str, Any] | None:
    """Return the receipt that was issued for a submission; None if there is none yet."""
    try:
        given = json.loads((shelf.files(kept).parent / RECEIPT).read_bytes())
    except (OSError, ValueError):
        return None
    return given if isinstance(given, dict) else None


def can_be_graded(shelf: SubmissionStore, kept: StoredSubmission) -> bool:
    """Return False if the receipt says that no part of the submission can be graded."""
    return (receipt_given(shelf, kept) or {}).get("gradable", True) is not False


def facts_of(course: Course, kept: StoredSubmission) -> dict[str, Any]:
    """Return the facts that the shelf knows about a submission, as its receipt lists them."""
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


def _fact(file: File, kept: StoredSubmission) -> dict[str, Any]:
    """Return one file of a submission, with its submitted name if it was renamed."""
    fact = {"path": file.path, "size": file.size, "sha256": file.sha256}
    given = kept.renamed.get(file.path)
    return {**fact, "given": given} if given else fact


def to_the_queue(course: Course, kept: StoredSubmission) -> None:
    """Queue a submission for grading.

    The start is now, for a sprint after its close, or the next day with one of the student's
    `attempts_per_day` left.
    """
    start, a_day = now(), 0
    if course.kind_of(kept.assignment) != "sprint":
        a_day = course.feedback_of(kept.assignment).attempts_per_day
    elif not course.rehearses(kept.assignment):
        due = course.due(kept.assignment)
        start = max(start, moment(due.isoformat())) if due else start
    queue.enqueue(course, kept.assignment, kept.student, kept.id, start, a_day)


def queue_what_is_not(course: Course) -> int:
    """Queue stored submissions that were never queued because a process was interrupted."""
    count = 0
    for path in sorted((course.state / "submissions").glob("*")):
        shelf = shelf_of(course, path.name)
        known = queue.known(course, path.name)
        count += sum(queue_unknown(course, shelf, p.name, known) for p in shelf.students())
    return count


def queue_unknown(
    course: Course,
    shelf: SubmissionStore,
    student: str,
    known: Container[str] | None = None,
    also: str = "",
) -> int:
    """Queue the student's portal submissions, and `also`, unless already queued or graded.

    These are the submission that just arrived and any that an interrupted process left behind.
    """
    known = queue.known(course, shelf.assignment, student) if known is None else known
    there = shelf.unknown(student, known)
    new = [kept for kept in there if kept.arrival.origin == ORIGIN or kept.id == also]
    for kept in new:
        to_the_queue(course, kept)
    return len(new)


# ── Parts ────────────────────────────────────────────────────────────────────────────


def _named(name: str) -> PurePosixPath:
    """Return the file's name without folders; raise Refused unless it is a notebook or a zip."""
    path = harmless_path(PurePosixPath(name.replace("\\", "/")).name or name)
    if path.suffix.casefold() not in SUFFIXES:
        raise Refused.because(
            "this is neither a notebook nor a zip",
            where=sanitize.text(name, cap=120),
            way_out="hand in the .ipynb, or one .zip of everything",
        )
    return path


def _must_fit(course: Course, shelf: SubmissionStore, student: str, taken: Taken) -> None:
    """Raise Refused if the student's submissions to this assignment would exceed the quota."""
    most = course.submissions.quota_mb
    files = [file for kept in shelf.all_of(student) for file in kept.files]
    size = sum(file.size for file in (*files, *taken.files))
    if size > most << 20:
        raise Refused.because(
            "your submissions to this assignment take {size} MB with it, {most} MB are kept",
            where=translate("this upload"),
            size=math.ceil(size / (1 << 20)),
            most=most,
            way_out="hand in without large files, or ask your course to make room",
        )


def _must_hold_a_notebook(taken: Taken, refused: tuple[Refused, ...]) -> None:
    if any(file.path.endswith(".ipynb") for file in taken.files):
        return
    if refused:
        raise refused[0]
    if any(file.path.casefold().endswith(".zip") for file in taken.files):
        raise Refused.because(
            "there is another zip in it, and that one is not opened",
            where=translate("this upload"),
            way_out="hand in the .ipynb that you worked in, or a zip with it",
        )
    raise Refused.because(
        "there is no notebook in it",
        where=translate("this upload"),
        way_out="hand in the .ipynb that you worked in, or a zip with it",
    )


def _seen(course: Course, shelf: SubmissionStore, kept: StoredSubmission) -> dict[str, Any]:
    """Return what an inspection found: each task saved or missing, and notes for the student."""
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
    """Return the versions that the student's side reports: a claim, shown but never trusted."""
    try:
        said = json.loads((files / "manifest.json").read_bytes())["versions"]
        found = {str(k): str(v) for k, v in said.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        found = {}
    return {
        sanitize.text(name, cap=40): sanitize.text(value, cap=40)
        for name, value in sorted(found.items())[:20]
    }
