"""A class list into the roster: the only place that knows names, numbers and addresses.

Everywhere else a student is a pseudonym, made from the student number by the course's key: the
same at every import, and telling nothing to who lacks the key.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import io
import json
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder import atomically
from autograder.config import Course
from autograder.errors import AutograderError, NotFound

FORMAT = 1
ROLES = ("student", "ta", "instructor")
_HEADINGS = {
    "number": ("number", "id", "student_id", "student number", "studentid", "sis id", "학번"),
    "name": ("name", "student", "full name", "student_name", "이름", "성명"),
    "email": ("email", "e-mail", "mail", "email address", "이메일", "메일"),
    "section": ("section", "group", "class", "분반", "반"),
    "role": ("role", "역할"),
    "multiplier": ("multiplier", "extra time", "시간배수"),
}


@dataclass(frozen=True)
class Person:
    """One line of the roster; `id` is what the gradebook and every page but this one say."""

    id: str
    number: str
    name: str
    email: str = ""
    section: str = ""
    role: str = "student"
    multiplier: float = 1.0  # of window and minutes in a sprint


@dataclass(frozen=True)
class Imported:
    """What an import changed: pseudonyms. `absent` were imported before and are kept."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    absent: tuple[str, ...]
    total: int
    encoding: str
    path: Path

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path)}


def import_roster(course: Course, file: Path) -> Imported:
    """What changed in the roster by this CSV: UTF-8, else CP949; any of , ; or tab between."""
    text, encoding = _text(file)
    rows = _rows(text, str(file))
    known = {person.id: person for person in people(course)}
    listed = {p.id: p for p in _people(course, rows, str(file))}
    added = [one for one in listed if one not in known]
    changed = [one for one in listed if one in known and known[one] != listed[one]]
    absent = [one for one in known if one not in listed]
    merged = {**known, **listed}
    _write(course, merged.values())
    return Imported(
        tuple(added), tuple(changed), tuple(absent), len(merged), encoding, path_of(course)
    )


def people(course: Course) -> tuple[Person, ...]:
    """Everybody in the roster, in the order of their first import; nobody if there is none."""
    path = path_of(course)
    try:
        known = path.stat()
    except FileNotFoundError:
        return ()
    return _read(path, known.st_ino, known.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, _inode: int, _changed: int) -> tuple[Person, ...]:
    """The file is put there whole each time, so that another one has another inode."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return tuple(Person(**one) for one in data["people"])


def find(course: Course, said: str) -> Person:
    """The one person with this pseudonym, number, address or name (NFC or NFD)."""
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
    """Takes the people with these pseudonyms out of the roster."""
    if ids:
        _write(course, [person for person in people(course) if person.id not in ids])


def path_of(course: Course) -> Path:
    """Where the roster lies."""
    return course.state / "roster.json"


def pseudonym(course: Course, number: str) -> str:
    """The id that stands for a student number everywhere else."""
    mac = hmac.new(course.key, b"student\0" + _clean(number).encode(), hashlib.sha256).digest()
    return "s" + base64.b32encode(mac[:5]).decode().lower()


# ── Reading a class list ─────────────────────────────────────────────────────────────


def _text(file: Path) -> tuple[str, str]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise NotFound(f"cannot read it: {error.strerror}", where=str(file)) from None
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return unicodedata.normalize("NFC", data.decode(encoding)), encoding
        except UnicodeDecodeError:
            continue
    raise AutograderError(
        "it is neither UTF-8 nor CP949", where=str(file), way_out="save it as CSV UTF-8"
    )


def _rows(text: str, where: str) -> list[tuple[int, Mapping[str, str]]]:
    """(line, {field: value}) of each person."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    headings = [_clean(heading).casefold() for heading in next(reader, [])]
    columns = {
        field: headings.index(name)
        for field, names in _HEADINGS.items()
        for name in names[::-1]
        if name in headings
    }
    for needed in ("number", "name"):
        if needed not in columns:
            raise AutograderError(
                f"no column for the {needed} among {', '.join(headings) or 'none'}",
                where=f"{where}, line 1",
                way_out=f"call it one of {', '.join(_HEADINGS[needed])}",
            )
    rows: list[tuple[int, Mapping[str, str]]] = []
    for cells in reader:
        if any(cell.strip() for cell in cells):
            padded = [*cells, *[""] * len(headings)]
            row = {field: _clean(padded[column]) for field, column in columns.items()}
            rows.append((reader.line_num, row))
    return rows


def _people(
    course: Course, rows: Iterable[tuple[int, Mapping[str, str]]], where: str
) -> list[Person]:
    rows = list(rows)
    twice = [n for n, count in Counter(row["number"] for _, row in rows).items() if count > 1]
    found = []
    for line, row in rows:
        place = f"{where}, line {line}"
        if not row["number"]:
            raise AutograderError(f"{row['name'] or 'a line'} has no number", where=place)
        if row["number"] in twice:
            raise AutograderError(
                f"the number {row['number']} is listed twice",
                where=place,
                way_out="a number stands for one person: leave one line out",
            )
        role = row.get("role", "").casefold() or "student"
        if role not in ROLES:
            raise AutograderError(
                f"{role!r} is no role", where=place, way_out=f"there are {', '.join(ROLES)}"
            )
        found.append(
            Person(
                id=pseudonym(course, row["number"]),
                number=row["number"],
                name=row["name"],
                email=row.get("email", ""),
                section=row.get("section", ""),
                role=role,
                multiplier=_multiplier(row.get("multiplier", ""), place),
            )
        )
    return found


def _multiplier(text: str, place: str) -> float:
    try:
        value = float(text or 1)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 10:
        raise AutograderError(
            f"{text!r} is no multiplier of time", where=place, way_out="it takes 1 to 10, as in 1.5"
        )
    return value


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _write(course: Course, everybody: Iterable[Person]) -> None:
    course.state.mkdir(mode=0o700, exist_ok=True)
    data = {"format": FORMAT, "people": [asdict(one) for one in everybody]}
    text = json.dumps(data, ensure_ascii=False, indent=1)
    atomically.write(path_of(course), text.encode(), mode=0o600)
