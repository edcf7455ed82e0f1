"""Whatever is handed in, merging gives a valid notebook or a typed refusal, and nothing else."""

import copy
import json

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.errors import BrokenSubmission
from autograder.notebook.release.stripping import student_notebook
from autograder.notebook.source.reading import read_assignment
from autograder.notebook.submission.choosing import choose
from autograder.notebook.submission.inspection import inspect
from autograder.notebook.submission.merging import merge
from tests.notebook.conftest import sample_cells, write

FAST = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["code", "markdown", "double", "double_answer"]),
    st.sampled_from(["\ud800", "\0", "%%time\nx", "("]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz") / "doubling"
    write(folder / "doubling.ipynb", *sample_cells())
    (folder / "helper.py").touch()
    source = read_assignment(folder).notebooks[0]
    released = json.loads(nbformat.writes(student_notebook(source, "print()", {"release": 1})))
    return source, released, folder / "submitted.ipynb"


def check(source, path, content):
    path.write_bytes(content)
    try:
        merged = merge(source, path)
    except BrokenSubmission as broken:
        refused = broken
    else:
        refused = None
    inspection = inspect(source, path, {"x.png"}, "doubling")
    assert inspection.gradable == (refused is None)
    assert json.dumps([one.as_json() for one in inspection.findings]).encode()
    chosen = choose([path.name, "gone.ipynb"], path.parent, [source], [source.name])
    assert set(chosen.files) <= {source.name}
    if refused is not None:
        assert refused.kind
        assert refused.way_out
        return None
    nbformat.validate(merged.node)
    assert nbformat.writes(merged.node).encode()
    ids = [cell.id for cell in merged.node.cells]
    assert len(set(ids)) == len(ids)
    tests = [c.source for c in merged.node.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert sum("secrets_of_mine" in one for one in tests) == 1
    assert [c.grade_id for c in merged.cells if c.role != "extra"] == [
        "setup",
        "double_answer",
        "double",
        "triple_answer",
        "triple",
    ]
    assert set(merged.attempted) == {"double", "triple", "why"}
    assert not any("secrets_of_mine" in c.source for c in merged.cells if c.role != "extra")
    return merged


def places(value, path=()):
    """The paths to everything in a JSON value."""
    yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield from places(inner, (*path, key))


def mutate(content, data):
    path = data.draw(st.sampled_from([p for p in places(content) if p]))
    holder = content
    for key in path[:-1]:
        holder = holder[key]
    action = data.draw(st.sampled_from(["replace", "delete", "copy", "swap"]))
    if action == "replace":
        holder[path[-1]] = data.draw(VALUES)
    elif action == "delete":
        del holder[path[-1]]
    elif action == "copy" and isinstance(holder, list):
        holder.insert(path[-1], copy.deepcopy(holder[path[-1]]))
    elif action == "swap" and isinstance(holder, list):
        other = data.draw(st.integers(0, len(holder) - 1))
        holder[path[-1]], holder[other] = holder[other], holder[path[-1]]


@FAST
@given(data=st.data(), times=st.integers(1, 8))
def test_a_mutated_notebook_is_merged_or_refused(assignment, data, times):
    source, released, path = assignment
    content = copy.deepcopy(released)
    for _ in range(times):
        mutate(content, data)
    check(source, path, json.dumps(content).encode())


@FAST
@given(VALUES)
def test_any_json_is_merged_or_refused(assignment, value):
    check(assignment[0], assignment[2], json.dumps(value).encode())


@FAST
@given(st.lists(VALUES, max_size=6), st.sampled_from([3, 4]))
def test_any_list_of_cells_is_merged_or_refused(assignment, cells, version):
    content = {"nbformat": version, "cells": cells, "worksheets": [{"cells": cells}]}
    check(assignment[0], assignment[2], json.dumps(content).encode())


@FAST
@given(st.binary(max_size=200))
def test_any_bytes_are_merged_or_refused(assignment, content):
    check(assignment[0], assignment[2], content)


@FAST
@given(data=st.data())
def test_every_order_and_choice_of_the_given_cells_is_merged(assignment, data):
    source, released, path = assignment
    cells = data.draw(st.lists(st.sampled_from(released["cells"]), max_size=14))
    merged = check(source, path, json.dumps({**released, "cells": cells}).encode())
    assert merged is None or not any(merged.attempted.values())


@FAST
@given(st.text(max_size=200))
def test_any_answer_arrives_as_it_was_written(assignment, text):
    source, released, path = assignment
    content = copy.deepcopy(released)
    (cell,) = [c for c in content["cells"] if c.get("id") == "double_answer"]
    cell["source"] = text
    merged = check(source, path, json.dumps(content).encode())
    (found,) = [c.source for c in merged.cells if c.grade_id == "double_answer"]
    assert found == text.replace("\r\n", "\n").encode("utf-8", "replace").decode()
