"""What students handed in → `submitted/`, and every submission ever made kept beside it.

From a folder, a zip, an LMS's zip (Canvas, Moodle), or what `nbgrader collect` put there. Whatever
is refused is told with why; one bad file, name or archive never keeps the others out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder import harmless
from autograder.config import Course
from autograder.errors import NotFound
from autograder.inbox import archive, folder
from autograder.inbox.arrivals import arrival_of
from autograder.inbox.deciding import Lying, fate, same_person, settle
from autograder.inbox.entries import Entry, Offered
from autograder.inbox.notebooks import rightly_named
from autograder.inbox.paths import Refused, is_student_id
from autograder.inbox.people import ClassList, Listed
from autograder.inbox.senders import Rules, Sent, compiled, sorted_out
from autograder.inbox.shelf import Kept, Shelf
from autograder.inbox.taking import Caps, digest_of, take, without_wrapping
from autograder.nouns import Submission
from autograder.steps import roster

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Handed:
    """What was found of one student."""

    student: str
    submission: str  # its id
    files: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """Something that was not taken: of a student, or of nobody known."""

    name: str
    reason: str
    way_out: str = ""
    student: str = ""


@dataclass(frozen=True)
class Report:
    """What one `autograder collect` did."""

    assignment: str
    origin: str
    new: tuple[Handed, ...] = ()  # the first submission of a student
    updated: tuple[Handed, ...] = ()  # another one
    unchanged: tuple[Handed, ...] = ()
    unmatched: tuple[LeftOut, ...] = ()  # whole submissions that were not taken
    left_out: tuple[LeftOut, ...] = ()  # files that were not taken, of submissions that were
    missing: tuple[str, ...] = ()  # students of the roster of whom there is nothing yet

    @property
    def matched(self) -> int:
        """Students of whom something was found."""
        return len(self.new) + len(self.updated) + len(self.unchanged)

    def as_json(self) -> dict[str, Any]:
        """The report with one object per student."""
        return {"matched": self.matched, **asdict(self)}


def collect(
    course: Course, assignment: str, path: Path | None = None, progress: Progress | None = None
) -> Report:
    """What was new, updated, unchanged and unmatched in a folder or a zip.

    Without a path: in `submitted/`, where `nbgrader collect` put it. Raises NotFound if there is no
    such assignment or path, Refused if the path is a zip that cannot be read at all.
    """
    _assignment_must_be(course, assignment)
    shelf, caps = _shelf(course, assignment), _caps(course)
    found = _Found()
    if path is None:
        for lying in _all_lying(shelf, course.submitted, caps):
            found.note(lying.kind, lying.kept, ())
            found.leave_out(lying.refused, lying.kept.student)
        return found.report(course, shelf, "submitted")
    if not path.exists():
        raise NotFound("there is nothing to collect", where=str(path))
    rules = _rules(course, assignment)
    with ExitStack() as stack:
        offered, origin = _opened(course, path, stack)
        sent, unmatched = sorted_out(offered.entries, rules)
        found.unmatched += [_left_out(error) for error in (*offered.refused, *unmatched)]
        found.unmatched += _empty_folders(path)
        students = _whose(sent, rules.people, found)
        for number, (student, one) in enumerate(students.items(), 1):
            _take(shelf, caps, rules, student, one, origin, found)
            if progress:
                progress(number, len(students))
    return found.report(course, shelf, origin)


def submissions(course: Course, assignment: str) -> tuple[Submission, ...]:
    """What counts of every student now, in order of student: what lies in `submitted/`.

    A folder that is not known yet (put there by `nbgrader collect` or by hand) is kept as a new
    submission first. Unchanged folders are not read. The path of each is where it is kept: nobody
    changes it while it is graded.
    """
    shelf = _shelf(course, assignment)
    lying = _all_lying(shelf, course.submitted, _caps(course))
    return tuple(shelf.submission(one.kept) for one in lying)


def _all_lying(shelf: Shelf, submitted: Path, caps: Caps) -> Iterator[Lying]:
    """What lies in `submitted/` of each student, in order; what was not known is kept first."""
    names: set[str] = set()
    for root in (submitted, shelf.root):
        if root.is_dir():
            names |= {path.name for path in root.iterdir() if is_student_id(path.name)}
    for student in sorted(names):
        if shelf.place_of(student).is_dir() or (shelf.root / student).is_dir():
            with shelf.lock(student):
                lying = settle(shelf, student, caps)
            if lying:
                yield lying


@dataclass
class _Found:
    """What has been found so far."""

    handed: dict[str, list[Handed]] = field(
        default_factory=lambda: {"new": [], "updated": [], "unchanged": []}
    )
    unmatched: list[LeftOut] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def note(self, kind: str, kept: Kept, notes: tuple[str, ...]) -> None:
        told = tuple(harmless.text(note, cap=300) for note in notes)
        self.handed[kind].append(Handed(kept.student, kept.id, len(kept.files), told))

    def leave_out(self, refused: tuple[Refused, ...], student: str) -> None:
        self.left_out += [_left_out(error, student) for error in refused]

    def report(self, course: Course, shelf: Shelf, origin: str) -> Report:
        students = [one.id for one in roster.people(course) if one.role == "student"]
        return Report(
            shelf.assignment,
            origin,
            **{kind: tuple(handed) for kind, handed in self.handed.items()},
            unmatched=tuple(self.unmatched),
            left_out=tuple(self.left_out),
            missing=tuple(s for s in students if not shelf.place_of(s).is_dir()),
        )


# ── One student ──────────────────────────────────────────────────────────────────────


def _whose(sent: tuple[Sent, ...], people: ClassList, found: _Found) -> dict[str, Sent]:
    """Who is who; senders that nobody is, or that are the same student, are noted as unmatched."""
    students: dict[str, list[Sent]] = {}
    for one in sent:
        try:
            students.setdefault(people.find(one.name), []).append(one)
        except Refused as error:
            found.unmatched.append(_left_out(error))
    spelled: dict[str, list[str]] = {}
    for student in students:
        spelled.setdefault(student.casefold(), []).append(student)
    for alike in spelled.values():
        senders = [one for student in alike for one in students[student]]
        if len(senders) > 1:
            found.unmatched += [
                LeftOut(
                    harmless.text(one.name, cap=80),
                    f"{len(senders)} submissions are of the same student",
                    "leave the right one, or name them by student number",
                )
                for one in senders
            ]
            for student in alike:
                del students[student]
    return {student: only for student, (only,) in students.items()}


def _take(
    shelf: Shelf, caps: Caps, rules: Rules, student: str, sent: Sent, origin: str, found: _Found
) -> None:
    """Takes what one student sent, or notes why not."""
    try:
        with shelf.lock(student), shelf.staging() as staged, ExitStack() as stack:
            lying = settle(shelf, student, caps)  # kept before something takes its place
            newest = shelf.newest(student)
            arrival = arrival_of(sent, origin)
            same_person(sent, arrival, newest)
            entries, refused = _unzipped(sent, shelf, caps, stack)
            entries, notes = _named(entries, sent, rules)
            taken = take(entries, staged / "files", caps)
            refused += taken.refused
            if not taken.files:
                raise refused[0] if refused else Refused("there is nothing in it", where=sent.name)
            digest = digest_of(taken.files)
            what = fate(digest, arrival, newest, shelf.all_of(student))
            if newest is None or what != "known":
                late = what == "late"
                kept = shelf.keep(student, staged, taken, arrival, late=late)
                kind = "updated" if newest else "new"
                counts = newest if newest and late else kept
            else:
                kept, kind, counts = newest, "unchanged", newest
                refused = ()
            if counts is not kept:
                notes = (*notes, "it is older than what was there, which still counts")
            if lying is None or lying.kept.id != counts.id:
                shelf.place(counts)
            found.leave_out(refused, student)
            found.note(kind, kept, notes)
    except Refused as error:
        found.unmatched.append(_left_out(error, student))


def _unzipped(
    sent: Sent, shelf: Shelf, caps: Caps, stack: ExitStack
) -> tuple[tuple[Entry, ...], tuple[Refused, ...]]:
    """The files of a submission, those in a zip of its own among them if it has no notebook."""
    zips = [e for e in sent.entries if e.path.suffix.casefold() == ".zip"]
    if not zips or _has_notebook(sent.entries):
        return sent.entries, ()
    entries = [e for e in sent.entries if e not in zips]
    refused: list[Refused] = []
    room = stack.enter_context(shelf.staging()) / "files"
    for number, packed in enumerate(zips):
        into = room / str(number)
        into.mkdir()
        written = take([packed], into, Caps(caps.bytes, 1))
        refused += written.refused
        for file in written.files:
            most = max(1000, 20 * caps.files)
            offered = stack.enter_context(archive.opened(into / file.path, most=most))
            entries += offered.entries
            refused += offered.refused
    return tuple(entries), tuple(refused)


def _named(
    entries: tuple[Entry, ...], sent: Sent, rules: Rules
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The files where they belong, and what there is to say of them."""
    unwrapped = without_wrapping(entries)
    named = rightly_named(unwrapped, rules.notebooks)
    notes = [
        f"{before.path} is taken for {after.path}"
        for before, after in zip(unwrapped, named, strict=True)
        if before.path != after.path
    ]
    if not _has_notebook(named):
        notes.append("there is no notebook in it")
    if sent.late:
        notes.append(f"{sent.system} marks it as late")
    return named, tuple(notes)


