"""Find and read assignments: their source, releases and translations."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder.config import Course
from autograder.config.names import check_name
from autograder.config.stored_json import read_object
from autograder.errors import AutograderError, NotFound
from autograder.notebook.release.release_record import (
    is_record,
)
from autograder.notebook.source.reading import read_assignment
from autograder.notebook.translation import catalogues
from autograder.notebook.translation.texts import Kind, texts
from autograder.nouns import Assignment, Notebook, Task

MANIFEST = "manifest.json"


def load_assignment(course: Course, assignment: str) -> Assignment:
    """Read the assignment from its source. Raises `NotFound` or `AuthoringErrors`."""
    require_assignment(course, assignment)
    return read_assignment(course.source / assignment, kind=course.kind_of(assignment))


def require_assignment(course: Course, assignment: str) -> None:
    """Raise `NotFound`, with the existing names, unless the assignment is in source/."""
    check_name(assignment, everywhere=False)
    if not (course.source / assignment).is_dir():
        there = ", ".join(sorted(p.name for p in course.source.glob("*/"))) or "none"
        raise NotFound(
            f"there is no assignment {assignment!r}",
            where=str(course.source),
            way_out=f"the assignments here: {there}",
        )


def release_folder(course: Course, assignment: str, lang: str = "") -> Path:
    """Return the folder of the release in a language; "" is the source's.

    A translation is a release folder of its own in nbgrader's layout, with equal names and depth.
    """
    own = not lang or lang == course.language
    return course.release / assignment if own else course.release / lang / assignment


def last_release_record(course: Course, assignment: str) -> dict[str, Any]:
    """Return the record of the last release; {} if there was none.

    It lies in the course's state and, for a fresh clone, beside the released notebooks.
    """
    places = (_record_path(course, assignment), course.release / assignment / MANIFEST)
    found: list[dict[str, Any]] = []
    damaged: list[AutograderError] = []
    for path in places:
        try:
            found += [_read_record(path)] if path.is_file() else []
        except AutograderError as error:
            damaged.append(error)
    if damaged and not found:
        raise damaged[0]
    return max(found, key=lambda r: int(r.get("number", 0)), default={})


def _read_record(path: Path) -> dict[str, Any]:
    way_out = (
        "put it back from a backup or from version control; deleted, the next release is number 1"
    )
    return read_object(path, "the record of the last release", is_record, way_out)


def released_number(course: Course, assignment: str) -> int:
    """Return the number of the last release; 0 if there was none."""
    return int(last_release_record(course, assignment).get("number", 0))


def _record_path(course: Course, assignment: str) -> Path:
    return course.state / "releases" / f"{assignment}.json"


def find_source(course: Course, assignment: str) -> Assignment | None:
    """Return the assignment's current source; None if it cannot be read."""
    folder = course.source / assignment
    files = sorted(folder.glob("*.ipynb")) if folder.is_dir() else []
    stamps = tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files)
    return _source(folder, course.kind_of(assignment), stamps) if stamps else None


@lru_cache(maxsize=16)
def _source(
    folder: Path, kind: str, _stamps: tuple[tuple[str, int, int], ...]
) -> Assignment | None:
    try:
        return read_assignment(folder, kind=kind)
    except AutograderError:
        return None


def find_task(source: Assignment | None, notebook: str, task: str) -> tuple[Notebook, Task] | None:
    """Return one task of the source, with its notebook; None if there is none."""
    for one in source.notebooks if source else ():
        for found in one.tasks:
            if (one.name, found.grade_id) == (notebook, task):
                return one, found
    return None


def translated_texts(course: Course, assignment: str, lang: str) -> dict[str, str]:
    """Return the translated texts that results show: criterion sentences, hints, mistakes.

    Return {} for the source's language, or if there is no translation.
    """
    if lang not in catalogues.languages_of(course.source / assignment):
        return {}
    try:
        source = load_assignment(course, assignment)
    except AutograderError:  # show results even while their source is being edited
        return {}
    said = catalogues.spoken(source, catalogues.read(source.path, lang))
    prose = {text.msgid for text in texts(source) if text.kind is Kind.PASSAGE}
    return {msgid: text for msgid, text in said.items() if msgid not in prose}
