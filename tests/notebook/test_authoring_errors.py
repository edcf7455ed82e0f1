"""Every mistake of an author is found, with notebook, cell and way out, all at once."""

import pytest

from autograder.errors import AuthoringErrors
from autograder.notebook.source.reading import read_assignment
from tests.notebook.conftest import DOUBLE_TEST

SETUP = "from autograder import Task, expect\nimport numpy as np"


def task(body, points=1, name="t"):
    return f'task = Task("{name}")\n{body}\ntask.check()', points


def criterion(head="(x)", decorator='"It holds", points=1', body="pass", name="one"):
    return f"@task.criterion({decorator})\ndef {name}{head}: {body}"


def facts(nb, *cells):
    return [p.fact for p in nb.problems(*cells)]


def of_test(nb, source, points=1):
    return facts(nb, nb.setup(SETUP), nb.answer("a", "x = 1"), nb.test("t", source, points))


def test_a_right_task_has_no_problems(nb):
    assert of_test(nb, *task(criterion())) == []


@pytest.mark.parametrize(
    ("source", "fact"),
    [
        (task(criterion(decorator='"a", points=2')), "add up to 2 points, the cell is worth 1"),
        (task(criterion(), name="other"), "Task('other') stands in the cell whose grade_id is 't'"),
        (('task = Task("t")\n' + criterion(), 1), "nothing calls task.check()"),
        (task("", 0), "this task has no criteria"),
        (task(criterion() + "\n" + criterion(), 2), "two criteria are named 'one'"),
        (task(criterion("(y)")), "asks for 'y', which no answer defines"),
        (task(criterion(body="print(x, y)")), "uses y, which nobody defines here"),
        (task(criterion("()", body="print(x)")), "uses x, which nobody defines here"),
        (task(criterion(decorator='"a {n}", points=1')), "names {n}, which is no setting of it"),
        (task(criterion("(x, *, n)", '"a {n}", points=1')), "its setting n has no value"),
        (task(criterion("(x, *, n=2 * np.pi)")), "its setting n is not written out: 2 * np.pi"),
        (task(criterion("(x, n=3)")), "n has a value but is one of the student's names"),
        (task(criterion("(*x)")), "takes *args or **kwargs"),
        (task(criterion("(x, *, n='a')", '"a {n:.2f}", points=1')), "cannot be filled in"),
        (task(criterion(decorator='"a {", points=1')), "cannot be filled in"),
        (task(criterion(decorator='f"a {x}", points=1')), "its demand is no plain string"),
        (task(criterion(decorator='"a", points=N')), "its points are no plain number"),
        (
            task(criterion(decorator='"a", points=1, after="two"')),
            "'two', which no criterion before",
        ),
        (task(criterion(decorator='"a", points=1, agian=True')), "unknown option agian="),
        (task(criterion(decorator='"a", points=1, retry=1')), "retry= is neither True nor False"),
        (task("if x:\n    " + criterion().replace("\n", "\n    ")), "not a plain function"),
        (task(criterion().replace("def", "async def")), "not a plain function"),
        (task(criterion() + '\ntask.hidden("b", points=0, id="b")'), "written by a release"),
        (task("### BEGIN HIDDEN TESTS\n" + criterion()), "HIDDEN TESTS begun in line 2 never ends"),
        (task(criterion() + "\n### END HIDDEN TESTS"), "ends HIDDEN TESTS that never began"),
        (
            task(
                "### BEGIN HIDDEN TESTS\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n"
                + criterion()
            ),
            "inside the one begun in line 2",
        ),
        (
            task(
                "@task.criterion('a', points=1)\n### BEGIN HIDDEN TESTS\ndef one(x): pass\n"
                "### END HIDDEN TESTS"
            ),
            "lies half in a hidden block",
        ),
        (
            (
                'task = Task("t")\n' + criterion() + "\n### BEGIN HIDDEN TESTS\ntask.check()\n"
                "### END HIDDEN TESTS",
                1,
            ),
            "task.check() lies in a hidden block",
        ),
        (
            task(
                "### BEGIN HIDDEN TESTS\nlimit = 3\n### END HIDDEN TESTS\n"
                + criterion(body="print(limit)")
            ),
            "uses limit, which only a hidden block defines",
        ),
        (task(criterion() + "\nx = (", 1), "this code is no Python"),
    ],
)
def test_a_wrong_task_cell_is_told(nb, source, fact):
    found = of_test(nb, *source)
    assert any(fact in one for one in found), found