def _has_notebook(entries: tuple[Entry, ...]) -> bool:
    return any(entry.path.suffix.casefold() == ".ipynb" for entry in entries)


# ── What there is to take ────────────────────────────────────────────────────────────


def _opened(course: Course, path: Path, stack: ExitStack) -> tuple[Offered, str]:
    if path.is_dir():
        return folder.offered(path), "folder"
    if path.suffix.casefold() == ".ipynb":
        one = [e for e in folder.offered(path.parent).entries if e.path.name == path.name]
        return Offered(tuple(one)), "file"
    return stack.enter_context(archive.opened(path, course.zone)), "zip"


def _assignment_must_be(course: Course, assignment: str) -> None:
    if not any((root / assignment).is_dir() for root in (course.source, course.release)):
        there = ", ".join(sorted(p.name for p in course.source.glob("*/"))) or "none"
        raise NotFound(
            f"there is no assignment {assignment!r}", where=str(course.source),
            way_out=f"the assignments here: {there}",
        )  # fmt: skip


def _shelf(course: Course, assignment: str) -> Shelf:
    return Shelf(course.state, course.submitted, assignment)


def _caps(course: Course) -> Caps:
    return Caps(course.submissions.max_mb << 20, course.submissions.max_files)


def _rules(course: Course, assignment: str) -> Rules:
    everybody = roster.people(course)
    return Rules(
        assignment,
        _notebooks(course, assignment),
        frozenset({path.name for path in course.source.glob("*/")} - {assignment}),
        ClassList(Listed(one.id, (one.number, one.email), (one.name,)) for one in everybody),
        compiled(course.submissions.pattern),
    )


def _notebooks(course: Course, assignment: str) -> tuple[str, ...]:
    for root in (course.source, course.release):
        names = sorted(path.stem for path in (root / assignment).glob("*.ipynb"))
        if names:
            return tuple(names)
    return ()


def _empty_folders(path: Path) -> Iterator[LeftOut]:
    """Folders of students in which there is nothing at all."""
    if path.is_dir():
        for one in sorted(path.iterdir()):
            if one.is_dir() and not one.is_symlink() and not any(os.scandir(one)):
                yield LeftOut(harmless.text(one.name, cap=80), "the folder is empty")


def _left_out(error: Refused, student: str = "") -> LeftOut:
    return LeftOut(harmless.text(error.where, cap=200), error.fact, error.way_out, student)
