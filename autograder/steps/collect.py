"""What students handed in → `submitted/`, and every submission ever made kept beside it.

From a folder, a zip, an LMS's zip (Canvas, Moodle), or what `nbgrader collect` put there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from nbgrader.utils import parse_utc

from autograder.config import Course
from autograder.inbox import folder
from autograder.inbox.paths import TIMESTAMP, is_student_id
from autograder.inbox.shelf import Arrival, Kept, Shelf
from autograder.inbox.taking import Caps, digest_of, take
from autograder.nouns import Submission


def submissions(course: Course, assignment: str) -> tuple[Submission, ...]:
    """What counts of every student now, in order of student: what lies in `submitted/`.

    A folder that is not known yet (put there by `nbgrader collect` or by hand) is kept as a new
    submission first. Unchanged folders are not read.
    """
    shelf = _shelf(course, assignment)
    found = (_lying(course, shelf, student) for student in _students(course, shelf))
    return tuple(shelf.submission(kept) for kept in found if kept)


def _shelf(course: Course, assignment: str) -> Shelf:
    return Shelf(course.state, course.submitted, assignment)


def _students(course: Course, shelf: Shelf) -> Iterator[str]:
    names: set[str] = set()
    for root in (course.submitted, shelf.root):
        if root.is_dir():
            names |= {path.name for path in root.iterdir() if is_student_id(path.name)}
    yield from sorted(names)


def _lying(course: Course, shelf: Shelf, student: str) -> Kept | None:
    """What lies in `submitted/` of this student, kept; what was being put there put there first."""
    place = shelf.place_of(student)
    if not place.is_dir() and not (shelf.root / student).is_dir():
        return None
    with shelf.lock(student):
        if shelf.interrupted(student):
            newest = shelf.newest(student)
            if newest:
                shelf.place(newest)
        if not place.is_dir() or place.is_symlink():
            return None
        kept, same = shelf.placed(student)
        return kept if kept and same else _look(course, shelf, student, kept)


def _look(course: Course, shelf: Shelf, student: str, before: Kept | None) -> Kept | None:
    """The submission that the folder in `submitted/` is now: a known one, or a new one."""
    place = shelf.place_of(student)
    offered = folder.offered(place)
    with shelf.staging() as staged:
        taken = take(offered.entries, staged / "files", _caps(course))
        newest = shelf.newest(student)
        digest = digest_of(taken.files)
        if before and newest and digest == before.sha256 and newest.id != before.id:
            shelf.place(newest)  # somebody was stopped between keeping and placing
            return newest
        if newest and digest == newest.sha256:
            shelf.remember(newest)
            return newest
        kept = shelf.keep(student, staged, taken, Arrival("submitted", *_stamp(place)))
    shelf.remember(kept)
    return kept


def _stamp(place: Path) -> tuple[datetime, bool]:
    """When it was handed in, and whether that is certain: nbgrader's time stamp, else now."""
    try:
        written = (place / TIMESTAMP).read_text(encoding="utf-8")[:100].strip()
        return parse_utc(written).replace(tzinfo=timezone.utc), True
    except (OSError, ValueError, OverflowError):
        return datetime.now(timezone.utc), False


def _caps(course: Course) -> Caps:
    return Caps(course.submissions.max_mb << 20, course.submissions.max_files)
