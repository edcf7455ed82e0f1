"""The translation of an assignment, `source/A/locale/LANGUAGE.po`, kept in step with its source.

Fuzzy entries (the source has changed since their translation) count as not translated: students
read the source's text until a person has checked the entry.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter

from babel.core import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, write_po

from autograder.errors import AutograderError
from autograder.notebook.translation.texts import Kind, Text, texts
from autograder.nouns import Assignment, Notebook, fill

FOLDER = "locale"
_HEADER = "# Made and updated by `autograder translate`; translations go into msgstr."
_VOLATILE = re.compile(
    r'^"(?:Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|'
    r"Last-Translator|Language-Team|Generated-By)[^\n]*\n",
    re.MULTILINE,
)
_CODE = re.compile(r"`[^`]+`")
_FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
_ADDRESS = re.compile(r"\]\(([^)\s]*)[^)]*\)")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Translation:
    """Translated texts of an assignment in one language; {} if there are none."""

    language: str
    said: Mapping[str, str] = field(default_factory=dict)  # msgid -> msgstr, without fuzzy entries


@dataclass(frozen=True)
class Finding:
    """A problem in a catalogue; `line` is 0 for a text that it lacks."""

    file: str
    line: int
    fact: str
    wrong: bool = False  # the translation is wrong, not only missing

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.fact}"


def path_of(folder: Path, language: str) -> Path:
    """Return the path of the catalogue in an assignment's folder."""
    return folder / FOLDER / f"{language}.po"


def languages_of(folder: Path) -> tuple[str, ...]:
    """Return the languages for which an assignment's folder has a catalogue."""
    return tuple(sorted(path.stem for path in (folder / FOLDER).glob("*.po")))


def read(folder: Path, language: str) -> Translation:
    """Return the current translation; empty if there is no catalogue.

    Raises AutograderError for an unknown language or an unreadable catalogue.
    """
    said = {str(m.id): str(m.string) for m in _catalog(folder, language) if _is_done(m)}
    return Translation(language, said)


