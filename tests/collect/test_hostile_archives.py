"""Archives made to do harm: what is refused is told, what is honest beside it is taken."""

from __future__ import annotations

import os
import resource
import stat
import zipfile
from pathlib import Path

import pytest

from autograder.errors import AutograderError
from autograder.steps.grading.collect import collect, submissions
from autograder.submissions.paths import Refused

from . import zips

NAME = "n411"


def students(found):
    return [one.student for one in found]


def left_out(report):
    return {(one.student, one.name): one.reason for one in report.left_out}


def written(course, tmp_path):
    """Every path outside the places where something may be written."""
    own = (course.root / "submitted", course.root / ".autograder", course.root / "source")
    return {
        path for path in tmp_path.rglob("*") if not any(path.is_relative_to(place) for place in own)
    }


ESCAPES = [
    "../escaped.txt",
    "kim/../../escaped.txt",
    "kim/..\\..\\escaped.txt",
    "/tmp/escaped.txt",
    "C:\\escaped.txt",
    "C:escaped.txt",
    "\\\\server\\share\\escaped.txt",
    "kim/./../../escaped.txt",
]


@pytest.mark.parametrize("name", ESCAPES)
def test_a_name_that_leads_out_of_the_folder_is_refused(course, tmp_path, name):
    path = zips.zipped(tmp_path / "class.zip", {"kim/n411.ipynb": "{}", name: "escaped"})
    before = written(course, tmp_path)
    report = collect(course, NAME, path)
    assert students(report.new) == ["kim"]
    (refused,) = report.unmatched + report.left_out
    assert refused.reason in (
        "its name leads out of the folder (..)",
        "its name is an absolute path",
    )
    assert written(course, tmp_path) == before
    assert not Path("/tmp/escaped.txt").exists()


@pytest.mark.parametrize("name", [*ESCAPES, "link"])
def test_a_students_own_zip_leads_nowhere_either(course, tmp_path, name):
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("n411.ipynb", "{}")
        info = zipfile.ZipInfo(name)
        if name == "link":
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    path = zips.zipped(tmp_path / "class.zip", {"kim_1_2_work.zip": inner.read_bytes()})
    before = written(course, tmp_path)
    report = collect(course, NAME, path)
    assert students(report.new) == ["kim"]
    assert [one.student for one in report.left_out] == ["kim"]
    assert written(course, tmp_path) == before
    (one,) = submissions(course, NAME)
    assert [p.name for p in one.path.rglob("*")] == ["n411.ipynb"]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (stat.S_IFLNK, "it is a link, not a file"),
        (stat.S_IFCHR, "it is no file but a device, socket or pipe"),
        (stat.S_IFIFO, "it is no file but a device, socket or pipe"),
        (stat.S_IFSOCK, "it is no file but a device, socket or pipe"),
    ],
)
def test_links_and_devices_in_a_zip_are_refused(course, tmp_path, mode, reason):
    path = zips.special(tmp_path / "class.zip", "kim/data.csv", mode | 0o777)
    report = collect(course, NAME, path)
    assert left_out(report) == {("kim", "kim/data.csv"): reason}
    (one,) = submissions(course, NAME)
    assert [p.name for p in one.path.rglob("*")] == ["n411.ipynb"]


def test_a_file_below_a_link_of_the_same_zip_does_not_follow_it(course, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        info = zipfile.ZipInfo("kim/out")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, str(outside))
        archive.writestr("kim/out/planted.txt", "x")
        archive.writestr("kim/n411.ipynb", "{}")
    collect(course, NAME, tmp_path / "class.zip")
    assert list(outside.iterdir()) == []


def test_links_pipes_and_devices_in_a_folder_are_refused(course, inbox, hand_in, tmp_path):
    secret = tmp_path / "hidden_tests.py"
    secret.write_text("the answer")
    hand_in("kim/n411.ipynb", "x")
    (inbox / "kim/answer.py").symlink_to(secret)
    (inbox / "kim/folder").symlink_to(course.source)
    os.mkfifo(inbox / "kim/pipe")
    report = collect(course, NAME, inbox)
    assert students(report.new) == ["kim"]
    assert left_out(report) == {
        ("kim", "kim/answer.py"): "it is a link, not a file",
        ("kim", "kim/folder"): "it is a link, not a file",
        ("kim", "kim/pipe"): "it is no file but a device, socket or pipe",
    }
    (one,) = submissions(course, NAME)
    assert [p.name for p in one.path.rglob("*")] == ["n411.ipynb"]


