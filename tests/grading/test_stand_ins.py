"""What a notebook has at home and grading lacks: said by name, and the cells after it go on."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

import pytest

from autograder.sandbox.student_process.cell_errors import after_import, describe_error
from autograder.sandbox.supervisor.warm_server import WarmServer
from tests.grading.made import extra, run_cells

PLOT = "plt.plot([1]); plt.show()"
PICTURED = {  # cells that leave one picture
    "notebook": f"%matplotlib notebook\nimport matplotlib.pyplot as plt\n{PLOT}",
    "widget": f"%matplotlib widget\n{PLOT}",
    "ipympl": f"%matplotlib ipympl\n{PLOT}",
    "qt": f"%matplotlib qt\n{PLOT}",
    "tk": f"%matplotlib tk\n{PLOT}",
    "agg": f"%matplotlib agg\n{PLOT}",
    "nothing": f"%matplotlib\n{PLOT}",
    "inline": f"%matplotlib inline\n{PLOT}",
    "use TkAgg": f"import matplotlib\nmatplotlib.use('TkAgg')\n{PLOT}",
    "use Agg": f"matplotlib.use('Agg', force=True)\n{PLOT}",
    "switch to TkAgg": f"plt.switch_backend('TkAgg')\n{PLOT}",
    "rcParams": f"matplotlib.rcParams['backend'] = 'svg'\n{PLOT}",
    "retina": f"%config InlineBackend.figure_format = 'retina'\n{PLOT}",
    "svg": f"%config InlineBackend.figure_format = 'svg'\n{PLOT}",
    "set_matplotlib_formats": (
        "import matplotlib_inline.backend_inline as backend\n"
        f"backend.set_matplotlib_formats('svg', 'pdf')\n{PLOT}"
    ),
    "cv2_imshow": (
        "import numpy as np\nfrom google.colab.patches import cv2_imshow\n"
        "cv2_imshow(np.full((2, 2, 3), [255, 0, 0]))"
    ),
}
NOTHING = "does nothing when a notebook is graded"
GOES_ON = {  # cells that go on, and a part of what they print
    "TensorFlow's version": ("%tensorflow_version 2.x\nx = 1", NOTHING),
    "an extension": ("%load_ext tensorboard\nx = 1", NOTHING),
    "an extension's magic": ("%tensorboard --logdir logs\nx = 1", NOTHING),
    "autoreload": ("%load_ext autoreload\n%autoreload 2\nprint('ok')", "ok"),
    "a measuring magic": ("%load_ext memory_profiler\n%memit x = 1\nprint('ok')", NOTHING),
    "a measuring cell": ("%%memit\nprint('the body')", "the body"),
    "store": ("%store -r x\nprint('ok')", NOTHING),
    "a shell cell of Colab's": ("%%shell\necho hello", "hello"),
    "a shell line of Colab's": ("%shell echo hello", "hello"),
    "bash": ("%%bash\necho hello", "hello"),
    "pip": ("!pip install torch\n%pip install torch\nprint('ok')", "ok"),
    "the GPU": ("!nvidia-smi\nprint('ok')", "ok"),
    "the environment": ("%env A=3\n%cd .\nprint('ok')", "ok"),
    "html": ("%%html\n<b>x</b>", ""),
    "time": ("%%time\nprint('ok')", "ok"),
    "breakpoint": ("breakpoint()\nprint('ok')", NOTHING),
    "pdb": ("import pdb; pdb.set_trace()\nprint('ok')", NOTHING),
    "ipdb": ("from IPython.core.debugger import set_trace; set_trace()\nprint('ok')", NOTHING),
    "debug": ("%debug\nprint('ok')", "ok"),
    "drive": (
        "from google.colab import drive\ndrive.mount('/content/drive')\nprint('ok')",
        NOTHING,
    ),
    "uploads": ("from google.colab import files\nfor f in files.upload(): print(f)", NOTHING),
    "secrets": (
        "import os\nfrom google.colab import userdata\nos.environ['K'] = userdata.get('K')",
        NOTHING,
    ),
    "auth": ("from google.colab import auth\nauth.authenticate_user()", NOTHING),
    "data table": ("import google.colab.data_table as t\nt.enable_dataframe_formatter()", NOTHING),
    "shown as a data table": ("from google.colab import data_table\ndata_table.DataTable([1])", ""),
    "the extension of Colab's": ("%load_ext google.colab.data_table\nprint('ok')", "ok"),
    "output tags": (
        "from google.colab import output\nwith output.use_tags('a'): print('ok')",
        "ok",
    ),
    "scripts": ("from google.colab import output\noutput.eval_js('1')\nprint('ok')", NOTHING),
    "other parts": ("from google.colab import ai, widgets, syntax, snippets\nprint('ok')", "ok"),
    "on Colab": (
        "try:\n    import google.colab\nexcept ImportError:\n    print('no')\nprint('ok')",
        "ok",
    ),
    "the real google package": ("import google.protobuf\nprint('ok')", "ok"),
    "an import and what follows": ("import torch_nowhere\nprint('ok')", "ok"),
    "two imports": ("import torch_nowhere.nn as nn, math\nprint(math.pi)", "3.14"),
    "names of a missing module": ("from torch_nowhere import nn\n\nprint('ok')", "ok"),
    "an import over lines": ("from torch_nowhere import (\n    a,\n    b,\n)\nprint('ok')", "ok"),
    "a magic before it": ("%matplotlib inline\nimport torch_nowhere\nprint('ok')", "ok"),
}
MAY_STOP = {n for n in GOES_ON if "torch_nowhere" in GOES_ON[n][0]}
HERE = "{}.{}".format(*sys.version_info[:2])
STOPS = {  # cells that stop, the type and a part of the text
    "input": ("n = int(input())\ndef f(): pass\nlist_of = [1]", "EOFError", "f, list_of"),
    "input at the end": (
        "input('?')",
        "EOFError",
        "input() has no keyboard when a notebook is graded",
    ),
    "getpass": ("from getpass import getpass\ngetpass()\nkey = 1", "EOFError", "not defined: key"),
    "input in a function": (
        "def ask():\n    return input()\nask()\ny = 1",
        "EOFError",
        "not defined: y",
    ),
    "a newer statement": (
        "type X = int",
        "SyntaxError",
        f"Python {HERE} grades, which does not know",
    ),
    "a newer string": (
        'a = {\'x\': 1}\nprint(f"{a["x"]}")',
        "SyntaxError",
        f"Python {HERE} grades",
    ),
    "a newer function": ("def f[T](x: T): return x", "SyntaxError", "the syntax of newer ones"),
    "newer handlers": (
        "try: pass\nexcept ValueError, TypeError: pass",
        "SyntaxError",
        "newer ones",
    ),
    "an old statement": ("print 'x'", "SyntaxError", f"(Python {HERE} grades)"),
    "a name that is taken": ("list = [1]\nlist((1, 2))", "TypeError", "another value to list"),
    "a name that is taken, in a function": (
        "print = 3\ndef g():\n    print('x')\ng()",
        "TypeError",
        "another value to print",
    ),
    "a missing module": ("import torch_nowhere", "ModuleNotFoundError", "torch_nowhere"),
    "a name of a missing module": ("torch_nowhere.nn()", "NameError", "torch_nowhere"),
    "an import inside": (
        "def h():\n    import torch_nowhere\nh()\nnever = 1",
        "ModuleNotFoundError",
        "",
    ),
    "an unknown magic": ("%no_such_magic", "UsageError", "not found"),
}


@dataclass(frozen=True)
class Left:
    error: str
    text: str
    line: int
    printed: str
    figures: int


@pytest.fixture(scope="module")
def left(students: WarmServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Left]:
    sources = {**PICTURED}
    sources |= {name: source for name, (source, _) in GOES_ON.items()}
    sources |= {name: source for name, (source, *_) in STOPS.items()}
    evidence, store = run_cells(students, tmp_path_factory.mktemp("away"), list(sources.values()))
    found = {}
    for name, cell in zip(sources, extra(evidence), strict=True):
        outputs = json.loads(store.get(cell.outputs)) if cell.outputs else []
        printed = "".join(o.get("text", "") for o in outputs)
        error = cell.error
        type_, text, line = (error.type, error.text, error.line) if error else ("", "", 0)
        found[name] = Left(type_, text, line, printed, len(cell.figures))
    return found


@pytest.mark.parametrize("name", PICTURED)
def test_a_picture_is_taken_whatever_is_to_draw_it(name: str, left: dict[str, Left]) -> None:
    assert (left[name].error, left[name].figures) == ("", 1)


@pytest.mark.parametrize("name", GOES_ON)
def test_a_cell_goes_on_without_what_is_not_here(name: str, left: dict[str, Left]) -> None:
    assert left[name].error == ("ModuleNotFoundError" if name in MAY_STOP else "")
    assert GOES_ON[name][1] in left[name].printed


@pytest.mark.parametrize("name", STOPS)
def test_a_cell_that_stops_says_what_it_was(name: str, left: dict[str, Left]) -> None:
    _, kind, part = STOPS[name]
    assert left[name].error == kind
    assert part in left[name].text
    assert left[name].line > 0 or kind == "UsageError"


# ── What is left of a cell whose import failed ───────────────────────────────────────

MISSING = ModuleNotFoundError("No module named 'a'", name="a")
LEFT = {  # a cell, the line that failed, what is left
    "the rest": ("import a\nx = 1", 1, "\nx = 1"),
    "the other modules": ("import a.b as c, os, json\nx = 1", 1, "import os, json\nx = 1"),
    "nothing": ("import a", 1, ""),
    "comments": ("import a\n\n", 1, ""),
    "not in a block": ("try:\n    import a\nexcept KeyError: pass\nx = 1", 2, ""),
    "not in a function that is called": ("def f(): import a\nf()\nx = 1", 2, ""),
    "no Python": ("import a\nx = (", 1, ""),
}


@pytest.mark.parametrize("name", LEFT)
def test_only_top_level_imports_are_passed_over(name: str) -> None:
    source, line, left = LEFT[name]
    assert after_import(source, MISSING, line) == left
    assert after_import(source, ValueError(), line) == ""


def test_an_exception_that_cannot_be_read_is_described() -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise ValueError

    found = describe_error(Odd(), "raise Odd()", "")
    assert found == {"type": "Odd", "text": "", "line": 0, "source_line": ""}
    odd = SyntaxError("x")
    odd.lineno = "three"  # type: ignore[assignment]
    assert describe_error(odd, "x", "")["line"] == 0
