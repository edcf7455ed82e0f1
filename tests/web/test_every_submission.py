"""Each upload is graded for itself: a later one never takes the place of a better or waiting one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import gradebook
from autograder.evidence import results
from autograder.gradebook.portal import queue
from autograder.gradebook.scores import overview
from autograder.nouns import Outcome, Status
from autograder.steps.grading import grade as grading
from autograder.steps.grading.collect import lies, shelf_of
from autograder.steps.operations.forget import forget
from autograder.steps.portal import start_grading

from .lives import WORKERS, Killed, Life, _patched, make

BROKEN = ("empty", "cut", "object")


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """Two students of a course where the best counts."""
    now = Life(make(tmp_path / "course"), "hw", ("ann", "bob"))
    with _patched(now):
        yield now


def upload(life: Life, kind: str, salt: str = "a", *, early: bool = False) -> str:
    """The id of what ann uploads now."""
    life.step("upload", 0, kind, salt, early, None)
    return shelf_of(life.course, life.name).ids("ann")[-1]


def work(life: Life) -> None:
    """Everything that may be graded now is."""
    while queue.any_ready(life.course):
        life.step("work", None, False)


def with_policy(life: Life, counts: str = "best", a_day: int = 0) -> None:
    life.course = replace(
        life.course,
        submissions=replace(life.course.submissions, counts=counts),
        feedback_settings=replace(life.course.feedback_settings, attempts_per_day=a_day),
    )


def counting(life: Life) -> tuple[str, float]:
    (score,) = gradebook.student_scores(life.course, life.name, "ann")
    return score.submission, score.score


@pytest.mark.parametrize("counts", ["best", "last"])
@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_file_right_after_a_right_one_erases_nothing(life, counts, broken):
    with_policy(life, counts)
    right, bad = upload(life, "right"), upload(life, broken)
    assert [job.state for job in queue.jobs(life.course, "hw", "ann")] == ["waiting"] * 2
    work(life)
    assert counting(life) == (right, 3.0)
    assert lies(life.course, "hw", "ann", right)
    ended = gradebook.outcomes_of(life.course, "hw", "ann")["ann"]
    assert ended == {right: Outcome.GRADED, bad: Outcome.BROKEN}
    assert results.load(life.course.state, "hw", "ann").submission == right


@pytest.mark.parametrize("broken", BROKEN)
def test_the_same_by_collect_and_grade(life, broken):
    for kind in ("right", broken):
        life.step("collect", 0, kind, "a", None)
    report = grading.grade(life.course, "hw", workers=WORKERS)
    assert (report.recorded, report.by_status) == (2, {"full": 1, "broken": 1})
    right, _ = shelf_of(life.course, "hw").ids("ann")
    assert counting(life) == (right, 3.0)
    again = grading.grade(life.course, "hw", workers=WORKERS)
    assert (again.recorded, len(again.results)) == (0, 1)


def test_a_broken_file_alone_is_no_zero_and_says_why(life):
    upload(life, "cut")
    work(life)
    (score,) = gradebook.student_scores(life.course, "hw", "ann")
    assert score.needs_person
    result = results.load(life.course.state, "hw", "ann")
    (criterion,) = result.notebooks[0].tasks[0].criteria
    assert criterion.status is Status.UNREADABLE
    assert criterion.message.values["file"] == "hw.ipynb"
    assert "cut short" in criterion.message.values["fact"]
    assert "as they were released" not in criterion.message.got
    assert result.notebooks[0].broken.startswith("hw.ipynb: ")
    right = upload(life, "wrong")
    work(life)
    assert counting(life) == (right, 0.0)


def test_what_nobody_has_answered_never_counts_over_an_answer(life):
    with_policy(life, "last")
    half = upload(life, "half")
    upload(life, "untouched")
    work(life)
    assert counting(life) == (half, 1.5)


def test_attempts_a_day_delay_the_older_ones_and_drop_none(life):
    with_policy(life, a_day=2)
    kinds = [("wrong", "a"), ("half", "a"), ("right", "a"), ("wrong", "b"), ("half", "b")]
    ids = [upload(life, *one) for one in kinds]
    waiting = {job.submission: job.not_before for job in queue.jobs(life.course, "hw", "ann")}
    days = [round((waiting[id_] - life.clock).total_seconds() / 86400 + 0.5) for id_ in ids]
    assert days[3:] == [0, 0], "the newest come first"
    assert sorted(days) == [0, 0, 1, 1, 2]
    graded = []
    for _ in range(4):
        before = set(overview.graded_ids(life.course, "hw")[0])
        work(life)
        graded.append(len(set(overview.graded_ids(life.course, "hw")[0]) - before))
        life.step("day")
    assert graded == [2, 2, 1, 0]
    assert counting(life)[1] == 3.0


def test_a_broken_file_takes_none_of_the_days_attempts(life):
    with_policy(life, a_day=1)
    upload(life, "empty")
    work(life)
    right = upload(life, "right")
    work(life)
    assert counting(life) == (right, 3.0)


def test_the_save_at_a_sprints_end_does_not_take_the_place_of_an_upload(life):
    life.name = "sc"
    right = upload(life, "right")
    saved = upload(life, "half", early=True)
    assert {job.submission for job in queue.jobs(life.course, "sc", "ann")} == {right, saved}
    work(life)
    assert gradebook.student_scores(life.course, "sc", "ann") == (), "it is not over"
    for _ in range(4):
        life.step("day")
    work(life)
    assert counting(life) == (right, 3.0)


@pytest.mark.parametrize(
    "place",
    ["keep", "receipt", "enqueue", "take", "record", "recorded", "save", "put_forward", "finish"],
)
def test_killed_anywhere_the_right_one_counts_in_the_end(life, place):
    life.step("upload", 0, "right", "a", False, place)
    life.step("upload", 0, "empty", "a", False, None)
    life.step("work", place, False)
    life.end()
    assert counting(life)[1] == 3.0


def test_an_upload_queues_what_a_killed_one_left_behind(life):
    life.kill = "enqueue"
    with pytest.raises(Killed):
        life.do_upload(0, "right", "a", False, None)
    (right,) = shelf_of(life.course, "hw").ids("ann")
    assert queue.jobs(life.course, "hw", "ann") == ()
    upload(life, "empty")
    assert right in queue.known(life.course, "hw", "ann")


def test_three_faults_wait_for_a_person_and_outrank_nothing(life):
    right = upload(life, "right")
    work(life)
    bad = upload(life, "half")
    for _ in range(queue.TRIES):
        life.step("work", None, True)
    assert {j.submission: j.state for j in queue.jobs(life.course, "hw", "ann")}[bad] == "failed"
    assert counting(life) == (right, 3.0)
    assert [one.submission for one in overview.failed(life.course, "hw")] == [bad]
    grading.grade(life.course, "hw", workers=WORKERS)
    assert overview.failed(life.course, "hw") == (), "it has an outcome now"


def test_another_policy_chooses_anew_at_the_next_grading(life):
    right, half = upload(life, "right"), upload(life, "half")
    work(life)
    assert counting(life) == (right, 3.0)
    with_policy(life, "last")
    grading.grade(life.course, "hw", workers=WORKERS)
    assert counting(life) == (half, 1.5)
    assert lies(life.course, "hw", "ann", half)


def test_grading_that_staff_start_takes_in_every_submission_without_an_outcome(life, monkeypatch):
    monkeypatch.setattr(start_grading, "released_number", lambda *_: 1)
    for kind in ("right", "half", "empty"):
        life.step("collect", 0, kind, "a", None)
    assert start_grading.start(life.course, "hw", "prof") == 3
    work(life)
    assert counting(life)[1] == 3.0


def test_forgotten_work_leaves_the_queue_and_waiting_work_is_not_forgotten(life):
    upload(life, "half")
    work(life)
    waiting = upload(life, "right")
    later = life.clock.replace(year=2040).astimezone()
    assert forget(life.course, days=1, delete=True, reason="x", now=later).work == ()
    work(life)
    assert len(forget(life.course, days=1, delete=True, reason="x", now=later).work) == 1
    assert queue.jobs(life.course, "hw", "ann") == ()
    assert shelf_of(life.course, "hw").read("ann", waiting) is None
