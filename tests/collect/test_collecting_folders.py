"""Folders of submissions, and what nbgrader put into submitted/ itself."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import unicodedata
from datetime import datetime, timezone

import pytest
from nbgrader.utils import parse_utc

from autograder.errors import NotFound
from autograder.gradebook.portal import served_releases
from autograder.notebook.release.release_record import release_token
from autograder.steps.grading.collect import collect, put_forward, submissions
from autograder.submissions import folder
from autograder.submissions.store import SubmissionStore

NAME = "n411"


def students(found):
    return [one.student for one in found]


def reasons(report):
    return {one.name: one.reason for one in report.unmatched}


def text_of(course, student, file=f"{NAME}.ipynb"):
    return (course.submitted / student / NAME / file).read_text(encoding="utf-8")


def test_one_folder_per_student_becomes_nbgraders_layout_with_a_time_stamp(course, inbox, hand_in):
    file = hand_in("kim/n411.ipynb", "x = 1")
    hand_in("kim/data/points.csv", "1,2")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    os.utime(inbox / "kim/data/points.csv", (1_700_000_000, 1_700_000_000))
    report = collect(course, NAME, inbox)
    assert students(report.new) == ["kim"]
    assert text_of(course, "kim", "data/points.csv") == "1,2"
    stamp = parse_utc(text_of(course, "kim", "timestamp.txt").strip())
    assert stamp == datetime(2023, 11, 14, 22, 13, 20)


def test_a_second_run_changes_nothing(course, inbox, hand_in, everything):
    hand_in("kim/n411.ipynb", "x = 1")
    hand_in("lee.ipynb", "x = 2")
    collect(course, NAME, inbox)
    submissions(course, NAME)
    before = everything()
    report = collect(course, NAME, inbox)
    submissions(course, NAME)
    collect(course, NAME)
    assert students(report.unchanged) == ["kim", "lee"]
    assert report.new == report.updated == ()
    assert everything() == before


def test_every_submission_ever_made_is_kept_and_the_last_one_lies_in_submitted(
    course, inbox, hand_in
):
    hand_in("kim/n411.ipynb", "first")
    collect(course, NAME, inbox)
    (first,) = submissions(course, NAME)
    hand_in("kim/n411.ipynb", "second")
    report = collect(course, NAME, inbox)
    (second,) = submissions(course, NAME)
    assert students(report.updated) == ["kim"]
    assert first.id < second.id
    assert first.sha256 != second.sha256
    assert "first" in (first.path / "n411.ipynb").read_text()
    assert "second" in (second.path / "n411.ipynb").read_text()
    assert "second" in text_of(course, "kim")


def test_a_manifest_says_what_came_when_and_from_where(course, inbox, hand_in, notebook):
    facts = {"assignment": NAME, "notebook": NAME, "release": 7}
    facts["token"] = release_token(course.key, facts)
    hand_in("kim/n411.ipynb").write_text(notebook("x", **facts))
    collect(course, NAME, inbox)
    (one,) = submissions(course, NAME)
    manifest = json.loads((one.path.parent / "manifest.json").read_text())
    assert manifest["format"] == 1
    assert manifest["id"] == one.id == one.path.parent.name
    assert manifest["release"] == one.release == 7
    assert manifest["arrival"]["origin"] == "folder"
    assert [file["path"] for file in manifest["files"]] == ["n411.ipynb"]
    assert datetime.fromisoformat(one.received).tzinfo == timezone.utc


def test_a_claimed_release_counts_for_nothing(course, inbox, hand_in, notebook):
    facts = {"assignment": NAME, "notebook": NAME, "release": 7, "language": "ko"}
    hand_in("kim/n411.ipynb").write_text(notebook("x", **facts, token="0" * 32))
    collect(course, NAME, inbox)
    (one,) = submissions(course, NAME)
    assert (one.release, one.language) == (0, "ko")


def test_an_older_release_counts_only_for_whom_it_was_served(course, inbox, hand_in, notebook):
    facts = {"assignment": NAME, "notebook": NAME, "release": 7}
    facts["token"] = release_token(course.key, facts)
    for student in ("kim", "lee", "doe"):
        hand_in(f"{student}/n411.ipynb").write_text(notebook(student, **facts))
    collect(course, NAME, inbox)
    for number in (8, 9, 8):
        served_releases.note(course, NAME, "kim", number)
    for number in (7, 8):
        served_releases.note(course, NAME, "lee", number)
    found = {one.student: one.release for one in submissions(course, NAME)}
    assert found == {"kim": 0, "lee": 7, "doe": 7}, "doe was served none by the portal"
    assert served_releases.oldest(course, NAME) == {"kim": 8, "lee": 7}


def test_a_release_kept_before_tokens_counts_as_todays(course, inbox, hand_in):
    hand_in("kim/n411.ipynb", "x")
    collect(course, NAME, inbox)
    (one,) = submissions(course, NAME)
    path = one.path.parent / "manifest.json"
    record = json.loads(path.read_text())
    del record["issued"]
    path.chmod(0o600)
    path.write_text(json.dumps({**record, "release": 7}))
    (again,) = submissions(course, NAME)
    assert (again.id, again.release) == (one.id, 0)


def test_the_digest_is_that_of_what_sha256sum_prints(course, inbox, hand_in):
    hand_in("kim/n411.ipynb", "x")
    hand_in("kim/b.txt", "y")
    hand_in("kim/a/c.txt", "z")
    collect(course, NAME, inbox)
    (one,) = submissions(course, NAME)
    names = ["a/c.txt", "b.txt", "n411.ipynb"]
    printed = subprocess.run(["sha256sum", *names], cwd=one.path, capture_output=True, check=True)
    assert hashlib.sha256(printed.stdout).hexdigest() == one.sha256


def test_kept_files_cannot_be_written(course, inbox, hand_in):
    hand_in("kim/n411.ipynb", "x")
    collect(course, NAME, inbox)
    (one,) = submissions(course, NAME)
    modes = {p.stat().st_mode & 0o777 for p in one.path.parent.rglob("*") if p.is_file()}
    assert modes == {0o400}
    assert course.state.stat().st_mode & 0o077 == 0


def test_an_old_folder_collected_again_does_not_come_before_newer_work(course, inbox, hand_in):
    old = hand_in("kim/n411.ipynb", "old")
    os.utime(old, (1_700_000_000, 1_700_000_000))
    shutil.copytree(inbox, inbox.parent / "monday")
    collect(course, NAME, inbox.parent / "monday")
    hand_in("kim/n411.ipynb", "new")
    collect(course, NAME, inbox)
    report = collect(course, NAME, inbox.parent / "monday")
    assert students(report.unchanged) == ["kim"]
    assert "new" in text_of(course, "kim")


def test_going_back_to_earlier_work_is_another_submission(course, inbox, hand_in):
    for at, text in ((1_700_000_000, "one"), (1_700_000_100, "two"), (1_700_000_200, "one")):
        os.utime(hand_in("kim/n411.ipynb", text), (at, at))
        collect(course, NAME, inbox)
    assert "one" in text_of(course, "kim")
    assert len(SubmissionStore(course.state, course.submitted, NAME).all_of("kim")) == 3


def test_what_nbgrader_collected_is_registered_with_its_own_time(course, notebook):
    place = course.submitted / "kim" / NAME
    place.mkdir(parents=True)
    (place / "n411.ipynb").write_text(notebook("x"))
    (place / "timestamp.txt").write_text("2026-03-01 10:00:00.5 Asia/Seoul")
    report = collect(course, NAME)
    (one,) = submissions(course, NAME)
    assert students(report.new) == ["kim"]
    assert one.received == "2026-03-01T01:00:00.500000+00:00"
    assert not (one.path / "timestamp.txt").exists()


def test_a_mended_time_stamp_makes_another_submission(course, notebook):
    place = course.submitted / "kim" / NAME
    place.mkdir(parents=True)
    (place / "n411.ipynb").write_text(notebook("x"))
    (place / "timestamp.txt").write_text("2026-03-01 10:00:00 UTC")
    (late,) = submissions(course, NAME)
    (place / "timestamp.txt").write_text("2026-02-01 10:00:00 UTC")
    (forgiven,) = submissions(course, NAME)
    assert forgiven.received == "2026-02-01T10:00:00+00:00"
    assert forgiven.id != late.id
    assert forgiven.sha256 == late.sha256


def test_a_folder_copied_into_submitted_by_hand_is_a_new_submission(course, inbox, hand_in):
    hand_in("kim/n411.ipynb", "collected")
    collect(course, NAME, inbox)
    (course.submitted / "kim" / NAME / "n411.ipynb").write_text("by hand")
    (one,) = submissions(course, NAME)
    assert (one.path / "n411.ipynb").read_text() == "by hand"
    assert submissions(course, NAME) == (one,)


def test_work_put_there_by_hand_is_kept_before_a_collection_takes_its_place(course, inbox, hand_in):
    place = course.submitted / "kim" / NAME
    place.mkdir(parents=True)
    (place / "n411.ipynb").write_text("by hand")
    hand_in("kim/n411.ipynb", "collected")
    collect(course, NAME, inbox)
    kept = SubmissionStore(course.state, course.submitted, NAME).all_of("kim")
    assert [one.arrival.origin for one in kept] == ["submitted", "folder"]
    assert "collected" in text_of(course, "kim")


def test_unchanged_folders_are_not_read_again(course, inbox, hand_in, monkeypatch):
    for number in range(5):
        hand_in(f"s{number}/n411.ipynb", str(number))
    collect(course, NAME, inbox)
    monkeypatch.setattr(folder, "_chunks", lambda *_: pytest.fail("a file was read"))
    assert len(submissions(course, NAME)) == 5


def test_what_was_taken_out_of_submitted_is_not_graded_but_still_kept(course, inbox, hand_in):
    hand_in("kim/n411.ipynb", "x")
    collect(course, NAME, inbox)
    shutil.rmtree(course.submitted / "kim")
    assert submissions(course, NAME) == ()
    report = collect(course, NAME, inbox)
    assert students(report.unchanged) == ["kim"]
    assert len(submissions(course, NAME)) == 1


def test_an_earlier_submission_can_be_put_forward_and_stays_there(course, inbox, hand_in):
    hand_in("kim/n411.ipynb", "best")
    collect(course, NAME, inbox)
    (best,) = submissions(course, NAME)
    hand_in("kim/n411.ipynb", "last")
    collect(course, NAME, inbox)
    (last,) = submissions(course, NAME)
    assert (
        put_forward(course, NAME, "kim", best.id, graded=best.id) is None
    )  # the last is not graded
    assert submissions(course, NAME) == (last,)
    assert put_forward(course, NAME, "kim", best.id, graded=last.id) == best
    assert submissions(course, NAME) == (best,)
    collect(course, NAME, inbox)
    assert submissions(course, NAME) == (best,)
    with pytest.raises(NotFound):
        put_forward(course, NAME, "kim", "../../x", graded=last.id)


def test_nbgraders_layout_gives_only_this_assignment_and_its_time_stamps(course, inbox, hand_in):
    hand_in("kim/n411/n411.ipynb", "right")
    hand_in("kim/n411/timestamp.txt", "2026-03-01 10:00:00 UTC")
    hand_in("kim/n432/n432.ipynb", "another assignment")
    hand_in("lee/n432/n432.ipynb", "another assignment")
    report = collect(course, NAME, inbox)
    assert students(report.new) == ["kim"]
    assert reasons(report) == {"lee": "there is nothing for n411 in the folder"}
    (one,) = submissions(course, NAME)
    assert one.received == "2026-03-01T10:00:00+00:00"
    assert [p.name for p in one.path.iterdir()] == ["n411.ipynb"]


def test_earlier_work_by_nbgraders_clock_is_kept_and_is_not_the_last(course, inbox, hand_in):
    hand_in("kim/n411/n411.ipynb", "later")
    hand_in("kim/n411/timestamp.txt", "2026-03-02 10:00:00 UTC")
    collect(course, NAME, inbox)
    hand_in("kim/n411/n411.ipynb", "earlier")
    hand_in("kim/n411/timestamp.txt", "2026-03-01 10:00:00 UTC")
    (handed,) = collect(course, NAME, inbox).updated
    assert handed.notes == ("it was handed in before what was there already",)
    assert "later" in text_of(course, "kim")
    assert students(collect(course, NAME, inbox).unchanged) == ["kim"]
    assert len(SubmissionStore(course.state, course.submitted, NAME).all_of("kim")) == 2


def test_the_exchanges_inbound_folder_is_understood(course, inbox, hand_in):
    hand_in("kim+n411+2026-03-01 10:00:00.000000 UTC+x1/n411.ipynb", "x")
    hand_in("kim+n411+2026-03-01 10:00:00.000000 UTC+x1/timestamp.txt", "1999-01-01 00:00:00 UTC")
    hand_in("lee+n432+2026-03-01 10:00:00.000000 UTC+x2/n432.ipynb", "x")
    report = collect(course, NAME, inbox)
    assert students(report.new) == ["kim"]
    (one,) = submissions(course, NAME)
    assert one.received == "2026-03-01T10:00:00+00:00"


def test_a_students_own_timestamp_file_sets_no_clock(course, inbox, hand_in):
    hand_in("kim/n411.ipynb", "x")
    hand_in("kim/timestamp.txt", "2001-01-01 00:00:00 UTC")
    collect(course, NAME, inbox)
    (one,) = submissions(course, NAME)
    assert one.received > "2002"


@pytest.mark.parametrize(
    "name",
    [
        "n411 (1).ipynb",
        "n411-2.ipynb",
        "n411-Copy1.ipynb",
        "Copy of n411.ipynb",
        "n411의 사본.ipynb",
        "something else.ipynb",
    ],
)
def test_a_copys_name_is_mended_and_said(course, inbox, hand_in, name):
    hand_in(f"kim/{name}", "x")
    (handed,) = collect(course, NAME, inbox).new
    assert handed.notes == (f"{name} is taken for n411.ipynb",)
    assert "x" in text_of(course, "kim")


def test_of_several_copies_the_right_name_comes_first_and_else_the_latest(course, inbox, hand_in):
    hand_in("kim/n411.ipynb", "right")
    hand_in("kim/n411 (1).ipynb", "copy")
    hand_in("lee/n411 (2).ipynb", "two")
    hand_in("lee/n411 (10).ipynb", "ten")
    collect(course, NAME, inbox)
    assert "right" in text_of(course, "kim")
    assert "ten" in text_of(course, "lee")


@pytest.mark.parametrize("around", ["class", "n411", "a/b"])
def test_folders_around_the_whole_class_are_seen_through(course, inbox, hand_in, around):
    hand_in(f"{around}/kim/n411.ipynb", "x")
    hand_in(f"{around}/lee/n411.ipynb", "x")
    assert students(collect(course, NAME, inbox).new) == ["kim", "lee"]


@pytest.mark.parametrize(
    "name", ["n411_kim.ipynb", "kim_n411.ipynb", "kim.ipynb", "kim-n411 (1).ipynb"]
)
def test_a_flat_file_is_named_after_its_student(course, inbox, hand_in, name):
    file = hand_in(name, "x")
    assert students(collect(course, NAME, file).new) == ["kim"]


def test_a_notebook_that_names_nobody_is_reported_with_a_way_out(course, inbox, hand_in):
    hand_in("n411.ipynb", "whose?")
    hand_in("grades.csv", "")
    (inbox / "park").mkdir()
    report = collect(course, NAME, inbox)
    assert report.matched == 0
    assert reasons(report) == {
        "n411.ipynb": "its name tells no student",
        "grades.csv": "its name tells no student",
        "park": "the folder is empty",
    }
    assert "one folder per student" in report.unmatched[0].way_out


def test_two_spellings_of_one_korean_name_are_one_student(course, inbox, hand_in):
    hand_in(unicodedata.normalize("NFD", "김철수/데이터.csv"), "1")
    hand_in(unicodedata.normalize("NFC", "김철수/n411.ipynb"), "x")
    report = collect(course, NAME, inbox)
    assert students(report.new) == [unicodedata.normalize("NFC", "김철수")]
    (one,) = submissions(course, NAME)
    assert sorted(p.name for p in one.path.iterdir()) == ["n411.ipynb", "데이터.csv"]


def test_a_folder_under_a_decomposed_name_in_submitted_is_graded_once(course, notebook):
    place = course.submitted / unicodedata.normalize("NFD", "김철수") / NAME
    place.mkdir(parents=True)
    (place / "n411.ipynb").write_text(notebook("x"))
    (one,) = submissions(course, NAME)
    assert one.student == unicodedata.normalize("NFC", "김철수")
    assert submissions(course, NAME) == (one,)


def test_students_that_differ_only_in_case_are_refused_both(course, inbox, hand_in):
    hand_in("Kim/n411.ipynb", "x")
    hand_in("kim/n411.ipynb", "y")
    hand_in("lee/n411.ipynb", "z")
    report = collect(course, NAME, inbox)
    assert students(report.new) == ["lee"]
    assert set(reasons(report)) == {"Kim", "kim"}


def test_an_assignment_or_path_that_is_not_there_is_said(course, inbox):
    with pytest.raises(NotFound, match="n499"):
        collect(course, "n499", inbox)
    with pytest.raises(NotFound, match="nothing to collect"):
        collect(course, NAME, inbox / "nowhere")


def test_a_submission_without_a_notebook_is_kept_and_said(course, inbox, hand_in):
    hand_in("kim/answer.docx", "x")
    (handed,) = collect(course, NAME, inbox).new
    assert handed.notes == ("there is no notebook in it",)
    assert len(submissions(course, NAME)) == 1


# ── With a roster ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "said",
    [
        "20260001",
        "김철수",
        "김 철수",
        "cheolsu@uni.kr",
        "cheolsu",
        "20260001_김철수",
        "김철수(20260001)",
        unicodedata.normalize("NFD", "김철수"),
    ],
)
def test_the_roster_knows_a_student_by_number_name_and_address(course, klass, inbox, hand_in, said):
    hand_in(f"{said}/n411.ipynb", "x")
    report = collect(course, NAME, inbox)
    assert students(report.new) == [klass.kim]
    assert set(report.missing) == {klass.lee, klass.park1, klass.park2, klass.doe}


def test_nothing_outside_the_roster_says_a_name_or_number(course, klass, inbox, hand_in):
    hand_in("20260001_김철수/n411.ipynb", "x")
    collect(course, NAME, inbox)
    written = "".join(
        f"{path}{path.read_bytes()!r}"
        for root in (course.submitted, course.state / "submissions")
        for path in root.rglob("*")
        if path.is_file()
    )
    assert "20260001" not in written
    assert "김철수" not in written


def test_a_name_that_two_people_bear_is_left_to_a_person(course, klass, inbox, hand_in):
    hand_in("박지민/n411.ipynb", "x")
    hand_in("20260003 박지민/n411.ipynb", "y")
    report = collect(course, NAME, inbox)
    assert students(report.new) == [klass.park1]
    assert reasons(report) == {"박지민": "it could be 2 people of the roster"}


def test_who_is_not_in_the_roster_is_reported(course, klass, inbox, hand_in):
    hand_in("stranger/n411.ipynb", "x")
    report = collect(course, NAME, inbox)
    assert reasons(report) == {"stranger": "nobody in the roster is called so"}
    assert "roster import" in report.unmatched[0].way_out


def test_a_login_that_nbgrader_collected_is_graded_under_the_pseudonym(
    course, klass, notebook, monkeypatch
):
    place = course.submitted / "cheolsu" / NAME
    place.mkdir(parents=True)
    (place / "n411.ipynb").write_text(notebook("first"))
    (one,) = submissions(course, NAME)
    assert one.student == klass.kim
    (place / "n411.ipynb").write_text(notebook("second"))
    (two,) = submissions(course, NAME)
    assert (two.student, two.id > one.id) == (klass.kim, True)
    assert submissions(course, NAME) == (two,)
    monkeypatch.setattr(folder, "_chunks", lambda *_: pytest.fail("a file was read"))
    assert submissions(course, NAME) == (two,)
