"""Regrade requests as staff see and answer them, and regrades from the page."""

from __future__ import annotations

import re

import pytest

from autograder import gradebook
from autograder.gradebook.portal import sprints
from autograder.gradebook.regrades import previews, requests
from autograder.steps.regrade.previewing import Preview
from autograder.web import worker_state

from .conftest import post, seal_of
from .test_course import row, text

PAGE = "/staff/a/hello/requests"


@pytest.fixture
def asked(class_):
    """Four students: three failed the same way, two of them asked."""
    class_.students = class_.enrol(4)
    for student in class_.students[:3]:
        class_.graded(student, failing=["columns"])
    class_.graded(class_.students[3], failing=["constant_column"])
    for student, why in zip(
        class_.students[:2], ("<b>왜요?</b>", "The mean is right."), strict=False
    ):
        class_.last = sprints.ask_again(
            class_.course, "hello", student, "", "hello", "standardise", why
        )
    return class_


def first(class_) -> str:
    return requests.asked(class_.course, "hello")[0].id


# ── Reading ──────────────────────────────────────────────────────────────────────────


def test_nobody_has_asked(class_):
    class_.enrol(1)
    client = class_.client()
    assert "Nobody has asked." in client.get(PAGE).text
    assert "Nobody waits for an answer." in client.get("/staff/requests").text


def test_requests_are_listed_with_their_reasons_as_text(asked):
    for page in (PAGE, "/staff/requests"):
        shown = asked.client().get(page)
        assert "&lt;b&gt;왜요?&lt;/b&gt;" in shown.text
        assert "The mean is right." in shown.text
        assert "김하나" in shown.text


def test_one_request_shows_its_cause_and_the_others_of_the_same(asked):
    shown = asked.client().get(f"{PAGE}/{first(asked)}")
    assert "the mean of each column is 0" in shown.text
    assert "Same cause: 2 others · of whom asked: 1" in text(shown)
    assert "4 / 10" not in text(shown)
    assert "6 / 10" in text(shown)


def test_a_request_that_is_not_there_is_not_found(asked):
    client = asked.client()
    assert client.get(f"{PAGE}/nowhere").status_code == 404
    assert client.get(f"/staff/a/nowhere/requests/{first(asked)}").status_code == 404


def test_hidden_names_are_nowhere_on_the_pages(asked):
    client = asked.client()
    post(client, PAGE, "/staff/names", names="hide")
    for page in (PAGE, "/staff/requests", f"{PAGE}/{first(asked)}", "/staff/a/hello/statistics"):
        shown = client.get(page).text
        assert "김하나" not in shown
        assert "Bo Lee" not in shown


# ── Answering ────────────────────────────────────────────────────────────────────────


def test_a_ta_answers_and_the_student_reads_it(asked):
    id_ = first(asked)
    ta = asked.client("2")
    page = f"{PAGE}/{id_}"
    done = post(ta, page, f"{page}/answer", state="declined", text="Look at the 2nd column.")
    assert done.status_code == 200
    assert row(done, "김하나")[-1] == "– declined"
    mine = asked.client("2026000").get("/a/hello")
    assert "Look at the 2nd column." in mine.text


def test_the_same_answer_goes_to_those_with_the_same_cause(asked):
    page = f"{PAGE}/{first(asked)}"
    post(asked.client(), page, f"{page}/answer", state="granted", text="Mended.", others="yes")
    states = {r.student: r.state for r in requests.asked(asked.course, "hello")}
    assert states == dict.fromkeys(asked.students[:2], "granted")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"state": "granted", "text": "  "}, "Write an answer"),
        ({"state": "maybe", "text": "x"}, "granted or declined"),
        ({"text": "x"}, "granted or declined"),
    ],
)
def test_a_half_answer_is_refused_with_what_is_missing(asked, said, told):
    page = f"{PAGE}/{first(asked)}"
    done = post(asked.client(), page, f"{page}/answer", **said)
    assert (done.status_code, told in done.text) == (409, True)
    assert requests.asked(asked.course, "hello", open_only=True)