def test_a_link_put_into_submitted_is_never_graded(course, tmp_path, notebook):
    secret = tmp_path / "hidden_tests.py"
    secret.write_text("the answer")
    place = course.submitted / "kim" / NAME
    place.mkdir(parents=True)
    (place / "n411.ipynb").write_text(notebook("x"))
    (place / "answer.py").symlink_to(secret)
    (one,) = submissions(course, NAME)
    assert [p.name for p in one.path.rglob("*")] == ["n411.ipynb"]
    (left,) = collect(course, NAME).unchanged
    assert left.student == "kim"


@pytest.mark.parametrize("swapped", ["file", "folder"])
def test_what_is_swapped_for_a_link_after_looking_is_not_read_through(tmp_path, swapped):
    from autograder.submissions import folder

    root = tmp_path / "root"
    (root / "kim").mkdir(parents=True)
    (root / "kim" / "a.txt").write_text("own")
    (entry,) = folder.offered(root).entries
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text("secret")
    if swapped == "file":
        (root / "kim" / "a.txt").unlink()
        (root / "kim" / "a.txt").symlink_to(tmp_path / "other" / "a.txt")
    else:
        (root / "kim").rename(tmp_path / "away")
        (root / "kim").symlink_to(tmp_path / "other")
    with pytest.raises(Refused, match="cannot be read"):
        list(entry.chunks())


def test_a_bomb_is_stopped_at_the_cap_and_the_notebook_taken(small, tmp_path):
    files = {"kim/n411.ipynb": "{}", "kim/zeros.bin": b"\0" * (3 << 20)}
    report = collect(small, NAME, zips.zipped(tmp_path / "class.zip", files))
    assert left_out(report) == {("kim", "zeros.bin"): "with it the submission has more than 1 MB"}
    (one,) = submissions(small, NAME)
    assert [p.name for p in one.path.iterdir()] == ["n411.ipynb"]


def test_a_bomb_below_the_cap_is_stopped_by_its_ratio(course, tmp_path):
    files = {"kim/n411.ipynb": "{}", "kim/zeros.bin": b"\0" * (40 << 20)}
    report = collect(course, NAME, zips.zipped(tmp_path / "class.zip", files))
    assert left_out(report) == {("kim", "zeros.bin"): "it unpacks to more than 250 times its size"}


def test_a_large_honest_file_passes(course, tmp_path):
    content = os.urandom(20 << 20)
    path = zips.zipped(tmp_path / "class.zip", {"kim/n411.ipynb": "{}", "kim/weights.bin": content})
    report = collect(course, NAME, path)
    assert report.left_out == ()
    (one,) = submissions(course, NAME)
    assert (one.path / "weights.bin").read_bytes() == content


def test_a_bomb_of_entries_that_overlap_is_stopped(course, tmp_path):
    path = zips.overlapping(tmp_path / "class.zip", 100, 10 << 20)
    assert path.stat().st_size < 100_000
    collect(course, NAME, path)
    sizes = [p.stat().st_size for p in course.root.rglob("*") if p.is_file()]
    assert sum(sizes) < 65 << 20


def test_a_size_that_lies_is_not_believed(small, tmp_path):
    path = zips.lying_about_size(tmp_path / "class.zip", "kim/n411.ipynb", b"x" * 70_001, 10)
    report = collect(small, NAME, path)
    assert report.matched == 0
    assert "damaged" in report.unmatched[0].reason


def test_a_zip_of_zips_is_unpacked_once_only(course, tmp_path):
    innermost = zips.zipped_bytes({"n411.ipynb": "{}"})
    inner = zips.zipped_bytes({"deeper.zip": innermost})
    path = zips.zipped(tmp_path / "class.zip", {"kim.zip": inner})
    (handed,) = collect(course, NAME, path).new
    assert handed.notes == ("there is no notebook in it",)
    (one,) = submissions(course, NAME)
    assert [p.name for p in one.path.iterdir()] == ["deeper.zip"]


def test_a_zip_that_holds_itself_ends(course, tmp_path):
    inner = zips.zipped_bytes({"kim.zip": b"PK\3\4"})
    collect(course, NAME, zips.zipped(tmp_path / "class.zip", {"kim.zip": inner}))