@pytest.mark.parametrize(
    ("cells", "fact"),
    [
        (
            lambda nb: [nb.answer("a", "x = 1"), nb.test("a", "assert x")],
            "'a' is used by cells 1, 2",
        ),
        (
            lambda nb: [
                nb.answer("a", "x = 1"),
                nb.test("t", "import math\n# assert x == 1\npass"),
            ],
            "this test checks nothing",
        ),
        (
            lambda nb: [nb.answer("a", "x = 1"), nb.test("t", "### HASHED AUTOTEST x")],
            "AUTOTEST lines are not written out",
        ),
        (lambda nb: [nb.answer("", "x = 1")], "a marked cell without a grade_id"),
        (lambda nb: [nb.answer("a b", "x = 1")], "other characters than letters"),
        (lambda nb: [nb.test("t", "assert True")], "a test without an answer before it"),
        (
            lambda nb: [nb.answer("a", "x = 1"), nb.test("t", "assert x", None)],
            "its points are None",
        ),
        (lambda nb: [nb.answer("a", "x = 1"), nb.test("t", "assert x", -1)], "its points are -1"),
        (
            lambda nb: [nb.answer("a", "x = 1"), nb.test("t", "assert y")],
            "uses y, which nobody defines",
        ),
        (
            lambda nb: [nb.answer("a", "### BEGIN SOLUTION\nx = 1")],
            "SOLUTION begun in line 1 never ends",
        ),
        (
            lambda nb: [nb.code("### BEGIN SOLUTION\nx = 1\n### END SOLUTION")],
            "the release would show it",
        ),
        (
            lambda nb: [nb.answer("a", "### BEGIN HIDDEN TESTS\nx=1\n### END HIDDEN TESTS")],
            "a hidden block in a cell that is no autograder test",
        ),
        (lambda nb: [nb.setup("print(y)")], "line 1 uses y, which no setup cell defines"),
        (lambda nb: [nb.setup("from numpy import *")], "hides which names it defines"),
        (lambda nb: [{**nb.code("x = 1"), "metadata": {"tags": ["setup"]}}], "that is not locked"),
        (lambda nb: [nb.answer("a", "x = = 1")], "this code is no Python: line 1"),
        (
            lambda nb: [{**nb.test("t", "hi"), "cell_type": "markdown"}],
            "a test cell of type markdown",
        ),
        (
            lambda nb: [nb.mistake("# mistake: a\n# fails: b\n# tell: c\nx")],
            "comes before any answer",
        ),
    ],
)
def test_a_wrong_cell_is_told(nb, cells, fact):
    found = facts(nb, *[_sound(cell) for cell in cells(nb)])
    assert any(fact in one for one in found), found


def _sound(cell):
    """Markdown has no outputs."""
    if cell["cell_type"] == "markdown":
        return {k: v for k, v in cell.items() if k not in ("outputs", "execution_count")}
    return cell


@pytest.mark.parametrize(
    ("source", "fact"),
    [
        ("x = 5", "this mistake has no line # mistake:, # fails:, # tell:"),
        ("# mistake: m\n# fails: nope\n# tell: t\nx = 5", "names a criterion 'nope'"),
        ("# mistake: m\n# fails: one\n# tell: t\n", "this mistake has no code"),
        ("# mistake: m\n# tell: t\nx = 5", "this mistake has no line # fails:"),
    ],
)
def test_a_wrong_mistake_is_told(nb, source, fact):
    right = task(criterion())
    found = facts(
        nb, nb.setup(SETUP), nb.answer("a", "x = 1"), nb.mistake(source), nb.test("t", *right)
    )
    assert any(fact in one for one in found), found


