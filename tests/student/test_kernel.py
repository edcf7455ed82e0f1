"""The student's side in a real Jupyter kernel, where a runtime may be lost at any moment."""

from __future__ import annotations

import json
import time
import zipfile

import nbformat
import pytest

SETUP = """
import os, json
os.environ["AUTOGRADER_NOTEBOOK"] = json.dumps({
    "format": 1, "assignment": "n1", "notebook": "work", "release": 2, "language": LANGUAGE,
    "limits": {"cpu_seconds": 2.0, "memory_mb": 100000},
    "tasks": [{"grade_id": "size", "points": 5, "hidden_points": 3},
              {"grade_id": "later", "points": 4}],
})
from autograder import Task, budget, expect, keep, kept, progress, submit
"""
TASK = """
task = Task("size")

@task.criterion("{n} numbers", points=2, hints=("count them",))
def size(xs, *, n=3):
    import logging, os, sys, warnings
    print("to stderr", file=sys.stderr); os.write(2, b"from C"); logging.error("x")
    warnings.warn("w")
    assert len(xs) == n, f"{len(xs)} numbers"

task.hidden("More", points=3, id="more")
task.check()
"""


def setup(language: str = "") -> str:
    return SETUP.replace("LANGUAGE", repr(language))


@pytest.fixture
def kernel(start_kernel):
    kernel = start_kernel()
    assert kernel.run(setup()) == ""
    return kernel


def test_a_check_shows_a_table_and_its_words_and_nothing_on_stderr(kernel):
    kernel.run("xs = [1, 2]")
    said = kernel.run(TASK)
    assert "[✗ not met] 3 numbers (0 of 2 points)" in said
    assert "[◷ checked after you submit] More (3 points)" in said
    assert kernel.streams == []
    assert '<table role="table">' in kernel.html


def test_nbgraders_autograde_reads_the_points_from_a_kernel(start_kernel):
    kernel = start_kernel(NBGRADER_EXECUTION="autograde")
    kernel.run(setup() + "xs = [1, 2, 3]")
    assert float(kernel.run(TASK)) == 2.0
    assert kernel.streams == []
    assert not (kernel.folder / ".autograder").exists()


def test_progress_outlives_the_kernel(kernel, start_kernel):
    kernel.run("xs = [1, 2, 3]")
    kernel.run(TASK)
    kernel.kill()
    said = start_kernel()
    said.run(setup())
    words = said.run("progress()")
    assert "2 of 6 points so far. 3 more points are checked after you submit." in words
    assert "size: 2 of 2 points" in words
    assert "later: 0 of 4 points" in words
    assert "not checked yet" in words