def test_too_many_files_are_left_out_after_the_notebook(small, tmp_path):
    files = {f"kim/{n}.txt": str(n) for n in range(9)} | {"kim/z/n411.ipynb": "{}"}
    report = collect(small, NAME, zips.zipped(tmp_path / "class.zip", files))
    (one,) = submissions(small, NAME)
    kept = [p for p in one.path.rglob("*") if p.is_file()]
    assert len(kept) == 5
    assert one.path / "n411.ipynb" in kept
    assert len(report.left_out) == 5
    assert "5 files" in report.left_out[0].reason


def test_a_students_zip_with_a_million_entries_is_refused_before_they_take_memory(course, tmp_path):
    inner = zips.with_names(tmp_path / "inner.zip", {b"%d" % n: b"" for n in range(50_000)})
    path = zips.zipped(tmp_path / "class.zip", {"kim.zip": inner.read_bytes(), "lee.ipynb": "{}"})
    report = collect(course, NAME, path)
    assert students(report.new) == ["lee"]
    assert "more than 4000 entries" in report.unmatched[0].reason


def test_too_deep_and_too_long_names_are_refused(course, tmp_path):
    deep, long = "kim/" + "a/" * 30 + "x.txt", "kim/" + "가" * 90 + ".txt"
    path = zips.zipped(tmp_path / "class.zip", {"kim/n411.ipynb": "{}", deep: "", long: ""})
    report = collect(course, NAME, path)
    assert students(report.new) == ["kim"]
    assert sorted(one.reason for one in report.left_out) == [
        "it lies 32 folders deep, 12 are taken",
        "its name has 274 bytes, 200 are taken",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "CON.txt",
        "aux",
        "nul.ipynb",
        "COM1.csv",
        "a:stream.txt",
        "trailing.",
        "space ",
        "a\x00b.txt",
        "bell\x07.txt",
        "\u202egnp.exe",
        "line\nbreak.txt",
        "\x1b[31mred.txt",
        "zero\u200bwidth.txt",
    ],
)
def test_odd_and_reserved_names_are_refused_and_shown_harmlessly(course, tmp_path, name):
    path = zips.with_names(
        tmp_path / "class.zip",
        {b"kim/n411.ipynb": b"{}", b"kim/" + name.encode(): b"x"},
        utf8_flag=True,
    )
    report = collect(course, NAME, path)
    assert students(report.new) == ["kim"]
    (left,) = report.left_out
    assert not set(left.name) & set("\x00\x07\x1b\u202e\u200b")
    (one,) = submissions(course, NAME)
    assert [p.name for p in one.path.iterdir()] == ["n411.ipynb"]


