"""What a student is given. The golden notebook is updated by:

make golden
"""

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.preprocessors import ClearSolutions

from autograder import language
from autograder.notebook.release.stripping import demands_table, student_notebook
from autograder.notebook.source.cells import cells_of, write_node
from autograder.notebook.source.markers import without_solutions
from autograder.notebook.source.reading import read_assignment

GOLDEN = Path(__file__).parent / "golden" / "doubling.ipynb"


@pytest.fixture
def given(sample):
    notebook = read_assignment(sample).notebooks[0]
    about = {"format": 1, "assignment": "doubling", "notebook": "doubling", "release": 3}
    return student_notebook(notebook, "print('set up')", about)


def source_of(given, id_):
    return next(cell.source for cell in given.cells if cell.id == id_)


@pytest.mark.golden
def test_the_released_notebook_is_the_golden_one(given):
    text = write_node(given)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text, "utf-8")
    assert json.loads(text) == json.loads(GOLDEN.read_text("utf-8"))


def test_the_same_source_makes_the_same_bytes(sample):
    texts = {
        write_node(student_notebook(read_assignment(sample).notebooks[0], "x = 1", {}))
        for _ in range(2)
    }
    assert len(texts) == 1


def test_it_is_valid_for_nbformat_and_for_nbgrader(given):
    nbformat.validate(given)
    MetadataValidator().validate_nb(given)


def test_card_first_then_the_set_up_cell(given):
    assert [c.cell_type for c in given.cells[:2]] == ["markdown", "code"]
    assert given.cells[0].source.startswith("# Doubling")
    assert given.cells[1].source == "print('set up')"
    assert (given.cells[1].metadata.editable, given.cells[1].metadata.deletable) == (False, False)


def test_hidden_blocks_become_what_is_public_about_them(given):
    text = source_of(given, "double")
    assert (
        'task.hidden("It holds for 50 unseen numbers | all of them", points=3, id="unseen")' in text
    )
    assert "secrets_of_mine" not in text
    assert "HIDDEN" not in text
    compile(text, "cell", "exec")
    plain = source_of(given, "triple")
    assert "# Checked after you submit: It holds for negative numbers (0.5 points)" in plain
    assert "-21" not in plain


def test_a_demand_with_quotes_and_backslashes_survives_release(nb):
    test = (
        'task = Task("t")\n### BEGIN HIDDEN TESTS\n'
        '@task.criterion("Say \\"a\\\\b\\"\\nand {w}", points=1)\n'
        'def one(x, *, w="\\"hi\\""): pass\n'
        "### END HIDDEN TESTS\ntask.check()"
    )
    notebook = nb.notebook(
        nb.setup("from autograder import Task"), nb.answer("a", "x = 1"), nb.test("t", test)
    )
    text = source_of(student_notebook(notebook, "", {}), "t")
    told = {}

    class Task:
        def __init__(self, grade_id): ...
        def check(self): ...
        def hidden(self, demand, *, points, id):
            told[id] = (demand, points)

    exec(text, {"Task": Task})
    assert told == {"one": ('Say "a\\b"\nand "hi"', 1)}


def test_the_table_stands_above_the_first_answer_and_tells_where_each_demand_is_checked(given):
    ids = [cell.id for cell in given.cells]
    above = given.cells[ids.index("double_answer") - 1]
    assert above.metadata.autograder.generated == "demands"
    assert above.source.splitlines() == [
        "**What is demanded** · 4 points",
        "",
        "| Demand | Points | Checked |",
        "| --- | ---: | --- |",
        "| double(3) is twice as much | 1 | on your data, by running the checks |",
        "| It holds for 50 unseen numbers \\| all of them | 3 | on unseen data, after you submit |",
    ]


def test_tasks_that_share_an_answer_share_a_table(nb):
    notebook = nb.notebook(
        nb.answer("a", "x = 1"),
        nb.test("t1", "assert x, 'one'"),
        nb.test("t2", "assert x, 'two'"),
        nb.manual("m", "Why?", 2),
    )
    given = student_notebook(notebook, "", {})
    tables = [
        c.source
        for c in given.cells
        if c.metadata.get("autograder", {}).get("generated") == "demands"
    ]
    assert len(tables) == 2
    assert "2 points" in tables[0]
    assert "one" in tables[0]
    assert "two" in tables[0]
    assert "read by a person" in tables[1]


def test_test_cells_are_collapsed_in_jupyterlab_and_in_colab(given):
    for id_ in ("double", "triple"):
        cell = next(c for c in given.cells if c.id == id_)
        assert cell.metadata.jupyter.source_hidden is True
        assert cell.metadata.cellView == "form"
        assert cell.source.startswith("#@title Checks of ")
        assert cell.metadata.editable is False


def test_outputs_counts_and_foreign_metadata_are_left_behind(nb):
    cell = nb.code("x = 1")
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "my answer is 42"}]
    cell["execution_count"] = 7
    cell["metadata"] = {"note": "the answer is 42", "tags": ["slow", "train", "mine"]}
    given = student_notebook(nb.notebook(nb.answer("a", "y = 1"), cell), "", {})
    assert "42" not in nbformat.writes(given)
    assert given.cells[-2].execution_count is None
    assert given.cells[-2].metadata.tags == ["train", "mine"]


def test_the_last_cell_hands_in_when_told_to_and_not_by_itself(nb):
    language.use("en")
    cell = student_notebook(nb.notebook(nb.answer("a", "y = 1")), "", {}).cells[-1]
    assert cell.source.endswith("progress()\n# submit()")
    assert "delete the #" in cell.source
    assert "editable" not in cell.metadata
    language.use("ko")
    korean = student_notebook(nb.notebook(nb.answer("a", "y = 1")), "", {}).cells[-1]
    language.use("")
    assert korean.source.splitlines()[1:] == cell.source.splitlines()[1:]
    assert "제출하려면" in korean.source


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "### BEGIN SOLUTION\nx = 1\n### END SOLUTION",
        "def f():\n    # BEGIN SOLUTION\n    return 1\n    # END SOLUTION\n\ny = 2",
        "a\n### BEGIN SOLUTION\nb\n### END SOLUTION\nc\n### BEGIN SOLUTION\nd\n### END SOLUTION",
        "    ### BEGIN SOLUTION\n\n    ### END SOLUTION\n",
    ],
)
@pytest.mark.parametrize("kind", ["code", "markdown"])
def test_solutions_are_cut_out_as_nbgrader_does(nb, source, kind):
    cell = {**nb.manual("m", source, kind=kind)}
    theirs, _ = ClearSolutions().preprocess(nb.node(cell), {})
    assert without_solutions(source, kind) == theirs.cells[0].source


def test_the_words_of_the_table_are_translated(sample, monkeypatch):
    from autograder.notebook.release import stripping

    monkeypatch.setattr(stripping, "translate", lambda text: f"«{text}»")
    table = demands_table(read_assignment(sample).notebooks[0].tasks[:1])
    assert table.startswith("**«What is demanded»** · «4 points»")
    assert "| «Demand» | «Points» | «Checked» |" in table
    assert "| «double(3) is twice as much» |" in table


def test_every_cell_that_is_not_a_mistake_is_there_in_order(given, sample):
    source = [
        c.id for c in cells_of(read_assignment(sample).notebooks[0].node) if c.role != "mistake"
    ]
    released = [c.id for c in cells_of(given) if not c.generated]
    assert released == source
