"""A mended criterion: previewed without a change, applied with who and why, nothing run again."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from autograder import gradebook
from autograder.cli import app
from autograder.errors import AutograderError, NotFound
from autograder.evidence import results
from autograder.gradebook.database import audit
from autograder.gradebook.database.connection import writing
from autograder.gradebook.portal import sprints
from autograder.gradebook.regrades import previews, requests
from autograder.steps import regrade as step
from autograder.steps.grading.collect import shelf_of
from autograder.steps.grading.grade import grade
from autograder.steps.regrade.causes import causes
from autograder.steps.regrade.waiting import regrade_next

STRICT = "assert np.allclose(z[:, 1], 0)"
MENDED = "assert np.allclose(np.nan_to_num(z[:, 1]), 0)"
SPREAD = "assert np.allclose(z.std(axis=0), 1)"
MILDER = "assert np.allclose(z.std(axis=0), 1, atol=0.3)"


def scores(graded):
    return {s.student: s.total for s in gradebook.student_scores(graded.course, "hello")}


def everything(course):
    """The whole gradebook and every result, as they are."""
    rows = {
        "scores": gradebook.student_scores(course, "hello"),
        "tasks": gradebook.task_scores(course, "hello"),
        "criteria": gradebook.criterion_scores(course, "hello", all_submissions=True),
        "audit": gradebook.changes(course, "hello"),
        "results": list(results.load_all(course.state, "hello")),
    }
    pages = {p: p.read_bytes() for p in sorted(course.feedback.rglob("*.html"))}
    return rows, pages


def previewed(graded, workers, **more):
    return step.preview(graded.course, "hello", workers, **more)


# ── Preview ──────────────────────────────────────────────────────────────────────────


def test_without_a_mended_criterion_nothing_would_change(graded, workers):
    found = previewed(graded, workers)
    assert (found.judged, found.students, found.words, found.turns, found.left) == (
        5,
        (),
        (),
        (),
        (),
    )


def test_a_preview_says_who_changes_and_by_how_much_and_changes_nothing(graded, workers):
    before = everything(graded.course)
    graded.mend(STRICT, MENDED)
    found = previewed(graded, workers)
    assert everything(graded.course) == before
    assert {s.student: (s.before, s.after) for s in found.students} == {
        graded.ids["zero"]: (8.0, 10.0),
        graded.ids["also"]: (8.0, 10.0),
    }
    assert (found.up, found.down) == (2, 0)
    turns = {
        (t.criterion.rpartition("/")[2], t.before, t.after): t.submissions for t in found.turns
    }
    assert turns == {("constant_column", "failed", "passed"): 2}


def test_nothing_is_run_for_it(graded, workers, monkeypatch):
    graded.mend(STRICT, MENDED)
    monkeypatch.setattr(
        "autograder.steps.grading.pipeline.run.run", lambda *_: pytest.fail("a cell was run")
    )
    assert len(previewed(graded, workers).students) == 2


def test_a_question_that_the_record_does_not_answer_is_told_and_the_student_left_as_is(
    graded, workers
):
    before = scores(graded)
    graded.mend(SPREAD, MILDER)  # so that what comes after it asks the function for the first time
    found = previewed(graded, workers)
    (left,) = found.left
    assert (left.student, found.students) == (graded.ids["sample"], ())
    assert "would have to run again: standardise/unseen_columns" in left.why
    apply(graded, workers, found)
    assert scores(graded) == before


def test_what_the_record_does_not_answer_runs_again_if_that_is_wished(graded, workers):
    graded.mend(SPREAD, MILDER)
    found = previewed(graded, workers, runs=True)
    (mine,) = found.students
    assert (mine.student, mine.before, mine.after) == (graded.ids["sample"], 2.0, 6.0)
    assert scores(graded)[graded.ids["sample"]] == 2, "also then it is only a preview"
    apply(graded, workers, found)
    assert scores(graded)[graded.ids["sample"]] == 6


def test_a_criterion_that_breaks_is_told_and_nobody_loses_by_it(graded, workers):
    graded.mend(STRICT, "assert z[:, 9] is None")
    found = previewed(graded, workers)
    assert found.students == ()
    assert len(found.left) == 5
    assert "a fault of ours: constant_column could not be decided" in found.left[0].why


def test_lost_points_are_shown_too(graded, workers):
    graded.mend(STRICT, "assert np.allclose(z[:, 1], 9)")
    found = previewed(graded, workers)
    assert found.down == len(found.students) > 0
    assert all(s.after == s.before - 2 for s in found.students)


def test_only_one_task_may_be_judged_and_one_that_is_not_there_is_told(graded, workers):
    graded.mend(STRICT, MENDED)
    assert len(previewed(graded, workers, tasks=["standardise"]).students) == 2
    with pytest.raises(NotFound, match="its tasks: standardise"):
        previewed(graded, workers, tasks=["nowhere"])


def test_a_preview_survives_being_written_down(graded, workers):
    graded.mend(STRICT, MENDED)
    found = previewed(graded, workers)
    assert step.Preview.from_json(json.loads(json.dumps(found.as_json()))) == found


# ── Applying ─────────────────────────────────────────────────────────────────────────


def apply(graded, workers, found, **more):
    return step.apply(graded.course, found, workers, who="park", reason="NaN is meant", **more)


def test_what_was_previewed_is_recorded_with_who_when_old_new_and_why(graded, workers):
    before = scores(graded)
    graded.mend(STRICT, MENDED)
    found = previewed(graded, workers)
    done = apply(graded, workers, found)
    assert done.students == found.students
    for student, points in scores(graded).items():
        changed = student in (graded.ids["zero"], graded.ids["also"])
        assert points == (10 if changed else before[student])
    lines = [c for c in gradebook.changes(graded.course, "hello") if c.action == "regraded"]
    assert {c.student for c in lines} == {graded.ids["zero"], graded.ids["also"]}
    for line in lines:
        assert (line.who, line.reason) == ("park", "NaN is meant")
        assert (line.before, line.after) == ({"auto_score": 8.0}, {"auto_score": 10.0})
    last = audit.last(graded.course, "hello", "regrade applied")
    assert (last.after, last.reason) == (
        {"students": 2, "more": 2, "less": 0},
        "NaN is meant",
    )


def test_applied_twice_it_changes_and_says_nothing_more(graded, workers):
    graded.mend(STRICT, MENDED)
    found = previewed(graded, workers)
    apply(graded, workers, found)
    lines = len(gradebook.changes(graded.course, "hello"))
    assert apply(graded, workers, found).students == ()
    assert len(gradebook.changes(graded.course, "hello")) == lines + 1, "only that it was applied"


def test_grading_again_afterwards_finds_everything_as_it_is(graded, workers):
    graded.mend(STRICT, MENDED)
    apply(graded, workers, previewed(graded, workers))
    after = scores(graded)
    report = grade(graded.course, "hello", workers=workers)
    assert (report.recorded, report.ran) == (0, 0)
    assert scores(graded) == after


def test_feedback_that_was_given_is_written_anew_and_none_is_given_first(graded, workers):
    given, other = graded.ids["zero"], graded.ids["also"]
    (graded.course.feedback / other / "hello" / "index.html").unlink()
    page = graded.course.feedback / given / "hello" / "hello.html"
    before = page.read_text()
    graded.mend(STRICT, MENDED)
    apply(graded, workers, previewed(graded, workers))
    assert page.read_text() != before
    assert not (graded.course.feedback / other / "hello" / "index.html").exists()


def test_a_source_changed_after_the_preview_is_refused(graded, workers):
    graded.mend(STRICT, MENDED)
    found = previewed(graded, workers)
    graded.mend(MENDED, "assert np.any(z == z)")
    before = everything(graded.course)
    with pytest.raises(AutograderError, match="changed after the preview"):
        apply(graded, workers, found)
    assert everything(graded.course) == before


def test_a_reason_is_needed(graded, workers):
    found = previewed(graded, workers)
    with pytest.raises(AutograderError, match="Say why"):
        step.apply(graded.course, found, workers, who="park", reason="  ")


def test_a_persons_score_stays_and_asks_for_a_second_look(graded, workers):
    student = graded.ids["zero"]
    with writing(graded.course) as book:
        grade_ = book.find_submission("hello", student).notebooks[0].grades[0]
        grade_.manual_score = 7.0
        grade_.needs_manual_grade = False
    graded.mend(STRICT, MENDED)
    found = previewed(graded, workers)
    mine = next(s for s in found.students if s.student == student)
    assert (mine.before, mine.after, mine.tasks[0].manual) == (7.0, 7.0, 7.0)
    assert found.up == 1, "the other one"
    apply(graded, workers, found)
    (score,) = gradebook.student_scores(graded.course, "hello", student)
    assert (score.total, score.needs_person) == (7.0, True)


def test_an_older_submission_that_becomes_the_best_one_counts(graded, workers):
    student = graded.ids["zero"]
    first = gradebook.student_scores(graded.course, "hello", student)[0].submission
    graded.class_.hand_in(student, "def standardise(x):\n    return x")
    grade(graded.course, "hello", students=[student], workers=workers)
    graded.mend(STRICT, MENDED)
    apply(graded, workers, previewed(graded, workers))
    (score,) = gradebook.student_scores(graded.course, "hello", student)
    assert (score.submission, score.total) == (first, 10.0)
    kept = results.load(graded.course.state, "hello", student)
    assert kept.submission != first, "the result on disk stays that of the newest"
    lying, _ = shelf_of(graded.course, "hello").placed(student)
    assert lying.id == first, "formgrader and exports find the one that counts"


# ── Asked for by pages ───────────────────────────────────────────────────────────────


def test_the_worker_previews_waits_and_applies(graded, workers):
    graded.mend(STRICT, MENDED)
    plan = previews.ask(graded.course, "hello", [], "park")
    with pytest.raises(AutograderError, match="under way"):
        previews.ask(graded.course, "hello", [], "kim")
    assert previews.any_asked(graded.course)
    assert regrade_next(graded.course, workers)
    ready = previews.plan(graded.course, plan.id)
    assert (ready.state, ready.done, ready.total) == ("ready", 5, 5)
    assert not regrade_next(graded.course, workers), "it is applied only when somebody says so"
    previews.wish_applied(graded.course, plan.id, "park", "NaN is meant")
    assert regrade_next(graded.course, workers)
    assert previews.plan(graded.course, plan.id).state == "applied"
    assert scores(graded)[graded.ids["zero"]] == 10
    with pytest.raises(AutograderError, match="cannot be applied any more"):
        previews.wish_applied(graded.course, plan.id, "park", "again")


def test_what_a_killed_worker_had_begun_is_done_again(graded, workers):
    plan = previews.ask(graded.course, "hello", [], "park")
    assert previews.take(graded.course).state == "judging"
    assert not previews.any_asked(graded.course)
    previews.left_undone(graded.course)
    assert regrade_next(graded.course, workers)
    assert previews.plan(graded.course, plan.id).state == "ready"


def test_an_authoring_mistake_ends_the_preview_with_its_words(graded, workers):
    path = graded.course.source / "hello" / "hello.ipynb"
    path.write_text("{")
    plan = previews.ask(graded.course, "hello", [], "park")
    assert regrade_next(graded.course, workers)
    failed = previews.plan(graded.course, plan.id)
    assert failed.state == "failed"
    assert "hello" in failed.note


# ── Same cause ───────────────────────────────────────────────────────────────────────


def test_others_who_failed_the_same_way_are_found_and_those_who_asked_too(graded):
    course, ids = graded.course, graded.ids
    mine = sprints.ask_again(course, "hello", ids["zero"], "", "hello", "standardise", "why?")
    sprints.ask_again(course, "hello", ids["also"], "", "hello", "standardise", "me too")
    (cause,) = causes(course, requests.one(course, "hello", mine.id))
    assert cause.criterion.endswith("/constant_column")
    assert set(cause.others) >= {ids["also"]}
    assert ids["right"] not in cause.others
    assert ids["sample"] not in cause.others, "another criterion"
    assert [one.student for one in cause.asked] == [ids["also"]]


def test_requests_are_answered_once_with_a_line_in_the_audit(graded):
    course, ids = graded.course, graded.ids
    mine = sprints.ask_again(course, "hello", ids["zero"], "", "hello", "standardise", "why?")
    assert requests.answer(course, [mine.id], "granted", "Mended.", "park") == 1
    assert requests.one(course, "hello", mine.id).answered_by == "park"
    with pytest.raises(AutograderError, match="answered meanwhile"):
        requests.answer(course, [mine.id], "declined", "No.", "kim")
    (seen,) = sprints.requests(course, "hello", ids["zero"])
    assert (seen.state, seen.answer) == ("granted", "Mended.")
    (line,) = [c for c in gradebook.changes(course, "hello") if c.action == "request granted"]
    assert (line.who, line.before, line.after) == ("park", {"asked": "why?"}, {"answer": "Mended."})
    with pytest.raises(NotFound):
        requests.one(course, "other", mine.id)


# ── The command ──────────────────────────────────────────────────────────────────────


def cli(graded, *words):
    root = str(graded.course.root)
    return CliRunner().invoke(app, ["--course", root, "regrade", "hello", "--no-sandbox", *words])


def test_the_command_shows_then_applies(graded):
    graded.mend(STRICT, MENDED)
    shown = cli(graded)
    assert shown.exit_code == 0, shown.output
    assert "2 get more, 0 less" in shown.stdout
    assert "+2" in shown.stdout
    assert scores(graded)[graded.ids["zero"]] == 8
    refused = cli(graded, "--apply")
    assert (refused.exit_code, "no reason" in refused.output) == (1, True)
    done = json.loads(cli(graded, "--apply", "--reason", "NaN is meant", "--json").stdout)
    assert len(done["students"]) == 2
    assert scores(graded)[graded.ids["zero"]] == 10
