"""For any name and any bytes: nothing outside, nothing above the caps, nothing but Refused."""

from __future__ import annotations

import io
import os
import tempfile
import unicodedata
import zipfile
from contextlib import ExitStack
from datetime import timezone
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.notebook.submission.choosing import plain_stem
from autograder.submissions import archive
from autograder.submissions.arrivals import parsed
from autograder.submissions.extraction import Caps, Taken, digest_of, take, without_wrapping
from autograder.submissions.filename_parsing import Rules, sorted_out
from autograder.submissions.name_matching import ClassList, Listed
from autograder.submissions.notebook_names import Expected, take_notebooks
from autograder.submissions.paths import Refused, decoded, harmless_path, is_noise, is_student_id

CAPS = Caps(50_000, 6)
PIECES = [
    "..",
    ".",
    "/",
    "\\",
    "kim",
    "n411",
    ".ipynb",
    "_1_2_",
    "_assignsubmission_file_",
    "+",
    "C:",
    "\0",
    "\u202e",
    "한",
    "é",
    " ",
    "CON",
    "a" * 90,
    "~",
    "*",
    "LATE",
    "2026-01-01 ",
]
names = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=8).map("".join)


def is_below(path: PurePosixPath) -> bool:
    return not path.is_absolute() and os.path.normpath(path) == str(path) and ".." not in path.parts


def unseen(text: str) -> set[str]:
    return {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {
        "\N{ZERO WIDTH JOINER}",
        "\N{ZERO WIDTH NON-JOINER}",
    }


@given(names)
def test_a_harmless_path_leads_nowhere_else_and_is_its_own_harmless_path(name):
    path = shown = None
    try:
        path = harmless_path(name)
    except Refused as error:
        shown = error.where
    if path is None:
        assert shown
        assert not unseen(shown) - {"\n", "\t"}
    else:
        assert is_below(path)
        assert not unseen(str(path))
        assert harmless_path(str(path)) == path


@given(st.binary(max_size=30))
def test_any_bytes_are_read_as_some_name(raw):
    assert isinstance(decoded(raw), str)


@given(names)
def test_a_students_name_is_one_folder_that_no_pattern_matches_twice(name):
    if is_student_id(name):
        assert len(PurePosixPath(name).parts) == 1
        assert is_below(PurePosixPath(name))
        assert not set(name) & set("*?[]/\\")


@given(names, st.booleans())
def test_anybody_called_anything_is_found_or_refused(name, listed):
    people = [Listed("s1", ("2026", "kim@uni.kr"), ("Kim",))] if listed else []
    try:
        found = ClassList(people).find(name)
    except Refused:
        return
    assert is_student_id(found)


@given(st.text(max_size=40))
def test_any_time_stamp_is_a_time_or_a_plain_error(text):
    try:
        assert parsed(text).tzinfo is timezone.utc
    except (ValueError, OverflowError):
        pass


@settings(deadline=None, max_examples=60)
@given(st.lists(names, max_size=6), st.lists(names, max_size=2))
def test_files_are_sorted_out_without_losing_any(paths, notebooks):
    rules = Rules("n411", tuple(notebooks), frozenset({"n432"}), ClassList())
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        zipped = made(folder, [(path, b"x") for path in paths])
        offered = stack.enter_context(archive.opened(zipped))
        sent, refused = sorted_out(offered.entries, rules)
        for one in sent:
            assert all(is_below(entry.path) for entry in one.entries)
            inner = without_wrapping(one.entries)
            into = Path(tempfile.mkdtemp(dir=folder), "files")
            into.mkdir()
            taken = take_notebooks(inner, into, Caps(1 << 20, 100), Expected(tuple(notebooks)))
            there = {p.relative_to(into).as_posix() for p in into.rglob("*") if p.is_file()}
            assert {file.path for file in taken.files} == there
            kept = [e for e in inner if not is_noise(e.path)]
            assert len(there) + len(taken.refused) == len(kept)
            assert len({path.casefold() for path in there}) == len(there)
        told = sum(len(one.entries) for one in sent) + len(refused)
        expected = [e for e in offered.entries if not is_noise(e.path)]
        assert told == len(expected)


@given(names)
def test_a_plain_stem_is_never_longer(name):
    assert len(plain_stem(name)) <= len(name)


# ── Archives ─────────────────────────────────────────────────────────────────────────


def made(folder: str, files: list[tuple[str, bytes]]) -> Path:
    path = Path(folder) / "made.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(zipped, "NameToInfo", {})  # twice the same name is meant
                zipped.writestr(zipfile.ZipInfo(name or "x"), content)
    return path


def check_taken(path: Path, into: Path) -> None:
    """What is taken of a zip is what it says it is, below its folder and the caps."""
    try:
        with archive.opened(path, most=50) as offered:
            assert all(is_below(entry.path) for entry in offered.entries)
            taken = take(offered.entries, into, CAPS)
    except Refused:
        taken = Taken(())
    there = {str(p.relative_to(into)) for p in into.rglob("*") if not p.is_dir()}
    assert there == {file.path for file in taken.files}
    assert len(taken.files) <= CAPS.files
    assert sum((into / name).stat().st_size for name in there) <= CAPS.bytes
    assert not any((into / name).is_symlink() for name in there)
    assert len(digest_of(taken.files)) == 64


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(names, st.binary(max_size=200) | st.just(b"\0" * 60_000)), max_size=8))
def test_any_files_in_a_zip_are_taken_within_the_caps(files):
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "into"
        into.mkdir()
        check_taken(made(folder, files), into)


def honest() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in ("kim/n411.ipynb", "kim/한글.csv", "lee/n411.ipynb"):
            zipped.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), name * 30)
    return buffer.getvalue()


HONEST = honest()
changes = st.lists(
    st.tuples(st.integers(0, len(HONEST) - 1), st.binary(min_size=1, max_size=4)), max_size=6
)


@settings(deadline=None, max_examples=200)
@given(changes, st.integers(0, len(HONEST)))
def test_a_zip_changed_anywhere_is_taken_or_refused(changed, end):
    data = bytearray(HONEST)
    for at, piece in changed:
        data[at : at + len(piece)] = piece
    with tempfile.TemporaryDirectory() as folder:
        path, into = Path(folder) / "changed.zip", Path(folder) / "into"
        path.write_bytes(data if end % 3 else data[:end])
        into.mkdir()
        check_taken(path, into)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_zip_or_refused(data):
    with tempfile.TemporaryDirectory() as folder:
        path, into = Path(folder) / "any.zip", Path(folder) / "into"
        path.write_bytes(b"PK\3\4" + data + b"PK\5\6" + data[:18].ljust(18, b"\0"))
        into.mkdir()
        check_taken(path, into)
