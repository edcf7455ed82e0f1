"""The release is searched for what it must not show, whoever let it slip."""

import inspect
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.notebook.release import first_cell
from autograder.notebook.release.leaks import leaks
from autograder.notebook.release.stripping import student_notebook
from autograder.notebook.source.reading import read_assignment
from tests.notebook.conftest import sample_cells, write


def found(folder, change=lambda node: None, files=None):
    source = read_assignment(folder)
    given_files = {name: (folder / name).read_bytes() for name in source.files}
    nodes = {nb.name: student_notebook(nb, "", {}) for nb in source.notebooks}
    for node in nodes.values():
        change(node)
    return list(leaks(source, nodes, {**given_files, **(files or {})}))


def test_a_right_release_leaks_nothing(sample):
    assert found(sample) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("    return 2 * x", "a line of the solution of cell 4 (double_answer)"),
        ("import secrets_of_mine", "a line of the hidden block of cell 6 (double)"),
        ("    return x * x", "a line of the mistake of cell 7"),
        ("# tell: That is the square. 3 * 3 is 9,", "a line of the mistake of cell 7"),
        ("def twice(x):", "a line of the file hidden/secrets_of_mine.py"),
        ("assert triple(-7) == -21, 'It'", None),
        ('assert triple(-7) == -21, "It holds for negative numbers"', "the hidden block of cell 9"),
        ("Because *two* is even.", "a line of the solution of cell 10 (why)"),
        ("### BEGIN SOLUTION", "it has the marker BEGIN SOLUTION"),
    ],
)
def test_one_secret_line_in_a_released_cell_is_found(sample, text, what):
    def slip(node):
        cell = next(c for c in node.cells if c.id == "play")
        cell.source += f"\n{text}"

    told = found(sample, slip)
    assert bool(told) is bool(what)
    assert not what or any(what in one for one in told), told


def test_outputs_and_mistakes_that_were_left_are_found(sample):
    def slip(node):
        node.cells[-2].execution_count = 3
        node.cells[-1].metadata["tags"] = ["mistake"]

    told = found(sample, slip)
    assert any("still has outputs" in one for one in told)
    assert any("is a mistake" in one for one in told)


def test_a_hidden_file_that_is_released_under_another_name_is_found(sample):
    secret = (sample / "hidden" / "secrets_of_mine.py").read_bytes()
    assert any(
        "copy.bin: it is the hidden file" in one
        for one in found(sample, files={"copy.bin": secret})
    )


def test_a_helper_with_a_solution_marker_is_found(sample):
    (sample / "helper.py").write_text("### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n")
    assert any("helper.py: it has the marker" in one for one in found(sample))


def test_a_solution_that_the_author_pasted_elsewhere_is_found(nb):
    lines = (
        "total = 0\nfor number in numbers:\n    total += number ** 2\nresult = total / len(numbers)"
    )
    folder = nb.tmp / "source" / "a"
    cells = [
        nb.answer("a", f"numbers = [1]\n### BEGIN SOLUTION\n{lines}\n### END SOLUTION"),
        nb.test("t", "assert result"),
    ]
    write(folder / "one.ipynb", *cells)
    assert found(folder) == []
    write(folder / "one.ipynb", nb.text("```python\n" + lines + "\n```"), *cells)
    (told,) = found(folder)
    assert told.startswith("one.ipynb, cell 2: it repeats lines of the solution of cell 2 (a)")


def test_a_program_to_be_mended_comes_back_in_its_solution_and_mistakes(nb):
    """What an answer cell gives is no secret of its own; its solution elsewhere still is."""
    given = "def mean(numbers):\n    total = sum(numbers)\n    count = len(numbers) + 1"
    wrong, right = "    return total / count", "    return total / (count - 1)"
    folder = nb.tmp / "source" / "a"
    answer = nb.answer(
        "a", f"{given}\n{wrong}\n\n\n### BEGIN SOLUTION\n{given}\n{right}\n### END SOLUTION"
    )
    test = nb.test("t", "assert mean([1]) == 1")
    write(folder / "one.ipynb", answer, test)
    assert found(folder) == []
    write(folder / "one.ipynb", nb.text(f"{given}\n{right}"), answer, test)
    (told,) = found(folder)
    assert told.startswith("one.ipynb, cell 2: it repeats lines of the solution of cell 2 (a)")


WORDS = st.text("abcdefghij", min_size=8, max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(solution=WORDS, hidden=WORDS, mistake=WORDS, output=WORDS, setting=WORDS)
def test_no_release_holds_a_solution_a_hidden_test_a_mistake_or_an_output(
    tmp_path_factory, solution, hidden, mistake, output, setting
):
    marks = [
        f"{kind}_{word}"
        for kind, word in zip("shmot", (solution, hidden, mistake, output, setting), strict=True)
    ]
    in_solution, in_hidden, in_mistake, in_output, in_metadata = marks
    cells = json.loads(
        json.dumps(sample_cells())
        .replace("2 * x\\n", f"2 * x  # {in_solution}\\n")
        .replace("import secrets_of_mine", f"{in_hidden} = 1")
        .replace("secrets_of_mine.twice", in_hidden)
        .replace("return x * x", f"return {in_mistake} * x")
    )
    cells[4]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": in_output}]
    cells[4]["metadata"]["answer"] = in_metadata
    folder = tmp_path_factory.mktemp("leaks")
    write(folder / "doubling.ipynb", *cells)
    (folder / "helper.py").touch()
    source = read_assignment(folder)
    text = json.dumps(student_notebook(source.notebooks[0], "", {}))
    assert all(mark in json.dumps(cells) for mark in marks)
    assert not [mark for mark in marks if mark in text]


def test_a_line_that_every_set_up_cell_has_is_no_secret(sample):
    """A solution may say `return kept` as our own set-up code does."""
    assignment = read_assignment(sample)
    line = next(
        text.strip()
        for text in inspect.getsource(first_cell).splitlines()
        if text.strip().startswith("return ") and len(text.strip()) > 10
    )
    cell = next(c for c in assignment.notebooks[0].node.cells if "BEGIN SOLUTION" in c.source)
    cell.source = cell.source.replace("### END SOLUTION", f"    {line}\n### END SOLUTION")
    node = student_notebook(assignment.notebooks[0], inspect.getsource(first_cell), {})
    shown = {assignment.notebooks[0].name: node}
    assert not [told for told in leaks(assignment, shown, {}) if line in told]
