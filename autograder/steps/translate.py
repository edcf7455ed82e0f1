"""Translation catalogues source/A/locale/LANGUAGE.po: create, update and read them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from autograder import atomically
from autograder.config import Course
from autograder.errors import AutograderError
from autograder.language import LANGUAGES
from autograder.notebook import catalogues
from autograder.notebook.catalogues import Finding
from autograder.notebook.texts import Kind, texts
from autograder.steps.grade import read


@dataclass(frozen=True)
class Catalogue:
    """One language of an assignment: its file, its number of texts, and its findings."""

    language: str
    file: str
    texts: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Report:
    """Result of one `autograder translate`."""

    assignment: str
    catalogues: tuple[Catalogue, ...]

    @property
    def finished(self) -> bool:
        return not any(one.findings for one in self.catalogues)

    @property
    def wrong(self) -> bool:
        return any(finding.wrong for one in self.catalogues for finding in one.findings)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "finished": self.finished}


def translate(
    course: Course, assignment: str, languages: Collection[str] = (), *, check: bool = False
) -> Report:
    """Create or update the catalogues of an assignment; with `check` only look at them.

    Without `languages`: those of the course, and those that have a catalogue.
    """
    source = read(course, assignment)
    there = catalogues.languages_of(source.path)
    wanted = [*languages] or [*dict.fromkeys([*course.settings.translations, *there])]
    for lang in wanted:
        if lang == course.language or lang not in LANGUAGES:
            others = ", ".join(one for one in LANGUAGES if one != course.language)
            raise AutograderError(f"{lang!r} is no language to translate into", way_out=others)
    if not wanted:
        raise AutograderError(
            "this course has no other language", way_out="name one: --lang ko, or set "
            'c.Course.translations = ["ko"]',
        )  # fmt: skip
    count = len({text.msgid for text in texts(source)})
    found = []
    for lang in wanted:
        path = catalogues.path_of(source.path, lang)
        if not check:
            path.parent.mkdir(exist_ok=True)
            atomically.write(path, catalogues.updated(source, lang), mode=0o644)
        file = path.relative_to(course.root).as_posix()
        found.append(Catalogue(lang, file, count, tuple(catalogues.findings(source, lang))))
    return Report(assignment, tuple(found))


def spoken(course: Course, assignment: str, lang: str) -> dict[str, str]:
    """Return the translated texts that results show: criterion sentences, hints, mistakes.

    Return {} for the source's language, or if there is no translation.
    """
    if lang not in catalogues.languages_of(course.source / assignment):
        return {}
    try:
        source = read(course, assignment)
    except AutograderError:  # show results even while their source is being edited
        return {}
    said = catalogues.spoken(source, catalogues.read(source.path, lang))
    prose = {text.msgid for text in texts(source) if text.kind is Kind.PASSAGE}
    return {msgid: text for msgid, text in said.items() if msgid not in prose}
