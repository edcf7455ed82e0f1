"""Translation catalogues source/A/locale/LANGUAGE.po: create, update and read them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from autograder import atomic_files
from autograder.config import Course
from autograder.errors import AutograderError
from autograder.language import LANGUAGES
from autograder.notebook.translation import catalogues
from autograder.notebook.translation.catalogues import Finding
from autograder.notebook.translation.texts import texts
from autograder.steps.assignments import load_assignment


@dataclass(frozen=True)
class Catalogue:
    """One language of an assignment: its file, its number of texts, and its findings."""

    language: str
    file: str
    texts: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class TranslationReport:
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
) -> TranslationReport:
    """Create or update the catalogues of an assignment; with `check` only look at them.

    Without `languages`: those of the course, and those that have a catalogue.
    """
    source = load_assignment(course, assignment)
    there = catalogues.languages_of(source.path)
    wanted = [*languages] or [*dict.fromkeys([*course.settings.translations, *there])]
    for lang in wanted:
        if lang == course.language or lang not in LANGUAGES:
            others = ", ".join(one for one in LANGUAGES if one != course.language)
            raise AutograderError(f"{lang!r} is no language to translate into", way_out=others)
    if not wanted:
        raise AutograderError(
            "this course has no other language",
            way_out='name one: --lang ko, or set c.Course.translations = ["ko"]',
        )
    count = len({text.msgid for text in texts(source)})
    found = []
    for lang in wanted:
        path = catalogues.path_of(source.path, lang)
        if not check:
            path.parent.mkdir(exist_ok=True)
            atomic_files.write(path, catalogues.updated(source, lang), mode=0o644)
        file = path.relative_to(course.root).as_posix()
        found.append(Catalogue(lang, file, count, tuple(catalogues.findings(source, lang))))
    return TranslationReport(assignment, tuple(found))
