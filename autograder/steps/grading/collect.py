"""Collection of submissions into `submitted/`; every submission ever made is kept as well.

Sources are a folder, a zip, an LMS's zip (Canvas, Moodle) or the folders that `nbgrader collect`
made. Every rejected file is reported with the reason. One bad file, name or archive never blocks
the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from autograder import sanitize
from autograder.config import Course
from autograder.config.names import check_name
from autograder.errors import NotFound
from autograder.gradebook.portal import served_releases
from autograder.gradebook.scores import overview
from autograder.language import translate
from autograder.nouns import Assignment, Submission
from autograder.steps import roster
from autograder.steps.assignments import find_source
from autograder.steps.grading.inspect_submission import inspect_submission
from autograder.submissions import archive, folder
from autograder.submissions.arrivals import arrival_of
from autograder.submissions.collection_report import (
    CollectionProgress,
    CollectionReport,
    LeftOut,
    left_out,
)
from autograder.submissions.deduplication import (
    PlacedSubmission,
    adopt,
    receive,
    same_person,
    settle,
)
from autograder.submissions.entries import Offered
from autograder.submissions.extraction import Caps
from autograder.submissions.filename_parsing import Rules, Sent, compiled, sender_of, sorted_out
from autograder.submissions.name_matching import ClassList, Listed
from autograder.submissions.notebook_names import Expected, take_notebooks
from autograder.submissions.paths import Refused, is_student_id
from autograder.submissions.store import StoredSubmission, SubmissionStore
from autograder.submissions.unpacking import unpacked

Progress = Callable[[int, int], None]


def collect(
    course: Course, assignment: str, path: Path | None = None, progress: Progress | None = None
) -> CollectionReport:
    """Collect from a folder, file or zip; report new, updated, unchanged and unmatched submissions.

    Without a path, collect from `submitted/`, where `nbgrader collect` puts them. Raises `NotFound`
    if there is no such assignment or path, `Refused` if the path is an unreadable zip.
    """
    _assignment_must_be(course, assignment)
    shelf = shelf_of(course, assignment)
    rules, found = rules_of(course, assignment), CollectionProgress()
    expected = expected_of(course, assignment)
    if path is None:
        found.unmatched += _nobodys(course, assignment, rules.people)
        for lying in _all_lying(course, shelf, rules.people):
            new = lying.kind != "unchanged"
            found.note(lying.kind, lying.kept, notes_on(course, shelf, lying.kept) if new else ())
            found.leave_out(lying.refused, lying.kept.student)
        return found.report(assignment, "submitted", _missing(course, shelf))
    if not path.exists():
        raise NotFound("there is nothing to collect", where=str(path))
    with ExitStack() as stack:
        offered, origin = _opened(course, path, stack)
        sent, unmatched = sorted_out(offered.entries, rules)
        found.unmatched += [left_out(error) for error in unmatched]
        found.unmatched += _empty_folders(path)
        students = _whose(sent, rules.people, found)
        _attribute(offered.refused, students, rules, found)
        for number, (student, one) in enumerate(students.items(), 1):
            _take(course, shelf, expected, student, one, origin, found)
            if progress:
                progress(number, len(students))
    return found.report(assignment, origin, _missing(course, shelf))


def submissions(
    course: Course, assignment: str, students: Collection[str] = ()
) -> tuple[Submission, ...]:
    """Return the submissions in `submitted/` of all students (or of these), ordered by student.

    A folder put there by `nbgrader collect` or by hand is first kept as a new submission. Unchanged
    folders are not read. Each path is that of the kept copy, which does not change during grading.
    """
    shelf = shelf_of(course, assignment)
    people = _class_list(course)
    lying = _all_lying(course, shelf, people, students)
    return tuple(shelf.submission(one.kept) for one in lying)


def unrecorded(
    course: Course, assignment: str, students: Collection[str] = ()
) -> tuple[Submission, ...]:
    """Return every kept submission (of these students) without a result, oldest first.

    It is cheap when all are graded: it lists one folder per student and reads no file.
    """
    shelf = shelf_of(course, assignment)
    recorded, _ = overview.graded_ids(course, assignment)
    names = [path.name for path in shelf.students()]
    return tuple(
        shelf.submission(kept)
        for student in names
        if not students or student in students
        for kept in shelf.unknown(student, recorded)
    )


def kept_as(course: Course, assignment: str, student: str, submission: str) -> Submission:
    """Return one kept submission by its id. Raises `NotFound`."""
    shelf = shelf_of(course, assignment)
    kept = shelf.read(student, submission)
    if kept is None:
        raise NotFound(f"{student} made no submission {submission}", where=str(shelf.root))
    return shelf.submission(kept)


def put_forward(
    course: Course, assignment: str, student: str, submission: str, *, graded: str
) -> Submission | None:
    """Put the counting submission with this id into `submitted/` and return it.

    Return None and move nothing if a submission newer than `graded` has arrived: it has to be
    graded first. Raises `NotFound`.
    """
    shelf = shelf_of(course, assignment)
    with shelf.lock(student):
        settle(
            shelf, student, caps_of(course), expected_of(course, assignment)
        )  # keep it before it is replaced
        kept, newest = shelf.read(student, submission), shelf.newest(student)
        if kept is None:
            raise NotFound(f"{student} made no submission {submission}", where=str(shelf.root))
        if newest is not None and newest.id > graded:
            return None
        placed, same = shelf.placed(student)
        if not (same and placed and placed.id == kept.id):
            shelf.place(kept)
    return shelf.submission(kept)


def lies(course: Course, assignment: str, student: str, submission: str) -> bool:
    """Return True if this submission lies unchanged in `submitted/`."""
    placed, same = shelf_of(course, assignment).placed(student)
    return same and placed is not None and placed.id == submission


def _all_lying(
    course: Course, shelf: SubmissionStore, people: ClassList, students: Collection[str] = ()
) -> Iterator[PlacedSubmission]:
    """Yield the submission in `submitted/` of each student, in order; keep new ones first.

    nbgrader's exchange names folders by login, and macOS decomposes names. Work in such a folder is
    taken from there, then kept and graded under the student's id.
    """
    submitted, caps = course.submitted, caps_of(course)
    expected = expected_of(course, shelf.assignment)
    names = {path.name for path in shelf.students()}
    for name in sorted(path.name for path in submitted.glob("*") if path.is_dir()):
        if not (submitted / name / shelf.assignment).is_dir():
            continue
        student = _id_of(name, people)
        if students and student not in students:
            continue
        if student != name and student:
            with shelf.lock(student):
                adopt(shelf, name, student, caps, expected)
        if student:
            names.add(student)
    for student in sorted(names & set(students) if students else names):
        with shelf.lock(student):
            lying = settle(shelf, student, caps, expected)
        if lying:
            yield lying


def _id_of(name: str, people: ClassList) -> str:
    """Return the student of a folder in `submitted/`; "" if its name is no valid student id."""
    try:
        return people.find(name, loosely=False)
    except Refused:
        return name if is_student_id(name) else ""


# ── One student ──────────────────────────────────────────────────────────────────────


def _whose(sent: tuple[Sent, ...], people: ClassList, found: CollectionProgress) -> dict[str, Sent]:
    """Match senders to students; report unknown senders and those of one student as unmatched."""
    students: dict[str, list[Sent]] = {}
    for one in sent:
        try:
            students.setdefault(people.find(one.name), []).append(one)
        except Refused as error:
            found.unmatched.append(left_out(error))
    spelled: dict[str, list[str]] = {}
    for student in students:
        spelled.setdefault(student.casefold(), []).append(student)
    for alike in spelled.values():
        senders = [one for student in alike for one in students[student]]
        if len(senders) > 1:
            found.unmatched += [
                LeftOut(
                    sanitize.text(one.name, cap=80),
                    f"{len(senders)} submissions are of the same student",
                    "leave the right one, or name them by student number",
                )
                for one in senders
            ]
            for student in alike:
                del students[student]
    return {student: only for student, (only,) in students.items()}


def _attribute(
    refused: tuple[Refused, ...], students: dict[str, Sent], rules: Rules, found: CollectionProgress
) -> None:
    """Report unreadable files under their student if the student is known, else as unmatched."""
    senders = {sent.name: student for student, sent in students.items()}
    for error in refused:
        student = senders.get(sender_of(error.where, rules), "")
        (found.left_out if student else found.unmatched).append(left_out(error, student))


def _take(
    course: Course,
    shelf: SubmissionStore,
    expected: Expected,
    student: str,
    sent: Sent,
    origin: str,
    found: CollectionProgress,
) -> None:
    """Receive one student's submission, or report why not."""
    caps = caps_of(course)
    try:
        with shelf.lock(student), shelf.staging() as staged, ExitStack() as stack:
            lying = settle(shelf, student, caps, expected)  # keep it before it is replaced
            arrival = arrival_of(sent, origin)
            same_person(sent, arrival, shelf.newest(student))
            parts = unpacked(sent, shelf, caps, stack)
            taken = take_notebooks(
                parts.entries, staged / "files", caps, expected, sender=sent.name
            )
            refused = (*parts.refused, *taken.refused)
            if not taken.files:
                raise refused[0] if refused else Refused("there is nothing in it", where=sent.name)
            kept, kind, note = receive(shelf, student, staged, taken, arrival, lying)
            if kind != "unchanged":
                found.leave_out(refused, student)
            known = () if kind == "unchanged" else notes_on(course, shelf, kept)
            found.note(kind, kept, (*known, *parts.notes, *note))
    except Refused as error:
        name, where = sanitize.text(sent.name, cap=80), sanitize.text(error.where, cap=120)
        reason = error.fact if where in ("", name) else f"{where}: {error.fact}"
        found.unmatched.append(LeftOut(name, reason, error.way_out, student))


