"""Everything that reads what instructors give, fed with any bytes: a value, or AutograderError.

Each reader takes a scratch folder and the file's bytes. Nothing else than an AutograderError with a
way out may come out of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from autograder import config
from autograder.config import Course
from autograder.errors import AuthoringErrors, AutograderError
from autograder.notebook.release.leaks import leaks
from autograder.notebook.release.release_record import changes
from autograder.notebook.release.wheel import Wheel
from autograder.notebook.source.reading import read_assignment
from autograder.notebook.translation import catalogues
from autograder.steps import roster
from autograder.steps.assignments import last_release_record
from autograder.steps.authoring.release_builder import build
from autograder.steps.authoring.validate.thresholds import read_calibration
from autograder.steps.portal import receipts
from tests.notebook.conftest import notebook_json, sample_cells

WHEEL = Wheel("sprintgrader-1+student.a-py3-none-any.whl", "1+student.a", b"wheel")
Reader = Callable[[Path, bytes], object]


@contextmanager
def only_our_errors() -> Iterator[None]:
    """Passes an AutograderError that says fact and way out; nothing else."""
    told: AutograderError | None = None
    try:
        yield
    except AutograderError as error:
        told = error
    if isinstance(told, AuthoringErrors):
        assert told.errors
        assert all(one.fact and one.way_out and one.notebook for one in told.errors), told
    elif told is not None:
        assert told.fact
        assert told.way_out, told
    assert "Traceback" not in str(told)


def _put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def source(folder: Path, data: bytes) -> object:
    """A source notebook: read, released in memory, searched for leaks."""
    path = _put(folder, "source/doubling/doubling.ipynb", data)
    _put(folder, "source/doubling/helper.py", b"def help_me():\n    return 1\n")
    _put(folder, "source/doubling/hidden/secrets_of_mine.py", b"def twice(x):\n    return x\n")
    read = read_assignment(path.parent)
    (one,) = build(Course(folder), read, {}, WHEEL)
    return one.contents, list(leaks(read, one.nodes, one.files))


def settings(folder: Path, data: bytes) -> object:
    """course_config.py, and every setting of an assignment."""
    _put(folder, config.FILE, data)
    course = config.load(folder)
    for name in ("n411", "sc41", "hw [1]"):
        course.limits(name), course.grading_of(name), course.feedback_of(name), course.due(name)
    return course


def catalogue(folder: Path, data: bytes) -> object:
    """A translation: read, compared with its source, and brought up to date."""
    assignment = _an_assignment(folder)
    _put(assignment.path, "locale/ko.po", data)
    said = catalogues.read(assignment.path, "ko")
    list(catalogues.findings(assignment, "ko"))
    return catalogues.updated(assignment, "ko"), catalogues.spoken(assignment, said)


def class_list(folder: Path, data: bytes) -> object:
    """A class list of a spreadsheet's or an LMS's."""
    _put(folder, config.FILE, b"c = get_config()\n")
    file = _put(folder, "class.csv", data)
    course = config.load(folder)
    roster.path_of(course).unlink(missing_ok=True)
    try:
        roster.import_roster(course, file)
    except AutograderError:
        assert roster.people(course) == ()  # nothing half imported
        raise
    numbers = [one.number for one in roster.people(course)]
    assert len(set(numbers)) == len(numbers)
    return numbers


def stored_roster(folder: Path, data: bytes) -> object:
    """The roster as it lies in the course's state."""
    _put(folder, config.FILE, b"c = get_config()\n")
    _put(folder, ".autograder/roster.json", data)
    return roster.people(config.load(folder))


def receipt(folder: Path, data: bytes) -> object:
    """A receipt that somebody shows."""
    found = receipts.verify(receipts.read(_put(folder, "receipt.json", data)), _key().public_key())
    return json.dumps(found.as_json())


def calibration(folder: Path, data: bytes) -> object:
    """What was measured of an assignment's thresholds."""
    assignment = _an_assignment(folder)
    _put(assignment.path, "calibration.json", data)
    return read_calibration(assignment)


def manifest(folder: Path, data: bytes) -> object:
    """The record of the last release, and the next release after it."""
    assignment = _an_assignment(folder)
    _put(folder, "release/doubling/manifest.json", data)
    course = Course(folder)
    last = last_release_record(course, "doubling")
    again = read_assignment(assignment.path, last=last)
    (one,) = build(course, again, last, WHEEL)
    return list(changes(last, one.record))


@cache
def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def _an_assignment(folder: Path) -> Any:
    source_text = json.dumps(notebook_json(*sample_cells())).encode()
    path = _put(folder, "source/doubling/doubling.ipynb", source_text)
    _put(folder, "source/doubling/helper.py", b"def help_me():\n    return 1\n")
    _put(folder, "source/doubling/hidden/secrets_of_mine.py", b"def twice(x):\n    return x\n")
    return read_assignment(path.parent)


# ── Honest files to begin with ───────────────────────────────────────────────────────

SETTINGS = b"""c = get_config()
c.Course.timezone = 'Europe/Lisbon'
c.Course.due = {'n411': '2026-12-01 18:00'}
c.Limits.assignments = {'n4*': {'cpu_seconds': 240}}
c.Exam.assignments = {'sc*': {'opens': '2026-12-01 18:00', 'closes': '2026-12-01 21:00'}}
"""
PO = """msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

#. text
#: doubling.ipynb:intro
msgid "Write `double`."
msgstr "`double`을 작성하세요."

#, fuzzy
#| msgid "old"
msgid "double({x}) is twice as much"
msgstr "double({x})은 두 배예요"
""".encode()
CLASS = '학번,이름,email,section,role,multiplier\n0012345,"Kim, H",a@b,A,ta,1.5\n'.encode()


def seeds(folder: Path) -> dict[str, tuple[Reader, bytes]]:
    """Each reader with a file that it takes."""
    (one,) = build(Course(folder), _an_assignment(folder), {}, WHEEL)
    signed = receipts.signed({"course": "c", "student": "s", "files": [{"path": "a"}]}, _key())
    person = {"id": "s1", "number": "1", "name": "Kim"}
    entry = {"criteria": {"small": {"at_least": 0.8}}, "code": "a", "files": "b"}
    objects: dict[str, tuple[Reader, object]] = {
        "source": (source, notebook_json(*sample_cells())),
        "stored_roster": (stored_roster, {"format": 1, "people": [person]}),
        "receipt": (receipt, signed),
        "calibration": (calibration, {"format": 1, "tasks": {"doubling/double": entry}}),
        "manifest": (manifest, dict(one.record)),
    }
    files = {
        name: (reader, json.dumps(value).encode()) for name, (reader, value) in objects.items()
    }
    return {
        **files,
        "settings": (settings, SETTINGS),
        "catalogue": (catalogue, PO),
        "class_list": (class_list, CLASS),
    }
