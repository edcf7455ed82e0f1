"""Everyday cells do here what they do under ipykernel: the same outputs, the same errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.sandbox.supervisor.warm_server import WarmServer
from tests.grading.made import extra, run_cells

EVERYDAY = {
    "print": "print('안녕'); print('two')",
    "stderr": "import sys; print('oops', file=sys.stderr)",
    "value": "1 + 1",
    "none": "None",
    "semicolon": "3;",
    "display": "display('a', 2)",
    "html": "from IPython.display import HTML; HTML('<b>x</b>')",
    "markdown": "from IPython.display import Markdown, display; display(Markdown('*x*'))",
    "last value": "_ = 5\n_",
    "frame": "import pandas as pd; pd.DataFrame({'a': [1, 2]})",
    "inline": "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()\nprint('after')",
    "plot without show": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(); _ = ax.plot([1, 2])",
    "two plots": "import matplotlib.pyplot as plt\nfor _ in range(2):\n    plt.figure(); plt.plot([1]); plt.show()",
    "korean title": "import matplotlib.pyplot as plt\nplt.title('x'); plt.plot([1]); plt.show()",
    "seaborn style": "import matplotlib.pyplot as plt; plt.style.use('ggplot'); plt.plot([1]); plt.show()",
    "time": "%time sum(range(10))",
    "cell time": "%%time\nprint('x')",
    "capture": "%%capture out\nprint('hidden')",
    "writefile": "%%writefile note.txt\nhello",
    "read it back": "open('note.txt').read()",
    "shell": "!echo hello",
    "shell to a name": "lines = !printf 'a\\nb\\n'\nlist(lines)",
    "subprocess": "import subprocess; subprocess.run(['echo', 'x'], capture_output=True, text=True).stdout",
    "async": "import asyncio\nawait asyncio.sleep(0)\nprint('waited')",
    "async across cells": "task = asyncio.ensure_future(asyncio.sleep(0, 'done'))",
    "async the next cell": "print(await task)",
    "asyncio gather": "await asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0, 2))",
    "joblib": "from joblib import Parallel, delayed\nParallel(n_jobs=-1)(delayed(abs)(-i) for i in range(4))",
    "threads": "from concurrent.futures import ThreadPoolExecutor\nlist(ThreadPoolExecutor(2).map(abs, [-1]))",
    "fork": "import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as pool: print(pool.map(abs, [-1, -2]))",
    "function source": "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f))",
    "class": "class A:\n    def __repr__(self): return 'an A'\nA()",
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int = 1\nP()",
    "main name": "__name__",
    "tempfile": "import tempfile\nwith tempfile.NamedTemporaryFile('w') as f: f.write('x')",
    "numpy": "import numpy as np; np.arange(3)",
    "warning": "import warnings; warnings.warn('careful')",
    "zero division": "def g():\n    return 1 / 0\ng()",
    "syntax error": "def (",
    "name error": "unknown_name",
    "key error": "{}['x']",
    "assert": "assert 1 == 2, 'no'",
    "bad magic": "%no_such_magic",
    "clear output": "from IPython.display import clear_output\nprint('old'); clear_output(); print('new')",
    "get_ipython": "get_ipython() is not None",
    "tf function": (
        "import tensorflow as tf\n@tf.function\ndef h(x):\n    if x > 0:\n        return x * 2\n    return x\n"
        "int(h(tf.constant(3)))"
    ),
    "xla": "int(tf.function(lambda x: x + 1, jit_compile=True)(tf.constant(1)))",
    "tf data": "sum(int(x) for x in tf.data.Dataset.range(4).map(lambda x: x * 2).batch(1).unbatch())",
}
UNLIKE = {  # and why
    "shell": "a kernel runs it in a terminal, which ends lines with \\r\\n",
    "bad magic": "a kernel prints the error of a magic, here it is an error of the cell",
    "warning": "the file in the text of a warning is a name made for the cell",
}


def shape(output: Any) -> Any:
    """An output without what differs by machine: the kind, the MIME types, plain text."""
    kind = output["output_type"]
    if kind == "stream":
        return kind, output["name"], output["text"]
    if kind == "error":
        return kind, output["ename"]
    data = output["data"]
    picture = "image/png" in data
    return kind, sorted(data), "" if picture else "".join(data.get("text/plain", ""))


def by_kernel(tmp_path: Path) -> dict[str, list[Any]]:
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in EVERYDAY.values()])
    client = NotebookClient(
        node, timeout=120, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    cells = zip(EVERYDAY, node.cells, strict=True)
    return {name: joined([shape(o) for o in cell.outputs]) for name, cell in cells}


def joined(outputs: list[Any]) -> list[Any]:
    """The outputs with texts of one stream that follow each other as one: a kernel sends a text
    in as many pieces as there are flushes, and those go by the clock."""
    together: list[Any] = []
    for kind, *rest in outputs:
        if together and kind == "stream" and together[-1][:2] == (kind, rest[0]):
            rest[1] = together.pop()[2] + rest[1]
        together.append((kind, *rest))
    return together


@pytest.fixture(scope="module")
def outputs(
    students: WarmServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    folder = tmp_path_factory.mktemp("everyday")
    evidence, store = run_cells(students, folder, list(EVERYDAY.values()))
    ours = {}
    for name, cell in zip(EVERYDAY, extra(evidence), strict=True):
        left = [shape(o) for o in (json.loads(store.get(cell.outputs)) if cell.outputs else [])]
        ours[name] = [*joined(left), *([("error", cell.error.type)] if cell.error else [])]
    kernel = folder / "kernel"
    kernel.mkdir()
    return ours, by_kernel(kernel)


@pytest.mark.parametrize("name", [n for n in EVERYDAY if n not in UNLIKE and "time" not in n])
def test_a_cell_leaves_the_outputs_that_ipykernel_gives(
    name: str, outputs: tuple[dict[str, list[Any]], dict[str, list[Any]]]
) -> None:
    ours, kernel = outputs
    assert ours[name] == kernel[name]


@pytest.mark.parametrize("name", ["time", "cell time"])
def test_timed_cells_print_their_time(
    name: str, outputs: tuple[dict[str, list[Any]], dict[str, list[Any]]]
) -> None:
    ours, kernel = outputs
    assert [o[:2] for o in ours[name]] == [o[:2] for o in kernel[name]]
    assert "Wall time" in str(ours[name])


def test_a_shell_line_prints_what_it_prints(students: WarmServer, tmp_path: Path) -> None:
    evidence, store = run_cells(students, tmp_path, ["!echo hello; exit 3", "_exit_code"])
    first, second = (json.loads(store.get(c.outputs)) for c in extra(evidence))
    assert first[0]["text"] == "hello\n"
    assert second[0]["data"]["text/plain"] == "3"


def test_exit_ends_nothing(students: WarmServer, tmp_path: Path) -> None:
    evidence, store = run_cells(students, tmp_path, ["exit", "quit()", "print('still here')"])
    assert "still here" in store.get(extra(evidence)[2].outputs).decode()


def test_input_says_that_nobody_is_there(students: WarmServer, tmp_path: Path) -> None:
    evidence, _ = run_cells(students, tmp_path, ["input('name? ')", "print('next')"])
    first, second = extra(evidence)
    assert first.error is not None
    assert "input() has no keyboard when a notebook is graded" in first.error.text
    assert second.error is None


def test_downloads_are_skipped_and_noted_and_the_rest_of_the_cell_runs(
    students: WarmServer, tmp_path: Path
) -> None:
    cells = [
        "!pip install something\nx = 1",
        "%pip install y\nif x:\n    !wget z\n",
        "x",
        "pip install something\n",
    ]
    evidence, store = run_cells(students, tmp_path, cells)
    records = extra(evidence)
    assert [c.skipped for c in records] == [
        ("!pip install something",),
        ("%pip install y", "!wget z"),
        (),
        ("pip install something",),
    ]
    assert all(c.error is None for c in records)
    assert "1" in store.get(records[2].outputs).decode()


def test_colab_cells_do_nothing_and_break_nothing(students: WarmServer, tmp_path: Path) -> None:
    cell = "from google.colab import drive, files\ndrive.mount('/content/drive')\nprint('on')"
    evidence, store = run_cells(students, tmp_path, [cell])
    (record,) = extra(evidence)
    assert record.error is None
    assert "on" in store.get(record.outputs).decode()


def test_our_public_names_are_inert(students: WarmServer, tmp_path: Path) -> None:
    cell = (
        "from autograder import Task, expect, keep, progress, budget, submit\n"
        "task = Task('t')\n@task.criterion('x', points=1)\ndef c(a): raise SystemExit\n"
        "task.check(); keep(a=1); progress(); budget(); submit(); expect.shape(1, 2)\nc.__name__"
    )
    evidence, store = run_cells(students, tmp_path, [cell])
    (record,) = extra(evidence)
    assert record.error is None
    assert "'c'" in store.get(record.outputs).decode()


def test_widgets_and_progress_bars_do_not_break_a_cell(
    students: WarmServer, tmp_path: Path
) -> None:
    cell = (
        "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass\n"
        "import ipywidgets; ipywidgets.IntSlider(); print('fine')"
    )
    evidence, store = run_cells(students, tmp_path, [cell])
    (record,) = extra(evidence)
    assert record.error is None
    assert "fine" in store.get(record.outputs).decode()


def test_an_error_names_the_line_of_the_cell(students: WarmServer, tmp_path: Path) -> None:
    evidence, _ = run_cells(
        students, tmp_path, ["def f(x):\n    return x / 0\n\nf(1)", "a = 1\nb = ("]
    )
    first, second = (cell.error for cell in extra(evidence))
    assert first is not None
    assert (first.type, first.line, first.source_line) == ("ZeroDivisionError", 2, "return x / 0")
    assert second is not None
    assert (second.type, second.line) == ("SyntaxError", 2)


def test_files_come_along_and_modules_beside_the_notebook_import(
    students: WarmServer, tmp_path: Path
) -> None:
    files = {"own.py": b"VALUE = 7", "data/x.csv": b"1,2"}
    cells = ["import own, pathlib; print(own.VALUE, pathlib.Path('data/x.csv').read_text())"]
    evidence, store = run_cells(students, tmp_path, cells, files=files)
    assert "7 1,2" in store.get(extra(evidence)[0].outputs).decode()


def test_text_past_the_cap_is_cut_and_the_rest_still_runs(
    students: WarmServer, tmp_path: Path
) -> None:
    evidence, store = run_cells(students, tmp_path, ["print('x' * 3_000_000)", "y = 1"])
    first, second = extra(evidence)
    assert len(store.get(first.outputs)) < 1_100_000
    assert second.error is None
