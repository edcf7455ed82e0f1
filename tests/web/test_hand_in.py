"""Handing in: on disk before the receipt, the same receipt for the same files, nothing lost."""

from __future__ import annotations

import io
import shutil
import zipfile
from datetime import datetime, timedelta, timezone

import pytest

from autograder.gradebook.database import connection
from autograder.gradebook.database.tables import SubmissionRow
from autograder.gradebook.portal import queue
from autograder.steps.grading.collect import shelf_of, submissions
from autograder.steps.portal import receipts
from autograder.steps.portal.receive_submission import hand_in, queue_what_is_not
from autograder.submissions.paths import Refused

from .conftest import ANSWER, answered, upload, with_settings

AT = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return out.getvalue()


def test_what_is_handed_in_lies_there_and_its_receipt_fits(course, student, tmp_path):
    data = answered(course)
    done = hand_in(course, "hello", student, [upload(tmp_path, data)], AT)
    shelf = shelf_of(course, "hello")
    kept = shelf.read(student, done.submission)
    assert (shelf.files(kept) / "hello.ipynb").read_bytes() == data
    receipt = receipts.verify(done.receipt, receipts.public_key(course.root / "receipts.pub"))
    assert receipt.problems == ()
    assert receipt.facts["received"] == AT.isoformat()
    assert receipt.facts["sha256"] == kept.sha256
    assert set(receipt.facts["tasks"]["hello"].values()) == {"saved"}
    assert queue.job(course, "hello", student).submission == done.submission
    assert [s.id for s in submissions(course, "hello")] == [done.submission]


def test_a_task_left_as_it_was_is_missing_in_the_receipt(course, student, tmp_path):
    untouched = next((course.release / "hello").glob("*.ipynb")).read_bytes()
    done = hand_in(course, "hello", student, [upload(tmp_path, untouched)], AT)
    assert set(done.receipt["tasks"]["hello"].values()) == {"missing"}


def test_the_same_files_again_give_the_same_receipt(course, student, tmp_path):
    one = hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    two = hand_in(
        course, "hello", student, [upload(tmp_path, answered(course))], AT + timedelta(hours=1)
    )
    assert (two.again, two.submission, two.receipt) == (True, one.submission, one.receipt)
    other = answered(course, answer=ANSWER + "\n# more")
    assert (
        hand_in(course, "hello", student, [upload(tmp_path, other)], AT).submission
        != one.submission
    )


def test_a_receipt_lost_between_keeping_and_giving_is_given_at_the_next_try(
    course, student, tmp_path
):
    one = hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    shelf = shelf_of(course, "hello")
    (shelf.files(shelf.newest(student)).parent / "receipt.json").unlink()
    assert (
        hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT).receipt
        == one.receipt
    )


def test_a_bundle_is_unpacked_and_a_copys_name_is_put_right(course, student, tmp_path):
    bundle = zipped(hello__ipynb=answered(course), mine__py=b"x = 1")
    done = hand_in(course, "hello", student, [upload(tmp_path, bundle, "hello-submission.zip")], AT)
    assert [f["path"] for f in done.receipt["files"]] == ["hello.ipynb", "mine.py"]
    copy = hand_in(
        course, "hello", student, [upload(tmp_path, answered(course), "hello (1).ipynb")], AT
    )
    assert [f["path"] for f in copy.receipt["files"]] == ["hello.ipynb"]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("hello.exe", b"MZ", "neither a notebook nor a zip"),
        ("../../x", b"", "neither a notebook nor a zip"),
        ("a.zip", b"not a zip", "cannot be read as a zip"),
        ("a.zip", zipped(notes__txt=b"x"), "there is no notebook in it"),
    ],
)
def test_what_cannot_be_a_submission_is_refused_and_nothing_is_kept(
    course, student, tmp_path, name, data, words
):
    one = upload(tmp_path, data, name.rpartition("/")[2])
    with pytest.raises(Refused, match=words):
        hand_in(course, "hello", student, [type(one)(name, one.path)], AT)
    assert shelf_of(course, "hello").newest(student) is None
    assert queue.job(course, "hello", student) is None


def test_a_zip_in_a_zip_is_said(course, student, tmp_path):
    inner = zipped(hello__ipynb=answered(course))
    with pytest.raises(Refused, match="another zip in it"):
        hand_in(course, "hello", student, [upload(tmp_path, zipped(a__zip=inner), "b.zip")], AT)


def test_two_files_of_one_name_are_told_apart(course, student, tmp_path):
    untouched = next((course.release / "hello").glob("*.ipynb")).read_bytes()
    (tmp_path / "other").mkdir()
    both = [upload(tmp_path, untouched), upload(tmp_path / "other", answered(course))]
    done = hand_in(course, "hello", student, both, AT)
    assert "hello [2].ipynb is graded" in done.receipt["notes"][0]
    assert "Not graded: hello.ipynb." in done.receipt["notes"][0]