def _catalog(folder: Path, language: str) -> Catalog:
    path = path_of(folder, language)
    try:
        Locale.parse(language)
    except (UnknownLocaleError, ValueError) as error:
        raise AutograderError(
            f"{language!r} is no language: {error}",
            where=str(path),
            way_out="name the catalogue by a language's code, as in ko.po",
        ) from None
    if not path.is_file():
        return Catalog(locale=language)
    try:
        return read_po(io.BytesIO(path.read_bytes()), locale=language, abort_invalid=True)
    except (PoFileError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise AutograderError(
            f"this catalogue cannot be read: {error}", where=str(path), way_out="mend that line"
        ) from error


def _is_done(message: Message) -> bool:
    return bool(message.id and message.string and not message.fuzzy)


def spoken(assignment: Assignment, translation: Translation) -> dict[str, str]:
    """Return all translations, and for each demand also its sentence with the numbers filled in."""
    sentences = {
        criterion.sentence: fill(translation.said[criterion.demand], criterion.settings)
        for notebook in assignment.notebooks
        for task in notebook.tasks
        for criterion in task.criteria
        if criterion.demand in translation.said
    }
    return {**translation.said, **sentences}


def carried(assignment: Assignment, notebook: Notebook, translation: Translation) -> dict[str, str]:
    """Return the translations that a released notebook needs at run time.

    Its code is not translated, so it looks texts up. A hidden criterion's demand is keyed by its
    filled-in sentence.
    """
    said = spoken(assignment, translation)
    kinds = (Kind.HINT, Kind.LABEL)
    needed = [text.msgid for text in texts(assignment) if text.kind in kinds]
    for task in notebook.tasks:
        needed += [c.sentence if c.hidden else c.demand for c in task.criteria]
    return {msgid: said[msgid] for msgid in dict.fromkeys(needed) if msgid in said}


# ── Updating ─────────────────────────────────────────────────────────────────────────


def updated(assignment: Assignment, language: str) -> bytes:
    """Return the catalogue with all current texts, in their order, and the existing translations.

    A changed text keeps its old translation as fuzzy; a removed text stays as obsolete.
    """
    known = _catalog(assignment.path, language)
    template = _template(assignment, language)
    for message in [m for m in known.obsolete.values() if m.id in template]:  # it returned
        known[message.id] = known.obsolete.pop(str(message.id))
    known.update(template, update_header_comment=False)
    known.header_comment = _HEADER
    known.fuzzy = False
    for message in known:
        message.flags -= {"python-format", "python-brace-format"}  # Babel guesses wrong
    buffer = io.BytesIO()
    write_po(buffer, known, width=0, include_previous=True)  # wrapping breaks #| lines
    return _VOLATILE.sub("", buffer.getvalue().decode()).encode()


def _template(assignment: Assignment, language: str) -> Catalog:
    template = Catalog(locale=language, project=assignment.name, fuzzy=False, charset="utf-8")
    for text in texts(assignment):
        place = text.place.replace(" ", "_")
        template.add(text.msgid, locations=[(place, 0)], auto_comments=[text.kind.value])
    return template


# ── Findings ─────────────────────────────────────────────────────────────────────────


def findings(assignment: Assignment, language: str) -> Iterator[Finding]:
    """Yield each text that is missing, untranslated, fuzzy, or differs in code and numbers."""
    path = path_of(assignment.path, language)
    file = path.relative_to(assignment.path.parent).as_posix()
    catalog = _catalog(assignment.path, language)
    for text in {text.msgid: text for text in texts(assignment)}.values():
        message = catalog.get(text.msgid)
        start = " ".join(text.msgid.split())[:60]
        if message is None:
            fact = f"{text.place}: this text is not in the catalogue yet: “{start}”"
            yield Finding(file, 0, fact)
        elif not message.string:
            yield Finding(file, message.lineno or 0, f"not translated: “{start}”")
        elif message.fuzzy:
            fact = f"fuzzy: its source has changed, look at it and remove the mark: “{start}”"
            yield Finding(file, message.lineno or 0, fact)
        else:
            for fact in differences(text, str(message.string)):
                yield Finding(file, message.lineno or 0, f"{fact}: “{start}”", wrong=True)


def differences(text: Text, said: str) -> Iterator[str]:
    """Yield forbidden differences of a translation: in placeholders, code, formulas or numbers."""
    if text.kind.is_template:
        yield from _differ("the names to fill in", _names(text.msgid), _names(said))
    if text.kind is Kind.PASSAGE:
        if "\n" in said.replace("$$", "") and "$$" not in text.msgid:
            yield "a passage stays on one line"
        if _fields(said) != _fields(text.msgid):
            yield "a | would make another column"
    for what, pattern in (("code", _CODE), ("formulas", _FORMULA), ("addresses", _ADDRESS)):
        yield from _differ(what, pattern.findall(text.msgid), pattern.findall(said))
    lost = Counter(_numbers(text.msgid)) - Counter(_numbers(said))
    if lost:
        yield f"it lacks the number {', '.join(sorted(lost))}"


def _differ(what: str, wanted: list[str], found: list[str]) -> Iterator[str]:
    lost = Counter(wanted) - Counter(found)
    new = Counter(found) - Counter(wanted)
    if lost:
        yield f"{what} differ: it lacks {', '.join(sorted(lost))}"
    if new:
        yield f"{what} differ: it adds {', '.join(sorted(new))}"


def _names(template: str) -> list[str]:
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        return ["a brace without its partner"]
    return [f"{{{name}{':' + spec if spec else ''}}}" for _, name, spec, _ in parts if name]


def _fields(text: str) -> int:
    return len(re.findall(r"(?<!\\)\|", _FORMULA.sub("", text)))


def _numbers(text: str) -> list[str]:
    plain = _ADDRESS.sub("", _FORMULA.sub("", _CODE.sub("", text)))
    return _NUMBER.findall(re.sub(r"\{[^{}]*\}", "", plain))
