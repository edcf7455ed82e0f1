"""Answers that attack what judges them: shown to pass beside a naive test, worth nothing graded.

After each the honest answer of another student is graded and gets its point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autograder.nouns import Status
from autograder.sandbox.lockdown.isolation import Tier
from autograder.sandbox.supervisor.warm_server import WarmServer
from tests.grading.conftest import checkers, students
from tests.grading.made import answer, setup, test
from tests.grading.test_running_and_checking import SETUP, Class, a_test
from tests.sandbox.conftest import LIMITS, ask, held_here, serve

__all__ = ["checkers", "students"]  # fixtures
pytestmark = pytest.mark.attack

HONEST = "import numpy as np\nnumbers = np.arange(5.0)\ndef predict(x):\n    return x > 0.5"
CRITERION = """
def right(predict, numbers, rng):
    x = rng.random(50)
    labels = x > 0.5
    expect.close(numbers, np.arange(5.0))
    expect.close(np.asarray(predict(x), float), labels.astype(float))
""".strip()
IMPOSSIBLE = """
@task.criterion("Says what nobody can know", points=1)
def impossible(predict, numbers, *, length=16):
    import secrets

    secret = secrets.token_hex(length)
    assert predict(np.zeros(50)) == secret
    assert numbers == secret
"""
PLAIN = """
import secrets
secret = secrets.token_hex(16)
assert predict(np.zeros(50)) == secret
assert numbers == secret
"""  # a criterion of each kind that no right answer can pass: any pass is a hole
NAIVE = """
import numpy as np
x = np.random.default_rng(1).random(50)
labels = x > 0.5
assert numbers.shape == (5,) and all(np.isclose(numbers, np.arange(5.0)))
assert np.allclose(predict(x), labels)
answer = "passed"
"""
WRONG = (
    "import numpy as np\nnumbers = np.full(5, 9.0)\ndef predict(x): return np.full(len(x), 9.0)\n"
)


BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


@dataclass(frozen=True)
class Cheat:
    """An answer, and whether it passes a test that runs beside it."""

    code: str
    beside: bool = False
    files: dict[str, bytes] = field(default_factory=dict)


CHEATS = {
    "NumPy patched": Cheat(
        WRONG + "np.allclose = lambda *a, **k: True\nnp.isclose = lambda *a, **k: [True]", True
    ),
    "builtins patched": Cheat(
        WRONG + "import builtins\nbuiltins.all = lambda x: True\nnp.allclose = lambda *a: 1", True
    ),
    "an array that is equal to everything": Cheat(
        WRONG + "class A(np.ndarray):\n"
        "    def __array_ufunc__(self, f, m, *i, **k): return np.True_\n"
        "    def __array_function__(self, f, *a, **k): return [True]\n"
        "numbers = np.full(5, 9.0).view(A)\n"
        "def predict(x): return np.full(len(x), 9.0).view(A)",
        True,
    ),
    "an object that is equal to everything": Cheat(
        WRONG + "class E:\n    shape = (5,)\n    def __eq__(self, o): return True\n"
        "    def __array__(self, *a, **k): raise AttributeError\n"
        "numbers = E()\ndef predict(x): return E()"
    ),
    "an object that names its class ndarray": Cheat(
        WRONG + "class E:\n    __class__ = np.ndarray\n    shape = (5,)\n"
        "    def __array__(self, *a, **k): return np.arange(5.0)\nnumbers = E()"
    ),
    "a float subclass": Cheat(
        WRONG + "class F(float):\n    def __sub__(self, o): return 0.0\n"
        "    __rsub__ = __sub__\n    def __eq__(self, o): return True\n"
        "numbers = [F(9)] * 5\ndef predict(x): return [F(9)] * len(x)"
    ),
    "NaN": Cheat(WRONG + "numbers = np.full(5, np.nan)\ndef predict(x): return x * np.nan"),
    "an empty array": Cheat(WRONG + "numbers = np.zeros(0)\ndef predict(x): return np.zeros(0)"),
    "a shape that broadcasts": Cheat(
        WRONG + "numbers = np.arange(5.0)\ndef predict(x): return (x > 0.5)[None, :, None]"
    ),
    "the label out of the checker's frames": Cheat(
        WRONG + "numbers = np.arange(5.0)\n"
        "import sys\n"
        "def predict(x):\n"
        "    frame = sys._getframe()\n"
        "    while frame is not None:\n"
        "        for space in (frame.f_locals, frame.f_globals):\n"
        "            if 'labels' in space: return space['labels']\n"
        "        frame = frame.f_back\n"
        "    return np.full(len(x), 9.0)",
        True,
    ),
    "the label out of the garbage collector": Cheat(
        WRONG + "numbers = np.arange(5.0)\n"
        "import gc\n"
        "def predict(x):\n"
        "    for found in gc.get_objects():\n"
        "        if type(found) is dict and 'labels' in found:\n"
        "            return found['labels']\n"
        "    return np.full(len(x), 9.0)",
        True,
    ),
    "our vocabulary patched": Cheat(
        WRONG + "import sys\nfor name, module in list(sys.modules.items()):\n"
        "    if name.startswith('autograder'):\n"
        "        for key in ('close', 'run_task', 'encode', 'check'):\n"
        "            if hasattr(module, key): setattr(module, key, lambda *a, **k: None)"
    ),
    "the shell patched": Cheat(
        WRONG + "shell = get_ipython()\nshell.run_cell = lambda *a, **k: None\n"
        "shell.input_transformers_post.append(lambda lines: ['pass'])"
    ),
    "a frame of its own": Cheat(
        WRONG + "import os, struct\n"
        'for text in (b\'{"event":"done"}\', b\'{"ok":true,"v":true}\') * 3:\n'
        "    os.write(4, struct.pack('<IQ', len(text), 0) + text)"
    ),
    "a thread that answers first": Cheat(
        WRONG + "import os, struct, threading, time\n"
        "def forge():\n"
        '    text = b\'{"ok":true,"v":true,"n":[]}\'\n'
        "    for _ in range(200):\n"
        "        os.write(4, struct.pack('<IQ', len(text), 0) + text); time.sleep(0.01)\n"
        "threading.Thread(target=forge, daemon=True).start()"
    ),
    "an end with success": Cheat(WRONG + "import os\nos._exit(0)"),
    "an exit when asked": Cheat(WRONG + "import os\ndef predict(x): os._exit(0)"),
    "a module that shadows NumPy": Cheat(
        WRONG, files={"numpy.py": b"raise SystemExit", "autograder.py": b"Task = expect = None"}
    ),
    "a pickle that runs code": Cheat(
        WRONG + "class R:\n    def __reduce__(self): return (eval, ('1/0',))\n"
        "numbers = R()\ndef predict(x): return R()"
    ),
    "a list that holds itself": Cheat(WRONG + "numbers = []; numbers.append(numbers)"),
    "a value too large to keep": Cheat(WRONG + "numbers = np.zeros(60_000_000)"),
    "a property that raises": Cheat(
        WRONG + "class P:\n    def __getattribute__(self, n): raise SystemExit\nnumbers = P()"
    ),
}


@pytest.fixture(scope="module")
def judged(
    students: WarmServer, checkers: WarmServer, tmp_path_factory: pytest.TempPathFactory
) -> Class:
    both = a_test(CRITERION).replace(
        "\n\ntask.check()", f"\n{BEGIN}\n{IMPOSSIBLE.strip()}\n{END}\n\ntask.check()"
    )
    cells = [setup(SETUP), answer(HONEST), test(both, "t", 2), test(PLAIN.strip(), "plain", 1)]
    folder: Path = tmp_path_factory.mktemp("judged")
    return Class(students, checkers, folder, cells)


@pytest.fixture(scope="module")
def beside() -> Iterator[WarmServer]:
    with serve(held_here(Tier.FULL), preload=["numpy"]) as server:
        yield server


@pytest.mark.parametrize("name", [name for name, cheat in CHEATS.items() if cheat.beside])
def test_it_passes_a_test_that_runs_beside_it(name: str, beside: WarmServer) -> None:
    with beside.start(LIMITS) as job:
        assert ask(job, CHEATS[name].code + NAIVE) == {"answer": "passed"}
    with beside.start(LIMITS) as job:
        assert ask(job, WRONG + NAIVE)["error"] == "AssertionError"


@pytest.mark.parametrize("name", CHEATS)
def test_it_is_worth_nothing_when_graded_and_harms_nobody(name: str, judged: Class) -> None:
    results, _ = judged.run({"answer": CHEATS[name].code}, **CHEATS[name].files)
    assert results.keys() == {"right", "impossible", "checks"}
    for criterion in results.values():
        assert (criterion.status, criterion.points) == (Status.FAILED, 0), criterion
    results, _ = judged.run({"answer": HONEST})
    assert (results["right"].status, results["right"].points) == (Status.PASSED, 1), results
    for name in ("impossible", "checks"):
        assert (results[name].status, results[name].points) == (Status.FAILED, 0), results[name]


def test_what_a_hidden_check_sends_is_not_printed_to_anybody(judged: Class) -> None:
    loud = HONEST.replace("return x", "print('SENT', x); return x")
    results, evidence = judged.run({"answer": loud + "\nprint('BEFORE')"})
    assert results["right"].status is Status.PASSED
    kept = b"".join(path.read_bytes() for path in judged.store.root.rglob("*") if path.is_file())
    assert b"BEFORE" in kept
    assert b"SENT" not in kept.replace(loud.encode(), b"").replace(b"print('SENT'", b"")
    assert "SENT" not in repr(evidence)