def test_progress_knows_whether_the_last_cell_is_in_the_saved_file(kernel):
    path = kernel.folder / "work.ipynb"
    cells = [nbformat.v4.new_code_cell("xs = [1]")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    kernel.run("xs = [1]")
    assert "Saved: work.ipynb" in kernel.run("progress()")
    kernel.run("xs = [1, 2]")
    assert "Not saved: work.ipynb" in kernel.run("progress()")


def test_budget_counts_each_cell_once_and_warns_at_70_percent(kernel):
    burn = "import time\nt = time.process_time()\nwhile time.process_time() - t < {}: pass"
    kernel.run(burn.format(0.5))
    words = kernel.run("budget()")
    assert "Everything is well within" in words
    assert "A GPU is never needed" in words
    kernel.run(burn.format(0.5))  # the same cell again is not counted twice
    assert "Everything is well within" in kernel.run("budget()")
    kernel.run(burn.format(1.2))
    assert "% of what grading allows" in kernel.run("budget()").splitlines()[0]
    kernel.run("xs = [1, 2, 3]")
    assert "% of what grading allows" in kernel.run(TASK)


def test_the_language_of_the_release_is_spoken_and_can_be_switched(start_kernel):
    kernel = start_kernel()
    kernel.run(setup("ko") + "xs = [1]")
    kernel.run(TASK)
    assert 'lang="ko"' in kernel.html
    assert "미충족" in kernel.html
    kernel.run("from autograder import language\nlanguage.use('en')")
    kernel.run("task.check()")
    assert 'lang="en"' in kernel.html


def test_plain_text_mode_sends_no_table(kernel):
    kernel.run("%env AUTOGRADER_PLAIN=1\nxs = [1]")
    assert "not met" in kernel.run(TASK)
    assert kernel.html == ""


def test_work_survives_a_kernel_killed_in_the_middle_of_a_fit(start_kernel):
    kernel = start_kernel()
    kernel.run("""
import numpy as np, keras, pathlib, time
from autograder import KeepEachEpoch
x, y = np.ones((32, 8)), np.ones(32)
net = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4), keras.layers.Dense(1)])
net.compile("adam", "mse")
class Stop(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            np.save("weights.npy", self.model.get_weights()[0])
            pathlib.Path("third").touch()
            time.sleep(600)
""")
    kernel.begin("net.fit(x, y, epochs=9, verbose=0, callbacks=[KeepEachEpoch('net'), Stop()])")
    end = time.monotonic() + 150
    while not (kernel.folder / "third").exists():
        assert time.monotonic() < end
        time.sleep(0.1)
    kernel.kill()
    again = start_kernel()
    said = again.run("""
import numpy as np
from autograder import KeepEachEpoch, kept
net, history = kept("net"), kept("net_history")
print(kept(), history.epoch, len(history.history["loss"]))
print(np.array_equal(net.get_weights()[0], np.load("weights.npy")), net.loss)
net.fit(np.ones((32, 8)), np.ones(32), epochs=4, initial_epoch=2, verbose=0,
        callbacks=[KeepEachEpoch("net")])
print(kept("net_history").epoch)
print(kept("nothing"))
""")
    assert "['net', 'net_history'] [0, 1] 2" in said
    assert "True mse" in said
    assert "[0, 1, 2, 3]" in said
    assert "Nothing is kept under the name nothing.\n  → Kept so far: net, net_history." in said


def test_what_grading_cannot_rebuild_is_told_when_it_is_kept(start_kernel, tmp_path):
    (tmp_path / "course_layers.py").write_text(
        "import keras\nclass Given(keras.layers.Layer):\n    def call(self, x): return 2 * x\n"
    )
    told = json.dumps({"helpers": ["course_layers"], "keras": "3.0.0"})
    kernel = start_kernel(AUTOGRADER_NOTEBOOK=told)
    said = kernel.run("""
import keras, numpy as np, course_layers
from autograder import KeepEachEpoch, keep, kept
class Mine(keras.layers.Layer):
    def call(self, x): return x
def net(*layers):
    return keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(1)])
own, given = net(Mine()), net(course_layers.Given())
unbuilt = keras.Sequential([keras.layers.Dense(2)])
keep(own=own, unbuilt=unbuilt, call=print, good=[1, 2.5], given=given)
x = np.ones((4, 2))
print(np.array_equal(kept("given").predict(x, verbose=0), given.predict(x, verbose=0)))
own.compile("sgd", "mse")
own.fit(x, np.ones(4), epochs=3, verbose=0, callbacks=[KeepEachEpoch("own")])
print("trained on")
""")
    assert "Not kept: own, call." in said
    assert "layers of your own (Mine)" in said
    assert "[✓ kept] unbuilt: Sequential" in said
    assert "[✓ kept] good: list" in said
    assert "[✓ kept] given: Sequential" in said
    assert "True" in said.splitlines()
    assert "grading has 3.0.0" in said
    assert said.count("Training goes on, but own is not kept") == 1
    assert "trained on" in said
    names = sorted(p.name for p in (kernel.folder / "kept").glob("*.json"))
    assert names == ["given.json", "good.json", "unbuilt.json"]


def test_submit_bundles_the_saved_notebook_own_files_and_kept_work(kernel):
    folder = kernel.folder
    cells = [nbformat.v4.new_code_cell("keep(a=[1])")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "work.ipynb")
    (folder / "mine.py").write_text("x = 1\n")
    (folder / ".secret").write_text("no")
    kernel.run("keep(a=[1])")
    said = kernel.run("submit()")
    assert "Upload work-submission.zip" in said
    assert "Nothing was sent" in said
    assert "older than the last cell" not in said
    with zipfile.ZipFile(folder / "work-submission.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        names = set(archive.namelist())
    assert {"work.ipynb", "mine.py", "kept/a.json"} <= names
    assert not any("secret" in name for name in names)
    assert set(manifest["files"]) == names - {"manifest.json"}
    assert (manifest["assignment"], manifest["release"]) == ("n1", 2)
    kernel.run("b = 2")
    assert "older than the last cell you ran" in kernel.run("submit()")
