"""Reading and marking answers through the pages: who may, what is written, what is refused."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from nbgrader.api import Gradebook

from autograder import gradebook
from autograder.evidence import check_pictures, results
from autograder.evidence.store import Store
from autograder.gradebook.marking import leases, mark_changes, rubric_changes
from autograder.gradebook.marking.leases import Answer
from autograder.steps.reporting.feedback import feedback

from .conftest import text
from .made import ADDS, HOSTILE, NOTEBOOK, A, hand_in, student

ANSWERS = f"/staff/a/{A}/answers"


def path(course, number, task="why", of="all"):
    return f"{ANSWERS}/{NOTEBOOK}/{task}/{student(course, number)}?of={of}"


def answer(course, number, task="why"):
    return Answer(A, NOTEBOOK, task, student(course, number))


def grade_of(course, number, task="why"):
    with Gradebook(course.db_url) as book:
        return book.find_grade(task, NOTEBOOK, A, student(course, number)).to_dict()


# ── Who may come in ──────────────────────────────────────────────────────────────────


PAGES = (
    "/staff",
    ANSWERS,
    f"{ANSWERS}/{NOTEBOOK}/why",
    f"/staff/a/{A}/comments",
    f"/staff/a/{A}/groups/{NOTEBOOK}/double",
)


@pytest.mark.parametrize("page", PAGES)
def test_no_student_sees_a_page_of_staff(hana, page):
    response = hana.get(page)
    assert response.status_code == 403
    assert "Bo Lee" not in response.text


@pytest.mark.parametrize("page", PAGES)
def test_staff_do(ann, page):
    assert ann.get(page).status_code == 200


@pytest.mark.parametrize(
    "tried",
    [
        "/staff/a/nothing/answers",
        f"/staff/a/{A}/answers/{NOTEBOOK}/no",
        f"/staff/a/{A}/answers/{NOTEBOOK}/why/nobody",
    ],
)
def test_what_is_not_there_is_not_found(ann, tried):
    assert ann.get(tried).status_code == 404


def test_only_an_instructor_says_who_marks_what(ann, park, course):
    form = {"who": "x", "task": "", "section": ""}
    assert ann.post(f"/staff/a/{A}/allotment", ANSWERS, **form).status_code == 403
    ta = re.search(r'<option value="(\w+)">Ann Kim', park.get(ANSWERS).text)[1]
    form = {"who": ta, "task": f"{NOTEBOOK}/why", "section": "A"}
    assert "Ann Kim · why · A" in text(park.post(f"/staff/a/{A}/allotment", ANSWERS, **form))
    whys = leases.GraderAssignment(NOTEBOOK, "why", "A", ta)
    assert leases.allotments(course, A) == (whys,)
    park.post(f"/staff/a/{A}/allotment", ANSWERS, who=ta, task="", section="B")
    assert set(leases.allotments(course, A)) == {whys, leases.GraderAssignment("", "", "B", ta)}
    park.post(f"/staff/a/{A}/allotment", ANSWERS, **form, remove="yes")
    assert leases.allotments(course, A) == (leases.GraderAssignment("", "", "B", ta),)


@pytest.mark.parametrize("seal", ["", "0" * 64])
def test_a_form_from_elsewhere_changes_nothing(ann, course, seal):
    before = mark_changes.mark(course, answer(course, "1"))
    edition = before.edition
    for where in (
        path(course, "1"),
        f"/staff/a/{A}/next",
        f"/staff/a/{A}/comments",
        "/staff/names",
        f"/staff/a/{A}/groups/{NOTEBOOK}/double",
        f"/staff/a/{A}/groups/{NOTEBOOK}/double/met",
    ):
        data = {"seal": seal, "edition": edition, "do": "comment", "comment": "forged"}
        assert ann.client.post(where, data=data).status_code == 403
    assert mark_changes.mark(course, answer(course, "1")) == before


def test_names_are_hidden_by_the_server(ann, course):
    page = path(course, "2")
    assert "Bo Lee" in ann.get(page).text
    ann.post("/staff/names", page, names="hide")
    for where in (page, f"{ANSWERS}/{NOTEBOOK}/why", f"/staff/a/{A}/groups/{NOTEBOOK}/double"):
        assert "Bo Lee" not in ann.get(where).text
    assert student(course, "2") in ann.get(page).text
    ann.post("/staff/names", page, names="show")
    assert "Bo Lee" in ann.get(page).text


# ── Next ─────────────────────────────────────────────────────────────────────────────


def test_next_gives_two_people_different_answers_until_none_is_left(ann, ben):
    seen = []
    for who in (ann, ben, ann, ben, ann, ben):
        response = who.post(f"/staff/a/{A}/next", ANSWERS, notebook=NOTEBOOK, task="why")
        seen.append(response.url.path)
        who.post(response.url.path, do="done")
    assert len(set(seen)) == 6
    response = ben.post(f"/staff/a/{A}/next", ANSWERS, notebook=NOTEBOOK, task="double")
    assert "Nothing waits for you now." in text(response)


def test_whoever_comes_second_reads_but_changes_nothing(ann, ben, course):
    ann.get(path(course, "1"))
    assert "A colleague is marking this answer: Ann Kim" in ben.text(path(course, "1"))
    response = ben.post(path(course, "1"), do="comment", comment="mine")
    assert response.status_code == 409
    assert ">mine</textarea>" in response.text  # what was typed is not lost
    assert mark_changes.mark(course, answer(course, "1")).state.comment == ""


def test_what_changed_meanwhile_is_not_written_over(ann, course):
    page = ann.get(path(course, "1")).text
    seal, edition = (re.search(rf'name="{n}" value="(\w+)"', page)[1] for n in ("seal", "edition"))
    with Gradebook(course.db_url) as book:  # as formgrader does
        book.find_grade("why", NOTEBOOK, A, student(course, "1")).manual_score = 3.0
        book.db.commit()
    data = {"seal": seal, "edition": edition, "do": "comment", "comment": "late words"}
    response = ann.client.post(path(course, "1"), data=data)
    assert response.status_code == 409
    assert "late words" in response.text
    assert "Given in formgrader." in text(response)
    assert mark_changes.mark(course, answer(course, "1")).manual == 3.0


# ── Marking ──────────────────────────────────────────────────────────────────────────


def test_a_rubric_from_its_first_item_to_a_change_for_all(ann, course):
    for number in ("1", "2"):
        ann.post(path(course, number), do="add_item", text=f"reason {number}", points="3")
    first, second = (i.id for i in rubric_changes.of_task(course, A, NOTEBOOK, "why").items)
    for number in ("1", "2"):
        assert "3 / 4" in text(ann.post(path(course, number), do="item", item=first))
    assert grade_of(course, "1")["manual_score"] == 3
    ann.post(
        path(course, "1"),
        do="edit_item",
        item=first,
        text="reason",
        points="2,5",
        seen_text="reason 1",
        seen_points="3",
    )
    assert [grade_of(course, n)["manual_score"] for n in ("1", "2")] == [2.5, 2.5]
    late = ann.post(
        path(course, "1"),
        do="edit_item",
        item=second,
        text="x",
        points="9",
        seen_text="other words",
        seen_points="3",
    )
    assert late.status_code == 409
    assert "4 / 4" in text(ann.post(path(course, "1"), do="item", item=second))
    ann.post(path(course, "1"), do="undo")
    assert mark_changes.mark(course, answer(course, "1")).score == 2.5


def test_an_adjustment_needs_a_reason(ann, course):
    where = path(course, "1", "double")
    response = ann.post(where, do="adjust", adjustment="+1", reason="")
    assert response.status_code == 400
    assert "An adjustment needs a reason." in text(response)
    assert "1 / 5" in text(ann.post(where, do="adjust", adjustment="+1", reason="kind"))
    assert grade_of(course, "1", "double")["manual_score"] == 1
    response = ann.post(where, do="adjust", adjustment="a lot", reason="kind")
    assert "These are no points: a lot" in text(response)


def test_comment_flag_note_and_line_remark_are_kept(ann, course):
    where = path(course, "1", "double")
    ann.post(where, do="comment", comment="Look again.")
    ann.post(where, do="flag")
    ann.post(where, do="note", note="copied from 2?")
    ann.post(where, do="line", cell="double_answer", line="2", text="why + ?", shown="yes")
    ann.post(where, do="line", cell="double_answer", line="3", text="among us")
    state = mark_changes.mark(course, answer(course, "1", "double")).state
    assert (state.comment, state.flagged, state.note) == ("Look again.", True, "copied from 2?")
    assert [(li.line, li.text, li.shown) for li in state.lines] == [
        (2, "why + ?", True),
        (3, "among us", False),
    ]
    page = ann.text(where)
    assert "why + ?" in page
    assert "only staff see this" in page
    ann.post(where, do="unline", id=state.lines[0].id)
    assert len(mark_changes.mark(course, answer(course, "1", "double")).state.lines) == 1


def test_the_student_reads_line_remarks_and_items_and_nothing_meant_for_staff(ann, course):
    where = path(course, "1", "double")
    ann.post(where, do="add_item", text="wrong operation", points="-0.5")
    ann.post(where, do="add_item", text="not had", points="-1")
    item = rubric_changes.of_task(course, A, NOTEBOOK, "double").items[0].id
    ann.post(where, do="item", item=item)
    ann.post(where, do="line", cell="double_answer", line="2", text="why + ?", shown="yes")
    ann.post(where, do="line", cell="double_answer", line="3", text="among us")
    ann.post(where, do="note", note="copied?")
    feedback(course, A, student(course, "1"))
    page = (course.feedback / student(course, "1") / A / f"{NOTEBOOK}.html").read_text()
    assert "why + ?" in page
    assert "wrong operation" in page
    for hidden in ("among us", "copied?", "not had"):
        assert hidden not in page


def test_staff_see_whether_the_feedback_was_opened(ann, hana, course):
    assert "The student has not opened the feedback." in ann.text(path(course, "1"))
    feedback(course, A, student(course, "1"))
    assert hana.get(f"/a/{A}/feedback/index.html").status_code == 200
    assert "The student opened the feedback:" in ann.text(path(course, "1"))


def test_formgraders_tables_say_the_same_scores_and_comments(ann, course):
    ann.post(path(course, "4"), do="add_item", text="names the reason", points="3")
    item = rubric_changes.of_task(course, A, NOTEBOOK, "why").items[0].id
    ann.post(path(course, "4"), do="item", item=item)
    ann.post(path(course, "4"), do="comment", comment="Well said.")
    with Gradebook(course.db_url) as book:
        theirs = book.find_submission(A, student(course, "4"))
        assert (theirs.score, theirs.needs_manual_grade) == (8.0, False)
        comments = {c.name: c.manual_comment for n in theirs.notebooks for c in n.comments}
    assert comments["why"] == "Well said."
    (score,) = gradebook.student_scores(course, A, student(course, "4"))
    assert score.score == 8.0


# ── Hostile notebooks ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("task", ["double", "why"])
def test_nothing_that_a_student_wrote_is_more_than_text(ann, course, task):
    page = ann.get(path(course, "6", task)).text
    assert "<script>window" not in page
    assert "onerror=" not in re.sub(r"&lt;.*?&gt;", "", page)
    assert "<svg onload" not in page
    assert 'href="javascript' not in page
    assert "\u202e" not in page
    shown = ann.client.get(f"/staff/a/{A}/groups/{NOTEBOOK}/{task}").text
    assert "<script>window" not in shown


def test_what_a_criterion_drew_stands_beside_its_verdict_as_a_picture(ann, course):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" onload="window.hit=1"><title>{HOSTILE}</title></svg>'
    store, alt = Store(course.state / "evidence"), f"the worst mask {HOSTILE}"
    check_pictures.keep(store, "run-1", "double", "doubles", [{"svg": svg, "alt": alt}])
    page = ann.get(path(course, "1", "double")).text
    assert 'src="data:image/svg+xml;base64,' in page
    assert "the worst mask" in page
    assert "onload" not in page
    assert "<script>window" not in page


def test_what_staff_write_is_text_too(ann, course):
    where = path(course, "1", "double")
    ann.post(where, do="comment", comment=HOSTILE)
    ann.post(where, do="add_item", text=HOSTILE, points="1")
    ann.post(where, do="line", cell="double_answer", line="1", text=HOSTILE, shown="yes")
    ann.post(f"/staff/a/{A}/comments", do="add", task=f"{NOTEBOOK}/double", text=HOSTILE)
    for shown in (where, f"/staff/a/{A}/comments"):
        assert "<script>window" not in ann.get(shown).text
    feedback(course, A, student(course, "1"))
    page = (course.feedback / student(course, "1") / A / f"{NOTEBOOK}.html").read_text()
    assert "<script>window" not in page


def test_why_a_notebook_cannot_be_shown_is_told(ann, course):
    who = student(course, "4")
    kept = results.load(course.state, A, who)
    broken = replace(kept.notebooks[0], broken=f"It is no notebook: {HOSTILE}\nHand it in again.")
    results.save(course.state, replace(kept, notebooks=(broken,)))
    (course.autograded / who / A / f"{NOTEBOOK}.ipynb").unlink()
    page = ann.get(path(course, "4", "double"))
    assert "It is no notebook:" in text(page)
    assert "<script>window" not in page.text


def test_the_answer_that_counts_is_shown_whichever_was_graded_last(ann, course):
    hand_in(course, "4", ADDS[0], "worse now", n=2)  # the best one counts
    page = ann.text(path(course, "4", "double"))
    assert (
        "An older submission counts; what is shown may be a newer one." in page
    )  # it is not kept here
