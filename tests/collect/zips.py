"""Zips as no honest program writes them."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path


def zipped(path: Path, files: dict[str, str | bytes], **options: object) -> Path:
    """An honest zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def zipped_bytes(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    zipped(buffer, files)
    return buffer.getvalue()


def with_names(path: Path, files: dict[bytes, bytes], *, utf8_flag: bool = False) -> Path:
    """A zip whose names are these very bytes."""
    body, directory = bytearray(), bytearray()
    flag = 0x800 if utf8_flag else 0
    for name, content in files.items():
        crc, at = zlib.crc32(content), len(body)
        common = struct.pack(
            "<HHHHHIIIHH", 20, flag, 0, 0, 0x5A21, crc, len(content), len(content), len(name), 0
        )
        body += b"PK\3\4" + common + name + content
        directory += (
            b"PK\1\2"
            + struct.pack("<H", 0x0314)
            + common
            + struct.pack("<HHHII", 0, 0, 0, (stat.S_IFREG | 0o644) << 16, at)
            + name
        )
    count = len(files)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\5\6" + end)
    return path


def special(path: Path, name: str, mode: int, content: str = "/etc/passwd") -> Path:
    """A zip with one honest notebook of kim's and one entry of another kind: a link, a device."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("kim/n411.ipynb", "{}")
        info = zipfile.ZipInfo(name)
        info.create_system = 3
        info.external_attr = mode << 16
        archive.writestr(info, content)
    return path


def lying_about_size(path: Path, name: str, content: bytes, claimed: int) -> Path:
    """A zip that claims `claimed` bytes for a longer entry, in both headers."""
    zipped(path, {name: content})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", len(content)), struct.pack("<I", claimed)))
    return path


def overlapping(path: Path, count: int, size: int) -> Path:
    """Many entries that all unpack the same bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(b"\0" * size) + packer.flush()
    crc = zlib.crc32(b"\0" * size)
    directory, body = b"", b""
    for number in range(count):
        name = f"kim/{number}.bin".encode()
        common = struct.pack(
            "<HHHHHIIIHH", 20, 0, 8, 0, 0x5A21, crc, len(packed), size, len(name), 0
        )
        if number == 0:
            body = b"PK\3\4" + common + name + packed
        directory += (
            b"PK\1\2"
            + struct.pack("<H", 0x0314)
            + common
            + struct.pack("<HHHII", 0, 0, 0, 0, 0)
            + name
        )
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\5\6" + end)
    return path
