"""A course in one file, made while it is in use, and made a course again."""

from __future__ import annotations

import json
import tarfile
import threading

import pytest
from typer.testing import CliRunner

from autograder import config, gradebook
from autograder.cli import app
from autograder.errors import AutograderError, NotFound
from autograder.gradebook.database import audit
from autograder.gradebook.portal import access
from autograder.steps import roster
from autograder.steps.grading.collect import shelf_of
from autograder.steps.grading.grade import grade
from autograder.steps.operations.backup import backup, restore
from autograder.steps.portal.receive_submission import hand_in
from autograder.web.portal import now

from .conftest import answered, link, upload


@pytest.fixture
def graded(course, student, tmp_path, workers):
    hand_in(course, "hello", student, [upload(tmp_path, answered(course))], now())
    grade(course, "hello", workers=workers)
    return course


def test_all_of_a_course_is_there_again(graded, student, tmp_path, workers):
    token = link(graded, "2026001")
    packed = backup(graded, tmp_path / "b.tar")
    assert packed.gradebook
    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600
    made = restore(tmp_path / "b.tar", tmp_path / "again")
    assert (made.files, made.size) == (packed.files, packed.size)
    again = config.load(tmp_path / "again")
    assert again.key == graded.key
    assert roster.people(again) == roster.people(graded)
    assert gradebook.student_scores(again, "hello") == gradebook.student_scores(graded, "hello")
    assert gradebook.student_scores(again, "hello")[0].total == 10
    assert access.entry(again, token).person == student, "personal links go on"
    (one,) = shelf_of(again, "hello").all_of(student)
    assert shelf_of(again, "hello").submission(one).sha256 == one.sha256
    assert grade(again, "hello", workers=workers).ran == 0, "evidence is there, too"


def test_it_is_made_while_others_write(graded, tmp_path):
    over = threading.Event()
    written = []

    def write():
        while not over.is_set():
            audit.note(graded, "ta", "looked", "hello", {"n": len(written)})
            written.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while len(written) < 5:
            over.wait(0.01)
        before = len(written)
        backup(graded, tmp_path / "b.tar")
        after = len(written) + 1
    finally:
        over.set()
        thread.join()
    restore(tmp_path / "b.tar", tmp_path / "again")
    there = gradebook.changes(config.load(tmp_path / "again"), "hello")
    assert before <= sum(c.action == "looked" for c in there) <= after
    with tarfile.open(tmp_path / "b.tar") as tar:
        assert not [n for n in tar.getnames() if n.endswith(("-wal", "-shm"))]


def test_without_evidence_it_is_smaller_and_the_scores_are_there(graded, tmp_path):
    whole = backup(graded, tmp_path / "whole.tar")
    assert backup(graded, tmp_path / "small.tar", evidence=False).files < whole.files
    restore(tmp_path / "small.tar", tmp_path / "again")
    again = config.load(tmp_path / "again")
    assert not (again.state / "evidence").exists()
    assert gradebook.student_scores(again, "hello")[0].total == 10


def test_nothing_is_written_over(course, tmp_path):
    with pytest.raises(AutograderError, match="in the course itself"):
        backup(course, course.root / "b.tar")
    backup(course, tmp_path / "b.tar")
    with pytest.raises(AutograderError, match="is there already"):
        backup(course, tmp_path / "b.tar")
    with pytest.raises(AutograderError, match="is not empty"):
        restore(tmp_path / "b.tar", course.root)


def test_what_is_damaged_or_no_backup_is_told(course, tmp_path):
    with pytest.raises(NotFound):
        restore(tmp_path / "none.tar", tmp_path / "again")
    (tmp_path / "text.tar").write_text("no tar")
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(__file__, "a.py")
    backup(course, tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "half.tar").write_bytes(whole[: len(whole) // 2 + 100])
    for name, said in (("text", "cannot be read"), ("other", "no backup"), ("half", "cannot")):
        with pytest.raises(AutograderError, match=said):
            restore(tmp_path / f"{name}.tar", tmp_path / f"again-{name}")


def test_a_gradebook_elsewhere_is_told(course, tmp_path):
    path = course.root / "course_config.py"
    path.write_text(path.read_text() + f"\nc.Course.db_url = 'sqlite:///{tmp_path}/x.db'\n")
    done = CliRunner().invoke(
        app, ["--course", str(course.root), "backup", str(tmp_path / "b.tar")]
    )
    assert "back it up by its own means" in done.stdout
    said = CliRunner().invoke(
        app, ["restore", str(tmp_path / "b.tar"), str(tmp_path / "again"), "--json"]
    )
    assert json.loads(said.stdout)["gradebook"] is False
