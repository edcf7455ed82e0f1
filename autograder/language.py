"""The words in the reader's language: gettext catalogues in locale/, English as it is written."""

from __future__ import annotations

import gettext
import os
from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from autograder.nouns import Message, fill

LANGUAGES = ("en", "ko")
NAMES = {"name", "fn", "which"}  # what a value is called: "the masks", or the student's own name
LOCALE = Path(__file__).parent / "locale"

Words = Mapping[str, str]

_current: ContextVar[str] = ContextVar("language", default="")
_words: ContextVar[tuple[str, Words]] = ContextVar("words", default=("", {}))
_everywhere: dict[str, Words] = {}  # by language: an assignment's own words, in a whole process


@lru_cache(maxsize=8)
def catalogue(lang: str) -> gettext.NullTranslations:
    """The catalogue of one language; English and unknown languages give the words as written."""
    return gettext.translation("autograder", LOCALE, [lang], fallback=True)


def use(lang: str, words: Words | None = None) -> None:
    """Sets the language of everything said from here on in this context.

    `words` are an assignment's own translations; they go before the catalogue's.
    """
    _current.set(lang)
    _words.set((lang, words or {}))


def know(lang: str, words: Words) -> None:
    """Adds an assignment's own translations to all that this process says in this language."""
    _everywhere[lang] = {**_everywhere.get(lang, {}), **words}


def current() -> str:
    """The language in use: the one set, else AUTOGRADER_LANG, else English."""
    return _current.get() or os.environ.get("AUTOGRADER_LANG", "") or "en"


def translate(text: str, lang: str = "") -> str:
    """The text in the language asked for."""
    if not text:
        return ""
    lang = lang or current()
    own, words = _words.get()
    said = (words.get(text) if own == lang else None) or _everywhere.get(lang, {}).get(text)
    return said or catalogue(lang).gettext(text)


def own(text: str) -> str:
    """The text in an assignment's own words; one that is none of its texts comes back as it is."""
    lang, words = _words.get()
    return words.get(text, text) if lang == current() else text


def msgid(text: str) -> str:
    """The text as it is: marks a template for the catalogues that is translated elsewhere."""
    return text


def in_words(message: Message, lang: str = "") -> tuple[str, str, str]:
    """Expected, Got and Next of a message in the language asked for, filled in."""
    values = dict(message.values)
    values.update({name: translate(values[name], lang) for name in NAMES & values.keys()})
    if "run_place" in values:  # itself a sentence: "cell {cell}"
        values["run_place"] = fill(translate(values["run_place"], lang), values)
    return (
        fill(translate(message.expected, lang), values),
        fill(translate(message.got, lang), values),
        fill(translate(message.next, lang), values),
    )
