"""A person's scores and comments: in nbgrader's tables, never over what nobody has seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import Engine, event

from autograder import gradebook
from autograder.gradebook.database.connection import reading
from autograder.gradebook.marking import (
    comment_bank,
    comment_rewording,
    leases,
    mark_changes,
    rubric_changes,
    worklist,
)
from autograder.gradebook.marking.leases import Answer
from autograder.gradebook.marking.marks import Line

from .made import a_result, a_submission, an_assignment

WHY = Answer("a1", "doubling", "why", "s-0001")
DOUBLE = Answer("a1", "doubling", "double", "s-0001")


@pytest.fixture
def book(course):
    gradebook.register(course, an_assignment(course), 1)
    for n in (1, 2, 3):
        one = a_submission(1, f"s-000{n}")
        gradebook.record(course, one, a_result(one, doubles=0.5))
    return course


def save(course, answer, who="ta", **changes):
    found = mark_changes.mark(course, answer)
    return mark_changes.save(course, answer, found.edition, who, lambda s: replace(s, **changes))


def grade_of(course, answer):
    with Gradebook(course.db_url) as theirs:
        return theirs.find_grade(
            answer.task, answer.notebook, answer.assignment, answer.student
        ).to_dict()


def comment_of(course, answer, cell):
    with Gradebook(course.db_url) as theirs:
        return theirs.find_comment(
            cell, answer.notebook, answer.assignment, answer.student
        ).manual_comment


def formgrader_says(course, answer, score):
    """As formgrader's own handler writes a score."""
    with Gradebook(course.db_url) as theirs:
        grade = theirs.find_grade(answer.task, answer.notebook, answer.assignment, answer.student)
        grade.manual_score = score
        grade.needs_manual_grade = score is None and grade.auto_score is None
        theirs.db.commit()


def item(course, text, points, task="why"):
    return rubric_changes.add(course, "a1", "doubling", task, text, points)


# ── Scores ───────────────────────────────────────────────────────────────────────────


def test_items_make_the_manual_score_that_nbgrader_has(book):
    good, clear = item(book, "names the reason", 3), item(book, "is clear", 2)
    assert mark_changes.mark(book, WHY).waits
    found = save(book, WHY, items=frozenset([good, clear]))
    assert found.score == 4  # never more than the task's points
    theirs = grade_of(book, WHY)
    assert (theirs["manual_score"], theirs["needs_manual_grade"]) == (4, False)


def test_taking_the_last_item_off_makes_the_answer_wait_again(book):
    one = item(book, "names the reason", 3)
    save(book, WHY, items=frozenset([one]))
    found = save(book, WHY, items=frozenset())
    assert (found.manual, found.waits) == (None, True)


def test_an_automatic_score_stands_until_it_is_adjusted(book):
    found = save(book, DOUBLE, flagged=True)
    assert (found.manual, found.score) == (None, 3.5)
    found = save(book, DOUBLE, adjustment=1.0, reason="The second demand was unclear.")
    assert (found.manual, found.score) == (4.5, 4.5)
    found = save(book, DOUBLE, adjustment=0.0)
    assert (found.manual, found.waits) == (None, False)


def test_a_changed_item_changes_the_score_of_all_who_have_it(book):
    one = item(book, "wrong sign", -1, "double")
    others = [replace(DOUBLE, student=f"s-000{n}") for n in (1, 2)]
    for answer in others:
        save(book, answer, items=frozenset([one]))
    save(book, others[0], adjustment=0.25, reason="almost")
    assert rubric_changes.edit(book, one, "wrong sign", -2, "ta") == 2
    assert [grade_of(book, a)["manual_score"] for a in others] == [1.75, 1.5]
    assert grade_of(book, replace(DOUBLE, student="s-0003"))["manual_score"] is None
    assert rubric_changes.remove(book, one, "ta") == 2
    assert [mark_changes.mark(book, a).score for a in others] == [3.75, 3.5]


def test_what_items_are_added_to_can_be_changed_for_everybody(book):
    one = item(book, "no example", -1)
    save(book, WHY, items=frozenset([one]))
    assert mark_changes.mark(book, WHY).score == 0
    assert rubric_changes.start_from(book, "a1", "doubling", "why", "full", "ta") == 1
    assert mark_changes.mark(book, WHY).score == 3


