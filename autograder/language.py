"""The words in the reader's language: gettext catalogues in locale/, English as it is written."""

from __future__ import annotations

import gettext
import os
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from autograder.nouns import Message, fill

LANGUAGES = ("en", "ko")
NAMES = {"name", "fn", "which"}  # what a value is called: "the masks", or the student's own name
LOCALE = Path(__file__).parent / "locale"

_current: ContextVar[str] = ContextVar("language", default="")


@lru_cache(maxsize=8)
def catalogue(lang: str) -> gettext.NullTranslations:
    """The catalogue of one language; English and unknown languages give the words as written."""
    return gettext.translation("autograder", LOCALE, [lang], fallback=True)


def use(lang: str) -> None:
    """Sets the language of everything said from here on in this context."""
    _current.set(lang)


def current() -> str:
    """The language in use: the one set, else AUTOGRADER_LANG, else English."""
    return _current.get() or os.environ.get("AUTOGRADER_LANG", "") or "en"


def translate(text: str, lang: str = "") -> str:
    """The text in the language asked for."""
    return catalogue(lang or current()).gettext(text) if text else ""


def in_words(message: Message, lang: str = "") -> tuple[str, str, str]:
    """Expected, Got and Next of a message in the language asked for, filled in."""
    values = dict(message.values)
    values.update({name: translate(values[name], lang) for name in NAMES & values.keys()})
    return (
        fill(translate(message.expected, lang), values),
        fill(translate(message.got, lang), values),
        fill(translate(message.next, lang), values),
    )
