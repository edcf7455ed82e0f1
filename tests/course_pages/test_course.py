"""The page of the course and of one assignment: counts, the queue, grading started and followed."""

from __future__ import annotations

import fcntl
import html
import re
import threading

import pytest

from autograder.errors import AutograderError
from autograder.gradebook.database import audit
from autograder.gradebook.portal import queue
from autograder.steps.portal import start_grading
from autograder.web import worker_state

from .conftest import post, seal_of


def text(response) -> str:
    plain = re.sub(r"<[^>]*>", " ", response.text)
    return " ".join(html.unescape(plain).split())


def row(response, name: str) -> list[str]:
    """The cells of the table line that begins with this name."""
    for line in re.findall(r"<tr>(.*?)</tr>", response.text, re.DOTALL):
        cells = [
            " ".join(html.unescape(re.sub(r"<[^>]*>", " ", cell)).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL)
        ]
        if cells and cells[0].startswith(name):
            return cells
    raise AssertionError(f"no line for {name}")


# ── Counts ───────────────────────────────────────────────────────────────────────────


def test_an_empty_course_says_what_there_is(class_):
    class_.enrol(0)
    page = class_.client().get("/staff")
    assert page.status_code == 200
    assert row(page, "hello")[2:8] == ["0", "0", "0", "0", "0", "0"]
    assert "Worker ■ none" in text(page)
    one = class_.client().get("/staff/a/hello")
    assert "Grade what is not graded yet" in one.text


def test_the_course_counts_what_is_handed_in_graded_in_error_and_given(class_):
    students = class_.enrol(5)
    class_.graded(students[0])
    class_.graded(students[1], failing=["columns"])
    class_.graded(students[2], error=["unseen_columns"])
    class_.hand_in(students[3])
    (class_.course.feedback / students[0] / "hello").mkdir(parents=True)
    page = class_.client().get("/staff")
    assert row(page, "hello")[2:8] == ["4 / 5", "3", "1", "⚠ 1", "0", "1"]


def test_an_error_of_ours_leads_to_the_answer_and_says_what_happened(class_):
    (student,) = class_.enrol(1)
    class_.graded(student, error=["unseen_columns"])
    page = class_.client().get("/staff/a/hello")
    assert f"/staff/a/hello/answers/hello/standardise/{student}" in page.text
    assert "SandboxFault" in page.text


def test_names_are_text_whatever_is_in_them(class_):
    students = class_.enrol(5)
    for student in students:
        class_.graded(student, error=["unseen_columns"])
    page = class_.client().get("/staff/a/hello")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "김하나" in page.text


def test_an_assignment_that_is_in_no_release_is_listed_and_not_opened(class_):
    class_.enrol(0)
    (class_.course.source / "later").mkdir()
    (class_.course.source / "later" / "later.ipynb").write_text("{}")
    client = class_.client()
    assert "not released" in " ".join(row(client.get("/staff"), "later"))
    assert client.get("/staff/a/later").status_code == 404


@pytest.mark.parametrize(
    "page",
    ["", "/a/hello", "/live", "/a/hello/progress", "/a/hello/statistics", "/a/hello/release"],
)
def test_students_and_strangers_see_no_page_of_staff(class_, page):
    class_.enrol(1)
    assert class_.client("2026000").get(f"/staff{page}").status_code == 403
    stranger = class_.client("").get(f"/staff{page}", follow_redirects=False)
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize("name", ["nowhere", ".autograder", "hello%00"])
@pytest.mark.parametrize("page", ["", "/progress", "/statistics", "/release"])
def test_an_assignment_that_is_not_there_is_not_found(class_, name, page):
    class_.enrol(0)
    assert class_.client().get(f"/staff/a/{name}{page}").status_code == 404


# ── Grading ──────────────────────────────────────────────────────────────────────────


def test_what_is_not_graded_yet_is_put_into_the_queue(class_):
    students = class_.enrol(4)
    class_.graded(students[0])
    class_.graded(students[1], error=["columns"])
    class_.hand_in(students[2])
    client = class_.client()
    page = post(client, "/staff/a/hello", "/staff/a/hello/grade", what="new")
    assert "0 of 2 graded" in text(page)
    assert "Started by Prof. Park" in text(page)
    assert "No worker is alive" in text(page)
    assert queue.job(class_.course, "hello", students[1]).state == "waiting"
    assert queue.job(class_.course, "hello", students[0]) is None


def test_everything_may_be_judged_again(class_):
    students = class_.enrol(3)
    for student in students:
        class_.graded(student)
    client = class_.client()
    post(client, "/staff/a/hello", "/staff/a/hello/grade", what="everything")
    assert queue.standing(class_.course).waiting == 3