def test_a_score_of_formgraders_is_shown_and_outlives_a_change_of_the_rubric(book):
    one = item(book, "wrong sign", -1, "double")
    save(book, DOUBLE, items=frozenset([one]))
    formgrader_says(book, DOUBLE, 5.0)
    found = mark_changes.mark(book, DOUBLE)
    assert (found.score, found.elsewhere, found.state.adjustment) == (5.0, True, 2.5)
    rubric_changes.edit(book, one, "wrong sign", -0.5, "ta")
    assert mark_changes.mark(book, DOUBLE).score == 5.0  # 3.5 - 0.5 + 2.5, and 5 is all there is


def test_a_regrade_leaves_a_persons_score_and_asks_for_a_second_look(book):
    save(book, DOUBLE, adjustment=1.0, reason="kind")
    again = a_submission(1, "s-0001")
    gradebook.record(book, again, a_result(again, doubles=2.0))
    found = mark_changes.mark(book, DOUBLE)
    assert (found.auto, found.manual, found.waits, found.outdated) == (5.0, 4.5, True, True)
    seen = save(book, DOUBLE, adjustment=0.5)
    assert (seen.manual, seen.waits) == (5.0, False)


def test_lateness_is_taken_off_a_persons_score_too(book, monkeypatch):
    asked = []
    monkeypatch.setattr(mark_changes, "late_again", lambda *args: asked.append(args[2:]))
    save(book, DOUBLE, note="nothing of the score")
    assert asked == []
    save(book, DOUBLE, adjustment=-1.0, reason="late")
    assert asked == [("a1", ["s-0001"])]


# ── Comments ─────────────────────────────────────────────────────────────────────────


def test_a_comment_stands_where_nbgrader_has_a_place_for_it(book):
    save(book, WHY, comment="Well said.")
    save(book, DOUBLE, comment="Look at the sign.")
    assert comment_of(book, WHY, "why") == "Well said."
    assert comment_of(book, DOUBLE, "double-answer") == "Look at the sign."
    save(book, WHY, comment=" ")
    assert comment_of(book, WHY, "why") is None


def test_what_staff_say_among_themselves_never_reaches_nbgraders_tables(book):
    line = Line("01J" + "0" * 23, "double-answer", 2, "see the forum", False, "ta")
    save(book, DOUBLE, note="copied?", lines=(line,))
    assert comment_of(book, DOUBLE, "double-answer") is None
    assert mark_changes.mark(book, DOUBLE).state.lines == (line,)


# ── Two people ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("other", ["a colleague", "formgrader", "a new submission", "the rubric"])
def test_nothing_is_written_over_what_was_not_seen(book, other):
    one = item(book, "names the reason", 3)
    seen = mark_changes.mark(book, WHY)
    if other == "a colleague":
        save(book, WHY, who="ta", comment="mine")
    elif other == "formgrader":
        formgrader_says(book, WHY, 1.0)
    elif other == "a new submission":
        newer = a_submission(2, "s-0001")
        gradebook.record(book, newer, a_result(newer, doubles=1.0))
    else:
        rubric_changes.edit(book, one, "names the reason", 1, "ta")
    before = grade_of(book, WHY)
    with pytest.raises(mark_changes.EditConflict):
        mark_changes.save(book, WHY, seen.edition, "ta", lambda s: replace(s, comment="over it"))
    assert grade_of(book, WHY) == before
    assert comment_of(book, WHY, "why") != "over it"


def test_an_answer_is_one_persons_for_ten_minutes(book, monkeypatch):
    assert leases.take(book, WHY, "ann").who == "ann"
    assert leases.take(book, WHY, "ben").who == "ann"
    with pytest.raises(leases.Leased):
        save(book, WHY, who="ben", comment="me too")
    free = leases.first_free(book, [WHY, DOUBLE], "ben")
    assert free == DOUBLE
    assert leases.leased_by_others(book, "a1", "ben") == {WHY}
    later = leases.now() + leases.timedelta(minutes=leases.MINUTES, seconds=1)
    monkeypatch.setattr(leases, "now", lambda: later)
    assert leases.take(book, WHY, "ben").who == "ben"


def test_undo_brings_the_last_change_back_and_once_more_again(book):
    one = item(book, "names the reason", 3)
    line = Line("01J" + "0" * 23, "why", 1, "why so?", True, "ta")
    save(book, WHY, comment="first")
    save(book, WHY, items=frozenset([one]), comment="second", lines=(line,))
    found = mark_changes.undo(book, WHY, mark_changes.mark(book, WHY).edition, "ta")
    assert (found.state.comment, found.manual, found.state.lines) == ("first", None, ())
    found = mark_changes.undo(book, WHY, found.edition, "ta")
    assert (found.state.comment, found.manual, found.state.lines) == ("second", 3, (line,))
    with pytest.raises(mark_changes.EditConflict):
        mark_changes.undo(book, WHY, found.edition, "somebody else")


