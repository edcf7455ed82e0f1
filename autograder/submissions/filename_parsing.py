"""Identification of each file's sender from its name, as given by an LMS, nbgrader or a person.

The course's own pattern comes first, then these, in this order:

    Moodle    Jane Doe_123_assignsubmission_file_/n411.ipynb    (also as one flat name)
    exchange  jane+n411+2026-01-01 12:00:00.000000 UTC+x/n411.ipynb
    Canvas    doejane_LATE_123_456_n411.ipynb                   (name, user, attachment)
    nbgrader  jane/n411/n411.ipynb
    people    jane/n411.ipynb, jane.ipynb, n411_jane.ipynb, jane.zip
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import PurePosixPath

from autograder.errors import ConfigError
from autograder.notebook.submission.choosing import is_saved_as, plain_stem
from autograder.submissions.entries import Entry
from autograder.submissions.name_matching import ClassList
from autograder.submissions.paths import Refused, harmless_path, is_noise

_CANVAS = re.compile(
    r"(?P<student>[^/]+?)(?P<late>_LATE)?_(?P<number>\d{1,20})_\d{1,20}_(?P<file>[^/]+)",
    re.IGNORECASE,
)
_MOODLE = re.compile(
    r"(?P<student>[^/]+)_(?P<number>\d{1,20})_assignsubmission_[a-z]+(?:_?/|_)(?P<file>.+)"
)
_EXCHANGE = re.compile(
    r"(?P<student>[^/]+)\+(?P<assignment>[^/+]+)\+(?P<when>\d{4}-[^/+]+)(?:\+[^/+]*)?/(?P<file>.+)"
)
_ALONE = {".ipynb", ".zip"}  # a single file of this kind can be a whole submission


@dataclass(frozen=True)
class Sent:
    """Files that one person sent, with their paths in the submission."""

    name: str
    entries: tuple[Entry, ...]
    system: str = ""  # Canvas, Moodle, exchange, nbgrader, pattern; "": names given by people
    number: str = ""  # the sender's number in that system
    when: datetime | None = None  # submission time by the system's clock
    late: bool = False  # marked as late by the system


@dataclass(frozen=True)
class _Told:
    """Information read from one path."""

    name: str
    file: str
    system: str = ""
    number: str = ""
    when: str = ""
    late: bool = False


@dataclass(frozen=True)
class Rules:
    """Names and pattern used to interpret paths."""

    assignment: str
    notebooks: tuple[str, ...]  # names of the assignment's notebooks
    others: frozenset[str]  # names of other assignments
    people: ClassList
    pattern: re.Pattern[str] | None = None


def compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile the course's pattern; None if it is "".

    Raises ConfigError if it is not a regular expression or has no group `student`.
    """
    if not pattern:
        return None
    way_out = r"write it as in r'(?P<student>\d+)_(?P<file>.+)'"
    where = "c.Submissions.pattern"
    try:
        found = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"it is no regular expression: {error}", where=where, way_out=way_out)  # noqa: B904
    if "student" not in found.groupindex:
        raise ConfigError("it has no group `student`", where=where, way_out=way_out)
    return found


def sorted_out(
    entries: Iterable[Entry], rules: Rules
) -> tuple[tuple[Sent, ...], tuple[Refused, ...]]:
    """Group files by sender, sorted by name; return the groups and the rejected files."""
    groups: dict[tuple[str, str, str], _Group] = {}
    refused: list[Refused] = []
    for entry in _within(tuple(e for e in entries if not is_noise(e.path)), rules):
        told = _told(entry.path, rules)
        if told is None:
            refused.append(
                Refused(
                    "its name tells no student",
                    where=str(entry.path),
                    way_out="one folder per student, or STUDENT.ipynb; "
                    "c.Submissions.pattern reads other names",
                )
            )
            continue
        try:
            file = entry.under(harmless_path(told.file))
        except Refused as error:
            refused.append(error)
            continue
        group = groups.setdefault((told.system, told.name, told.number), _Group(told))
        group.entries.append(file)
        group.late = group.late or told.late
    sent = []
    for group in groups.values():
        try:
            sent.append(_chosen(group, rules))
        except Refused as error:
            refused.append(error)
    return tuple(sorted(sent, key=lambda s: (s.name, s.number))), tuple(refused)


def sender_of(shown: str, rules: Rules) -> str:
    """Return the sender of a file, even of a rejected one; "" if its name gives none."""
    try:
        told = _told(harmless_path(shown), rules)
    except Refused:
        told = _Told(shown.partition("/")[0], "")
    return told.name if told else ""


