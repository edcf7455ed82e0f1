"""Names as an LMS, a browser, Windows and macOS write them."""

from __future__ import annotations

import os
import struct
import unicodedata
import zipfile
import zlib
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from autograder.config import Course
from autograder.config.settings import CourseSettings, SubmissionSettings
from autograder.errors import ConfigError
from autograder.steps.grading.collect import collect, submissions
from autograder.submissions import archive, folder
from autograder.submissions.paths import decoded

from . import zips

NAME = "n411"


def students(found):
    return [one.student for one in found]


# ── LMS ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("doejane_12345_67890_n411.ipynb", "doejane"),
        ("doejane_LATE_12345_67890_n411.ipynb", "doejane"),
        ("doejane_12345_67890_n411-1.ipynb", "doejane"),
        ("김철수_12345_67890_my work (2).ipynb", "김철수"),
        ("Jane Doe_12345_assignsubmission_file_/n411.ipynb", "Jane Doe"),
        ("Jane Doe_12345_assignsubmission_file/n411.ipynb", "Jane Doe"),
        ("Jane Doe_12345_assignsubmission_file_n411.ipynb", "Jane Doe"),
        ("김 철수_12345_assignsubmission_file_/sub/n411.ipynb", "김 철수"),
        ("참가자_12345_assignsubmission_file_/n411.ipynb", "참가자"),
        ("submissions/doejane_12345_67890_n411.ipynb", "doejane"),
    ],
)
def test_canvas_and_moodle_say_who_sent_what(course, tmp_path, name, student):
    path = zips.zipped(tmp_path / "submissions.zip", {name: "{}"})
    assert students(collect(course, NAME, path).new) == [student]
    (one,) = submissions(course, NAME)
    assert [p.name for p in one.path.rglob("*.ipynb")] == ["n411.ipynb"]


def test_several_files_of_one_student_are_one_submission(course, tmp_path):
    files = {
        "doejane_1_11_n411.ipynb": "{}",
        "doejane_1_12_data.csv": "1",
        "kim_2_13_n411.ipynb": "{}",
        "Lee_3_assignsubmission_file_/n411.ipynb": "{}",
        "Lee_3_assignsubmission_onlinetext_/onlinetext.html": "hello",
    }
    report = collect(course, NAME, zips.zipped(tmp_path / "s.zip", files))
    assert {one.student: one.files for one in report.new} == {"Lee": 2, "doejane": 2, "kim": 1}


def test_lateness_that_canvas_tells_is_passed_on(course, tmp_path):
    path = zips.zipped(tmp_path / "s.zip", {"doejane_LATE_1_2_n411.ipynb": "{}"})
    (handed,) = collect(course, NAME, path).new
    assert handed.notes == ("Canvas marks it as late",)


def test_two_people_of_one_name_in_canvas_are_never_taken_for_one(course, tmp_path):
    both = {"doejane_1_11_n411.ipynb": "{}", "doejane_2_12_n411.ipynb": "[]"}
    report = collect(course, NAME, zips.zipped(tmp_path / "both.zip", both))
    assert (report.matched, len(report.unmatched)) == (0, 2)
    first = {"doejane_1_11_n411.ipynb": "{}"}
    assert collect(course, NAME, zips.zipped(tmp_path / "1.zip", first)).matched == 1
    second = {"doejane_2_12_n411.ipynb": "[]"}
    report = collect(course, NAME, zips.zipped(tmp_path / "2.zip", second))
    assert report.matched == 0
    assert report.unmatched[0].reason == (
        "it comes from Canvas 2, an earlier one of this name from Canvas 1"
    )


def test_the_roster_is_asked_by_the_names_that_an_lms_writes(course, klass, tmp_path):
    files = {
        "doejaneq_1_11_n411.ipynb": "{}",  # Canvas: sortable name, letters only
        "김철수_2_12_n411.ipynb": "{}",
        "이 영희_3_assignsubmission_file_/n411.ipynb": "{}",
        "박지민_4_13_n411.ipynb": "{}",
    }
    report = collect(course, NAME, zips.zipped(tmp_path / "s.zip", files))
    assert set(students(report.new)) == {klass.doe, klass.kim, klass.lee}
    assert [one.reason for one in report.unmatched] == ["it could be 2 people of the roster"]


def test_a_pattern_of_the_courses_own_comes_first(course, tmp_path):
    pattern = r"HW-(?P<student>\d{8})-[^-]+-(?P<file>.+)"
    course = Course(course.root, submissions=SubmissionSettings(pattern=pattern))
    path = zips.zipped(
        tmp_path / "s.zip", {"HW-20260001-김철수-n411.ipynb": "{}", "x_1_2_n411.ipynb": "{}"}
    )
    assert students(collect(course, NAME, path).new) == ["20260001", "x"]


@pytest.mark.parametrize("pattern", ["(", r"(?P<who>\d+)"])
def test_a_pattern_that_is_none_is_said_before_anything_is_taken(course, tmp_path, pattern):
    course = Course(course.root, submissions=SubmissionSettings(pattern=pattern))
    path = zips.zipped(tmp_path / "s.zip", {"kim/n411.ipynb": "{}"})
    with pytest.raises(ConfigError, match=r"Submissions\.pattern"):
        collect(course, NAME, path)
    assert not course.submitted.exists()


