"""What a course keeps is for its owner alone, however it is made; doctor finds what is not."""

from __future__ import annotations

import os
import stat
from datetime import datetime, timezone
from pathlib import Path

import pytest

from autograder import atomic_files, config
from autograder.config import Course
from autograder.gradebook.database.connection import writing
from autograder.gradebook.portal import sprints
from autograder.steps.operations import doctor
from autograder.steps.operations.backup import backup, restore
from autograder.steps.operations.forget import forget
from autograder.steps.portal.receive_submission import hand_in

from .conftest import answered, upload

AT = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def a_generous_umask():
    """Modes must not hang on the umask of whoever starts the program."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def findings(course: Course) -> dict[str, doctor.Finding]:
    return {one.name: one for one in doctor._private(course)}


def test_a_new_gradebook_and_its_journals_are_private(tmp_path):
    course = Course(root=tmp_path)
    with writing(course):
        names = {path.name: mode(path) for path in tmp_path.glob("gradebook.db*")}
    assert names["gradebook.db"] == 0o600
    assert len(names) > 1
    assert set(names.values()) == {0o600}


def test_folders_of_work_are_made_private(tmp_path, student, course):
    for path in (course.state, course.submitted):
        if path.exists():
            path.chmod(0o755)  # as an earlier version made it: left as it is
    hand_in(course, "hello", student, [upload(tmp_path, answered(course))], AT)
    assert mode(course.submitted / student) == 0o700
    fresh = Course(root=tmp_path / "fresh")
    fresh.root.mkdir()
    atomic_files.write(fresh.feedback / "s1" / "a1" / "index.html", b"x", mode=0o640)
    assert {mode(p) for p in fresh.feedback.rglob("*") if p.is_dir()} == {0o700}
    assert mode(fresh.feedback) == 0o700
    assert mode(fresh.root) == 0o755  # what was there stays as it was


def test_a_restored_course_is_private_too(tmp_path, course):
    (course.root / "gradebook.db").chmod(0o644)
    backup(course, tmp_path / "b.tar")
    assert mode(tmp_path / "b.tar") == 0o600
    restore(tmp_path / "b.tar", tmp_path / "again")
    assert mode(tmp_path / "again" / "gradebook.db") == 0o600
    assert mode(tmp_path / "again") == 0o700


def test_doctor_says_what_others_can_open_and_how_to_mend_it(course):
    for name in ("feedback", "autograded", "submitted"):
        (course.root / name).mkdir(exist_ok=True)
        (course.root / name).chmod(0o755)
    course.state.chmod(0o700)
    (course.root / "gradebook.db").chmod(0o644)
    found = findings(course)
    assert found[".autograder is private"].ok
    for name in ("feedback", "autograded", "submitted", "gradebook.db"):
        one = found[f"{name} is private"]
        assert not one.ok
        assert one.matters
        os.system(one.way_out)
    assert all(one.ok for one in findings(course).values())
    assert mode(course.root / "gradebook.db") == 0o600


def test_a_course_that_nbgrader_shares_with_a_group_may_be_read_by_it(course):
    path = course.root / "course_config.py"
    path.write_text(path.read_text() + "\nc.CourseDirectory.groupshared = True\n")
    course = config.load(course.root)
    course.submitted.mkdir(exist_ok=True)
    course.submitted.chmod(0o2770)
    assert findings(course)["submitted is private"].ok
    course.submitted.chmod(0o2775)
    assert findings(course)["submitted is private"].way_out.startswith("chmod 2770 ")


def test_the_words_of_requests_go_with_whoever_is_forgotten(course, student):
    words = "my number is 010-1234"
    sprints.ask_again(course, "hello", student, "", "hello", "standardise", words)
    forget(course, students=["2026001"], delete=True, reason="asked for it")
    (one,) = sprints.requests(course, "hello", student)
    assert (one.text, one.state) == ("", "open")