@dataclass
class _Group:
    told: _Told
    entries: list[Entry] = field(default_factory=list)
    late: bool = False


def _within(entries: tuple[Entry, ...], rules: Rules) -> tuple[Entry, ...]:
    """Remove folders around the whole class's files."""
    while entries:
        tops = {e.path.parts[0] for e in entries}
        if len(tops) > 1 or any(len(e.path.parts) == 1 for e in entries):
            return entries
        top = next(iter(tops))
        inner = tuple(e.under(PurePosixPath(*e.path.parts[1:])) for e in entries)
        if not _is_around(top, inner, rules):
            return entries
        entries = inner
    return entries


def _is_around(top: str, inner: tuple[Entry, ...], rules: Rules) -> bool:
    """Return True if the only folder belongs to the class, not to a student."""
    path = PurePosixPath(top, inner[0].path)
    if _by_system(path, rules) or rules.people.knows(top):
        return False
    files = [e.path for e in inner if len(e.path.parts) == 1]
    folders = {e.path.parts[0] for e in inner if len(e.path.parts) > 1}
    if top == rules.assignment:
        return not any(plain_stem(f.stem) in rules.notebooks for f in files)
    if not files:
        return rules.assignment not in folders
    return all(_by_system(f, rules) or rules.people.knows(f.stem) for f in files)


def _told(path: PurePosixPath, rules: Rules) -> _Told | None:
    system = _by_system(path, rules)
    if system or len(path.parts) > 1:
        return system or _Told(path.parts[0], "/".join(path.parts[1:]))
    alone = path.with_suffix("") if is_saved_as(path.name) else path
    if alone.suffix.casefold() not in _ALONE:
        return None
    name = _without_notebook(alone.stem, rules)
    return _Told(name, path.name) if name else None


def _by_system(path: PurePosixPath, rules: Rules) -> _Told | None:
    """Interpret a path by the course's pattern, an LMS or the exchange; None if none match."""
    text = str(path)
    if rules.pattern:
        found = rules.pattern.match(text)
        if found and found.group("student"):
            file = found.groupdict().get("file") or text[found.end() :].strip("/_ ") or path.name
            return _Told(_clean(found.group("student")), file, "pattern")
    found = _MOODLE.fullmatch(text)
    if found:
        return _Told(_clean(found["student"]), found["file"], "Moodle", found["number"])
    found = _EXCHANGE.fullmatch(text)
    if found and found["assignment"] == rules.assignment:
        return _Told(found["student"], found["file"], "exchange", when=found["when"])
    found = _CANVAS.fullmatch(text)
    if found:
        late = bool(found["late"])
        name = _clean(found["student"])
        return _Told(name, found["file"], "Canvas", found["number"], late=late)
    return None


def _chosen(group: _Group, rules: Rules) -> Sent:
    """Return a person's files for this assignment, and the submission time if the system gives it.

    Raises Refused if the folder holds only other assignments.
    """
    told, entries = group.told, tuple(group.entries)
    if told.system:
        when = _moment(told.when) if told.when else None
        return Sent(told.name, entries, told.system, told.number, when, group.late)
    tops = {e.path.parts[0] for e in entries if len(e.path.parts) > 1}
    plain = any(len(e.path.parts) == 1 and e.path.suffix.casefold() in _ALONE for e in entries)
    if rules.assignment in tops and not plain:
        own = tuple(
            e.under(PurePosixPath(*e.path.parts[1:]))
            for e in entries
            if e.path.parts[0] == rules.assignment and len(e.path.parts) > 1
        )
        return Sent(told.name, own, "nbgrader")
    if tops and tops <= rules.others and not plain:
        raise Refused(
            f"there is nothing for {rules.assignment} in the folder",
            where=told.name,
            way_out=f"it holds {', '.join(sorted(tops))}",
        )
    return Sent(told.name, entries)


def _without_notebook(stem: str, rules: Rules) -> str:
    """Remove the assignment's or its notebook's name from a stem: `n411_jane` → `jane`."""
    said = plain_stem(stem)
    if rules.people.knows(stem):
        return stem
    for name in sorted((*rules.notebooks, rules.assignment), key=len, reverse=True):
        found = re.fullmatch(
            rf"(?:(?P<before>.+)[_\-. +])?{re.escape(name)}(?:[_\-. +](?P<after>.+))?", said
        )
        if found:
            return _clean(" ".join(filter(None, (found["before"], found["after"]))))
    return stem


def _moment(text: str) -> datetime | None:
    """Parse the time in an nbgrader exchange folder's name; None if it is invalid."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def _clean(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())