def test_two_mistakes_of_one_name_are_told(nb):
    wrong = "# mistake: m\n# fails: one\n# tell: t\nx = 5"
    cells = [nb.setup(SETUP), nb.answer("a", "x = 1"), nb.test("t", *task(criterion()))]
    found = facts(nb, *cells, nb.mistake(wrong, "m1"), nb.mistake(wrong, "m2"))
    assert found == ["two mistakes of task 't' are named 'm'"]


def test_a_setup_cell_may_lean_on_an_earlier_one(nb):
    assert facts(nb, nb.setup("size = 3", "s1"), nb.setup("double = 2 * size", "s2")) == []


def test_old_nbgrader_metadata_is_told_with_the_command_that_mends_it(nb):
    cell = nb.answer("a", "x = 1")
    cell["metadata"]["nbgrader"]["schema_version"] = 2
    (problem,) = nb.problems(cell)
    assert "schema version 2" in problem.fact
    assert "nbgrader update" in problem.way_out


def test_all_mistakes_are_told_at_once_with_their_places(nb):
    with pytest.raises(AuthoringErrors) as caught:
        nb.read(nb.text("hi"), nb.answer("a", "x = ("), nb.test("t", "assert y", -1))
    assert len(caught.value.errors) == 3
    told = str(caught.value)
    assert "one.ipynb, cell 2 (a): this code is no Python" in told
    assert "one.ipynb, cell 3 (t): its points are -1" in told
    assert all(error.way_out for error in caught.value.errors)


def test_a_file_that_is_no_notebook_is_told(tmp_path):
    (tmp_path / "bad.ipynb").write_text("{")
    with pytest.raises(AuthoringErrors, match=r"bad.ipynb, the notebook: this file is no notebook"):
        read_assignment(tmp_path)


def test_a_folder_without_notebooks_is_told(tmp_path):
    with pytest.raises(AuthoringErrors, match="there is no notebook in this folder"):
        read_assignment(tmp_path)


def _record(*names, kind="criteria", grade_id="double"):
    criteria = [{"name": name} for name in names]
    return {
        "number": 4,
        "notebooks": {"doubling": {"tasks": {grade_id: {"kind": kind, "criteria": criteria}}}},
    }


def test_a_criterion_gone_since_the_last_release_is_told(sample):
    with pytest.raises(AuthoringErrors, match="criterion 'tiny' of release 4 is gone"):
        read_assignment(sample, last=_record("tiny", "small"))
    assert read_assignment(sample, last=_record("tiny"), dropped=["tiny"])
    assert read_assignment(sample, last=_record("small", "unseen"))


def test_a_renamed_criterion_says_what_it_was(sample):
    file = sample / "doubling.ipynb"
    renamed = DOUBLE_TEST.replace("points=1)", "points=1, was='tiny')")
    text = file.read_text()
    import json

    file.write_text(text.replace(json.dumps(DOUBLE_TEST), json.dumps(renamed)))
    assert (
        read_assignment(sample, last=_record("tiny")).notebooks[0].tasks[0].criteria[0].was
        == "tiny"
    )


def test_a_task_gone_since_the_last_release_is_told(sample):
    with pytest.raises(AuthoringErrors, match="task 'halve' of release 4 is gone"):
        read_assignment(sample, last=_record("tiny", grade_id="halve"))
    assert read_assignment(sample, last=_record("check_1", kind="asserts", grade_id="halve"))


def test_names_of_a_helper_imported_with_a_star_are_known(nb):
    folder = nb.tmp / "source" / "a"
    folder.mkdir(parents=True)
    (folder / "tools.py").write_text("def hammer(): pass\n_private = 1\n")
    good = task(criterion(body="hammer()"))
    cells = [nb.setup(SETUP + "\nfrom tools import *"), nb.answer("a", "x = 1")]
    assert facts(nb, *cells, nb.test("t", *good)) == []
    bad = task(criterion(body="saw()"))
    assert any("uses saw" in f for f in facts(nb, *cells, nb.test("t", *bad)))
