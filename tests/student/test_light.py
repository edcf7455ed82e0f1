"""What a student's kernel imports: NumPy and the standard library, nothing else."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from autograder import KeepEachEpoch, Task, budget, expect, keep, kept, progress, submit
own = {m.split(".")[0] for m in sys.modules} - set(sys.stdlib_module_names)
print(*sorted(n for n in own if not n.startswith("_")))
"""


def test_importing_everything_takes_numpy_and_the_standard_library_only():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert modules - {"autograder", "numpy", "cython_runtime", "sitecustomize"} == set()
