"""Roster of the course, imported from class lists.

No other place has names, numbers and addresses. Everywhere else a student is a pseudonym, made
from the student number with the course's key. It is equal at every import, and says nothing to
anyone without the key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder import atomic_files
from autograder.config import Course
from autograder.config.stored_json import read_object
from autograder.errors import AutograderError, NotFound
from autograder.steps.class_list import REMEDY, Entry, plain_number, read_class_list, refuse

FORMAT = 1
_TELLING = 6  # digits of a number that may stand without its hyphens
ROLES = ("student", "ta", "instructor")
_ROLES = {
    "학생": "student",
    "learner": "student",
    "조교": "ta",
    "teaching assistant": "ta",
    "교수": "instructor",
    "teacher": "instructor",
}


@dataclass(frozen=True)
class Person:
    """One person of the roster; `id` is the pseudonym used everywhere else."""

    id: str
    number: str
    name: str
    email: str = ""
    section: str = ""
    role: str = "student"
    multiplier: float = 1.0  # factor on window and minutes of a sprint


@dataclass(frozen=True)
class Imported:
    """Result of an import, as pseudonyms. `absent` lists earlier people, who are kept."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    absent: tuple[str, ...]
    total: int
    encoding: str
    path: Path
    skipped: tuple[str, ...] = ()  # rows that are no people, such as Canvas's points possible

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path)}


def import_roster(course: Course, file: Path) -> Imported:
    """Import a class list of a spreadsheet, Canvas or Moodle; return what changed.

    Raises `AutograderError` with every invalid line, and writes nothing then.
    """
    read = read_class_list(file)
    known = {person.id: person for person in people(course)}
    listed = {p.id: p for p in _people(course, read.entries, str(file))}
    added = [one for one in listed if one not in known]
    changed = [one for one in listed if one in known and known[one] != listed[one]]
    absent = [one for one in known if one not in listed]
    merged = {**known, **listed}
    _write(course, merged.values())
    return Imported(
        tuple(added),
        tuple(changed),
        tuple(absent),
        len(merged),
        read.encoding,
        path_of(course),
        read.skipped,
    )


def people(course: Course) -> tuple[Person, ...]:
    """Return all people of the roster, in the order of their first import."""
    path = path_of(course)
    try:
        known = path.stat()
    except FileNotFoundError:
        return ()
    return _read(path, known.st_ino, known.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, _inode: int, _changed: int) -> tuple[Person, ...]:
    """Read the roster, cached by inode and time: every write makes a new file."""
    way_out = "put back a backup (autograder restore), or delete it and import the class list again"
    data = read_object(path, "the roster", _fits, way_out)
    return tuple(Person(**one) for one in data["people"])


def _fits(data: Mapping[str, Any]) -> bool:
    people = [Person(**one) for one in data["people"]]
    texts: list[Any] = [value for one in people for value in list(vars(one).values())[:-1]]
    numbers: list[Any] = [one.multiplier for one in people]
    return all(isinstance(text, str) for text in texts) and all(1 <= n <= 10 for n in numbers)


def find(course: Course, said: str) -> Person:
    """Return the one person with this pseudonym, number, address or name (NFC or NFD).

    Raises `NotFound` if none or several match.
    """
    wanted = _clean(said).casefold()
    everybody = people(course)
    for key in ("id", "number", "email", "name"):
        found = [one for one in everybody if getattr(one, key).casefold() == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise NotFound(
                f"{len(found)} people are called {said!r}",
                where=str(path_of(course)),
                way_out="name one by student number: " + ", ".join(p.number for p in found),
            )
    raise NotFound(
        f"nobody in the roster is {said!r}",
        where=str(path_of(course)),
        way_out="autograder roster import CLASS.csv adds people",
    )


def remove(course: Course, ids: Collection[str]) -> None:
    """Remove the people with these pseudonyms from the roster."""
    if ids:
        _write(course, [person for person in people(course) if person.id not in ids])


def path_of(course: Course) -> Path:
    """Return the path of the roster."""
    return course.state / "roster.json"


def pseudonym(course: Course, number: str) -> str:
    """Return the pseudonym of a student number."""
    mac = hmac.new(course.key, b"student\0" + _clean(number).encode(), hashlib.sha256).digest()
    return "s" + base64.b32encode(mac[:5]).decode().lower()


# ── Class list entries → people ──────────────────────────────────────────────────────


def _people(course: Course, entries: Sequence[Entry], where: str) -> list[Person]:
    """Return the person of each entry. Raises `AutograderError`, which names every invalid line."""
    before = _by_number(people(course), {entry.values["number"] for entry in entries})
    shorter = {number.lstrip("0"): number for number in before if number.isdecimal()}
    found: list[Person] = []
    problems: list[tuple[int, str, str]] = []
    for entry in entries:
        try:
            person = _person(course, entry, before)
        except AutograderError as error:
            problems.append((entry.line, error.fact, error.way_out))
            continue
        full = shorter.get(person.number, "")
        if len(full) > len(person.number) and not entry.literal:
            fact = f"the number {person.number} was {full} at an earlier import: zeros were dropped"
            problems.append((entry.line, fact, REMEDY))
        found.append(person)
    refuse(problems, where)
    return found


def _by_number(everybody: Sequence[Person], listed: Collection[str]) -> dict[str, Person]:
    """Return people by their numbers, and by the one that is listed in place of theirs and differs
    in spaces and hyphens alone: `2027-0012`, `20270012`.
    """
    known = {plain_number(one.number): one for one in everybody}
    spelled: dict[str, list[str]] = {}
    for number in dict.fromkeys([*known, *listed]):
        spelled.setdefault(re.sub("[ -]", "", number), []).append(number)
    pairs = (two for digits, two in spelled.items() if len(digits) >= _TELLING and len(two) == 2)
    return known | {
        new: known[old]
        for old, new in pairs
        if old in known and old not in listed and new not in known
    }


def _person(course: Course, entry: Entry, before: Mapping[str, Person]) -> Person:
    row = entry.values
    known = before.get(row["number"])
    number = known.number if known else row["number"]  # as written by an earlier import
    role = row.get("role", "").casefold() or "student"
    role = _ROLES.get(role, role)
    if role not in ROLES:
        raise AutograderError(f"{role[:60]!r} is no role", way_out=f"there are {', '.join(ROLES)}")
    return Person(
        id=pseudonym(course, number),
        number=number,
        name=row.get("name", ""),
        email=row.get("email", ""),
        section=row.get("section", ""),
        role=role,
        multiplier=_multiplier(row.get("multiplier", "")),
    )


def _multiplier(text: str) -> float:
    try:
        value = float((text or "1").replace(",", "."))
    except ValueError:
        value = 0.0
    if not 1 <= value <= 10:
        raise AutograderError(
            f"{text[:60]!r} is no multiplier of time", way_out="it takes 1 to 10, as in 1.5"
        )
    return value


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _write(course: Course, everybody: Iterable[Person]) -> None:
    course.state.mkdir(mode=0o700, exist_ok=True)
    data = {"format": FORMAT, "people": [asdict(one) for one in everybody]}
    text = json.dumps(data, ensure_ascii=False, indent=1)
    atomic_files.write(path_of(course), text.encode(), mode=0o600)
