"""A submission is merged into its source: the author's cells, the student's answers."""

import copy
import json

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from autograder.errors import BrokenSubmission
from autograder.notebook.release.stripping import student_notebook
from autograder.notebook.source.reading import read_assignment
from autograder.notebook.submission import opening
from autograder.notebook.submission.merging import merge

MY_DOUBLE = "def double(x):\n    return x + x"


@pytest.fixture
def source(sample):
    return read_assignment(sample).notebooks[0]


@pytest.fixture
def given(source):
    """The released notebook as a dict, as it lies on a student's disk."""
    node = student_notebook(source, "print('ready')", {"release": 1})
    return json.loads(nbformat.writes(node))


@pytest.fixture
def handed_in(source, tmp_path):
    """Merges a notebook (a dict, text or bytes) as if it had been handed in."""

    def hand_in(content):
        path = tmp_path / "submitted.ipynb"
        if isinstance(content, dict):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return merge(source, path)

    return hand_in


def cell_of(given, grade_id):
    return next(
        c for c in given["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )


def index_of(given, grade_id):
    return given["cells"].index(cell_of(given, grade_id))


def answers(merged):
    return {c.grade_id: c.source for c in merged.cells if c.role == "answer"}


def order(merged):
    return [c.grade_id or c.role for c in merged.cells]


def test_an_untouched_release_is_unattempted_and_needs_no_repair(given, handed_in):
    merged = handed_in(given)
    assert merged.notes == ()
    assert merged.attempted == {"double": False, "triple": False, "why": False}
    assert order(merged) == ["setup", "double_answer", "extra", "double", "triple_answer", "triple"]
    assert "SOLUTION" not in "".join(answers(merged).values())


def test_an_answer_is_taken_and_counts_as_attempted(given, handed_in):
    cell_of(given, "double_answer")["source"] = MY_DOUBLE
    cell_of(given, "why")["source"] = "Because."
    merged = handed_in(given)
    assert answers(merged)["double_answer"] == MY_DOUBLE
    assert merged.attempted == {"double": True, "triple": False, "why": True}
    assert merged.notes == ()


def test_half_a_character_does_no_harm(given, handed_in):
    cell_of(given, "double_answer")["source"] = "x = '\ud800'"
    merged = handed_in(given)
    assert answers(merged)["double_answer"] == "x = '?'"
    assert nbformat.writes(merged.node).encode()


def test_white_space_alone_is_no_attempt(given, handed_in):
    cell = cell_of(given, "double_answer")
    cell["source"] = ["\n", *(line.rstrip("\n") + "  \r\n" for line in cell["source"]), "\n\n"]
    assert not handed_in(given).attempted["double"]


def test_the_generated_cells_of_a_release_are_left_out(given, handed_in):
    merged = handed_in(given)
    assert not any("print('ready')" in c.source for c in merged.cells)
    assert not any("demanded" in c.source for c in merged.node.cells)


def test_test_cells_come_from_the_source_and_the_students_process_never_gets_hidden_parts(
    given, handed_in
):
    cell_of(given, "double")["source"] = "task = None  # full marks please"
    merged = handed_in(given)
    (test,) = [c for c in merged.cells if c.grade_id == "double"]
    assert "task.hidden(" in test.source
    assert not any("secrets_of_mine" in c.source for c in merged.cells)
    in_node = next(c for c in merged.node.cells if c.id == "double")
    assert "secrets_of_mine" in in_node.source
    number = index_of(given, "double") + 1
    assert merged.notes == (f"Cell {number} (double) had been changed; the original is used.",)


def test_a_locked_setup_cell_comes_from_the_source(given, handed_in):
    cell_of(given, "setup")["source"] = "expect = None"
    merged = handed_in(given)
    assert merged.cells[0].source.startswith("import numpy")
    assert "(setup) had been changed" in merged.notes[0]


def test_deleted_cells_are_put_back_the_answer_as_it_was_released(given, handed_in):
    for grade_id in ("double_answer", "double", "setup"):
        given["cells"].remove(cell_of(given, grade_id))
    merged = handed_in(given)
    assert [i for i in order(merged) if i != "extra"] == [
        "setup",
        "double_answer",
        "double",
        "triple_answer",
        "triple",
    ]
    assert all(
        c.number == 0 for c in merged.cells if c.grade_id in ("setup", "double_answer", "double")
    )
    assert "return 2 * x" not in answers(merged)["double_answer"]
    assert not merged.attempted["double"]
    assert "The answer cell double_answer was missing" in "".join(merged.notes)
    assert merged.notes.count("The cell double was missing; it was put back.") == 1


def test_a_duplicated_answer_that_was_worked_on_counts_and_both_run(given, handed_in):
    at = index_of(given, "double_answer")
    copied = copy.deepcopy(given["cells"][at])
    copied["source"], copied["id"] = MY_DOUBLE, "another"
    given["cells"].insert(at + 1, copied)
    merged = handed_in(given)
    assert answers(merged)["double_answer"] == MY_DOUBLE
    assert merged.attempted["double"]
    assert merged.notes == (
        f"Cell {at + 1} is a copy of cell {at + 2}: cell {at + 2} counts as the answer.",
    )
    assert len([c for c in merged.cells if "def double" in c.source]) == 2


def test_a_duplicated_test_is_left_out(given, handed_in):
    at = index_of(given, "double")
    given["cells"].insert(at + 1, {**copy.deepcopy(given["cells"][at]), "id": "another"})
    merged = handed_in(given)
    assert order(merged).count("double") == 1
    assert merged.notes == (f"Cell {at + 2} is a copy of cell {at + 1} and was left out.",)


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_retyped_answer_is_code_again(given, handed_in, kind):
    cell = cell_of(given, "double_answer")
    for key in ("outputs", "execution_count"):
        del cell[key]
    cell.update(cell_type=kind, source=MY_DOUBLE)
    merged = handed_in(given)
    assert answers(merged)["double_answer"] == MY_DOUBLE
    assert f"had become a {kind} cell; it is a code cell again" in merged.notes[0]


def test_reordered_cells_run_in_the_authors_order_again(given, handed_in):
    last = given["cells"].pop(index_of(given, "triple"))
    given["cells"].insert(0, last)
    merged = handed_in(given)
    assert order(merged)[-2:] == ["triple_answer", "triple"]
    assert merged.notes == ("Cell 1 (triple) had been moved; it runs in its place again.",)


def test_changed_points_and_flags_are_the_sources_again(given, handed_in):
    marks = cell_of(given, "double")["metadata"]["nbgrader"]
    marks.update(points=100, grade=False, solution=True, locked=False)
    merged = handed_in(given)
    marks = next(c for c in merged.node.cells if c.id == "double").metadata.nbgrader
    assert (marks.points, marks.grade, marks.solution) == (4, True, False)
    assert "had been changed; they are 4 again" in "".join(merged.notes)


def test_an_answer_that_claims_to_be_the_test_is_found_by_its_id(given, handed_in):
    cell = cell_of(given, "double_answer")
    cell["source"] = MY_DOUBLE
    cell["metadata"]["nbgrader"]["grade_id"] = "double"
    merged = handed_in(given)
    assert answers(merged)["double_answer"] == MY_DOUBLE
    assert "had lost its id double_answer" in "".join(merged.notes)


def test_cells_without_nbgraders_metadata_are_found_by_their_ids(given, handed_in):
    cell_of(given, "double_answer")["source"] = MY_DOUBLE
    for cell in given["cells"]:
        cell["metadata"].pop("nbgrader", None)
    merged = handed_in(given)
    assert answers(merged)["double_answer"] == MY_DOUBLE
    assert merged.attempted == {"double": True, "triple": False, "why": False}


def test_cells_without_any_id_are_found_by_text_and_by_what_they_define(given, handed_in):
    cell_of(given, "double_answer")["source"] = (
        "# my own way\ndef double(number):\n    return number * 2"
    )
    for cell in given["cells"]:
        cell["metadata"].pop("nbgrader", None)
        del cell["id"]
    given["nbformat_minor"] = 4
    merged = handed_in(given)
    assert answers(merged)["double_answer"].startswith("# my own way")
    assert merged.attempted == {"double": True, "triple": False, "why": False}
    assert all(c.number for c in merged.cells), "none had to be put back"
    assert not [note for note in merged.notes if "missing" in note]


def test_colab_keeps_ids_in_the_metadata(given, handed_in):
    cell_of(given, "double_answer")["source"] = MY_DOUBLE
    for cell in given["cells"]:
        cell["metadata"] = {"id": cell.pop("id")}
    given["nbformat_minor"] = 0
    assert answers(handed_in(given))["double_answer"] == MY_DOUBLE


def test_the_students_own_cells_stay_behind_their_neighbours(given, handed_in):
    at = index_of(given, "double_answer")
    own = {
        "cell_type": "code",
        "id": "own",
        "metadata": {"tags": ["setup", "train"]},
        "source": "y = 1",
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "forged"}],
        "execution_count": 9,
    }
    given["cells"].insert(at + 1, own)
    given["cells"].insert(0, {**own, "id": "first", "source": "z = 1"})
    merged = handed_in(given)
    assert [c.source for c in merged.cells][:1] == ["z = 1"]
    mine = next(c for c in merged.cells if c.source == "y = 1")
    assert (mine.role, mine.number, mine.id, mine.tags) == ("extra", at + 3, "own", {"train"})
    assert order(merged).index("double_answer") + 1 == merged.cells.index(mine)
    assert all(c.get("outputs", []) == [] for c in merged.node.cells)


