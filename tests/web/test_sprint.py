"""A sprint from Start to the automatic hand-in, by a clock that the test sets."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from starlette.testclient import TestClient

from autograder import gradebook
from autograder.gradebook.database.connection import reading
from autograder.gradebook.database.tables import SubmissionRow
from autograder.gradebook.portal import access, queue, sprints
from autograder.gradebook.scores.lateness import _seconds_late
from autograder.steps import roster
from autograder.steps.authoring.release import release
from autograder.steps.grading.collect import shelf_of
from autograder.steps.portal import allowances, sprint
from autograder.steps.portal.answers import with_answers
from autograder.steps.portal.receive_submission import hand_in
from autograder.steps.portal.sprint_clock import Phase
from autograder.student import environment
from autograder.student import task as student_task
from autograder.submissions.paths import Refused
from autograder.web.app import create_app
from autograder.web.student import views

from .conftest import ANSWER, answered, upload, with_settings


def answers(course, kept) -> list[str]:
    path = next(shelf_of(course, "sc01").files(kept).glob("*.ipynb"))
    cells = json.loads(path.read_bytes())["cells"]
    return [
        "".join(c["source"]) for c in cells if c["metadata"].get("nbgrader", {}).get("solution")
    ]


def only(course, student):
    (kept,) = shelf_of(course, "sc01").all_of(student)
    return kept


def test_the_last_save_is_handed_in_when_the_time_and_the_grace_are_over(course, student, clock):
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    clock.to(19, 50)
    first = answered(course, "sc01", "x = 1").decode()
    sprint.save(course, "sc01", student, "sc01", first, clock())
    clock.to(20, 29, 58)
    last = answered(course, "sc01").decode()
    sprint.save(course, "sc01", student, "sc01", last, clock())
    saved = clock()
    clock.to(20, 30, 59)
    assert sprint.hand_in_what_is_over(course, clock()) == ()
    clock.to(20, 31)
    (done,) = sprint.hand_in_what_is_over(course, clock())
    assert done.student == student
    kept = only(course, student)
    assert answers(course, kept) == [ANSWER]
    assert kept.arrival.received == saved
    assert sprints.sprint(course, "sc01", student).submission == kept.id
    assert sprint.hand_in_what_is_over(course, clock()) == ()


@pytest.fixture
def rehearsal(course):
    exam = {**course.exams.assignments["sc*"], "rehearsal": True, "minutes": 10}
    return with_settings(course, "exams", assignments={"sc*": exam})


def test_a_rehearsal_may_be_begun_again_and_its_results_are_seen_at_once(rehearsal, student, clock):
    course = rehearsal
    clock.to(19)
    assert sprint.begin(course, "sc01", student, clock()).words.startswith("A rehearsal: ")
    sprint.save(
        course, "sc01", student, "sc01", answered(course, "sc01", "x = 1").decode(), clock()
    )
    again = sprint.begin(course, "sc01", student, clock())
    assert again.sprint.started == clock()  # it runs: nothing begins anew
    clock.to(19, 12)
    assert len(sprint.hand_in_what_is_over(course, clock())) == 1
    assert views.feedback_is_open(course, "sc01", student, clock())
    assert queue.job(course, "sc01", student).not_before <= datetime.now()
    where = sprint.standing(course, "sc01", student, clock())
    assert (where.phase, where.sprint) == (Phase.OPEN, None)
    with pytest.raises(sprint.TooLate):
        sprint.save(course, "sc01", student, "sc01", answered(course, "sc01").decode(), clock())
    begun = sprint.begin(course, "sc01", student, clock())
    assert begun.sprint.started == clock()
    assert begun.phase is Phase.RUNNING
    assert sprint.saved_at(course, "sc01", student) is None
    clock.to(19, 30)
    sprint.hand_in_what_is_over(course, clock())
    only(course, student)  # nothing was saved the second time, nothing old was handed in again


def test_a_sprint_that_counts_is_begun_once(course, student, clock):
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    clock.to(21)
    sprint.hand_in_what_is_over(course, clock())
    where = sprint.begin(course, "sc01", student, clock())
    assert where.phase is Phase.OVER
    assert not views.feedback_is_open(course, "sc01", student, clock())


@pytest.mark.parametrize("strange", [5, None, {"a": 1}, [1, "x = 1"]])
def test_a_cell_of_no_known_form_keeps_nobodys_work_back(course, student, clock, strange):
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    notebook = json.loads(answered(course, "sc01"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = strange
    sprint.save(course, "sc01", student, "sc01", json.dumps(notebook), clock())
    clock.to(19, 5)
    sprint.save_cell(course, "sc01", student, "sc01", "unknown", ANSWER, clock())
    clock.to(22)
    (done,) = sprint.hand_in_what_is_over(course, clock())
    assert done.student == student


def test_what_goes_wrong_with_one_sprint_keeps_no_other_back(course, student, clock, monkeypatch):
    other = roster.find(course, "2026002").id
    clock.to(19)
    for one in (student, other):
        sprint.begin(course, "sc01", one, clock())
        sprint.save(course, "sc01", one, "sc01", answered(course, "sc01").decode(), clock())
    taken = sprint.hand_in

    def fails_for_one(course, assignment, who, *rest, **more):
        if who == student:
            raise OSError(28, "No space left on device")
        return taken(course, assignment, who, *rest, **more)

    monkeypatch.setattr(sprint, "hand_in", fails_for_one)
    clock.to(23)
    assert [one.student for one in sprint.hand_in_what_is_over(course, clock())] == [other]
    monkeypatch.undo()
    assert [one.student for one in sprint.hand_in_what_is_over(course, clock())] == [student]


def test_the_server_itself_ends_a_sprint_while_nobody_asks(course, student, clock):
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    sprint.save(course, "sc01", student, "sc01", answered(course, "sc01").decode(), clock())
    clock.to(22)
    with TestClient(create_app(course, clock=clock)):
        until = time.monotonic() + 20
        while not shelf_of(course, "sc01").all_of(student) and time.monotonic() < until:
            time.sleep(0.1)
    assert answers(course, only(course, student)) == [ANSWER]


def test_answer_cells_alone_are_enough(course, student, clock):
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    sprint.save_cell(course, "sc01", student, "sc01", "no-such-id", ANSWER, clock())
    sprint.save_cell(course, "sc01", student, "sc01", "other", "print('hello')", clock())
    clock.to(22)
    sprint.hand_in_what_is_over(course, clock())
    assert answers(course, only(course, student)) == [ANSWER]


def test_what_was_run_after_the_last_save_replaces_it_and_what_was_run_before_does_not(tmp_path):
    def cell(id_, source):
        return {
            "id": id_,
            "cell_type": "code",
            "source": source,
            "metadata": {"nbgrader": {"solution": True}},
        }

    text = json.dumps({"cells": [cell("a", "def f(): pass"), cell("b", "y = 0")]})
    saved = {"n": {"at": "2030-01-10T10:10", "text": text}}

    def ran(id_, source, at):
        return {"name": "n", "cell": id_, "source": source, "at": f"2030-01-10T{at}"}

    runs = [
        ran("b", "y = 1", "10:00"),
        ran("", "def f():\n    return 2", "10:20"),
        ran("b", "y = 3", "10:30"),
    ]
    ((name, filled),) = with_answers(tmp_path, saved, runs)
    assert name == "n"
    assert [c["source"] for c in json.loads(filled)["cells"]] == ["def f():\n    return 2", "y = 3"]
    ((_, same),) = with_answers(tmp_path, saved, runs[:1])
    assert same == text


def test_nothing_saved_hands_in_nothing_and_that_is_noted(course, student, clock):
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    clock.to(22)
    assert len(sprint.hand_in_what_is_over(course, clock())) == 1
    assert shelf_of(course, "sc01").all_of(student) == ()
    assert sprints.sprint(course, "sc01", student).ended == clock()


def test_an_upload_after_the_last_save_still_counts(course, student, clock, tmp_path):
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    sprint.save(
        course, "sc01", student, "sc01", answered(course, "sc01", "x = 1").decode(), clock()
    )
    clock.to(20)
    done = hand_in(
        course, "sc01", student, [upload(tmp_path, answered(course, "sc01"), "sc01.ipynb")], clock()
    )
    clock.to(22)
    sprint.hand_in_what_is_over(course, clock())
    assert shelf_of(course, "sc01").newest(student).id == done.submission


def test_nothing_is_saved_before_the_start_or_after_the_end(course, student, clock):
    text = answered(course, "sc01").decode()
    clock.to(19)
    with pytest.raises(sprint.TooLate, match=r"Begin by 20:30"):
        sprint.save(course, "sc01", student, "sc01", text, clock())
    sprint.begin(course, "sc01", student, clock())
    clock.to(20, 30)
    with pytest.raises(sprint.TooLate, match=r"Time was over at 20:30"):
        sprint.save(course, "sc01", student, "sc01", text, clock())
    with pytest.raises(sprint.TooLate):
        sprint.save_cell(course, "sc01", student, "sc01", "a", "x = 1", clock())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', "[" * 100_000])
def test_a_save_that_is_no_notebook_is_refused_and_the_former_stays(course, student, clock, text):
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    sprint.save(course, "sc01", student, "sc01", answered(course, "sc01").decode(), clock())
    with pytest.raises(Refused):
        sprint.save(course, "sc01", student, "sc01", text, clock())
    with pytest.raises(Refused):
        sprint.save(course, "sc01", student, "../sc01", "{}", clock())
    clock.to(22)
    sprint.hand_in_what_is_over(course, clock())
    assert answers(course, only(course, student)) == [ANSWER]


def test_a_credit_moves_the_end_of_everybody_and_stands_in_the_audit(course, student, clock):
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    report = allowances.credit(course, "sc01", 12, students=(), reason="power cut in 302")
    assert (report.minutes, report.students) == (12, ())
    assert "until 20:42: 102 minutes" in sprint.standing(course, "sc01", student, clock()).words
    change = next(c for c in gradebook.changes(course, "sc01") if c.action == "credit")
    assert (change.after, change.reason, change.student) == (
        {"minutes": 12},
        "power cut in 302",
        "",
    )
    assert change.who


def test_an_extension_moves_one_students_close_alone(course, student, clock):
    clock.to(20, 45)
    allowances.extend(course, "2026001", "sc01", 60, reason="ill")
    other = roster.find(course, "2026002").id
    assert "Begin by 21:30" in sprint.standing(course, "sc01", student, clock()).words
    assert "it closes at 22:45" in sprint.standing(course, "sc01", other, clock()).words


def test_results_of_a_sprint_wait_for_whoever_works_longest(course, student):
    done = sprint.everybody_is_done(course, "sc01")
    window = sprint.window_of(course, "sc01")
    assert done == window.closes + timedelta(minutes=45) + window.grace


def test_a_sprint_is_graded_after_its_close(course, student, clock, tmp_path):
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    hand_in(
        course, "sc01", student, [upload(tmp_path, answered(course, "sc01"), "sc01.ipynb")], clock()
    )
    assert queue.take(course) == ()
    assert queue.job(course, "sc01", student).not_before == course.due("sc01").astimezone(
        clock().tzinfo
    ).replace(tzinfo=None) - timedelta(hours=9)


def test_a_notebook_saves_through_the_api(course, student, clock):
    clock.to(19)
    sprint.begin(course, "sc01", student, clock())
    token = access.new_token(course, student, "notebook", timedelta(days=1))
    bearer = {"Authorization": f"Bearer {token}"}
    with TestClient(create_app(course, clock=clock)) as client:
        said = client.put(
            "/api/sprints/sc01/notebook?name=sc01", headers=bearer, content=answered(course, "sc01")
        ).json()
        assert said["deadline"] == "2030-01-10T20:30:00+09:00" or said["deadline"].startswith(
            "2030-01-10T11:30"
        )
        cell = {"name": "sc01", "cell": "", "source": ANSWER}
        assert client.put("/api/sprints/sc01/cell", headers=bearer, json=cell).status_code == 200
        assert client.put("/api/sprints/hello/cell", headers=bearer, json=cell).status_code == 404
        clock.to(21)
        assert client.put("/api/sprints/sc01/cell", headers=bearer, json=cell).status_code == 409


def test_an_extension_of_daily_work_is_not_late_for_who_has_it(course, student):
    class Due:
        id = "x"
        duedate = course.due("hello").astimezone(timezone.utc).replace(tzinfo=None)

    def late(who: str) -> float:
        handed_in = Due.duedate + timedelta(hours=5)
        row = SubmissionRow(assignment="hello", student=who, received=handed_in)
        with reading(course) as session:
            return _seconds_late(course, session, Due, row)

    assert late(student) == 5 * 3600
    allowances.extend(course, "2026001", "hello", 180, reason="ill")
    assert late(student) == 2 * 3600
    assert late(roster.find(course, "2026002").id) == 5 * 3600
    allowances.extend(course, "2026001", "hello", 180, reason="still ill")
    assert late(student) == 0


def test_a_silent_sprint_checks_nothing_in_the_notebook_and_is_graded_all_the_same(monkeypatch):
    said = json.dumps({"assignment": "sc01", "notebook": "sc01", "silent": True})
    monkeypatch.setenv(environment.VARIABLE, said)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    shown = []
    monkeypatch.setattr(student_task, "show", lambda what: shown.append(what.text))
    task = student_task.Task("double")
    ran = []
    task.criterion("Runs", points=1)(lambda double: ran.append(1))
    assert task.check() is None
    assert (ran, shown) == ([], ["Handing in decides: Nothing is checked in this sprint yet."])


def test_release_says_that_a_sprint_is_silent_only_where_the_course_wants_it(course):
    text = next((course.release / "sc01").glob("*.ipynb")).read_text()
    assert '\\"silent\\": false' in text
    quiet = with_settings(course, "exams", visible_feedback=False, assignments={})
    quiet = replace(quiet, settings=replace(quiet.settings, due={"sc01": "2030-01-10 22:00"}))
    release(quiet, "sc01", prove=lambda *_: ())
    assert '\\"silent\\": true' in next((course.release / "sc01").glob("*.ipynb")).read_text()


def test_of_two_starts_at_once_the_first_counts(course, student, clock, monkeypatch):
    clock.to(19)
    before = sprint.standing(course, "sc01", student, clock())
    first = sprint.begin(course, "sc01", student, clock()).sprint.started
    saved = answered(course, "sc01", "x = 1").decode()
    sprint.save(course, "sc01", student, "sc01", saved, clock())
    clock.to(19, 5)
    monkeypatch.setattr(sprint, "standing", lambda *_: before)  # looked before the first began
    sprint.begin(course, "sc01", student, clock())
    assert sprints.sprint(course, "sc01", student).started == first
    assert sprint.saved_at(course, "sc01", student) is not None
