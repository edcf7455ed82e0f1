"""What a student's kernel imports: NumPy and the standard library, quickly."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys, time
start = time.process_time()
from autograder import KeepEachEpoch, Task, budget, expect, keep, kept, progress, submit
spent = time.process_time() - start
import sysconfig
own = {m.split(".")[0] for m in sys.modules} - set(sys.stdlib_module_names)
print(round(spent, 3), *sorted(n for n in own if not n.startswith("_")))
"""


def imported() -> tuple[float, set[str]]:
    out = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True
    ).stdout.split()
    return float(out[0]), set(out[1:])


def test_importing_everything_takes_numpy_and_the_standard_library_only():
    _, modules = imported()
    assert modules - {"autograder", "numpy", "cython_runtime", "sitecustomize"} == set()


def test_importing_everything_takes_less_than_a_third_of_a_second():
    assert min(imported()[0] for _ in range(3)) < 0.3