# ── Sources and rules ────────────────────────────────────────────────────────────────


def _opened(course: Course, path: Path, stack: ExitStack) -> tuple[Offered, str]:
    if path.is_dir():
        return folder.offered(path), "folder"
    if path.suffix.casefold() == ".ipynb":
        return folder.offered_file(path), "file"
    return stack.enter_context(archive.opened(path, course.zone)), "zip"


def _assignment_must_be(course: Course, assignment: str) -> None:
    check_name(assignment, everywhere=False)
    if not any((root / assignment).is_dir() for root in (course.source, course.release)):
        there = ", ".join(sorted(p.name for p in course.source.glob("*/"))) or "none"
        raise NotFound(
            f"there is no assignment {assignment!r}",
            where=str(course.source),
            way_out=f"the assignments here: {there}",
        )


def shelf_of(course: Course, assignment: str) -> SubmissionStore:
    """Return the store of an assignment's submissions."""
    return SubmissionStore(
        course.state,
        course.submitted,
        assignment,
        course.key,
        partial(served_releases.oldest, course, assignment),
    )


def caps_of(course: Course) -> Caps:
    """Return the size and file limits of one submission."""
    return Caps(course.submissions.max_mb << 20, course.submissions.max_files)


def rules_of(course: Course, assignment: str) -> Rules:
    """Return the rules that match file and folder names to students and notebooks."""
    return Rules(
        assignment,
        _notebooks(course, assignment),
        frozenset({path.name for path in course.source.glob("*/")} - {assignment}),
        _class_list(course),
        compiled(course.submissions.pattern),
    )


