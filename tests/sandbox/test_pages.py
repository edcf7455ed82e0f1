"""Memory in huge pages is the same memory, and a fork of it copies less."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox.lockdown import linux_calls
from autograder.sandbox.warm_process import huge_pages

MB = 1 << 20
LINUX = tuple(int(n) for n in os.uname().release.split("-")[0].split(".")[:2])


@pytest.mark.skipif(
    LINUX < (6, 1) or not Path(huge_pages._SIZE).exists(), reason="a kernel without such a call"
)
def test_what_lies_there_stays_and_most_of_it_is_in_huge_pages() -> None:
    code = (
        "from autograder.sandbox.warm_process import huge_pages\n"
        "data = [bytes([n % 251]) * 4096 for n in range(16384)]\n"
        "found = huge_pages.gather()\n"
        "assert all(d == bytes([n % 251]) * 4096 for n, d in enumerate(data))\n"
        "huge = sum(int(l.split()[1]) for l in open('/proc/self/smaps') if l[:13] == 'AnonHugePages')\n"
        "print(found, huge << 10)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    gathered, huge = (int(n) for n in done.stdout.split())
    assert gathered > 32 * MB
    assert huge > 32 * MB


def test_a_kernel_that_cannot_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_address: int, _length: int) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(linux_calls, "collapse", refuse)
    with mmap.mmap(-1, 4 * MB) as memory:
        memory[:] = b"x" * (4 * MB)
        assert huge_pages.gather() == 0