def test_every_change_is_in_the_audit(book):
    save(book, DOUBLE, adjustment=1.0, reason="kind")
    (change,) = gradebook.changes(book, "a1", "s-0001")
    assert (change.who, change.action, change.reason) == ("ta", "scored", "kind")
    assert (change.before["score"], change.after["score"]) == (3.5, 4.5)


# ── Many at once ─────────────────────────────────────────────────────────────────────


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is said to the database meanwhile."""
    said: list[str] = []

    def hear(_connection, _cursor, statement, *_more):
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def of_many(many):
    return [replace(DOUBLE, student=f"s-{n:04d}") for n in range(1, 1 + many)]


def told(found):
    return replace(found.state, comment="Mind the sign.", adjustment=0.5, reason="unclear")


def test_a_group_of_any_size_is_told_in_the_same_few_statements(book):
    for n in range(4, 31):
        one = a_submission(1, f"s-{n:04d}")
        gradebook.record(book, one, a_result(one, doubles=0.5))
    comment_bank.add(book, "a1", "doubling", "double", "Mind the sign.", "ta")
    counts = []
    for group in (of_many(3), of_many(30)[3:]):
        with statements() as said:
            assert mark_changes.save_many(book, group, "ta", told, "group scored") == len(group)
        counts.append(len(said))
        with statements() as said:
            assert mark_changes.undo_many(book, group, "ta", ["group scored"]) == len(group)
        counts.append(len(said))
    assert counts[:2] == counts[2:], "as many for 27 as for 3"
    assert max(counts) < 40


def test_a_group_is_put_back_but_for_what_others_changed_or_mark_now(book):
    first, second, third = of_many(3)
    before = mark_changes.mark(book, first)
    mark_changes.save_many(book, [first, second, third], "ta", told, "group scored", "group: adds")
    assert mark_changes.mark(book, first).score == before.score + 0.5
    save(book, second, who="ann", flagged=True)
    leases.give_back(book, second, "ann")
    leases.take(book, third, "ben")
    assert mark_changes.undo_many(book, [first, second, third], "ta", ["group scored"]) == 1
    assert mark_changes.mark(book, first).state == before.state
    for other in (second, third):
        assert mark_changes.mark(book, other).state.comment == "Mind the sign."
    assert mark_changes.undo_many(book, [], "ta", ["group scored"]) == 0


def test_all_of_a_group_are_changed_or_none(book):
    def breaks(found):
        if found.answer.student == "s-0003":
            raise RuntimeError
        return told(found)

    with pytest.raises(RuntimeError):
        mark_changes.save_many(book, of_many(3), "ta", breaks, "group scored")
    assert [mark_changes.mark(book, one).state.comment for one in of_many(3)] == ["", "", ""]


@pytest.mark.parametrize(
    "read",
    [
        lambda book: gradebook.student_scores(book, "a1"),
        lambda book: gradebook.student_scores(book, "a1", "s-0001"),
        lambda book: gradebook.task_scores(book, "a1", "s-0001"),
        lambda book: worklist.entries(book, "a1"),
        lambda book: worklist.entries(book, "a1", "doubling", "why"),
        lambda book: comment_bank.remarks(book, "a1"),
        lambda book: mark_changes.mark(book, WHY),
    ],
)
def test_nobody_reads_the_grades_of_other_assignments(book, read):
    with statements() as said:
        read(book)
    with reading(book) as session:
        for statement in said:
            if "FROM" not in statement:
                continue
            plan = session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", tuple(0 for _ in range(statement.count("?")))
            )
            steps = [row[3] for row in plan]
            large = r"SCAN (grade|submitted_notebook|submitted_assignment|comment)\b"
            assert not [step for step in steps if re.match(large, step)], statement


# ── The bank ─────────────────────────────────────────────────────────────────────────


def test_the_bank_is_seeded_once_and_knows_where_its_remarks_stand(book):
    told = {("doubling", "double"): [("adds", "You add 2 instead.")]}
    assert (comment_bank.seed(book, "a1", told), comment_bank.seed(book, "a1", told)) == (1, 0)
    (remark,) = comment_bank.of_task(book, "a1", "doubling", "double")
    save(book, DOUBLE, comment=f"Hello. {remark.text}")
    (used,) = comment_bank.of_task(book, "a1", "doubling", "double")
    assert (used.used, used.again) == (1, 0)
    newer = a_submission(2, "s-0001")
    gradebook.record(book, newer, a_result(newer, doubles=2.0))
    (used,) = comment_bank.remarks(book, "a1")
    assert (used.again, used.before, used.after) == (1, 3.5, 5.0)


def test_a_remark_that_was_taken_out_again_was_not_used(book):
    remark = comment_bank.add(book, "a1", "doubling", "double", "Mind the sign.", "ta")
    save(book, DOUBLE, comment="Mind the sign.")
    assert len(comment_bank.users(book, remark)[1]) == 1
    save(book, DOUBLE, comment="Fine.")
    assert comment_bank.users(book, remark)[1] == ()


def test_new_words_of_a_remark_can_go_wherever_it_stands(book):
    remark = comment_bank.add(book, "a1", "doubling", "double", "Mind the sign.", "ta")
    second = replace(DOUBLE, student="s-0002")
    save(book, DOUBLE, comment="Hello. Mind the sign. Bye.")
    save(book, second, comment="Mind your sign.")
    assert comment_rewording.reword_everywhere(book, remark, "Mind the minus.", "ta") == 1
    assert mark_changes.mark(book, DOUBLE).state.comment == "Hello. Mind the minus. Bye."
    assert mark_changes.mark(book, second).state.comment == "Mind your sign."
    assert len(comment_bank.users(book, remark)[1]) == 1


# ── What is next ─────────────────────────────────────────────────────────────────────


def test_the_order_is_random_and_never_changes(book):
    first = [e.answer for e in worklist.entries(book, "a1")]
    save(book, first[3], comment="seen")
    assert [e.answer for e in worklist.entries(book, "a1")] == first
    assert first != sorted(first, key=lambda a: a.key)
    assert len({a.student for a in first}) == 3


def test_next_takes_what_waits_and_what_nobody_else_has(book):
    listed = worklist.entries(book, "a1", "doubling", "why")
    taken = [worklist.take_next(book, listed, who) for who in ("ann", "ben", "eve", "joe")]
    assert taken[:3] == [e.answer for e in listed]
    assert taken[3] is None
    assert worklist.take_next(book, worklist.entries(book, "a1", "doubling", "double"), "x") is None


def test_next_goes_on_behind_the_answer_one_comes_from(book):
    listed = worklist.entries(book, "a1", "doubling", "why")
    answers = [e.answer for e in listed]
    assert worklist.take_next(book, listed, "ann", answers[0]) == answers[1]
    assert worklist.take_next(book, listed, "ann", answers[2]) == answers[0]


def test_who_is_allotted_a_task_or_a_section_gets_only_that(book):
    given = [
        leases.GraderAssignment("doubling", "why", "A", "ann"),
        leases.GraderAssignment("", "", "B", "ben"),
    ]
    for one in [*given, given[0]]:  # twice is once
        leases.allot(book, "a1", one)
    sections = {"s-0001": "A", "s-0002": "B", "s-0003": "A"}
    listed = worklist.entries(book, "a1")
    allotted = leases.allotments(book, "a1")

    def of(who):
        return {
            (e.answer.task, e.answer.student)
            for e in worklist.mine(listed, who, allotted, sections)
        }

    assert of("ann") == {("why", "s-0001"), ("why", "s-0003")}
    assert {student for _, student in of("ben")} == {"s-0002"}
    assert of("eve") == set()
    leases.take_off(book, "a1", given[0])
    assert leases.allotments(book, "a1") == (given[1],)
    leases.take_off(book, "a1", given[1])
    left = leases.allotments(book, "a1")
    assert worklist.mine(listed, "eve", left, sections) == listed


def test_progress_is_counted_by_task_and_by_person(book):
    save(book, WHY, items=frozenset([item(book, "good", 2)]))
    save(book, DOUBLE, flagged=True)
    listed = worklist.entries(book, "a1")
    tasks = worklist.progress(listed)
    assert tasks["doubling", "why"] == worklist.Progress(3, 1, 2, 0)
    assert tasks["doubling", "double"] == worklist.Progress(3, 0, 0, 1)
    assert worklist.by_person(listed) == {"ta": 1}
