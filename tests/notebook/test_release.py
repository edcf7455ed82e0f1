"""`release`: proved, searched for leaks, numbered, and written all at once or not at all."""

import json
from types import SimpleNamespace

import nbformat
import pytest

from autograder.config import Course
from autograder.errors import AuthoringErrors, ReleaseRefused
from autograder.notebook.release.release_record import TOKEN, issued_release
from autograder.notebook.release.wheel import Wheel
from autograder.steps.assignments import last_release_record, released_number
from autograder.steps.authoring import release as step
from autograder.steps.authoring.release import release, write_folder
from tests.notebook.conftest import DOUBLE_TEST


@pytest.fixture(autouse=True)
def small_wheel(monkeypatch):
    """Others work on the package while tests run; here its wheel stays what it is."""
    wheel = Wheel("sprintgrader-1+student.a-py3-none-any.whl", "1+student.a", b"wheel")
    monkeypatch.setattr(step, "light_wheel", lambda: wheel)
    return wheel


@pytest.fixture
def course(sample, tmp_path):
    assert sample.parent == tmp_path / "source"
    return Course(root=tmp_path)


@pytest.fixture
def calls():
    return SimpleNamespace(proved=[], registered=[])


@pytest.fixture
def make(course, calls):
    def prove(assignment, course):
        calls.proved.append(assignment.name)
        return []

    def register(course, assignment, number):
        calls.registered.append((assignment.name, number))

    def make(**options):
        return release(course, "doubling", **{"prove": prove, "register": register, **options})

    return make


def files(course):
    folder = course.release / "doubling"
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def edit(course, before, after):
    path = course.source / "doubling" / "doubling.ipynb"
    text = path.read_text()
    quoted = json.dumps(before)[1:-1]
    assert quoted in text
    path.write_text(text.replace(quoted, json.dumps(after)[1:-1]))


def test_it_writes_notebooks_files_wheel_and_manifest_and_nothing_hidden(make, course, small_wheel):
    report = make()
    assert sorted(files(course)) == [
        "doubling.ipynb",
        "helper.py",
        "manifest.json",
        small_wheel.name,
    ]
    assert (report.number, report.written, report.max_points) == (1, True, 7.0)
    node = nbformat.reads(files(course)["doubling.ipynb"].decode(), as_version=4)
    assert issued_release(node, course.key, "doubling") == 1
    assert "secrets_of_mine" not in files(course)["doubling.ipynb"].decode()
    assert list(course.release.iterdir()) == [course.release / "doubling"]
    assert json.dumps(report.as_json())


@pytest.mark.parametrize(
    "claim",
    [
        {"release": 2},
        {"release": 999_999},
        {"release": True},
        {"release": "1"},
        {"release": 0},
        {"language": "ko"},
        {"notebook": "other"},
        {"assignment": "other"},
        {TOKEN: ""},
        {TOKEN: None},
        {TOKEN: "0" * 32},
        {TOKEN: "é" * 32},
    ],
    ids=str,
)
def test_a_release_that_was_not_issued_is_not_believed(make, course, claim):
    make()
    node = json.loads(files(course)["doubling.ipynb"])
    assert issued_release(node, course.key, "doubling") == 1
    assert issued_release(node, b"another key", "doubling") == 0
    assert issued_release(node, course.key, "other") == 0
    node["metadata"]["autograder"].update(claim)
    assert issued_release(node, course.key, "doubling") == 0
    assert issued_release(node, course.key, "other") == 0


def test_a_release_made_by_another_key_is_in_step_and_one_without_tokens_is_not(make, course):
    make()
    path = course.release / "doubling" / "doubling.ipynb"
    token = json.loads(path.read_bytes())["metadata"]["autograder"][TOKEN]
    text = path.read_text()
    path.write_text(text.replace(token, "f" * 32))
    assert step.out_of_step(course, "doubling") == []
    path.write_text(text.replace(token, "F" * 31))
    assert step.out_of_step(course, "doubling") == ["doubling/doubling.ipynb"]
    assert make().written, "the tokens are made anew"
    assert path.read_text() == text


def test_the_manifest_beside_the_notebooks_is_the_record(make, course):
    make()
    manifest = json.loads(files(course)["manifest.json"])
    assert manifest == last_release_record(course, "doubling")
    criteria = manifest["notebooks"]["doubling"]["tasks"]["double"]["criteria"]
    assert [(c["name"], c["points"], c["hidden"]) for c in criteria] == [
        ("small", 1, False),
        ("unseen", 3, True),
    ]
    assert criteria[1]["demand"] == "It holds for 50 unseen numbers | all of them"
    assert "secrets_of_mine" not in json.dumps(manifest)