def test_files_whose_names_differ_only_in_case_are_taken_once_but_every_notebook(course, tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr("kim/n411.ipynb", "{}")
        archive.writestr("kim/Data.csv", "first")
        archive.writestr("kim/data.csv", "second")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("kim/n411.ipynb", "other")
        archive.writestr("kim/a", "a file")
        archive.writestr("kim/a/b", "below it")
    report = collect(course, NAME, tmp_path / "class.zip")
    assert left_out(report) == {
        ("kim", "data.csv"): "its name differs from Data.csv only in upper and lower case",
        ("kim", "a/b"): "a is a file or folder of another spelling",
    }
    (one,) = submissions(course, NAME)
    assert (one.path / "n411.ipynb").read_text() == "{}"


def test_a_file_of_the_name_of_a_folder_that_came_first_is_refused(course, tmp_path):
    path = zips.zipped(
        tmp_path / "class.zip", {"kim/a/n411.ipynb": "{}", "kim/a": "x", "kim/b": ""}
    )
    report = collect(course, NAME, path)
    assert students(report.new) == ["kim"]
    assert [one.name for one in report.left_out] == ["a"]


def test_encrypted_entries_and_unusual_packings_are_refused_with_a_way_out(course, tmp_path):
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("kim/n411.ipynb", "{}")
        archive.writestr("kim/packed.txt", "x" * 100, compress_type=zipfile.ZIP_BZIP2)
        archive.writestr("kim/locked.txt", "x")
    data = bytearray(path.read_bytes())
    data[data.rindex(b"kim/locked.txt") - 38] |= 1
    path.write_bytes(data)
    report = collect(course, NAME, path)
    assert left_out(report) == {
        ("kim", "kim/packed.txt"): "it is packed by method 12, only plain zips are read",
        ("kim", "kim/locked.txt"): "it is encrypted",
    }


def test_a_flipped_byte_costs_only_the_file_it_is_in(course, tmp_path):
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("kim/n411.ipynb", "{}")
        archive.writestr("kim/data.txt", "0123456789")
    path.write_bytes(path.read_bytes().replace(b"0123456789", b"0123456780"))
    report = collect(course, NAME, path)
    assert students(report.new) == ["kim"]
    assert "damaged" in left_out(report)["kim", "data.txt"]


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\5\6" + b"\0" * 18, b"not a zip" * 100])
def test_one_students_broken_zip_keeps_nobody_else_out(course, inbox, hand_in, content):
    (inbox / "kim.zip").write_bytes(content)
    hand_in("lee.ipynb", "x")
    report = collect(course, NAME, inbox)
    assert students(report.new) == ["lee"]
    assert [one.name for one in report.unmatched] == ["kim"]


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", b"Rar!\x1a\x07\x00"])
def test_a_class_zip_that_is_none_is_an_error_with_a_way_out(course, tmp_path, content):
    path = tmp_path / "class.zip"
    path.write_bytes(content)
    with pytest.raises(AutograderError) as caught:
        collect(course, NAME, path)
    assert caught.value.way_out


def test_start_up_files_and_litter_of_systems_are_no_part_of_a_submission(course, tmp_path):
    litter = [
        "__MACOSX/kim/._n411.ipynb",
        "kim/.DS_Store",
        "kim/Thumbs.db",
        "kim/._n411.ipynb",
        "kim/.ipynb_checkpoints/n411-checkpoint.ipynb",
        "kim/__pycache__/a.pyc",
    ]
    files = dict.fromkeys(litter, "x") | {"kim/n411.ipynb": "{}"}
    report = collect(course, NAME, zips.zipped(tmp_path / "class.zip", files))
    assert (students(report.new), report.unmatched, report.left_out) == (["kim"], (), ())
    (one,) = submissions(course, NAME)
    assert [p.name for p in one.path.rglob("*")] == ["n411.ipynb"]


@pytest.mark.parametrize("name", ["*", "..", ".hidden", "-rf", "a b?", "NUL", "x" * 150])
def test_a_student_called_like_a_pattern_or_an_option_is_refused(course, tmp_path, name):
    path = zips.zipped(tmp_path / "c.zip", {f"{name}/n411.ipynb": "{}", "kim/n411.ipynb": "{}"})
    report = collect(course, NAME, path)
    assert students(report.new) == ["kim"]
    assert len(report.unmatched) == 1


def test_a_pattern_of_the_courses_own_cannot_be_led_out_of_the_folder(course, tmp_path):
    from autograder.config import Course
    from autograder.config.settings import SubmissionSettings

    pattern = r"(?P<student>[a-z]+)(?P<file>\W.+?)_end"
    course = Course(course.root, submissions=SubmissionSettings(pattern=pattern))
    names = {"kim.._end": "{}", "lee/etc/passwd_end": "{}", "park-n411.ipynb_end": "{}"}
    before = written(course, tmp_path)
    report = collect(course, NAME, zips.zipped(tmp_path / "class.zip", names))
    assert students(report.new) == ["park"]
    assert written(course, tmp_path) - {tmp_path / "class.zip"} == before


def test_a_notebook_nested_a_hundred_thousand_deep_is_kept_and_has_no_release(
    course, hand_in, inbox
):
    hand_in("kim/n411.ipynb").write_text("[" * 100_000)
    hand_in("lee/n411.ipynb").write_text('{"metadata": {"autograder": {"release": "x"}}}')
    hand_in("park/n411.ipynb").write_text('{"metadata": 3}')
    collect(course, NAME, inbox)
    assert [one.release for one in submissions(course, NAME)] == [0, 0, 0]


def test_a_full_disk_leaves_nothing_half_written(course, inbox, hand_in, monkeypatch):
    hand_in("kim/n411.ipynb", "first")
    collect(course, NAME, inbox)
    hand_in("kim/n411.ipynb", "x" * 500_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            collect(course, NAME, inbox)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    (one,) = submissions(course, NAME)
    assert "first" in (one.path / "n411.ipynb").read_text()
    assert not list(course.state.glob("submissions/*/.incoming/*"))
