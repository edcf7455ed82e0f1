"""Old work, or one student's, is listed and then deleted; the marks stay."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder import config, gradebook
from autograder.cli.app import app
from autograder.errors import AutograderError, NotFound
from autograder.evidence import forgetting
from autograder.gradebook.database import audit
from autograder.gradebook.portal import access, queue
from autograder.steps import roster
from autograder.steps.grading.collect import shelf_of
from autograder.steps.operations.forget import DELETED, forget
from autograder.steps.portal import saved_work_copies
from autograder.steps.portal.queue_runner import grade_next
from autograder.steps.portal.receipt_verification import verify
from autograder.steps.portal.receive_submission import hand_in, to_the_queue
from autograder.steps.reporting.feedback import feedback
from autograder.steps.reporting.statistics import statistics
from autograder.steps.reporting.status import status
from autograder.web.student import views

from .conftest import ANSWER, answered, link, upload, with_settings

PLOT = "\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show(); print({n})"
NOW = datetime.now(timezone.utc)
LATER = NOW + timedelta(days=400)


@pytest.fixture(scope="module")
def graded(template, tmp_path_factory, workers) -> Path:
    """Two students whose work was graded, the one handed in twice."""
    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(template, root)
    course = config.load(root)
    folder = tmp_path_factory.mktemp("uploads")
    for number, answers in (("2026001", ("pass", ANSWER)), ("2026002", (ANSWER,))):
        person = roster.find(course, number)
        for count, answer in enumerate(answers):
            data = answered(course, answer=answer + PLOT.format(n=number + str(count)))
            hand_in(course, "hello", person.id, [upload(folder, data)], NOW)
            assert grade_next(course, workers) == 1
        (folder / "kept.zip").write_bytes(b"weights")
        saved_work_copies.put(course, "hello", person.id, "net", folder / "kept.zip")
    return root


@pytest.fixture
def course(graded, tmp_path):
    shutil.copytree(graded, tmp_path / "course", symlinks=True)
    return config.load(tmp_path / "course")


@pytest.fixture
def other(course) -> str:
    return roster.find(course, "2026002").id


def tree(course) -> set[str]:
    return {
        p.relative_to(course.root).as_posix()
        for p in course.root.rglob("*")
        if p.is_file() and not re.search(r"gradebook\.db|\.lock$", p.name)
    }


def about(course, student: str) -> set[str]:
    """Every file whose path, or whose bytes outside the roster, name a student or their runs."""
    ids = [student, *(kept.id for kept in shelf_of(course, "hello").all_of(student))]
    return {
        name
        for name in tree(course)
        if any(one in name for one in ids)
        or any(one.encode() in (course.root / name).read_bytes() for one in ids)
    }


def test_without_a_limit_nothing_is_old(course):
    with pytest.raises(AutograderError, match="kept for ever") as error:
        forget(course, now=LATER)
    assert "keep_days" in str(error.value)
    assert "--student" in str(error.value)


def test_listing_changes_nothing_and_tells_all(course, student, other):
    before = tree(course)
    report = forget(with_settings(course, "submissions", keep_days=365), now=LATER)
    assert tree(course) == before
    assert not report.deleted
    assert sorted(one.student for one in report.work) == sorted([student, other])
    mine = next(one for one in report.work if one.student == student)
    assert (mine.assignment, len(mine.submissions), len(mine.runs)) == ("hello", 2, 2)
    assert mine.size > 1000


def test_what_was_touched_within_the_days_stays(course, student):
    assert forget(course, days=365, now=NOW + timedelta(days=364)).work == ()
    file = course.state / "kept" / "hello" / student / "net.zip"
    shutil.copyfile(file, file.with_name("newer.zip"))  # kept now, though handed in long ago
    path = next(shelf_of(course, "hello").root.glob(f"{student}/*/manifest.json")).parent.parent
    assert path.is_dir()
    found = forget(course, days=1, now=NOW + timedelta(days=1, minutes=-1)).work
    assert student not in {one.student for one in found}


def test_one_students_work_goes_with_every_trace_and_the_marks_stay(course, student, other):
    receipt = json.dumps(views.receipt(course, "hello", student, newest(course, student)))
    (course.root / "receipt.json").write_text(receipt)
    before = gradebook.student_scores(course, "hello", student)
    assert before[0].total == 10
    others = about(course, other)
    blobs = set((course.state / "evidence" / "blobs").rglob("*"))
    report = forget(course, students=["김하나"], delete=True, reason="asked for it")
    assert [(one.student, one.assignment) for one in report.work] == [(student, "hello")]
    (course.root / "receipt.json").rename(course.root / "mine.txt")
    assert about(course, student) - {"mine.txt"} == set()
    assert set((course.state / "evidence" / "blobs").rglob("*")) < blobs
    assert about(course, other) == others
    assert gradebook.student_scores(course, "hello", student) == before
    (line,) = audit.changes(course, "hello", student, DELETED)
    assert (line.reason, len(line.after["submissions"])) == ("asked for it", 2)
    assert verify(course.root / "mine.txt", course).problems == ()
    with pytest.raises(NotFound):
        roster.find(course, "2026001")


def newest(course, student: str) -> str:
    kept = shelf_of(course, "hello").newest(student)
    assert kept is not None
    return kept.id


def test_everything_else_goes_on_without_it(course, student, other, tmp_path, workers):
    forget(course, "hello", students=["2026001"], delete=True, reason="x")
    assert roster.find(course, "2026001").id == student, "one assignment is not a person"
    feedback(course, "hello")
    assert not (course.feedback / student / "hello").exists()
    assert "standardise" in (course.feedback / other / "hello" / "hello.html").read_text()
    assert status(course).assignments[0].graded == 2
    assert statistics(course, "hello").as_json()
    page = views.page(course, "hello", student, NOW)
    assert page.lines == ()
    assert page.score is not None
    assert page.score.points == "10 of 10 points"
    done = hand_in(course, "hello", student, [upload(tmp_path, answered(course))], LATER)
    assert grade_next(course, workers) == 1
    assert newest(course, student) == done.submission


def test_a_student_leaves_with_their_name_and_links(course, student):
    code = link(course, "2026001")
    assert access.entry(course, code) is not None
    report = forget(course, students=["2026001"], delete=True, reason="x")
    assert report.people == (student,)
    entry = access.entry(course, code)
    assert entry is None
    assert "hana@example.org" not in roster.path_of(course).read_text()
    assert len(roster.people(course)) == 2


def test_what_waits_to_be_graded_stays_until_it_is(course, student):
    kept = shelf_of(course, "hello").newest(student)
    to_the_queue(course, kept)
    report = forget(course, students=["2026001"], delete=True, reason="x")
    assert report.waiting == (f"hello/{student}",)
    assert report.work == report.people == ()
    assert newest(course, student) == kept.id
    (job,) = queue.take(course)
    queue.finish(course, job)
    assert forget(course, students=["2026001"]).waiting == ()


def test_what_comes_in_meanwhile_stays(course, student, other, monkeypatch):
    removed = forgetting.forget

    def meanwhile(store, keys):
        removed(store, keys)
        to_the_queue(course, shelf_of(course, "hello").newest(student))

    monkeypatch.setattr(forgetting, "forget", meanwhile)
    report = forget(course, students=["2026001", "2026002"], delete=True, reason="x")
    assert report.waiting == (f"hello/{student}",)
    assert [one.student for one in report.work] == [other]
    assert report.people == ()
    assert newest(course, student)
    assert not shelf_of(course, "hello").all_of(other)


def test_the_command_lists_and_deletes_only_when_told_why(course, student):
    def typed(*words: str):
        return CliRunner().invoke(app, ["--course", str(course.root), "forget", *words])

    listed = typed("--student", "2026001")
    assert listed.exit_code == 0
    assert f"hello  {student}  2 submissions" in listed.output
    assert "nothing is deleted yet" in listed.output
    refused = typed("--student", "2026001", "--apply")
    assert refused.exit_code == 1
    assert "there is no reason" in refused.output
    done = typed("--student", "2026001", "--apply", "--reason", "left", "--json")
    assert json.loads(done.output)["deleted"] is True
    assert not shelf_of(course, "hello").all_of(student)
    assert "nothing to delete" in typed("--older-than", "9").output