def test_it_is_proved_and_registered_under_its_number(make, calls):
    make()
    assert calls.proved == ["doubling"]
    assert calls.registered == [("doubling", 1)]


def test_releasing_again_without_a_change_keeps_number_and_bytes(make, course):
    make()
    before = files(course)
    report = make()
    assert (report.number, report.written, report.changes) == (1, False, ())
    assert files(course) == before


def test_a_change_makes_a_new_number_and_is_told(make, course):
    make()
    edit(course, "n=50", "n=60")
    edit(course, "points=1)", "points=2)")
    edit(course, "points=3,", "points=2,")
    edit(course, "Write `double`.", "Write `double` now.")
    report = make()
    assert report.number == 2
    assert report.changes == (
        "doubling/double/small: 1 → 2 points",
        "doubling/double/small: its code changed",
        "doubling/double/unseen: 3 → 2 points",
        (
            "doubling/double/unseen: the demand was “It holds for 50 unseen numbers | all of them”,"
            " is "
            "“It holds for 60 unseen numbers | all of them”"
        ),
        "doubling/double/unseen: its code changed",
        "doubling: the text of double changed",
        "doubling: 1 cell changed",
    )
    assert released_number(course, "doubling") == 2


def test_a_mended_hidden_criterion_is_a_new_release(make, course):
    make()
    edit(course, "2 * x)\n\n###", "2 * x)\n\n\n###")
    edit(course, "secrets_of_mine.twice(x))", "secrets_of_mine.twice(x) + 0)")
    report = make()
    assert "doubling/double/unseen: its code changed" in report.changes


def test_criteria_that_come_and_go_are_told(make, course):
    make()
    edit(course, "def small(", "def tiny(")
    edit(course, "after=small", "after=tiny")
    with pytest.raises(AuthoringErrors, match="criterion 'small' of release 1 is gone"):
        make()
    edit(course, "points=1)", 'points=1, was="small")')
    assert "doubling/double/tiny was small" in make().changes


def test_a_criterion_may_be_dropped_on_purpose(make, course):
    make()
    edit(
        course,
        DOUBLE_TEST,
        'task = Task("double")\n@task.criterion("a", points=4)\n'
        "def unseen(double): pass\ntask.check()",
    )
    report = make(dropped=["small"])
    assert "doubling/double/small is gone" in report.changes


def test_complaints_of_the_proof_refuse_it_and_nothing_is_written(make, course, calls):
    with pytest.raises(ReleaseRefused, match="the solution gets 3 of 4") as caught:
        make(prove=lambda a, c: ["the solution gets 3 of 4"])
    assert "nothing was written" in caught.value.way_out
    assert not course.release.exists()
    assert calls.registered == []
    assert released_number(course, "doubling") == 0


def test_a_leak_refuses_it_before_anything_is_run(make, course, calls):
    (course.source / "doubling" / "notes.txt").write_text(
        "def twice(x):\n    return x + x  # mine\n"
    )
    (course.source / "doubling" / "copy.py").write_bytes(
        (course.source / "doubling" / "hidden" / "secrets_of_mine.py").read_bytes()
    )
    with pytest.raises(ReleaseRefused, match=r"copy\.py: it is the hidden file"):
        make()
    assert calls.proved == []


def test_a_gradebook_that_fails_leaves_the_last_release_as_it_was(make, course):
    make()
    before = files(course)
    edit(course, "n=50", "n=60")

    def fails(*_):
        raise OSError("database is locked")

    with pytest.raises(OSError, match="locked"):
        make(register=fails)
    assert files(course) == before
    assert released_number(course, "doubling") == 1


def test_a_fresh_clone_goes_on_counting_from_the_manifest(make, course):
    make()
    import shutil

    shutil.rmtree(course.state)
    edit(course, "n=50", "n=60")
    assert make().number == 2


def test_an_interruption_between_the_two_renames_loses_nothing(tmp_path):
    folder = tmp_path / "a"
    write_folder(folder, {"x": b"1"})
    folder.rename(tmp_path / ".a.old")  # killed here
    (tmp_path / ".a.new").mkdir()
    (tmp_path / ".a.new" / "half").touch()
    write_folder(folder, {"x": b"2", "sub/y": b"3"})
    assert (folder / "x").read_bytes() == b"2"
    assert (folder / "sub" / "y").read_bytes() == b"3"
    assert not (folder / "half").exists()
    write_folder(folder, {"x": b"3"})
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert [p.name for p in folder.iterdir()] == ["x"]


def test_a_plain_test_beside_student_code_is_pointed_out(course, make, nb):
    nb.write(
        course.source / "doubling" / "two.ipynb",
        nb.answer("a", "x = 1"),
        nb.test("t", "del x"),
    )
    (told,) = make().warnings
    assert told.startswith("two/t changes a student's names")
