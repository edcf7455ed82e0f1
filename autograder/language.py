"""Translation of messages: gettext catalogues in locale/; the English texts are the keys."""

from __future__ import annotations

import gettext
import os
from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from autograder.nouns import Message, fill

LANGUAGES = ("en", "ko")
NAMES = {"name", "fn", "which"}  # values to translate: "the masks", or the student's own name
LOCALE = Path(__file__).parent / "locale"

Words = Mapping[str, str]

_current: ContextVar[str] = ContextVar("language", default="")
_words: ContextVar[tuple[str, Words]] = ContextVar("words", default=("", {}))
_everywhere: dict[str, Words] = {}  # by language: an assignment's own words, process-wide


@lru_cache(maxsize=8)
def catalogue(lang: str) -> gettext.NullTranslations:
    """Return the catalogue of one language; one without translations for an unknown language."""
    return gettext.translation("autograder", LOCALE, [lang], fallback=True)


def use(lang: str, words: Words | None = None) -> None:
    """Set the language of all texts from now on in this context.

    `words` are an assignment's own translations; they override the catalogue.
    """
    _current.set(lang)
    _words.set((lang, words or {}))


def know(lang: str, words: Words) -> None:
    """Add an assignment's own translations into this language, for the whole process."""
    _everywhere[lang] = {**_everywhere.get(lang, {}), **words}


def current() -> str:
    """Return the language in use: the one set, else AUTOGRADER_LANG, else English."""
    return _current.get() or os.environ.get("AUTOGRADER_LANG", "") or "en"


def translate(text: str, lang: str = "") -> str:
    """Return the text in the given language, by default the current one."""
    if not text:
        return ""
    lang = lang or current()
    own, words = _words.get()
    said = (words.get(text) if own == lang else None) or _everywhere.get(lang, {}).get(text)
    return said or catalogue(lang).gettext(text)


def own(text: str) -> str:
    """Return the text in the assignment's own translation, or unchanged if it has none."""
    lang, words = _words.get()
    return words.get(text, text) if lang == current() else text


def msgid(text: str) -> str:
    """Return the text unchanged; marks a template for the catalogues, translated elsewhere."""
    return text


def in_words(message: Message, lang: str = "") -> tuple[str, str, str]:
    """Return Expected, Got and Next of a message, translated and filled in."""
    values = dict(message.values)
    values.update({name: translate(values[name], lang) for name in NAMES & values.keys()})
    if "run_place" in values:  # a template of its own: "cell {cell}"
        values["run_place"] = fill(translate(values["run_place"], lang), values)
    return (
        fill(translate(message.expected, lang), values),
        fill(translate(message.got, lang), values),
        fill(translate(message.next, lang), values),
    )
