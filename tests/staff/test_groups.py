"""Answers that behave alike are one group; what is said of a group is said of all, after a look."""

from __future__ import annotations

import re

import pytest

from autograder.gradebook.marking import comment_bank, mark_changes
from autograder.gradebook.marking.leases import Answer
from autograder.notebook.source.reading import read_assignment
from autograder.steps.reporting.groups import behaviour_groups, fingerprints, trees

from .conftest import text
from .made import ADDS, NOTEBOOK, RIGHT, UNKNOWN, A, hand_in, student

PAGE = f"/staff/a/{A}/groups/{NOTEBOOK}/double"


def found(course):
    return {
        frozenset(one.students): one
        for one in behaviour_groups.groups(course, A, NOTEBOOK, "double")
    }


def who(course, *numbers):
    return frozenset(student(course, number) for number in numbers)


def mark(course, number, task="double"):
    return mark_changes.mark(course, Answer(A, NOTEBOOK, task, student(course, number)))


@pytest.fixture
def adds(course):
    return found(course)[who(course, "1", "2", "3", "6")]


# ── Which answers are alike ──────────────────────────────────────────────────────────


def test_the_same_mistake_in_other_hands_is_one_group_and_is_named(course, adds):
    assert set(found(course)) == {
        who(course, "1", "2", "3", "6"),
        who(course, "4"),
        who(course, "5"),
    }
    assert (adds.match.mistake.name, adds.match.sure) == ("adds", True)
    assert adds.first_failing.demand == "Doubles 3 numbers"
    right = found(course)[who(course, "4")]
    assert (right.outcome, right.match) == ("met", None)


def test_a_mistake_nobody_knows_is_a_group_of_its_own(course):
    unknown = found(course)[who(course, "5")]
    assert unknown.match is None or not unknown.match.sure


def test_a_new_submission_changes_groups_and_others_keep_their_keys(course, adds):
    hand_in(course, "2", RIGHT[1], n=2)
    now = found(course)
    assert set(now) == {who(course, "1", "3", "6"), who(course, "2", "4"), who(course, "5")}
    assert now[who(course, "1", "3", "6")].key == adds.key


def test_fingerprints_are_made_once(course):
    assert fingerprints.refresh(course, A) == 12
    assert fingerprints.refresh(course, A) == 0


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (
            "def f(x):\n    return x.sum() / 3",
            "def f(a):\n    # mean\n    return a.sum() / 3",
            True,
        ),
        (
            "import numpy as np\ny = np.mean(z, axis=0, keepdims=True)",
            "import numpy\nprint('hi')\ny = numpy.mean(z, keepdims=True, axis=0)",
            True,
        ),
        ("model.fit(x, epochs=5)", "model.fit(x, epochs=7)", True),  # numbers of one size
        ("y = x.mean(axis=0)", "y = x.mean(axis=1)", False),
        ("layer = Dense(1, 'relu')", "layer = Dense(1, 'sigmoid')", False),
        ("def f(x):\n    return g(x)", "def f(x):\n    return h(x)", False),
    ],
)
def test_a_tree_is_the_same_for_the_same_program_in_another_hand(one, other, alike):
    assert (trees.likeness(trees.pieces(one), trees.pieces(other)) == 1.0) is alike


@pytest.mark.parametrize("code", ["def (", "", "\0", "x = " + "(" * 500, "'''", "1" * 70_000])
def test_code_that_is_no_python_has_pieces_too(code):
    assert trees.likeness(trees.pieces(code), trees.pieces(code)) == 1.0
    trees.bare_lines(code)


def test_the_difference_is_not_one_of_names_and_comments():
    usual = {"a": "def double(x):\n    'Twice.'\n    return 2 * x"}
    assert (
        behaviour_groups.difference(usual, {"a": "def double(value):\n    return 2*value  # so"})
        == {}
    )
    (lines,) = behaviour_groups.difference(
        usual, {"a": "def double(v):\n    return v + 2"}
    ).values()
    assert [line.sign for line in lines] == [" ", "-", "+"]
    assert lines[-1].text == "    return v + 2"


# ── Once for all ─────────────────────────────────────────────────────────────────────


def apply(person, adds, **data):
    return person.post(f"{PAGE}/{adds.key}", do="all", **data)


def look_at(person, adds, n):
    for number in range(n):
        assert person.get(f"{PAGE}/{adds.key}?n={number}").status_code == 200


def test_nothing_is_said_of_all_before_three_were_looked_at(ann, course, adds):
    look_at(ann, adds, 2)
    ann.client.get(f"{PAGE}/{adds.key}?n=1")
    page = ann.client.get(f"{PAGE}/{adds.key}?n=1").text
    seal, edition = (re.search(rf'name="{n}" value="(\w+)"', page)[1] for n in ("seal", "edition"))
    data = {"seal": seal, "edition": edition, "do": "all", "comment": "You add."}
    response = ann.client.post(f"{PAGE}/{adds.key}", data=data)
    assert "Look at 3 answers of the group first." in text(response)
    assert mark(course, "1").state.comment == ""