def expected_of(course: Course, assignment: str) -> Expected:
    """Return the notebooks that the assignment expects."""
    names = _notebooks(course, assignment)
    return Expected(names, lambda: source_of(course, assignment).notebooks)


def source_of(course: Course, assignment: str) -> Assignment:
    """Return the assignment's current source, without notebooks while it cannot be read."""
    kind, path = course.kind_of(assignment), course.source / assignment
    # while the author edits it, submissions must not wait
    return find_source(course, assignment) or Assignment(assignment, path, kind, (), (), ())


def notes_on(course: Course, shelf: SubmissionStore, kept: StoredSubmission) -> tuple[str, ...]:
    """Return the notes that staff need on a submission before it is graded."""
    if not any(file.path.casefold().endswith(".ipynb") for file in kept.files):
        return (translate("there is no notebook in it"),)
    source = source_of(course, kept.assignment)
    return inspect_submission(source, shelf.files(kept), kept).for_staff


def _class_list(course: Course) -> ClassList:
    everybody = roster.people(course)
    return ClassList(Listed(one.id, (one.number, one.email), (one.name,)) for one in everybody)


def _notebooks(course: Course, assignment: str) -> tuple[str, ...]:
    for root in (course.source, course.release):
        names = sorted(path.stem for path in (root / assignment).glob("*.ipynb"))
        if names:
            return tuple(names)
    return ()


def _nobodys(course: Course, assignment: str, people: ClassList) -> Iterator[LeftOut]:
    """Yield folders in `submitted/` whose names are no valid student ids."""
    for path in sorted(course.submitted.glob(f"*/{assignment}")):
        if not _id_of(path.parent.name, people):
            name = sanitize.text(path.parent.name, cap=80)
            yield LeftOut(name, "this cannot be the name of a student's folder", "rename it")


def _missing(course: Course, shelf: SubmissionStore) -> list[str]:
    """Return the students of the roster who have nothing in `submitted/`."""
    students = [one.id for one in roster.people(course) if one.role == "student"]
    return [student for student in students if not shelf.place_of(student).is_dir()]


def _empty_folders(path: Path) -> Iterator[LeftOut]:
    """Yield the empty student folders."""
    if path.is_dir():
        for one in sorted(path.iterdir()):
            if one.is_dir() and not one.is_symlink() and not list(one.iterdir()):
                yield LeftOut(sanitize.text(one.name, cap=80), "the folder is empty")