def test_even_a_broken_notebook_is_kept_and_the_receipt_says_so(course, student, tmp_path):
    done = hand_in(course, "hello", student, [upload(tmp_path, b"{")], AT)
    assert set(done.receipt["tasks"]["hello"].values()) == {"missing"}
    assert any("hello" in note for note in done.receipt["notes"])


def test_what_was_kept_but_never_queued_is_found(course, student, tmp_path):
    hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    assert queue_what_is_not(course) == 0
    for path in course.root.glob("gradebook.db*"):
        path.unlink()
    assert queue_what_is_not(course) == 1
    assert queue.job(course, "hello", student).state == "waiting"


def test_what_was_kept_but_never_queued_is_queued_by_the_next_try_too(course, student, tmp_path):
    hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    for path in course.root.glob("gradebook.db*"):
        path.unlink()
    assert hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT).again
    assert queue.job(course, "hello", student).state == "waiting"


def test_a_worker_that_was_killed_leaves_its_work_to_the_next(course, student, tmp_path):
    hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    (job,) = queue.take(course, 8)
    assert queue.take(course, 8) == ()
    assert queue.left_running(course) == 1
    assert queue.take(course, 8)[0].submission == job.submission


def test_a_submission_that_comes_while_the_former_is_graded_stays_in_the_queue(
    course, student, tmp_path
):
    hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    (job,) = queue.take(course)
    other = answered(course, answer="x = 2")
    done = hand_in(course, "hello", student, [upload(tmp_path, other)], AT + timedelta(1))
    queue.finish(course, job)
    assert queue.job(course, "hello", student).state == "waiting"
    assert queue.take(course)[0].submission == done.submission


def test_what_is_being_graded_is_not_graded_once_more(course, student, tmp_path):
    hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    (job,) = queue.take(course)
    moment = connection.now()
    assert queue.enqueue_all(course, "hello", [(student, job.submission)]) == 1
    assert queue.take(course) == ()
    assert queue.states_since(course, "hello", moment) == {"running": 1}
    queue.finish(course, job)
    assert queue.states_since(course, "hello", moment) == {"done": 1}
    assert queue.enqueue_all(course, "hello", [(student, job.submission)]) == 1
    assert queue.take(course)[0].submission == job.submission


def test_three_faults_in_a_row_wait_for_a_person(course, student, tmp_path):
    hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    for _ in range(queue.TRIES):
        (job,) = queue.take(course)
        queue.finish(course, job, "the sandbox died")
    assert queue.take(course) == ()
    assert queue.job(course, "hello", student).state == "failed"


def test_more_gradings_than_a_day_has_wait_for_midnight(course, student, tmp_path, monkeypatch):
    monkeypatch.setattr(queue, "_graded_since", lambda *_: 3)
    hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    assert queue.take(course) == ()
    midnight = queue.job(course, "hello", student).not_before.replace(tzinfo=timezone.utc)
    assert (midnight.astimezone(course.zone).hour, midnight > datetime.now(timezone.utc)) == (
        0,
        True,
    )
    unlimited = with_settings(course, "feedback_settings", attempts_per_day=0)
    other = upload(tmp_path, answered(course, answer="y = 1"))
    hand_in(unlimited, "hello", student, [other], AT + timedelta(1))
    assert len(queue.take(course)) == 1


def test_grading_once_more_keeps_its_place_beside_what_waits_for_midnight(
    course, student, tmp_path
):
    course = with_settings(course, "feedback_settings", attempts_per_day=1)
    first = hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    queue.finish(course, *queue.take(course))
    with connection.writing(course) as book:
        book.session.add(recorded_now(first.submission, student))
    queue.enqueue_all(course, "hello", [(student, first.submission)])
    other = upload(tmp_path, answered(course, answer="x = 2"))
    hand_in(course, "hello", student, [other], AT + timedelta(1))
    assert [job.submission for job in queue.take(course, 5)] == [first.submission]
    assert queue.standing(course).later == 1


def recorded_now(submission: str, student: str) -> SubmissionRow:
    return SubmissionRow(
        id=submission,
        assignment="hello",
        student=student,
        received=connection.now(),
        sha256="",
        release=1,
        counts=True,
        total=0.0,
        tasks={},
        recorded=connection.now(),
        first_recorded=connection.now(),
    )


def test_a_killed_placing_is_made_good_by_the_next_upload(course, student, tmp_path):
    hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    shutil.rmtree(course.submitted / student)
    again = hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    assert again.again
    assert (course.submitted / student / "hello" / "hello.ipynb").is_file()
