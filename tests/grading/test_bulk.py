"""A class graded: interrupted, killed, mended, repeated; nothing lost, nothing run twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from autograder import config, gradebook
from autograder.config import Course
from autograder.errors import NotFound
from autograder.evidence import results
from autograder.nouns import Result, Status
from autograder.steps import assignments
from autograder.steps.grading import grade
from autograder.steps.grading.pipeline.workers import Workers
from tests.grading.made import answer, code, setup, test, write

TEST = """task = Task("t")


@task.criterion("{wanted} is doubled", points=2)
def doubled(double, *, wanted=3):
    assert double(wanted) == 2 * wanted, "doubled"


@task.criterion("x is 1", points=1)
def one(x):
    assert x == 1


task.check()"""
RIGHT = "x = 1\ndef double(n): return n + n"
ANSWERS = {
    "a-right": RIGHT,
    "b-wrong": "x = 1\ndef double(n): return n",
    "c-half": "x = 2\ndef double(n): return 2 * n",
    "d-error": "x = 1\nraise ValueError('no')",
    "e-right": RIGHT + "\n# e",
}
STATES = {"a-right": 3.0, "b-wrong": 1.0, "c-half": 2.0, "d-error": 1.0, "e-right": 3.0}


def make(root: Path, *, slow: float = 0.0) -> Course:
    """A course with one assignment, released, and five submissions to it."""
    (root / "course_config.py").write_text("c = get_config()\nc.Course.name = 'bulk'\n")
    setting = "from autograder import Task"
    if slow:
        setting += f"\nimport time\nuntil = time.process_time() + {slow}"
        setting += "\nwhile time.process_time() < until: pass"
    cells = [setup(setting), answer("x = 1\ndef double(n): return n * 2"), test(TEST, "t", 3)]
    for cell in cells:  # as a release does
        cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    write(root / "source" / "hw", cells, "hw")
    node = nbformat.v4.new_notebook()
    for student, text in ANSWERS.items():
        node.cells = [cells[0], code(text, "answer", solution=True), cells[2]]
        folder = root / "submitted" / student / "hw"
        folder.mkdir(parents=True)
        nbformat.write(node, folder / "hw.ipynb")
    broken = root / "submitted" / "f-broken" / "hw"
    broken.mkdir(parents=True)
    (broken / "hw.ipynb").write_text("{")
    course = config.load(root)
    gradebook.register(course, assignments.load_assignment(course, "hw"), 1)
    return course


def points(report: grade.GradeReport) -> dict[str, float]:
    return {r.student: r.points for r in report.results}


def evidence(course: Course) -> dict[str, int]:
    """The manifests of runs, with when they were written."""
    runs = course.state / "evidence" / "runs"
    return {p.name: p.stat().st_mtime_ns for p in runs.glob("*.json")}


def test_every_submission_gets_its_points_and_a_broken_one_stops_nobody(
    tmp_path: Path, workers: Workers
) -> None:
    course = make(tmp_path)
    told: list[grade.Progress] = []
    report = grade.grade(course, "hw", workers=workers, progress=told.append)
    assert points(report) == {**STATES, "f-broken": 0.0}
    assert report.by_status == {"full": 2, "graded": 3, "broken": 1}
    assert (report.ran, report.recorded, report.faults) == (5, 6, ())
    assert [t.done for t in told if not t.note][-1] == told[-1].total == 6
    in_book = {s.student: s.score for s in gradebook.student_scores(course, "hw")}
    assert in_book == points(report)
    assert not list(course.root.rglob("*.part"))


def test_a_second_grading_runs_and_records_nothing(tmp_path: Path, workers: Workers) -> None:
    course = make(tmp_path)
    first = grade.grade(course, "hw", workers=workers)
    before = evidence(course)
    again = grade.grade(course, "hw", workers=workers)
    assert (again.ran, again.recorded) == (0, 0)
    assert points(again) == points(first)
    assert evidence(course) == before


def test_a_gradebook_made_anew_gets_every_score_back(tmp_path: Path, workers: Workers) -> None:
    course = make(tmp_path)
    grade.grade(course, "hw", workers=workers)
    for file in course.root.glob("gradebook.db*"):
        file.unlink()
    gradebook.register(course, assignments.load_assignment(course, "hw"), 1)
    again = grade.grade(course, "hw", workers=workers)
    assert (again.ran, again.recorded) == (0, 6)
    in_book = {s.student: s.score for s in gradebook.student_scores(course, "hw")}
    assert in_book == points(again) == {**STATES, "f-broken": 0.0}
    assert grade.grade(course, "hw", workers=workers).recorded == 0


def test_a_mended_criterion_is_judged_from_evidence_and_recorded(
    tmp_path: Path, workers: Workers
) -> None:
    course = make(tmp_path)
    grade.grade(course, "hw", workers=workers)
    before = evidence(course)
    source = course.source / "hw" / "hw.ipynb"
    source.write_text(source.read_text().replace("assert x == 1", "assert x in (1, 2)"))
    again = grade.grade(course, "hw", workers=workers)
    assert (again.ran, again.recorded) == (0, 1)
    assert points(again)["c-half"] == 3.0
    assert evidence(course) == before


def test_a_new_question_says_how_many_run_again_and_why(tmp_path: Path, workers: Workers) -> None:
    course = make(tmp_path)
    grade.grade(course, "hw", workers=workers)
    source = course.source / "hw" / "hw.ipynb"
    source.write_text(source.read_text().replace("wanted=3", "wanted=5"))
    told: list[grade.Progress] = []
    again = grade.grade(course, "hw", workers=workers, progress=told.append)
    (note,) = [n for n in again.notes if "run again" in n]
    assert note.startswith("4 submissions must run again: t/doubled asks their functions")
    assert note in [t.note for t in told]
    assert again.ran == 4  # d-error defines no function: there is nothing to ask
    assert points(again) == {**STATES, "f-broken": 0.0}


def test_one_student_and_one_task_can_be_chosen(tmp_path: Path, workers: Workers) -> None:
    course = make(tmp_path)
    report = grade.grade(course, "hw", students=["c-half"], workers=workers)
    assert points(report) == {"c-half": 2.0}
    assert results.load(course.state, "hw", "a-right") is None
    with pytest.raises(NotFound, match="handed in nothing"):
        grade.grade(course, "hw", students=["nobody"], workers=workers)
    with pytest.raises(NotFound, match="no task 'u'"):
        grade.grade(course, "hw", tasks=["u"], workers=workers)
    with pytest.raises(NotFound, match="no assignment 'hx'"):
        grade.grade(course, "hx", workers=workers)


def test_a_grading_that_is_killed_goes_on_where_it_stopped(
    tmp_path: Path, workers: Workers
) -> None:
    course = make(tmp_path, slow=3.0)
    command = [sys.executable, "-m", "autograder.cli", "--course", str(tmp_path), "grade", "hw"]
    killed = subprocess.Popen([*command, "-j", "1"], start_new_session=True)
    waited = time.monotonic()
    while len(saved(course)) < 3 and time.monotonic() - waited < 240:
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    there, before = saved(course), evidence(course)
    assert 3 <= len(there) < 6
    for result in there.values():  # each one is whole
        assert isinstance(result, Result)
    again = grade.grade(course, "hw", workers=workers)
    assert points(again) == {**STATES, "f-broken": 0.0}
    done = {r.student for r in there.values() if any(n.run for n in r.notebooks)}
    assert again.ran <= 5 - len(done)
    after = evidence(course)
    assert all(after[name] == when for name, when in before.items())
    in_book = {s.student: s.score for s in gradebook.student_scores(course, "hw")}
    assert in_book == points(again)


def saved(course: Course) -> dict[str, Result]:
    """The results on disk; raises if one is half-written."""
    return {r.student: r for r in results.load_all(course.state, "hw")}


def test_interrupted_it_ends_soon_and_loses_nothing(tmp_path: Path) -> None:
    course = make(tmp_path, slow=6.0)
    command = [sys.executable, "-m", "autograder.cli", "--course", str(tmp_path), "grade", "hw"]
    running = subprocess.Popen([*command, "-j", "2"], start_new_session=True)
    waited = time.monotonic()
    while not saved(course) and time.monotonic() - waited < 240:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    running.wait(timeout=60)
    assert running.returncode != 0
    assert 1 <= len(saved(course)) < 6


def test_the_report_is_json(tmp_path: Path, workers: Workers) -> None:
    course = make(tmp_path)
    report = json.loads(json.dumps(grade.grade(course, "hw", workers=workers).as_json()))
    assert report["submissions"] == 6
    assert {r["student"]: r["points"] for r in report["results"]} == {**STATES, "f-broken": 0.0}


def test_a_criterion_that_raises_on_the_solution_too_waits_for_a_person(
    tmp_path: Path, workers: Workers
) -> None:
    course = make(tmp_path)
    source = course.source / "hw" / "hw.ipynb"
    text = source.read_text()
    source.write_text(text.replace("assert x == 1", "assert open('/no/such/file') or x == 1"))
    report = grade.grade(course, "hw", students=["a-right"], workers=workers)
    (result,) = report.results
    states = {c.name: c.status for n in result.notebooks for t in n.tasks for c in t.criteria}
    assert states == {"doubled": Status.PASSED, "one": Status.ERROR}
    assert result.needs_person
    (score,) = gradebook.student_scores(course, "hw")
    assert score.needs_person
