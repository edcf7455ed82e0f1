"""Class lists as spreadsheets, Canvas and Moodle export them: read and check each row.

A number that a spreadsheet has altered is rejected with its line: a lost digit makes it the number
of another person.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import AutograderError
from autograder.steps.table_files import TableRow, read_rows, read_text

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "number": (
        "number",
        "id",
        "student id",
        "student number",
        "studentid",
        "sis user id",
        "sis id",
        "id number",
        "orgdefinedid",
        "matriculation number",
        "학번",
        "학생번호",
        "id 번호",
        "sis login id",
        "login id",
        "username",
        "user name",
        "아이디",
    ),
    "name": (
        "name",
        "student",
        "full name",
        "student name",
        "display name",
        "이름",
        "성명",
        "학생",
    ),
    "first": ("first name", "given name", "firstname"),
    "last": ("last name", "surname", "family name", "lastname", "성"),
    "email": ("email", "e-mail", "mail", "email address", "이메일", "메일", "이메일주소"),
    "section": ("section", "group", "groups", "class", "분반", "반", "그룹"),
    "role": ("role", "roles", "역할"),
    "multiplier": ("multiplier", "extra time", "시간배수"),
}
_CANVAS = {"sis user id", "sis login id", "sis id"}
_IN_SEARCH = 10  # title rows that may precede the headings
_SECTION = re.compile(r"(?:section|group|class|분반|반)\b\s*[:.\-]?\s*(.*)", re.IGNORECASE)
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_WORDS = re.compile(r"[가-힣]|\A(?:(?:sub|grand )?totals?|sum|count)\Z", re.IGNORECASE)
REMEDY = (
    "export the list anew and import it without opening it in a spreadsheet, or format the column"
    " as text before the numbers are pasted"
)
_DAMAGE: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"[\d.,]+e[+-]\d+", re.IGNORECASE),
        "a number in scientific notation, digits are lost",
    ),
    (re.compile(r"\d+[.,]0+"), "a decimal number, leading zeros may be lost"),
    (re.compile(r"\d{1,3}(?:[,.' ]\d{3})+"), "a number with thousands separators"),
    (
        re.compile(
            rf"\d{{1,2}}[- ](?:{_MONTH})\w*|(?:{_MONTH})\w*[- ]\d{{2,4}}"
            r"|\d{1,4}/\d{1,2}/\d{1,4}|\d{1,2}월\s*\d{1,2}일|\d{1,2}\.\d{1,2}\.\d{2,4}"
            r"|\d{4}-\d{2}-\d{2} \d{1,2}:\d{2}.*",
            re.IGNORECASE,
        ),
        "a date that was a number",
    ),
    (
        re.compile(r"#+|#(?:n/a|ref!|name\?|value!|num!|null!|div/0!)", re.IGNORECASE),
        "an error of the spreadsheet",
    ),
    (re.compile(r"=.*"), "a formula that was not worked out"),
)


@dataclass(frozen=True)
class Entry:
    """One person of a class list: the line number, and the text of each field in the list."""

    line: int
    values: Mapping[str, str]
    literal: bool = False  # the number was marked as text, so its length is intended


@dataclass(frozen=True)
class ClassList:
    """A parsed class list: its people, its encoding, and the rows that are no people."""

    entries: tuple[Entry, ...]
    encoding: str
    skipped: tuple[str, ...]


def read_class_list(file: Path) -> ClassList:
    """Return the people of a class list.

    Raises `AutograderError`, which names every invalid line.
    """
    text, encoding = read_text(file)
    rows = read_rows(text, str(file), lambda cells: _is_heading(_headings(cells)))
    at, columns = _columns(rows, str(file))
    skipped = [f"line {row.line}: above the headings" for row in rows[:at]]
    headings = _headings(rows[at].cells) if rows else []
    canvas = bool(_CANVAS & set(headings))
    entries: list[Entry] = []
    problems: list[tuple[int, str, str]] = []
    section = ""
    for row in rows[at + 1 :]:
        titled = _section_of(row) if "section" not in columns else None
        if titled is not None:
            section = titled
            skipped.append(f"line {row.line}: the title of a section")
            continue
        if _is_heading(_headings(row.cells)):  # in another language, or of another page
            skipped.append(f"line {row.line}: headings once more")
            continue
        entry = _entry(row, columns, section)
        if nobody := _nobody(entry, row, canvas and not entries, canvas):
            skipped.append(f"line {row.line}: {nobody}")
            continue
        entries.append(entry)
        problems += _too_long(row, len(headings))
    problems += _number_problems(entries)
    refuse(problems, str(file))
    return ClassList(tuple(entries), encoding, tuple(skipped))


def refuse(problems: Sequence[tuple[int, str, str]], where: str) -> None:
    """Raise one `AutograderError` for all problems, each (line, fact, way out); return if none."""
    found = sorted(dict.fromkeys(problems))
    if not found:
        return
    way_out = "\n  → ".join(dict.fromkeys(way for _, _, way in found if way))
    if len(found) == 1:
        line, fact, _ = found[0]
        raise AutograderError(fact, where=f"{where}, line {line}", way_out=way_out)
    lines = [f"  line {line}: {fact}" for line, fact, _ in found[:20]]
    more = [f"  and {len(found) - 20} lines more"] if len(found) > 20 else []
    fact = "\n".join([f"{len(found)} problems, and nobody was imported:", *lines, *more])
    raise AutograderError(fact, where=where, way_out=way_out)


# ── Headings ─────────────────────────────────────────────────────────────────────────


def _headings(cells: Sequence[str]) -> list[str]:
    """Return the headings as HEADINGS spells them: also of `학 번`, `ＩＤ` and `Student_ID`."""
    plain = (unicodedata.normalize("NFKC", clean(cell)).casefold() for cell in cells)
    return [re.sub("(?<=[가-힣]) (?=[가-힣])", "", text.replace("_", " ")) for text in plain]


def _is_heading(headings: Sequence[str]) -> bool:
    there = set(headings)
    return bool(there & {*HEADINGS["number"]}) and bool(
        there & {*HEADINGS["name"], *HEADINGS["first"], *HEADINGS["last"]}
    )


def _columns(rows: Sequence[TableRow], where: str) -> tuple[int, Mapping[str, int]]:
    """Return the index of the heading row, and the column of each field."""
    for at, row in enumerate(rows[:_IN_SEARCH]):
        headings = _headings(row.cells)
        if _is_heading(headings):
            return at, _fields(headings, rows[at + 1 :])
    first = _headings(rows[0].cells) if rows else []
    needed = "name" if set(first) & set(HEADINGS["number"]) else "number"
    raise AutograderError(
        f"no column for the {needed} among {', '.join(first)[:300] or 'none'}",
        where=f"{where}, line {rows[0].line if rows else 1}",
        way_out=f"call it one of {', '.join(HEADINGS[needed])}",
    )


def _fields(headings: Sequence[str], rows: Sequence[TableRow]) -> Mapping[str, int]:
    columns = {}
    for field, names in HEADINGS.items():
        if field == "number" and _CANVAS & set(headings):
            names = tuple(name for name in names if name != "id")  # Canvas's own, not the student's
        for name in names:
            at = headings.index(name) if name in headings else -1
            if at >= 0 and (field != "number" or any(_cell(row, at) for row in rows)):
                columns[field] = at
                break
    if "number" not in columns:
        columns["number"] = next(i for i, h in enumerate(headings) if h in HEADINGS["number"])
    return columns


# ── Rows ─────────────────────────────────────────────────────────────────────────────


def _cell(row: TableRow, at: int) -> str:
    return clean(row.cells[at]) if at < len(row.cells) else ""


def _entry(row: TableRow, columns: Mapping[str, int], section: str) -> Entry:
    values = {field: _unwrapped(_cell(row, at)) for field, at in columns.items()}
    raw = _cell(row, columns["number"])
    number = plain_number(values["number"])
    first, last = values.pop("first", ""), values.pop("last", "")
    if "first" in columns or "last" in columns:
        values["name"] = _whole_name(values.get("name", ""), first, last)
    if section:
        values["section"] = section
    literal = raw[:1] in ("'", "’", "#") or raw[:2] == '="'
    return Entry(row.line, {**values, "number": number}, literal)


def _whole_name(name: str, first: str, last: str) -> str:
    """Return the full name of its parts. Korean names are written together, surname first."""
    if name and not first:  # Moodle in Korean calls the given name 이름
        first = name
    if last and first and all("가" <= char <= "힣" for char in last + first):
        return last + first
    return " ".join(part for part in (first, last) if part)


def _unwrapped(cell: str) -> str:
    """Return the text of `="0012345"`, the form in which spreadsheets and LMSs protect a number."""
    found = re.fullmatch(r'="((?:[^"]|"")*)"', cell)
    return clean(found.group(1).replace('""', '"')) if found else cell


def plain_number(text: str) -> str:
    """Return a student number as typed: ASCII digits and letters, no sign that marks it as text,
    as `'` in spreadsheets and `#` in Brightspace.

    >>> plain_number("２０２７００１"), plain_number("'0012345"), plain_number("#0012345")
    ('2027001', '0012345', '0012345')
    """
    text = unicodedata.normalize("NFKC", text)
    text = "".join(str(int(c)) if c.isdecimal() else c for c in text)
    text = text.lstrip("'’") if text[:1] in "'’" else text
    return text[1:] if re.fullmatch(r"#[\w.@-]+", text) else text


def _nobody(entry: Entry, row: TableRow, leading: bool, canvas: bool) -> str:
    """Return why a row of an LMS export is not a person; "" if it is one."""
    name = entry.values.get("name", "").casefold()
    if name.startswith("points possible"):
        return "Canvas's row of the points possible"
    if canvas and name in ("student, test", "test student", "학생, 시험", "학생, 테스트"):
        return "Canvas's test student"
    if leading and not entry.values["number"] and not any(_cell(row, at) for at in range(1, 5)):
        return "a row of Canvas's above the students"
    return ""


def _section_of(row: TableRow) -> str | None:
    """Return the section that a one-cell row announces; None if it is no such row."""
    filled = [clean(cell) for cell in row.cells if cell.strip()]
    found = _SECTION.fullmatch(filled[0]) if len(filled) == 1 and len(row.cells) > 1 else None
    return (found.group(1) or filled[0]) if found else None


def _too_long(row: TableRow, width: int) -> Iterator[tuple[int, str, str]]:
    filled = max((n for n, cell in enumerate(row.cells, 1) if cell.strip()), default=0)
    if filled > width:
        yield (
            row.line,
            f"it has {filled} cells under {width} headings, so its columns are shifted",
            'put a cell that holds a comma in quotation marks: "Lee, Bo"',
        )


# ── Numbers ──────────────────────────────────────────────────────────────────────────


def _number_problems(entries: Sequence[Entry]) -> Iterator[tuple[int, str, str]]:
    for rule in (_missing, _damaged, _worded, _dated, _rounded, _shortened, _repeated):
        yield from rule(entries)


def _missing(entries: Sequence[Entry]) -> Iterator[tuple[int, str, str]]:
    for entry in entries:
        if not entry.values["number"]:
            who = entry.values.get("name") or "a line"
            yield entry.line, f"{who} has no number", "give it one, or leave the line out"


def _damaged(entries: Sequence[Entry]) -> Iterator[tuple[int, str, str]]:
    for entry in entries:
        number = entry.values["number"]
        if what := _damage(number):
            yield entry.line, f"the number {number[:60]!r} is {what}", REMEDY
        elif len(number) > 100 or not number.isprintable():
            yield entry.line, f"the number {number[:60]!r} is no student number", REMEDY


def _damage(number: str) -> str:
    """Return what a spreadsheet has made of a number, "" if nothing."""
    return next((what for pattern, what in _DAMAGE if pattern.fullmatch(number)), "")


def _worded(entries: Sequence[Entry]) -> Iterator[tuple[int, str, str]]:
    """Yield words among numbers: `총 30명` and `Total` stand below the students."""
    words = [e for e in entries if _is_in_words(e.values["number"])]
    for entry in words if 2 * len(words) < len(entries) else ():
        fact = f"the number {entry.values['number'][:60]!r} is in words, most are not"
        yield entry.line, fact, "leave the line out if it is a sum, else write the number"


def _is_in_words(number: str) -> bool:
    return _WORDS.search(number) is not None and not _damage(number)


def _rounded(entries: Sequence[Entry]) -> Iterator[tuple[int, str, str]]:
    """Yield numbers of more than 15 digits whose last digits a spreadsheet has set to zero."""
    for entry in entries:
        number = entry.values["number"]
        if not entry.literal and re.fullmatch(r"\d{15}0+", number):
            yield (
                entry.line,
                f"the number {number[:60]} has zeros after 15 digits, where spreadsheets round",
                REMEDY,
            )


def _dated(entries: Sequence[Entry]) -> Iterator[tuple[int, str, str]]:
    """Yield dates if most numbers are not dates: a spreadsheet turns `26-1-5` into 2026-01-05."""
    dates = [e for e in entries if re.fullmatch(r"\d{4}-\d{2}-\d{2}", e.values["number"])]
    for entry in dates if 2 * len(dates) <= len(entries) else ():
        yield entry.line, f"the number {entry.values['number']} is a date, most are not", REMEDY


def _shortened(entries: Sequence[Entry]) -> Iterator[tuple[int, str, str]]:
    """Yield plain numbers that are shorter than most: a spreadsheet dropped their leading zeros."""
    plain = [e for e in entries if re.fullmatch(r"\d+", e.values["number"])]
    lengths = Counter(len(e.values["number"]) for e in plain)
    usual, many = lengths.most_common(1)[0] if lengths else (0, 0)
    if usual < 6 or 2 * many <= len(entries):
        return
    for entry in plain:
        number = entry.values["number"]
        if usual - 3 <= len(number) < usual and not entry.literal:
            yield (
                entry.line,
                f"the number {number} has {len(number)} digits, most have {usual}: zeros are gone",
                f'{REMEDY}; if it is right, write it as ="{number}"',
            )


def _repeated(entries: Sequence[Entry]) -> Iterator[tuple[int, str, str]]:
    """Yield each number that several lines share, with these lines. Leading zeros are ignored."""
    lines: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.values["number"]:
            lines.setdefault(entry.values["number"].lstrip("0").casefold(), []).append(entry)
    for same in lines.values():
        if len(same) < 2:
            continue
        named = dict.fromkeys(entry.values["number"] for entry in same)
        places = ", ".join(str(entry.line) for entry in same[:-1])
        times = "twice" if len(same) == 2 else f"{len(same)} times"
        fact = f"the number {' or '.join(named)} is listed {times}, in lines {places} and"
        way_out = "a number stands for one person: leave all lines but one out"
        yield same[0].line, f"{fact} {same[-1].line}", way_out


def clean(text: str) -> str:
    """Return the text in form NFC on one line, without invisible characters."""
    seen = "".join(c for c in unicodedata.normalize("NFC", text) if _is_seen(c))
    return " ".join(seen.split())


def _is_seen(char: str) -> bool:
    joiner = char in "\u200c\u200d"  # some scripts need them
    return joiner or char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