def test_two_who_answer_at_once_do_not_overwrite_each_other(asked):
    page = f"{PAGE}/{first(asked)}"
    one, other = asked.client("1"), asked.client("2")
    seal = seal_of(other, page)
    post(one, page, f"{page}/answer", state="granted", text="Mended.")
    late = other.post(f"{page}/answer", data={"seal": seal, "state": "declined", "text": "No."})
    assert (late.status_code, "answered meanwhile" in late.text) == (409, True)
    assert requests.one(asked.course, "hello", first(asked)).answer != "No."


# ── Regrading from the page ──────────────────────────────────────────────────────────


def test_a_preview_is_asked_for_and_waits_for_the_worker(asked):
    page = post(asked.client(), PAGE, "/staff/a/hello/regrade/preview", task="standardise")
    assert "Waiting for the worker." in page.text
    assert "No worker is alive" in page.text
    (plan,) = previews.plans(asked.course, "hello")
    assert (plan.tasks, plan.state, plan.runs) == (("standardise",), "asked", False)
    again = post(asked.client(), PAGE, "/staff/a/hello/regrade/preview", task="")
    assert (again.status_code, "under way" in again.text) == (409, True)
    unknown = post(asked.client(), PAGE, "/staff/a/hello/regrade/preview", task="nowhere")
    assert unknown.status_code == 409


def ready(class_, students=()):
    """A preview as the worker leaves it."""
    plan = previews.ask(class_.course, "hello", [], "park")
    found = Preview(
        "hello",
        (),
        "0" * 64,
        4,
        tuple(students),
        (),
        (),
        (),
        {one.student: ("x",) for one in students},
    )
    previews.tell(class_.course, plan.id, state="ready", source=found.source, found=found.as_json())
    return plan


def test_a_ready_preview_shows_who_changes_by_how_much_and_is_applied_with_a_reason(asked):
    from autograder.gradebook.regrades.regrading import Regraded, TaskChange

    change = TaskChange("hello", "standardise", 6.0, 10.0, None)
    plan = ready(asked, [Regraded(asked.students[0], 6.0, 10.0, 10.0, (change,))])
    client = asked.client()
    shown = client.get(PAGE)
    assert row(shown, "김하나")  # the request
    assert re.search(r'class="number up">\+4<', shown.text)
    form = f"/staff/a/hello/regrade/{plan.id}/apply"
    refused = post(client, PAGE, form, reason=" ")
    assert (refused.status_code, "Say why" in refused.text) == (409, True)
    post(client, PAGE, form, reason="NaN is meant")
    assert previews.plan(asked.course, plan.id).state == "apply"
    assert previews.plan(asked.course, plan.id).applied_by == worker_id(asked)
    assert post(client, PAGE, form, reason="again").status_code == 409
    previews.tell(asked.course, plan.id, state="applied", applied=plan.at)
    assert "NaN is meant" in client.get(PAGE).text


def worker_id(class_):
    from autograder.steps import roster

    return roster.find(class_.course, "1").id


def test_a_preview_of_another_assignment_is_not_applied_here(asked):
    plan = ready(asked)
    post(asked.client(), PAGE, f"/staff/a/hello/regrade/{plan.id}x/apply", reason="x")
    assert previews.plan(asked.course, plan.id).state == "ready"


def test_what_went_wrong_is_told(asked):
    plan = previews.ask(asked.course, "hello", [], "park")
    previews.tell(asked.course, plan.id, state="failed", note="the source is <broken>")
    assert "the source is &lt;broken&gt;" in asked.client().get(PAGE).text


def test_a_ta_sees_previews_and_neither_makes_nor_applies_them(asked):
    plan = ready(asked)
    ta = asked.client("2")
    shown = ta.get(PAGE)
    assert "An instructor previews and applies" in shown.text
    seal = seal_of(ta, PAGE)
    for form in ("preview", f"{plan.id}/apply"):
        done = ta.post(f"/staff/a/hello/regrade/{form}", data={"seal": seal, "reason": "x"})
        assert done.status_code == 403
    assert previews.plan(asked.course, plan.id).state == "ready"


def test_no_score_changes_by_looking_or_answering(asked):
    before = gradebook.student_scores(asked.course, "hello")
    page = f"{PAGE}/{first(asked)}"
    client = asked.client()
    post(client, page, f"{page}/answer", state="granted", text="yes")
    client.get(f"{PAGE}/preview")
    assert gradebook.student_scores(asked.course, "hello") == before
    assert not worker_state.seen(asked.course).alive
