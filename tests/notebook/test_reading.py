"""A source notebook becomes an assignment, without running anything of the author's."""

from pathlib import Path

import nbgrader
import pytest

from autograder.errors import NotFound
from autograder.notebook.source.reading import read_assignment
from autograder.nouns import TaskKind


def test_tasks_criteria_and_mistakes_are_read_in_order(sample):
    read = read_assignment(sample, kind="sprint")
    (notebook,) = read.notebooks
    assert (read.name, read.kind, notebook.name) == ("doubling", "sprint", "doubling")
    assert [(t.grade_id, t.points, t.kind) for t in notebook.tasks] == [
        ("double", 4.0, TaskKind.CRITERIA),
        ("triple", 1.0, TaskKind.ASSERTS),
        ("why", 2.0, TaskKind.MANUAL),
    ]
    small, unseen = notebook.tasks[0].criteria
    assert (small.name, small.points, small.hidden, small.settings) == (
        "small",
        1.0,
        False,
        {"x": 3},
    )
    assert small.sentence == "double(3) is twice as much"
    assert (unseen.hidden, unseen.draws, unseen.after) == (True, True, ("small",))
    assert unseen.parameters == ("double",)
    assert unseen.source.startswith("@task.criterion(")
    assert "END HIDDEN" not in unseen.source
    (wrong,) = notebook.tasks[0].mistakes
    assert (wrong.name, wrong.fails, wrong.answer) == (
        "squares_instead",
        ("unseen",),
        "double_answer",
    )
    assert wrong.tell == "That is the square. 3 * 3 is 9, twice 3 is 6."
    assert wrong.code == "def double(x):\n    return x * x"
    assert read.max_points == 7.0


def test_setup_card_and_files_are_told_apart(sample):
    read = read_assignment(sample)
    assert read.notebooks[0].card.startswith("# Doubling")
    assert len(read.notebooks[0].setup) == 1
    assert "import helper" in read.notebooks[0].setup[0]
    assert read.files == ("helper.py",)
    assert read.hidden_files == ("hidden/secrets_of_mine.py",)


def test_the_source_is_never_changed_by_reading(sample):
    before = (sample / "doubling.ipynb").read_bytes()
    read_assignment(sample)
    assert (sample / "doubling.ipynb").read_bytes() == before


def test_nothing_of_the_author_is_run(nb, tmp_path):
    trap = tmp_path / "sprung"
    spring = f"open({str(trap)!r}, 'w')"
    nb.read(
        nb.setup(f"{spring}\nfrom autograder import Task"),
        nb.answer("a", f"y = {spring}"),
        nb.test(
            "t",
            f'{spring}\ntask = Task("t")\n@task.criterion("is", points=1)\n'
            "def one(y): pass\ntask.check()",
        ),
    )
    assert not trap.exists()


def test_consecutive_tests_share_the_answers_back_to_the_previous_ones(nb):
    notebook = nb.notebook(
        nb.answer("a1", "x = 1"),
        nb.answer("a2", "y = 2"),
        nb.test("t1", "assert x == 1"),
        nb.test("t2", "assert y == 2"),
        nb.answer("b", "z = x"),
        nb.test("t3", "assert z == 1"),
    )
    assert [t.answers for t in notebook.tasks] == [("a1", "a2"), ("a1", "a2"), ("b",)]


def test_a_mistake_belongs_to_each_task_whose_criteria_it_fails(nb):
    notebook = nb.notebook(
        nb.answer("a", "x = 1"),
        nb.test("t1", "assert x == 1, 'one'"),
        nb.test("t2", "assert x < 2, 'two'"),
        nb.mistake(
            "# mistake: big\n# fails: check_1\n# tell: Smaller.\nx = 5", tags=["mistake", "slow"]
        ),
    )
    assert [[m.task for m in t.mistakes] for t in notebook.tasks] == [["t1"], ["t2"]]
    assert notebook.tasks[0].mistakes[0].slow


def test_a_cell_without_an_id_gets_the_same_one_at_every_reading(nb):
    cells = nb.sample()
    for cell in cells:
        del cell["id"]
    path = nb.write(nb.tmp / "source" / "a" / "one.ipynb", *cells, minor=4)
    (path.parent / "helper.py").touch()
    ids = [[c.id for c in read_assignment(path.parent).notebooks[0].node.cells] for _ in range(2)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(cells)


def test_a_folder_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(NotFound, match="no assignment 'nowhere'"):
        read_assignment(tmp_path / "nowhere")


QUICKSTART = Path(nbgrader.__file__).parent / "docs/source/user_guide/source/ps1"


def test_nbgraders_own_example_course_reads_without_errors():
    """What `nbgrader quickstart` copies into a new course."""
    read = read_assignment(QUICKSTART)
    kinds = {t.grade_id: t.kind for nb in read.notebooks for t in nb.tasks}
    assert [nb.name for nb in read.notebooks] == ["problem1", "problem2"]
    assert kinds == {
        "correct_squares": TaskKind.ASSERTS,
        "squares_invalid_input": TaskKind.ASSERTS,
        "correct_sum_of_squares": TaskKind.ASSERTS,
        "sum_of_squares_uses_squares": TaskKind.INSIDE,
        "sum_of_squares_equation": TaskKind.MANUAL,
        "sum_of_squares_application": TaskKind.MANUAL,
        "cell-938593c4a215c6cc": TaskKind.MANUAL,
        "part-a": TaskKind.MANUAL,
        "part-b": TaskKind.MANUAL,
    }
    assert read.max_points == 13.0
    assert read.files == ("jupyter.png",)