def test_how_far_it_is_comes_from_the_queue(class_):
    students = class_.enrol(4)
    for student in students:
        class_.hand_in(student)
    start_grading.start(class_.course, "hello", "someone")
    for job in queue.take(class_.course, 2):
        queue.finish(class_.course, job)
    (running,) = queue.take(class_.course)
    client = class_.client()
    part = client.get("/staff/a/hello/progress")
    assert "2 of 4 graded, 1 being graded" in text(part)
    assert "minutes left" in text(part)
    assert 'hx-trigger="every 2s"' in part.text
    live = client.get("/staff/live")
    assert "Waiting 1 Being graded 1" in text(live)
    queue.finish(class_.course, running)
    for job in queue.take(class_.course):
        queue.finish(class_.course, job)
    over = client.get("/staff/a/hello/progress")
    assert "4 of 4 graded · done" in text(over)
    assert "hx-trigger" not in over.text, "it asks no more"


def test_what_cannot_be_graded_is_told_with_its_reason(class_):
    (student,) = class_.enrol(1)
    class_.hand_in(student)
    start_grading.start(class_.course, "hello", "someone")
    for _ in range(queue.TRIES):
        (job,) = queue.take(class_.course)
        queue.finish(class_.course, job, "the disk is <full>")
    page = class_.client().get("/staff/a/hello")
    assert "the disk is &lt;full&gt;" in page.text
    assert row(class_.client().get("/staff"), "hello")[5] == "⚠ 1"


def test_nothing_to_grade_is_told_and_nothing_is_queued(class_):
    (student,) = class_.enrol(1)
    client = class_.client()
    page = post(client, "/staff/a/hello", "/staff/a/hello/grade", what="new")
    assert (page.status_code, "Nothing is handed in." in page.text) == (409, True)
    class_.graded(student)
    assert (
        "Nothing is left to grade."
        in post(client, "/staff/a/hello", "/staff/a/hello/grade", what="new").text
    )
    with pytest.raises(AutograderError, match="no assignment"):
        start_grading.start(class_.course, "nowhere", "someone")


def test_who_started_grading_is_in_the_audit(class_):
    (student,) = class_.enrol(1)
    class_.hand_in(student)
    client = class_.client()
    post(client, "/staff/a/hello", "/staff/a/hello/grade", what="new")
    (done,) = audit.done(class_.course, "hello")
    assert (done.action, done.after) == ("grading started", {"submissions": 1})
    assert "grading started · submissions: 1" in text(client.get("/staff/a/hello"))


def test_a_ta_sees_all_of_it_and_starts_nothing(class_):
    (student,) = class_.enrol(1)
    class_.hand_in(student)
    ta = class_.client("2")
    page = ta.get("/staff/a/hello")
    assert page.status_code == 200
    assert "Grade what is not graded yet" not in page.text
    seal = seal_of(ta, "/staff/a/hello")
    assert ta.post("/staff/a/hello/grade", data={"seal": seal}).status_code == 403
    assert queue.standing(class_.course).waiting == 0


def test_a_form_from_elsewhere_starts_nothing(class_):
    (student,) = class_.enrol(1)
    class_.hand_in(student)
    client = class_.client()
    assert client.post("/staff/a/hello/grade", data={"what": "new"}).status_code == 403
    seal = seal_of(client, "/staff/a/hello")
    forged = client.post(
        "/staff/a/hello/grade", data={"seal": seal}, headers={"Origin": "http://evil.test"}
    )
    assert forged.status_code == 403
    assert queue.standing(class_.course).waiting == 0


# ── The worker ───────────────────────────────────────────────────────────────────────


def test_a_worker_is_seen_for_as_long_as_it_lives(class_):
    course = class_.course
    assert not worker_state.seen(course).alive
    with worker_state.the_one_worker(course) as tell:
        tell("", 2)
        seen = _from_outside(course)
        assert (seen.alive, seen.parallel, seen.problem) == (True, 2, "")
        tell("bubblewrap is not there", 0)
        assert _from_outside(course).problem == "bubblewrap is not there"
    assert worker_state.seen(course) == worker_state.WorkerState(False, 0, "")


def _from_outside(course):
    """As another process sees it: by a lock of its own on another open file."""
    found = []
    thread = threading.Thread(target=lambda: found.append(worker_state.seen(course)))
    thread.start()
    thread.join()
    return found[0]


def test_why_nothing_is_graded_is_on_the_page(class_):
    class_.enrol(0)
    client = class_.client()
    with (class_.course.state / worker_state.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (class_.course.state / worker_state.SAID).write_text(
            '{"pid": 1, "problem": "no <bubblewrap>", "parallel": 0}'
        )
        assert "no &lt;bubblewrap&gt;" in client.get("/staff").text
