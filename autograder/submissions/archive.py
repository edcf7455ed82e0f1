"""Listing of a zip's files; its headers are not trusted.

The reader of a file counts its size. Links, devices, encrypted entries and compression methods
other than deflate are rejected one by one; a damaged archive is rejected as a whole.
"""

from __future__ import annotations

import mmap
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone, tzinfo
from functools import partial
from pathlib import Path

from autograder import sanitize
from autograder.submissions.entries import CHUNK, Entry, Offered
from autograder.submissions.paths import Refused, decoded, harmless_path

ENTRIES = 200_000  # maximum, in the zip of a whole class
_DOS = 0  # the source system in zips made by Windows
_UTF8_FLAG, _ENCRYPTED_FLAGS = 0x800, 0x1 | 0x40 | 0x2000
_TIMES, _UNICODE_PATH = 0x5455, 0x7075  # extra fields
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
)


@contextmanager
def opened(path: Path, zone: tzinfo = timezone.utc, *, most: int = ENTRIES) -> Iterator[Offered]:
    """Yield the contents of a zip, readable inside the block.

    `zone` is the time zone of dates that state none. `most` limits the number of entries, because
    each takes memory before any file is read. Raises Refused if the file is not a zip, is damaged
    or has too many entries.
    """
    shown = sanitize.text(path.name, cap=120)
    count = _headers(path, most, shown)
    if count > most:
        raise Refused.because(
            "the zip has more than {most} entries",
            where=shown,
            way_out="hand in fewer files",
            most=most,
        )
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise Refused.because(
            "it cannot be read as a zip: {why}",
            where=shown,
            way_out="zip the folder again, as .zip",
            why=sanitize.text(str(error), cap=80),
        ) from None
    with archive:
        yield _offered(archive, path.stat().st_size, zone)


def _headers(path: Path, most: int, shown: str) -> int:
    """Return an upper bound on the number of entries, without keeping any in memory."""
    try:
        with path.open("rb") as file:
            if not file.seek(0, 2):
                raise Refused.because("it is empty", where=shown, way_out="hand it in again")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                count, at = 0, content.find(b"PK\1\2")
                while at >= 0 and count <= most:
                    count, at = count + 1, content.find(b"PK\1\2", at + 4)
                return count
    except OSError as error:
        raise Refused.because("it cannot be read: {why}", where=shown, why=error.strerror) from None


def _offered(archive: zipfile.ZipFile, size: int, zone: tzinfo) -> Offered:
    entries: list[Entry] = []
    refused: list[Refused] = []
    infos = archive.infolist()
    dos = any(_is_no_utf8(info) for info in infos)  # one program wrote all names, in one encoding
    for info in infos:
        name = _name(info, dos=dos or info.create_system == _DOS)
        mode = info.external_attr >> 16
        if name.endswith(("/", "\\")) or stat.S_ISDIR(mode):
            continue
        try:
            _check(info, mode, sanitize.text(name, cap=120))
            entries.append(
                Entry(
                    harmless_path(name),
                    info.file_size,
                    max(0, min(info.compress_size, size)),
                    _date(info, zone),
                    partial(_chunks, archive, info, sanitize.text(name, cap=120)),
                )
            )
        except Refused as error:
            refused.append(error)
    return Offered(tuple(entries), tuple(refused))


def _check(info: zipfile.ZipInfo, mode: int, shown: str) -> None:
    kind = stat.S_IFMT(mode)
    if stat.S_ISLNK(mode):
        raise Refused.because(
            "it is a link, not a file", where=shown, way_out="put the file itself there"
        )
    if kind not in (0, stat.S_IFREG):
        raise Refused.because("it is no file but a device, socket or pipe", where=shown)
    if info.flag_bits & _ENCRYPTED_FLAGS:
        raise Refused.because("it is encrypted", where=shown, way_out="zip it without a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused.because(
            "it is packed by method {method}, only plain zips are read",
            where=shown,
            way_out="zip it as ordinary .zip (deflate)",
            method=info.compress_type,
        )


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, shown: str) -> Iterator[bytes]:
    try:
        with archive.open(info) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except _DAMAGE as error:
        raise Refused.because(
            "it is damaged: {why}",
            where=shown,
            way_out="zip the folder again",
            why=sanitize.text(str(error), cap=80),
        ) from None


def _is_no_utf8(info: zipfile.ZipInfo) -> bool:
    """Return True if a name without a stated encoding is not valid UTF-8."""
    if info.flag_bits & _UTF8_FLAG:
        return False
    try:
        info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _name(info: zipfile.ZipInfo, *, dos: bool) -> str:
    """Return the entry's name: UTF-8 if it says so, else in its most likely encoding."""
    if info.flag_bits & _UTF8_FLAG:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")  # undo zipfile's decoding to get the bytes
    for kind, data in _extras(info.extra):
        if kind == _UNICODE_PATH and data[:5] == b"\1" + struct.pack("<I", zlib.crc32(raw)):
            return data[5:].decode("utf-8", errors="replace")
    return decoded(raw, dos=dos)


def _date(info: zipfile.ZipInfo, zone: tzinfo) -> datetime | None:
    for kind, data in _extras(info.extra):
        if kind == _TIMES and len(data) >= 5 and data[0] & 1:
            (seconds,) = struct.unpack("<i", data[1:5])
            return datetime.fromtimestamp(max(seconds, 0), timezone.utc)
    try:
        local = datetime(*info.date_time, tzinfo=zone)
    except ValueError:
        return None
    return local.astimezone(timezone.utc) if local.year > 1980 else None


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        yield kind, extra[4 : 4 + length]
        extra = extra[4 + length :]