def test_the_merged_notebook_is_valid_and_its_ids_are_unique(given, handed_in):
    given["cells"].insert(1, {**copy.deepcopy(cell_of(given, "double_answer")), "source": "a = 1"})
    given["cells"].append({"cell_type": "code", "metadata": {}, "source": "b", "id": "double"})
    merged = handed_in(given)
    nbformat.validate(merged.node)
    ids = [c.id for c in merged.node.cells]
    assert len(set(ids)) == len(ids)
    assert {c.id for c in merged.cells} <= set(ids)


def test_the_mistakes_of_the_author_are_in_no_merged_notebook(given, handed_in):
    assert "x * x" not in nbformat.writes(handed_in(given).node)


def test_a_hostile_kernelspec_is_left_behind(given, handed_in):
    given["metadata"]["kernelspec"] = {"name": "evil", "argv": ["rm"]}
    assert "evil" not in nbformat.writes(handed_in(given).node)


def test_an_old_notebook_of_format_3_is_read(given, handed_in):
    cells = [
        {**c, "input" if c["cell_type"] == "code" else "source": c["source"]}
        for c in given["cells"]
    ]
    for cell in cells:
        if cell["cell_type"] == "code":
            del cell["source"]
    cell_of({"cells": cells}, "double_answer")["input"] = MY_DOUBLE
    merged = handed_in(
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    )
    assert answers(merged)["double_answer"] == MY_DOUBLE
    assert merged.notes == ()