def test_a_comment_reaches_everybody_and_writes_over_nobody(ann, course, adds):
    ann.post(
        f"/staff/a/{A}/answers/{NOTEBOOK}/double/{student(course, '1')}?of=all",
        do="comment",
        comment="Nice names.",
    )
    look_at(ann, adds, 3)
    assert "Answers changed: 4" in text(apply(ann, adds, comment="You add 2."))
    assert mark(course, "1").state.comment == "Nice names.\n\nYou add 2."
    assert mark(course, "2").state.comment == "You add 2."
    assert mark(course, "5").state.comment == ""
    assert "Nothing was changed." in text(apply(ann, adds, comment="You add 2."))


def test_an_adjustment_leaves_what_a_person_has_scored(ann, course, adds):
    where = f"/staff/a/{A}/answers/{NOTEBOOK}/double/{student(course, '1')}?of=all"
    ann.post(where, do="adjust", adjustment="4", reason="special")
    look_at(ann, adds, 3)
    apply(ann, adds, adjustment="0.5", reason="the demand was unclear")
    assert [mark(course, n).score for n in ("1", "2", "3", "5")] == [4, 0.5, 0.5, 0]
    ann.post(f"{PAGE}/{adds.key}", do="undo")
    assert [mark(course, n).score for n in ("1", "2", "3", "5")] == [4, 0, 0, 0]


def test_a_group_that_changed_since_is_not_written_to(ann, course, adds):
    look_at(ann, adds, 3)
    page = ann.get(f"{PAGE}/{adds.key}").text
    seal, edition = (re.search(rf'name="{n}" value="(\w+)"', page)[1] for n in ("seal", "edition"))
    hand_in(course, "7", ADDS[1])
    data = {"seal": seal, "edition": edition, "do": "all", "comment": "You add 2."}
    assert ann.client.post(f"{PAGE}/{adds.key}", data=data).status_code == 409
    assert mark(course, "7").state.comment == ""


def test_groups_are_joined_split_and_named_by_hand(ann, course, adds):
    other = found(course)[who(course, "5")]
    page = ann.get(PAGE).text
    seal = re.search(r'name="seal" value="(\w+)"', page)[1]
    ann.client.post(PAGE, data={"seal": seal, "key": [adds.key, other.key]})
    joined = found(course)[who(course, "1", "2", "3", "5", "6")]
    assert joined.key == adds.key
    ann.post(f"{PAGE}/{adds.key}", do="name", name="no multiplication")
    assert "no multiplication" in ann.text(PAGE)
    ann.post(f"{PAGE}/{adds.key}", do="apart")
    assert who(course, "5") in found(course)
    ann.post(
        f"{PAGE}/{adds.key}",
        do="split",
        student=[student(course, "1"), student(course, "2")],
        name="mine",
    )
    split = found(course)[who(course, "1", "2")]
    assert split.name == "mine"
    hand_in(course, "1", ADDS[1], n=2)  # a new answer is grouped by what it does
    assert who(course, "1", "3", "6") in found(course)


# ── A mistake for the source ─────────────────────────────────────────────────────────


def save(person, group, **data):
    form = {"name": "counts", "fails": ["doubles", "negative"], "tell": "You count to x."}
    return person.post(f"{PAGE}/{group.key}", do="mistake", **{**form, **data})


def test_an_unknown_mistake_becomes_a_known_one(park, course):
    group = found(course)[who(course, "5")]
    before = (course.source / A / f"{NOTEBOOK}.ipynb").read_text()
    assert "Done." in text(save(park, group))
    source = read_assignment(course.source / A)
    task = source.notebooks[0].tasks[0]
    assert [(m.name, m.fails, m.tell) for m in task.mistakes] == [
        ("adds", ("doubles", "negative"), "You add 2. Doubling is multiplying by 2."),
        ("counts", ("doubles", "negative"), "You count to x."),
    ]
    assert task.mistakes[1].code == UNKNOWN.strip()
    assert found(course)[who(course, "5")].match.mistake.name == "counts"
    after = (course.source / A / f"{NOTEBOOK}.ipynb").read_text()
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    park.get(PAGE)
    assert "You count to x." in [
        r.text for r in comment_bank.of_task(course, A, NOTEBOOK, "double")
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "two words"}, "letters, digits and _"),
        ({"name": "adds"}, "already"),
        ({"fails": []}, "no line # fails:"),
        ({"tell": ""}, "no line # tell:"),
    ],
)
def test_what_would_make_the_source_invalid_is_refused_and_nothing_written(
    park, course, data, said
):
    group = found(course)[who(course, "5")]
    path = course.source / A / f"{NOTEBOOK}.ipynb"
    before = path.read_bytes()
    assert said in text(save(park, group, **data))
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_no_ta_changes_the_source(ann, course):
    group = found(course)[who(course, "5")]
    assert "Only instructors change the source." in text(save(ann, group))


# ── The bank ─────────────────────────────────────────────────────────────────────────


def test_the_bank_says_what_came_of_a_remark_and_rewords_it_everywhere(ann, course, adds):
    ann.get(f"/staff/a/{A}/comments")
    (remark,) = comment_bank.of_task(course, A, NOTEBOOK, "double")
    look_at(ann, adds, 3)
    apply(ann, adds, comment=remark.text)
    hand_in(course, "2", RIGHT[0], n=2)
    page = ann.text(f"/staff/a/{A}/comments")
    assert "4×" in page
    assert "0 → 5 (1)" in page
    done = ann.post(f"/staff/a/{A}/comments", do="everywhere", id=remark.id, text="Multiply by 2.")
    assert "in the new words: 4" in text(done)
    assert mark(course, "1").state.comment == "Multiply by 2."
