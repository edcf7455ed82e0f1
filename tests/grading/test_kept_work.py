"""Where a course does not train again, what was kept takes the place of training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbgrader.utils import compute_checksum

from autograder import config, gradebook
from autograder.config import Course
from autograder.evidence import saved_work
from autograder.language import in_words
from autograder.nouns import NotebookResult, Status
from autograder.steps import assignments
from autograder.steps.authoring.release_checks import proved
from autograder.steps.grading import grade, grade_files
from autograder.steps.grading.equal_weights import Alike, alike
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.reporting.feedback import points
from autograder.steps.reporting.status import status
from tests.grading.made import answer, code, setup, test, write

SOLUTION = "### BEGIN SOLUTION\nnet = np.full(3, 2.0)\nhistory = {'loss': [1.0]}\n### END SOLUTION"
TEST = """task = Task("fit")


@task.criterion("net holds {wanted}", points=3)
def trained(net, *, wanted=2.0):
    expect.close(net, np.full(3, wanted), name="net")


@task.criterion("total is the sum of net", points=2)
def summed(total):
    expect.close(total, 6.0, name="total")


task.check()"""
FAILS = "import numpy as numbers\ndef summed(x): return float(numbers.sum(x))\nraise RuntimeError('this cell must not be run')\nnet = history = None"


def cells(fit: str = SOLUTION, *, before: str = "net = 0", after: str = "") -> list[Any]:
    """A setup, a cell before training, training, a sum of what was trained, a test."""
    training = code(fit, "fit_answer", tags=["train"], solution=True)
    made = [
        setup("import numpy as np\nfrom autograder import Task, expect, keep, kept"),
        code(before, "given", locked=True),
        training,
        answer(after or "total = float(np.sum(net))", "sum_answer"),
        test(TEST, "fit", 5),
    ]
    for cell in made:
        if cell.metadata["nbgrader"]["locked"]:
            cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    return made


def make(root: Path, *, retrain: bool = False) -> Course:
    text = f"c = get_config()\nc.Course.name = 'kept'\nc.Grading.retrain = {retrain}\n"
    (root / "course_config.py").write_text(text)
    write(root / "source" / "hw", cells(), "hw")
    course = config.load(root)
    gradebook.register(course, assignments.load_assignment(course, "hw"), 1)
    return course


def hand_in(
    course: Course, student: str, values: dict[str, Any], fit: str = FAILS, **changed: str
) -> Path:
    folder = course.submitted / student / "hw"
    folder.mkdir(parents=True)
    node = nbformat.v4.new_notebook(cells=cells(fit, **changed))
    nbformat.write(node, folder / "hw.ipynb")
    for name, value in values.items():
        saved_work.write(folder / "kept", saved_work.encoded(name, value, about={"keras": "3.9.0"}))
    return folder


RIGHT = {"net": np.full(3, 2.0), "history": {"loss": [2.0, 0.1]}}


def graded(course: Course, workers: Workers, student: str = "") -> NotebookResult:
    report = grade.grade(course, "hw", students=[student] if student else [], workers=workers)
    assert report.faults == ()
    (result,) = report.results
    (notebook,) = result.notebooks
    return notebook


def got(notebook: NotebookResult, name: str) -> str:
    (found,) = (c for t in notebook.tasks for c in t.criteria if c.name == name)
    assert found.status is Status.FAILED
    return in_words(found.message)[1]


def earned(notebook: NotebookResult) -> float:
    return sum(task.points or 0.0 for task in notebook.tasks)


def test_kept_work_takes_the_place_of_training(tmp_path: Path, workers: Workers) -> None:
    course = make(tmp_path)
    hand_in(course, "ann", RIGHT)
    found = graded(course, workers)
    assert earned(found) == 5.0
    assert found.cell_errors == ()
    assert not found.retrained
    assert found.notes == ("Not retrained: kept work (history, net) took the place of cell 3.",)
    (stamp,) = points.stamps([found])
    assert stamp.title == "NOT RETRAINED"
    again = grade.grade(course, "hw", workers=workers)
    assert (again.ran, again.recorded) == (0, 0)


def test_imports_and_definitions_of_a_training_cell_are_still_run(
    tmp_path: Path, workers: Workers
) -> None:
    course = make(tmp_path)
    hand_in(course, "ann", RIGHT, after="total = summed(net) + numbers.zeros(1)[0]")
    assert earned(graded(course, workers)) == 5.0


def test_where_the_course_trains_again_the_cell_runs(tmp_path: Path, workers: Workers) -> None:
    course = make(tmp_path, retrain=True)
    hand_in(course, "ann", {"net": np.zeros(3)}, fit="net = np.full(3, 2.0)")
    found = graded(course, workers)
    assert earned(found) == 5.0
    assert found.retrained
    assert found.notes == ()
    assert points.stamps([found]) == ()


def test_what_is_kept_is_judged_and_not_believed(tmp_path: Path, workers: Workers) -> None:
    course = make(tmp_path)
    hand_in(course, "ann", {**RIGHT, "net": np.full(3, 1.0)}, fit="net = np.full(3, 2.0)")
    found = graded(course, workers)
    assert earned(found) == 0.0
    assert got(found, "trained").startswith("1;")


def test_without_kept_work_it_says_that_keep_was_not_run(tmp_path: Path, workers: Workers) -> None:
    course = make(tmp_path)
    hand_in(course, "ann", {}, fit="net = np.full(3, 2.0)", before="first = 0")
    found = graded(course, workers)
    assert earned(found) == 0.0
    said = "training is not repeated when grading, and keep(net=net) left nothing"
    assert said in got(found, "trained")
    assert "no kept work was handed in" in found.notes[0]


def test_tampered_kept_work_is_not_used(tmp_path: Path, workers: Workers) -> None:
    course = make(tmp_path)
    folder = hand_in(course, "ann", RIGHT)
    (arrays,) = (folder / "kept").glob("net-*.npz")
    data = bytearray(arrays.read_bytes())
    place = data.index(np.full(3, 2.0).tobytes())
    data[place : place + 24] = np.full(3, 9.0).tobytes()
    arrays.write_bytes(data)
    found = graded(course, workers)
    assert "was changed or cut after it was kept" in got(found, "trained")
    assert any("Kept work net could not be used" in note for note in found.notes)


@pytest.mark.parametrize("text", ["{", '{"format": 2, "name": "net"}', '{"format": 1}', "[]"])
def test_a_manifest_that_is_none_is_not_used(tmp_path: Path, workers: Workers, text: str) -> None:
    course = make(tmp_path)
    folder = hand_in(course, "ann", RIGHT)
    (folder / "kept" / "net.json").write_text(text)
    found = graded(course, workers)
    assert "net.json" in got(found, "trained")
    assert earned(found) == 0.0


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, workers: Workers) -> None:
    course = make(tmp_path)
    folder = hand_in(course, "ann", RIGHT)
    manifest = folder / "kept" / "net.json"
    data = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**data, "arrays": "../../../../etc/passwd"}))
    found = graded(course, workers)
    assert "names no file beside it" in got(found, "trained")


def test_a_value_taken_back_with_kept_is_there_when_grading(
    tmp_path: Path, workers: Workers
) -> None:
    course = make(tmp_path, retrain=True)
    after = "net = kept('net')\nassert kept() == ['history', 'net']\ntotal = float(np.sum(net))"
    hand_in(course, "ann", RIGHT, fit="net = None", after=after)
    assert earned(graded(course, workers)) == 5.0


def test_the_authors_solution_is_trained_all_the_same(tmp_path: Path, workers: Workers) -> None:
    course = make(tmp_path)
    reference = proved(grade.judge_of(course, assignments.load_assignment(course, "hw"), workers))
    assert not reference.complaints
    (notebook,) = reference.solution.result.notebooks
    assert notebook.retrained
    assert earned(notebook) == 5.0


def test_a_notebook_graded_by_path_brings_what_lies_beside_it(tmp_path: Path) -> None:
    course = make(tmp_path)
    folder = hand_in(course, "ann", RIGHT)
    (one,) = grade_files.grade_files(course, "hw", [folder / "hw.ipynb"], jobs=1).files
    assert (one.points, one.max_points) == (5.0, 5.0)


# ── Models ───────────────────────────────────────────────────────────────────────────

MODEL_TEST = """task = Task("fit")


