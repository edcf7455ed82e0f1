"""`task.check()` as a notebook calls it: what it shows, returns and holds back."""

from __future__ import annotations

import logging
import os
import sys
import warnings

import numpy as np
import pytest

from autograder import Task
from autograder.criteria.task import collecting
from autograder.expect.verdict import decide, linear_credit
from autograder.student.check_result import CheckResult

xs = [1, 2, 3]  # the names of a student's notebook are the globals of the calling frame
score = 0.7


def counting() -> Task:
    task = Task("count")

    @task.criterion("{n} numbers", points=1)
    def size(xs, *, n=3):
        got = len(xs)
        decide(got == n, expected="{n}", got="{k}", next="Count again.", n=n, k=got)

    return task


def scoring(*, hidden: bool = True) -> Task:
    task = Task("iou")

    @task.criterion("Mean IoU is at least {at_least}", points=4, hints=("one", "two"))
    def iou(score, *, at_least=0.8, partial_from=0.6):
        credit = linear_credit(score, at_least=at_least, partial_from=partial_from)
        decide(
            credit,
            expected=">= {want}",
            got="{got}",
            next="Train.",
            score=score,
            want=at_least,
            got_=score,
        )

    if hidden:
        task.hidden("Mean IoU on 200 unseen images", points=5, id="unseen")
    return task


def check(task: Task) -> CheckResult:
    found = task.check()
    assert isinstance(found, CheckResult)
    return found


def test_a_met_criterion_is_met_in_words():
    found = check(counting())
    assert [row.state.words for row in found.rows] == ["met"]
    assert found.summary == "All demands are met: 1 of 1 points."


def test_names_come_from_where_check_is_called(monkeypatch):
    monkeypatch.setitem(globals(), "xs", [1])
    found = check(counting())
    assert found.rows[0].state.words == "not met"
    assert (found.rows[0].expected, found.rows[0].got) == ("3", "1")
    assert found.rows[0].next == "Count again."


def test_a_missing_name_is_said_by_name(monkeypatch):
    monkeypatch.delitem(globals(), "xs")
    assert "xs" in check(counting()).rows[0].got


def test_it_never_says_that_all_is_met_while_hidden_points_are_outstanding(monkeypatch):
    monkeypatch.setitem(globals(), "score", 0.9)
    found = check(scoring())
    assert [row.state.words for row in found.rows] == ["met", "checked after you submit"]
    for text in (found.summary, repr(found), found._repr_mimebundle_()["text/html"]):
        assert "All" not in text
        assert "5 more points are checked after you submit" in text


def test_it_leaves_a_task_alone_that_someone_else_collects():
    with collecting():
        assert counting().check() is None


@pytest.mark.parametrize(("value", "points"), [(0.9, 4.0), (0.7, 2.0), (0.1, 0.0)])
def test_autograde_gets_a_builtin_float_of_points(monkeypatch, value, points):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    monkeypatch.setitem(globals(), "score", value)
    given = scoring().check()
    assert type(given) is float
    assert given == pytest.approx(points)


def test_autograde_never_gets_more_than_the_cells_points(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    task = Task("thirds")
    for number in range(3):

        def passes(xs):
            pass

        passes.__name__ = f"passes{number}"
        task.criterion("", points=0.1)(passes)
    assert task.check() == 0.3  # 0.1 + 0.1 + 0.1 is more


def test_autograde_of_numpy_points_is_still_a_builtin_float(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    task = Task("numpy")
    task.criterion("", points=np.float64(2.0))(lambda xs: None)
    assert type(task.check()) is float


def test_validate_raises_in_plain_words_if_a_visible_criterion_is_not_met(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    with pytest.raises(AssertionError, match=r"Not met: Mean IoU is at least 0.8\nExpected: "):
        scoring().check()


def test_validate_is_silent_if_all_visible_criteria_are_met(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    monkeypatch.setitem(globals(), "score", 0.9)
    assert scoring().check() is None


def noisy() -> Task:
    task = Task("noisy")

    @task.criterion("", points=1)
    def noise(xs):
        print("on stdout")
        print("on stderr", file=sys.stderr)
        logging.getLogger("student").error("logged")
        os.write(2, b"from C++\n")
        warnings.warn("careful", stacklevel=1)

    return task


def test_nothing_on_stdout_or_stderr_escapes_a_check(capfd):
    handler = logging.StreamHandler(sys.stderr)  # it remembers the stream itself
    logging.getLogger("student").addHandler(handler)
    try:
        found = check(noisy())
    finally:
        logging.getLogger("student").removeHandler(handler)
    assert found.rows[0].state.words == "met"  # also where warnings are errors
    assert capfd.readouterr() == ("", "")
    for said in ("on stdout", "on stderr", "from C++"):
        assert said in found.printed
    print("after")
    assert capfd.readouterr().out == "after\n"


def test_hints_come_in_steps_after_different_failures(monkeypatch):
    def hints(value: float) -> tuple[str, ...]:
        monkeypatch.setitem(globals(), "score", value)
        return check(scoring()).rows[0].hints

    from autograder.student import check_history

    check_history._unwritten.clear()
    assert hints(0.1) == ()
    assert hints(0.1) == ()  # the same failure again earns nothing
    assert hints(0.2) == ("one",)
    assert hints(0.3) == ("one", "two")
    assert hints(0.9) == ()


def test_points_so_far_leave_hidden_ones_out():
    found = check(scoring())
    assert (found.points, found.max_points, found.hidden_points) == (2.0, 4.0, 5.0)


def test_a_criterion_that_waits_for_another_says_for_which_demand(monkeypatch):
    monkeypatch.setitem(globals(), "xs", [1])
    task = counting()
    task.criterion("Sum is 6", points=1, after="size")(lambda xs: None)
    row = check(task).rows[1]
    assert row.state.words == "not run yet"
    assert row.expected == "“3 numbers” passes first"


def test_a_check_leaves_the_random_numbers_of_the_notebook_alone():
    task = Task("draws")

    @task.criterion("drawn", points=1)
    def drawn(xs):
        np.random.seed(3)  # noqa: NPY002
        np.random.rand(4)  # noqa: NPY002

    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    check(task)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
