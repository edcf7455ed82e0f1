"""Conversion of untrusted file names to safe relative paths; unsafe names are rejected."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Any

from autograder import sanitize
from autograder.errors import AutograderError
from autograder.language import translate
from autograder.nouns import fill

DEPTH = 12  # nested folders
NAME_BYTES = 200  # of one name in UTF-8; file systems allow 255, and we add prefixes and suffixes
PATH_BYTES = 1000
TIMESTAMP = "timestamp.txt"  # nbgrader's file for the time of submission; we write it

_LAST_LETTER_OF_CP437 = 0xA5
_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?\Z")
_EXCHANGE = re.compile(r"[^:]+\+[^:]+\+[\d-]{10} \d\d:\d\d:\d\d(\.\d+)? \w+(\+[^:]*)?\Z")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # control, bidi and other format, separators
_JOINERS = {"\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"}
_NOISE_FOLDERS = {"__macosx", ".ipynb_checkpoints", "__pycache__", ".git", ".venv"}
_NOISE_FILES = {".ds_store", "thumbs.db", "desktop.ini"}
_STUDENT = re.compile(r"[^\s.\-*?\[\]/\\:<>|\"][^*?\[\]/\\:<>|\"]*")


class Refused(AutograderError):
    """A rejected file or submission; `where` is its name, sanitised for display."""

    @classmethod
    def because(cls, fact: str, *, where: str, way_out: str = "", **values: Any) -> Refused:
        """Return the error in the reader's language: translate both texts, then fill {names}.

        Use it for every error that a student can see; the message catalogues are extracted from
        these calls.
        """
        said, way = fill(translate(fact), values), fill(translate(way_out), values)
        return cls(said, where=where, way_out=way)


def decoded(raw: bytes, *, dos: bool = False) -> str:
    """Decode a name of unknown encoding: UTF-8, CP949, or else CP437.

    Bytes that are valid as both UTF-8 and CP949 are read as UTF-8 if that contains Hangul, or if
    CP949 does not. They are also read as UTF-8 if all its non-ASCII letters are Latin, unless `dos`
    says that the name comes from Windows: a folder "é" is not read as "챕".
    """
    utf8, cp949 = _in(raw, "utf-8"), _in(raw, "cp949")
    if utf8 is not None:
        either = cp949 is not None and _korean(cp949) and not _korean(utf8)
        if cp949 is None or not either or (_latin(utf8) and not dos):
            return utf8
    if cp949 is None or (_in(raw, "euc-kr") is None and max(raw) <= _LAST_LETTER_OF_CP437):
        return raw.decode("cp437")
    return cp949


def harmless_path(name: str) -> PurePosixPath:
    """Convert a name to a relative path in NFC with `/` separators; raise Refused if it is unsafe.

    Absolute paths, drives, `..`, invisible characters, names reserved by Windows, and paths that
    are too long or too deep are rejected. Targets of links never reach this function.
    """
    shown = sanitize.text(name, cap=120)
    if not name or name.isspace():
        raise Refused.because(
            "it has no name", where=translate("(no name)"), way_out="zip the folder again"
        )
    path = unicodedata.normalize("NFC", name).replace("\\", "/")
    if path.startswith("/") or _DRIVE.match(path):
        raise Refused.because(
            "its name is an absolute path", where=shown, way_out="zip the folder, not the disk"
        )
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refused.because("its name leads out of the folder (..)", where=shown)
    if not parts:
        raise Refused.because("it has no name", where=shown)
    for part in parts:
        _check(part, shown)
    if len(parts) > DEPTH:
        raise Refused.because(
            "it lies {count} folders deep, {most} are taken",
            where=shown,
            way_out="hand in flatter folders",
            count=len(parts),
            most=DEPTH,
        )
    if len("/".join(parts).encode()) > PATH_BYTES:
        raise Refused.because("its path has more than {most} bytes", where=shown, most=PATH_BYTES)
    return PurePosixPath(*parts)


def _check(part: str, shown: str) -> None:
    unseen = [c for c in part if unicodedata.category(c) in _UNSEEN and c not in _JOINERS]
    if unseen:
        raise Refused.because(
            "its name holds a character that cannot be seen ({code})",
            where=shown,
            way_out="rename it",
            code=f"U+{ord(unseen[0]):04X}",
        )
    if len(part.encode()) > NAME_BYTES:
        raise Refused.because(
            "its name has {count} bytes, {most} are taken",
            where=shown,
            way_out="rename it",
            count=len(part.encode()),
            most=NAME_BYTES,
        )
    colon = ":" in part and not _EXCHANGE.match(part)  # nbgrader's inbound folders contain a time
    if _RESERVED.match(part) or colon or part != part.rstrip(" ."):
        raise Refused.because(
            "the name {name} means something else on Windows",
            where=shown,
            way_out="rename it",
            name=repr(sanitize.text(part)),
        )


def is_noise(path: PurePosixPath) -> bool:
    """Return True for files that systems and editors leave behind, which are never answers."""
    folders = {part.casefold() for part in path.parts[:-1]}
    name = path.name.casefold()
    return bool(folders & _NOISE_FOLDERS) or name in _NOISE_FILES or name.startswith("._")


def is_student_id(name: str) -> bool:
    """Return True if a folder here, nbgrader and its patterns all allow this student id."""
    if not _STUDENT.fullmatch(name) or len(name) > 100 or name.casefold() in _NOISE_FOLDERS:
        return False
    try:
        return harmless_path(name) == PurePosixPath(name)
    except Refused:
        return False


def _in(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _latin(text: str) -> bool:
    """Return True if all non-ASCII characters are Western or Central European letters."""
    return all("\u00c0" <= c <= "\u017f" or unicodedata.combining(c) for c in text if ord(c) > 127)


def _korean(text: str) -> bool:
    """Return True if the text contains Hangul: syllables, or their letters (NFD)."""
    return bool(re.search("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]", text))