@task.criterion("net answers with {wanted}", points=5)
def answers(net, *, wanted=6.0):
    expect.close(expect.predictions(net, np.ones((1, 3))), [[wanted]], rtol=1e-4, name="net")


task.check()"""


def model(weight: float) -> Any:
    import keras

    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    net.set_weights([np.full((3, 1), weight)])
    net.compile("sgd", "mse")
    return net


def with_models(root: Path, handed_in: dict[str, Any]) -> Course:
    (root / "course_config.py").write_text("c = get_config()\nc.Grading.retrain = False\n")
    source = cells()
    source[-1] = test(MODEL_TEST, "fit", 5)
    write(root / "source" / "hw", source, "hw")
    course = config.load(root)
    gradebook.register(course, assignments.load_assignment(course, "hw"), 1)
    for student, net in handed_in.items():
        folder = hand_in(course, student, {"net": net})
        node = nbformat.read(folder / "hw.ipynb", as_version=4)
        node.cells[-1].source = MODEL_TEST
        nbformat.write(node, folder / "hw.ipynb")
    return course


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_kept_models_are_rebuilt_and_equal_ones_are_shown_to_staff(
    tmp_path: Path, workers: Workers
) -> None:
    nets = {"ann": model(2.0), "bob": model(2.0), "cho": model(1.0)}
    course = with_models(tmp_path, nets)
    report = grade.grade(course, "hw", workers=workers)
    assert {r.student: r.points for r in report.results} == {"ann": 5.0, "bob": 5.0, "cho": 0.0}
    found = alike(course, "hw")
    assert found == (Alike("hw", ("net",), ("ann", "bob")),)
    (standing,) = status(course).assignments
    assert standing.alike == found
    assert str(found[0]) == "hw: equal weights (net): ann, bob"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_model_kept_by_an_older_keras_is_rebuilt_and_a_foreign_one_is_told(
    tmp_path: Path, workers: Workers
) -> None:
    course = with_models(tmp_path, {"ann": model(2.0), "bob": model(2.0)})
    for student, change in (("ann", older), ("bob", foreign)):
        path = course.submitted / student / "hw" / "kept" / "net.json"
        data = json.loads(path.read_text())
        change(data["value"]["model"]["config"])
        path.write_text(json.dumps(data))
    report = grade.grade(course, "hw", workers=workers)
    found = {r.student: r for r in report.results}
    assert found["ann"].points == 5.0
    (task,) = found["bob"].notebooks[0].tasks
    assert "it cannot be rebuilt" in in_words(task.criteria[0].message)[1]


def older(config: dict[str, Any]) -> None:
    """As Keras 3.0 wrote it: settings that came later are not there."""
    for layer in config["config"]["layers"]:
        for later in ("quantization_config", "lora_rank", "ragged", "optional"):
            layer["config"].pop(later, None)


def foreign(config: dict[str, Any]) -> None:
    config["config"]["layers"][-1]["module"] = "my_own_layers"
