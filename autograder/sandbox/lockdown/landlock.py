"""Landlock: file access control of a job, enforced by the kernel.

Rights and versions: https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

from autograder.sandbox.lockdown import linux_calls

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on x86-64 and arm64
_VERSION, _PATH_BENEATH = 1, 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_CHAR, MAKE_BLOCK = 1 << 6, 1 << 11
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
_TCP, _SCOPES = 0b11, 0b11  # bind, connect; abstract sockets, signals

READ = EXECUTE | READ_FILE | READ_DIR


def version() -> int:
    """Return the kernel's Landlock version; 0 if it has none."""
    try:
        return linux_calls.call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION))
    except OSError:
        return 0


def rights(abi: int) -> int:
    """Return all file rights that a Landlock version supports."""
    known = REFER - 1
    known |= REFER if abi >= 2 else 0
    known |= TRUNCATE if abi >= 3 else 0
    return known | (IOCTL_DEV if abi >= 5 else 0)


def restrict(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Allow reading below `readable` and everything but devices below `writable`; forbid TCP.

    Everything else is forbidden. Paths that do not exist are skipped. Raise OSError if the kernel
    has no Landlock.
    """
    abi = linux_calls.call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION))
    handled = rights(abi)
    words = [handled, _TCP if abi >= 4 else 0, _SCOPES if abi >= 6 else 0]
    attributes = struct.pack("=3Q", *words)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    size = ctypes.c_size_t(len(attributes))
    rules = linux_calls.call(_CREATE, attributes, size, ctypes.c_uint(0))
    try:
        for path in readable:
            _allow(rules, path, READ & handled)
        for path in writable:
            _allow(rules, path, handled & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV))
        linux_calls.prctl(linux_calls.PR_SET_NO_NEW_PRIVS, 1)
        linux_calls.call(_RESTRICT, ctypes.c_int(rules), ctypes.c_uint(0))
    finally:
        os.close(rules)


def _allow(rules: int, path: str, allowed: int) -> None:
    try:
        where = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            allowed &= _OF_FILES
        rule = struct.pack("=Qi", allowed, where)
        linux_calls.call(
            _ADD, ctypes.c_int(rules), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint(0)
        )
    finally:
        os.close(where)