# ── Encodings ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("김철수".encode("cp949"), "김철수"),
        ("홍".encode("cp949"), "홍"),  # also valid UTF-8, but only this way Korean
        ("홍길동".encode("cp949"), "홍길동"),
        ("뷁".encode("cp949"), "뷁"),  # not in EUC-KR
        ("é".encode(), "é"),  # as bytes of CP949 it is 챕
        ("Köhler-Ångström".encode(), "Köhler-Ångström"),
        ("Dvořák".encode(), "Dvořák"),
        ("étude".encode("cp437"), "étude"),
        ("김철수".encode(), "김철수"),  # UTF-8 without the flag, as macOS zips it
        (unicodedata.normalize("NFD", "김철수").encode(), unicodedata.normalize("NFD", "김철수")),
        ("José".encode("cp437"), "José"),
        (unicodedata.normalize("NFD", "José").encode(), unicodedata.normalize("NFD", "José")),
        (b"kim", "kim"),
    ],
)
def test_a_name_without_the_utf8_flag_is_read_as_what_it_most_likely_is(raw, text):
    assert decoded(raw) == text


@pytest.mark.parametrize(
    ("encoding", "form"), [("cp949", "NFC"), ("utf-8", "NFC"), ("utf-8", "NFD")]
)
def test_korean_folders_in_a_zip_without_the_flag_are_one_student_each(
    course, tmp_path, encoding, form
):
    raw = unicodedata.normalize(form, "홍길동").encode(encoding)
    path = zips.with_names(tmp_path / "s.zip", {raw + b"/n411.ipynb": b"{}"})
    assert students(collect(course, NAME, path).new) == ["홍길동"]


def test_the_unicode_path_of_info_zip_comes_first(course, tmp_path):
    raw, name = b"h_ngd/n411.ipynb", "홍길동/n411.ipynb"
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        info = zipfile.ZipInfo(raw.decode())
        data = b"\1" + struct.pack("<I", zlib.crc32(raw)) + name.encode()
        info.extra = struct.pack("<HH", 0x7075, len(data)) + data
        archive.writestr(info, "{}")
    assert students(collect(course, NAME, tmp_path / "s.zip").new) == ["홍길동"]


def test_a_folder_unpacked_without_its_encoding_is_read_too(course, inbox):
    folder = inbox / os.fsdecode("홍길동".encode("cp949"))
    folder.mkdir()
    (folder / "n411.ipynb").write_text("{}")
    assert students(collect(course, NAME, inbox).new) == ["홍길동"]


# ── Dates ────────────────────────────────────────────────────────────────────────────


def test_dates_in_a_zip_are_in_the_courses_zone_unless_they_say_more(course, tmp_path):
    course = Course(course.root, CourseSettings(timezone="Asia/Seoul"))
    moment = datetime(2026, 3, 1, 10, 0, tzinfo=ZoneInfo("Asia/Seoul"))
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("kim/n411.ipynb", moment.timetuple()[:6]), "{}")
        info = zipfile.ZipInfo("lee/n411.ipynb", (1999, 1, 1, 0, 0, 0))
        info.extra = struct.pack("<HHBi", 0x5455, 5, 1, int(moment.timestamp()))
        archive.writestr(info, "{}")
    collect(course, NAME, tmp_path / "s.zip")
    received = {one.student: one.received for one in submissions(course, NAME)}
    assert received == dict.fromkeys(["kim", "lee"], "2026-03-01T01:00:00+00:00")


def test_no_submission_comes_from_the_future_and_none_from_1980(course, tmp_path):
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("kim/n411.ipynb", (2099, 1, 1, 0, 0, 0)), "{}")
        archive.writestr(zipfile.ZipInfo("lee/n411.ipynb"), "{}")
    before = datetime.now(timezone.utc)
    collect(course, NAME, tmp_path / "s.zip")
    for one in submissions(course, NAME):
        assert before <= datetime.fromisoformat(one.received) <= datetime.now(timezone.utc)


@pytest.mark.parametrize("name", ["é", "ö", "ä", "ĥ", "Åsa", "Ängström"])
def test_a_folder_on_this_machine_is_called_what_it_is_called(inbox, name):
    """Bytes that would also be Korean in CP949: 챕, 철, 채, 칠."""
    (inbox / name).mkdir()
    (inbox / name / "n.ipynb").write_bytes(b"{}")
    (entry,) = folder.offered(inbox).entries
    assert entry.path.parts[0] == name


@pytest.mark.parametrize(("system", "name"), [(3, "ö"), (0, "철")])
def test_a_name_that_could_be_either_is_read_as_on_the_system_that_wrote_it(tmp_path, system, name):
    raw = b"\xc3\xb6"  # ö in UTF-8, 철 in CP949
    assert raw in ("ö".encode(), "철".encode("cp949"))
    with archive.opened(written(tmp_path, [raw], system)) as found:
        assert [entry.path.name for entry in found.entries] == [f"{name}.ipynb"]


def test_one_name_that_is_no_utf8_tells_how_all_of_a_zip_are_written(tmp_path):
    raw = ["철".encode("cp949"), "김철수".encode("cp949")]
    with archive.opened(written(tmp_path, raw, 3)) as found:
        assert {entry.path.stem for entry in found.entries} == {"철", "김철수"}


def written(tmp_path, names, system):
    """A zip whose entries have these names as bytes, without a word on their encoding."""
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as made:
        for place, raw in enumerate(names):
            info = zipfile.ZipInfo(f"{place}" + "x" * (len(raw) - 1) + ".ipynb")
            info.create_system = system
            made.writestr(info, b"{}")
    data = path.read_bytes()
    for place, raw in enumerate(names):
        data = data.replace(
            (f"{place}" + "x" * (len(raw) - 1)).encode() + b".ipynb", raw + b".ipynb"
        )
    path.write_bytes(data)
    return path
