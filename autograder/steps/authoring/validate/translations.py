"""Gaps and leaks in an assignment's translations, with file and line."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context

from autograder import language
from autograder.config import Course
from autograder.notebook.release.leaks import leaks
from autograder.notebook.release.stripping import student_notebook
from autograder.notebook.translation import catalogues
from autograder.notebook.translation.catalogues import Translation
from autograder.nouns import Assignment

SHOWN = 20  # most findings shown of a language; `autograder translate --check` lists all


def translated(course: Course, source: Assignment) -> tuple[list[str], list[str]]:
    """Return (breaches, notes): breaches for leaks and for gaps in declared languages.

    `c.Course.translations` declares the languages. Other catalogues only give notes on gaps.
    """
    breaches: list[str] = []
    notes: list[str] = []
    there = catalogues.languages_of(source.path)
    for lang in dict.fromkeys([*course.settings.translations, *there]):
        declared = lang in course.settings.translations
        if lang not in there:
            notes.append(f"{source.name}: there is no translation yet: locale/{lang}.po")
            continue
        (breaches if declared else notes).extend(_open(source, lang))
        breaches += _leaks(source, lang)
    return breaches, notes


def _open(source: Assignment, lang: str) -> Iterator[str]:
    found = list(catalogues.findings(source, lang))
    yield from map(str, found[:SHOWN])
    if len(found) > SHOWN:
        command = f"autograder translate {source.name} --lang {lang} --check"
        yield f"{source.name}: {len(found) - SHOWN} more texts of {lang}: {command}"


def _leaks(source: Assignment, lang: str) -> Iterator[str]:
    translation = catalogues.read(source.path, lang)
    for leak in copy_context().run(_given_away, source, translation):
        yield f"the release in {lang} leaks: {leak}"


def _given_away(source: Assignment, translation: Translation) -> list[str]:
    language.use(translation.language, translation.said)
    released = {n.name: student_notebook(n, "", {}) for n in source.notebooks}
    words = {f"{translation.language}.po": "\n".join(translation.said.values())}
    return list(leaks(source, released, {}, words))
