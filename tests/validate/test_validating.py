"""Whatever an author says that is not so is found, and what is so is not complained of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import NotFound
from autograder.steps.authoring.validate import Validated, validate
from autograder.steps.grading.pipeline.workers import Workers
from tests.grading.made import answer, code
from tests.validate.made import (
    DOUBLE_TEST,
    ROUNDED,
    TRIPLED,
    cells,
    course,
    mistake,
)

Found = Callable[..., Validated]


@pytest.fixture
def found(tmp_path: Path, workers: Workers) -> Found:
    def run(
        config_lines: str = "",
        slow: bool = False,
        whole: bool = False,
        draws: int = 0,
        **changes: Any,
    ) -> Any:
        made = course(tmp_path / "course", cells(**changes), config_lines=config_lines)
        report = validate(made, ["A"], slow=slow, whole=whole, draws=draws, workers=workers, jobs=2)
        (one,) = report.assignments
        assert report.ok is (not one.breaches)
        return one

    return run


def the_breach(one: Validated) -> str:
    (breach,) = one.breaches
    return breach


def test_an_assignment_that_is_as_its_author_says_has_no_breach(found: Found) -> None:
    one = found()
    assert one.breaches == ()
    assert [(r.criterion, r.solution, r.caught) for r in one.rows] == [
        ("by_hand", "passed", ("tripled",)),
        ("drawn", "passed", ("rounded",)),
        ("right", "passed", ("mean",)),
    ]
    assert [(m.mistake, m.failed, m.judged) for m in one.mistakes] == [
        ("tripled", ("double/by_hand",), 3),
        ("rounded", ("double/drawn",), 3),
        ("mean", ("total/right",), 1),
    ]
    assert one.mistakes[2].left_out == 1  # the answer of the first task is not needed
    assert all(s.usage.cpu_seconds > 0 for s in one.spent)


def test_points_on_a_students_own_record_are_told_and_are_no_breach(found: Found) -> None:
    total = "### BEGIN SOLUTION\ntotal = [2.0, 0.5]\n### END SOLUTION"
    curve = 'task = Task("total")\n\n@task.criterion("It falls", points=5)\ndef right(total):\n    expect.loss_curve(total)\n\ntask.check()'
    one = found(
        total=total, total_test=curve, second=(mistake("flat", "right", "total = [2.0, 2.0]"),)
    )
    assert one.breaches == ()
    (note,) = one.notes
    assert "right gives 5 points on expect.loss_curve alone" in note


def test_what_has_run_is_not_run_again(found: Found) -> None:
    assert found().ran == 3
    again = found()
    assert again.ran == 0
    assert again.breaches == ()
    changed = found(second=[mistake("mean", "right", "total = 4.0")])
    assert [m.mistake for m in changed.mistakes if m.ran] == ["mean"]


def test_sparing_and_whole_runs_say_the_same(found: Found) -> None:
    wrong = mistake("shifted", "by_hand, drawn", "def double(x):\n    return 2 * x + 1")
    sparing, whole = (found(whole=w, first=[TRIPLED, ROUNDED, wrong]) for w in (False, True))
    assert sparing.breaches == whole.breaches
    assert [m.failed for m in sparing.mistakes] == [m.failed for m in whole.mistakes]
    assert {m.judged for m in whole.mistakes} == {3}


def test_a_solution_that_lacks_a_point_is_a_breach(found: Found) -> None:
    wrong = "### BEGIN SOLUTION\ntotal = 11.0\n### END SOLUTION"
    assert any("the solution does not pass right" in b for b in found(total=wrong).breaches)


def test_a_release_that_gets_a_point_is_a_breach(found: Found) -> None:
    easy = (
        "def double(x):\n    return 2 * x\n    ### BEGIN SOLUTION\n    pass\n    ### END SOLUTION"
    )
    breaches = found(double=easy).breaches
    assert any("the untouched release gets 2 points for by_hand" in b for b in breaches)


def test_a_mistake_that_passes_what_it_names_is_a_breach(found: Found) -> None:
    harmless = mistake("harmless", "drawn", "def double(x):\n    return x + x")
    breach = the_breach(found(first=[TRIPLED, ROUNDED, harmless]))
    assert "mistake harmless of double: it should fail drawn, but passes" in breach


def test_a_mistake_that_fails_more_than_it_names_is_a_breach(found: Found) -> None:
    both = mistake("plus_one", "drawn", "def double(x):\n    return 2 * x + 1")
    breaches = found(first=[TRIPLED, ROUNDED, both]).breaches
    assert "it also ends by_hand as failed" in breaches[0]
    assert "drawn ends as not_run, not as failed" in breaches[1]


BY_LUCK = """def double(x):
    return 2 * x if np.ndim(x) == 0 or x[0] > 0 else 3 * x"""


def test_a_mistake_that_luck_lets_pass_is_a_breach(found: Found) -> None:
    lucky = mistake("lucky", "drawn", BY_LUCK)
    breaches = found(first=[TRIPLED, ROUNDED, lucky], draws=16).breaches
    assert re.search(
        r"mistake lucky of double: it should fail drawn, but passes.*"
        r" \(under \d+ of 16 other hidden draws\)",
        breaches[-1],
    )


def test_a_solution_that_bad_luck_fails_is_a_breach(found: Found) -> None:
    unlucky = f"### BEGIN SOLUTION\n{BY_LUCK}\n### END SOLUTION"
    breaches = found(double=unlucky, draws=16).breaches
    assert any(
        re.search(r"the solution: it also ends drawn .*under \d+ of 16 other hidden draws", b)
        for b in breaches
    )


def test_other_draws_find_nothing_where_nothing_is_luck(found: Found) -> None:
    one = found(draws=4)
    assert one.breaches == ()
    again = found()  # what other draws left does not stand in the way of the real ones
    assert (again.ran, again.breaches) == (0, ())


def test_a_mistake_that_costs_points_of_another_task_is_a_breach(found: Found) -> None:
    far = mistake(
        "sets_float", "drawn", "def double(x):\n    return np.round(2 * x)\n\nfloat = str"
    )
    breach = the_breach(found(first=[TRIPLED, far]))
    assert "mistake sets_float of double: it also ends right of task total as failed" in breach


def test_a_mistake_that_cannot_reach_what_it_names_is_a_breach(found: Found) -> None:
    text = DOUBLE_TEST.replace("def drawn(double,", "def drawn(double_it,").replace(
        "double(numbers), numbers", "double_it(numbers), numbers"
    )
    second = answer("def double_it(x):\n    return 2 * x", "second_answer")
    nowhere = mistake("nowhere", "drawn", "def double(x):\n    return 2 * x")
    here = mistake("here", "drawn", "def double_it(x):\n    return 0")
    one = found(first=[TRIPLED, nowhere, second, here], double_test=text)
    assert the_breach(one).endswith("should fail drawn, but cannot change what drawn looks at")


def test_what_a_mistake_leaves_undefined_is_missing(found: Found) -> None:
    nothing = mistake("nothing", "by_hand", "nothing_of_the_kind = 1")
    one = found(first=[TRIPLED, ROUNDED, nothing])
    assert one.breaches == ()
    assert one.rows[0].caught == ("tripled", "nothing")


def test_a_criterion_that_no_mistake_fails_is_a_breach(found: Found) -> None:
    assert "nothing shows that drawn can fail" in the_breach(found(first=[TRIPLED]))


def test_slow_mistakes_wait_for_their_word(found: Found) -> None:
    slow = mistake("slow_one", "drawn", "def double(x):\n    return np.round(2 * x)", slow=True)
    one = found(first=[TRIPLED, slow])
    assert (one.breaches, one.slow_left_out) == ((), 1)
    assert [r.waiting for r in one.rows] == [(), ("slow_one",), ()]
    one = found(first=[TRIPLED, slow], slow=True)
    assert (one.breaches, one.slow_left_out) == ((), 0)
    assert one.rows[1].caught == ("slow_one",)


def test_a_release_that_shows_a_solution_is_a_breach(found: Found) -> None:
    lines = "numbers = np.arange(4.0)\ndoubled = double(numbers)\ntotal = float(np.sum(doubled))"
    solution = f"### BEGIN SOLUTION\n{lines}\n### END SOLUTION"
    assert found(total=solution).breaches == ()
    breaches = found(total=solution, more=[code(lines)]).breaches
    assert any("the release leaks: A.ipynb" in breach for breach in breaches)


def test_authoring_errors_are_breaches(found: Found) -> None:
    broken = DOUBLE_TEST.replace("points=2", "points=4")
    assert any("double" in b for b in found(double_test=broken).breaches)


def test_every_authoring_error_counts_once_with_its_way_out(found: Found) -> None:
    two = [code("x = 1", "", grade=True), code("y = (", "a", grade=True, points=1)]
    breaches = found(more=two).breaches
    assert breaches
    assert all("\n  → " in breach for breach in breaches)


def test_an_unknown_assignment_is_not_found(tmp_path: Path, workers: Workers) -> None:
    made = course(tmp_path / "course", cells())
    with pytest.raises(NotFound):
        validate(made, ["B"], workers=workers)


# ── Translations ─────────────────────────────────────────────────────────────────────

KO = 'c.Course.translations = ["ko"]'


def test_a_missing_catalogue_is_told_and_an_incomplete_one_is_a_breach(
    found: Found, tmp_path: Path
) -> None:
    assert any("no translation yet" in note for note in found(KO).notes)
    catalogue = tmp_path / "course" / "source" / "A" / "locale" / "ko.po"
    catalogue.parent.mkdir()
    texts = [
        "double(3) is {wanted}",
        "It doubles {n} drawn numbers",
        "total is the sum of the doubled numbers",
        "Look again at tripled.",
        "Look again at rounded.",
        "Look again at mean.",
    ]
    entries = [
        f'msgid ""\n{json.dumps(t)}\nmsgstr "{" ".join(["번역", *re.findall("{.*?}|[0-9]", t)])}"\n'
        for t in texts
    ]
    catalogue.write_text('msgid ""\nmsgstr "head"\n\n' + "\n".join(entries))
    assert found(KO).breaches == ()
    catalogue.write_text("\n".join(["#, fuzzy\n" + entries[0], *entries[1:]]))
    assert "A/locale/ko.po, line 2: fuzzy" in the_breach(found(KO))
    assert any("line 2: fuzzy" in note for note in found().notes), "not declared: only told"
    wrong = entries[0].replace("번역", "{other}")
    catalogue.write_text("\n".join([wrong, *entries[1:]]))
    said = " ".join(found(KO).breaches)
    assert "line 1: the names to fill in differ: it adds {other}" in said
