"""Folders of ours end with their makers, also with those that were killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from autograder.sandbox.supervisor import folders

AN_HOUR_AGO = time.time() - 3600


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_grader_left_is_swept_and_what_is_in_use_stays(temporary: Path) -> None:
    code = (
        "import sys, tempfile, time; from autograder.sandbox.supervisor import folders\n"
        f"tempfile.tempdir = {str(temporary)!r}\n"
        "print(folders.make('warm').path, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        left = Path(other.stdout.readline().decode().strip())
        (left / "big").write_bytes(b"x")
        os.utime(left, (AN_HOUR_AGO, AN_HOUR_AGO))
        assert folders.sweep() == 0
        assert left.is_dir()
        other.send_signal(signal.SIGKILL)
    mine = folders.make("job")
    os.utime(mine.path, (AN_HOUR_AGO, AN_HOUR_AGO))
    assert folders.sweep() == 1
    assert not left.exists()
    assert Path(mine.path).is_dir()
    mine.remove()
    assert not Path(mine.path).exists()


def test_a_folder_that_is_just_being_made_is_not_swept(temporary: Path) -> None:
    (temporary / "autograder-job-new").mkdir()
    assert folders.sweep() == 0


def test_a_link_that_looks_like_ours_leads_the_sweep_nowhere(temporary: Path) -> None:
    precious = temporary / "precious"
    precious.mkdir()
    os.utime(precious, (AN_HOUR_AGO, AN_HOUR_AGO))
    (temporary / "autograder-job-link").symlink_to(precious)
    assert folders.sweep() == 0
    assert precious.is_dir()
