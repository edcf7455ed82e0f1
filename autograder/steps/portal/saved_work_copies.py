"""Copies on the portal of values that students keep, for runtimes that lose their disk.

.autograder/kept/<assignment>/<student>/<name>.zip    only ever returned to its student
"""

from __future__ import annotations

from pathlib import Path

from autograder import atomic_files
from autograder.config import Course
from autograder.errors import NotFound
from autograder.language import translate
from autograder.steps.assignments import MANIFEST
from autograder.submissions.paths import Refused

MOST_NAMES = 32  # per student and assignment


def put(course: Course, assignment: str, student: str, name: str, copy: Path) -> None:
    """Store one copy, replacing an older one; it is on disk when this returns.

    Raises Refused if the student's copies would be too many or too large.
    """
    folder = _folder(course, assignment, student)
    place = folder / f"{_known(name)}.zip"
    others = [path for path in folder.glob("*.zip") if path != place]
    size = copy.stat().st_size + sum(path.stat().st_size for path in others)
    if len(others) >= MOST_NAMES or size > course.submissions.max_mb << 20:
        raise Refused.because(
            "there is no room for more on the portal",
            where=name,
            way_out="Keep fewer or smaller values, or download them.",
        )
    atomic_files.write(place, copy.read_bytes(), mode=0o600)


def get(course: Course, assignment: str, student: str, name: str) -> Path:
    """Return the path of the copy with this name. Raises NotFound if there is none."""
    path = _folder(course, assignment, student) / f"{_known(name)}.zip"
    if not path.is_file():
        raise NotFound(translate("Nothing is kept here under this name."))
    return path


def names(course: Course, assignment: str, student: str) -> tuple[str, ...]:
    """Return the names of all copies of this student."""
    return tuple(sorted(p.stem for p in _folder(course, assignment, student).glob("*.zip")))


def _known(name: str) -> str:
    if not (name.isidentifier() and name.isascii() and len(name) <= 80):
        raise NotFound(translate("Nothing is kept here under this name."))
    return name


def _folder(course: Course, assignment: str, student: str) -> Path:
    if "/" in assignment or not (course.release / assignment / MANIFEST).is_file():
        raise NotFound(translate("There is no such assignment."))
    return course.state / "kept" / assignment / student