BROKEN = {
    "empty": (b"", "not_json"),
    "cut short": (b'{"cells": [{"cell_ty', "not_json"),
    "binary": (b"\x89PNG\r\n\xff\xfe", "not_text"),
    "json": (b"[1, 2]", "not_a_notebook"),
    "an object": (b'{"a": 1}', "not_a_notebook"),
    "no cells": (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "not_a_notebook"),
    "a true format": (b'{"nbformat": true, "cells": []}', "not_a_notebook"),
    "too new": (b'{"nbformat": 5, "nbformat_minor": 0, "cells": []}', "too_new"),
    "too old": (b'{"nbformat": 2, "worksheets": []}', "too_old"),
    "deep": (b"[" * 200_000 + b"]" * 200_000, "too_deep"),
    "a huge number": (b'{"nbformat": ' + b"9" * 10_000 + b"}", "not_json"),
    "many cells": (b'{"nbformat": 4, "cells": [' + b"{}," * 5000 + b"{}]}", "too_large"),
    "another notebook": (
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}',
        "no_answers",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_notebook_is_refused_with_its_kind_and_a_way_out(handed_in, name):
    content, kind = BROKEN[name]
    with pytest.raises(BrokenSubmission) as caught:
        handed_in(content)
    assert caught.value.kind == kind
    assert caught.value.way_out


def test_a_notebook_past_the_limit_is_refused_before_it_is_read(source, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "SIZE_LIMIT_MB", 1)
    path = tmp_path / "big.ipynb"
    with path.open("wb") as file:
        file.truncate(2 << 20)
    with pytest.raises(BrokenSubmission, match="2 MB, the limit is 1 MB") as caught:
        merge(source, path)
    assert caught.value.kind == "too_large"


@pytest.mark.parametrize("what", ["folder", "link", "missing", "pipe"])
def test_what_is_no_plain_file_is_refused(source, sample, tmp_path, what):
    import os

    path = tmp_path / "x.ipynb"
    if what == "folder":
        path.mkdir()
    elif what == "link":
        path.symlink_to(sample / "doubling.ipynb")
    elif what == "pipe":
        os.mkfifo(path)
    with pytest.raises(BrokenSubmission) as caught:
        merge(source, path)
    assert caught.value.kind == "not_a_file"


def test_a_manual_task_below_its_description_is_attempted_by_a_cell_of_ones_own(nb, tmp_path):
    source = nb.notebook(
        nb.answer("a", "x = 1"), nb.test("t", "assert x"), nb.task("essay", "Write.")
    )
    given = json.loads(nbformat.writes(student_notebook(source, "", {})))
    path = tmp_path / "s.ipynb"
    path.write_text(json.dumps(given))
    assert not merge(source, path).attempted["essay"]
    given["cells"].append(
        {"cell_type": "markdown", "id": "mine", "metadata": {}, "source": "My essay."}
    )
    path.write_text(json.dumps(given))
    assert merge(source, path).attempted["essay"]


def test_a_test_cell_that_an_older_release_had_is_replaced_without_a_word(given, handed_in):
    test = next(c for c in given["cells"] if c["metadata"].get("nbgrader", {}).get("grade"))
    test["source"] = "".join(test["source"]) + "\n# as it was in an older release"
    assert [note for note in handed_in(given).notes if "had been changed" in note]
    test["metadata"]["nbgrader"]["checksum"] = compute_checksum(nbformat.from_dict(test))
    assert not [note for note in handed_in(given).notes if "had been changed" in note]
