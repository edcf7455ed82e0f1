"""Resources used by this kernel: CPU seconds by cell, memory, disk. Complete on Linux only."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.student import environment

FILES = 20_000  # maximum files counted in a folder
DULL = ("#", "%", "import ", "from ")  # first lines that do not identify a cell


@dataclass
class Meter:
    """CPU seconds of the last run of each cell; their sum is the cost of one pass."""

    cells: dict[str, tuple[str, float]] = field(default_factory=dict)  # key -> (text, seconds)
    _started: tuple[str, str, float] | None = None

    def before(self, info: Any) -> None:
        text = str(getattr(info, "raw_cell", "") or "")
        key = str(getattr(info, "cell_id", "") or hashlib.sha256(text.encode()).hexdigest())
        self._started = (key, text, cpu_seconds())

    def after(self, _result: Any = None) -> None:
        if self._started is None:
            return
        key, text, started = self._started
        self._started = None
        self.cells[key] = (text, cpu_seconds() - started)

    @property
    def running(self) -> float:
        """CPU seconds of the running cell."""
        return cpu_seconds() - self._started[2] if self._started else 0.0

    @property
    def total(self) -> float:
        return sum(seconds for _, seconds in self.cells.values())

    @property
    def dearest(self) -> tuple[str, float] | None:
        """The slowest cell: its first identifying line and its seconds; None if no cell ran."""
        if not self.cells:
            return None
        text, seconds = max(self.cells.values(), key=lambda cell: cell[1])
        lines = [line.strip() for line in text.splitlines()]
        telling = (line for line in lines if line and not line.startswith(DULL))
        return next(telling, lines[0] if lines else ""), seconds


METER = Meter()


def start() -> None:
    """Start counting the CPU time of cells; called when a notebook first imports Task."""
    shell = environment.ipython()
    if shell is None or getattr(shell, "_autograder_meter", None) is METER:
        return
    shell._autograder_meter = METER
    METER.before(None)  # the running cell counts from here
    shell.events.register("pre_run_cell", METER.before)
    shell.events.register("post_run_cell", METER.after)


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and its ended children, in all threads."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def memory_mb() -> tuple[float, float] | None:
    """Return memory in use and its peak in MB; None if the system does not report it."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        values = {k: v for k, _, v in (line.partition(":") for line in lines)}
        return int(values["VmRSS"].split()[0]) / 1024, int(values["VmHWM"].split()[0]) / 1024
    except (OSError, KeyError, ValueError, IndexError):
        return _peak_only()


def _peak_only() -> tuple[float, float] | None:
    try:
        import resource
        import sys
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mb = peak / (1 << 20) if sys.platform == "darwin" else peak / 1024
    return mb, mb


def disk_mb(folder: Path, *, seconds: float = 1.0) -> tuple[float, bool]:
    """Return the MB of the files in a folder, and whether all were counted in the given time."""
    total, count, end = 0, 0, time.monotonic() + seconds
    for root, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f not in (".ipynb_checkpoints", ".git", ".venv")]
        for name in files:
            count += 1
            if count > FILES or time.monotonic() > end:
                return total / (1 << 20), False
            try:
                total += Path(root, name).lstat().st_size
            except OSError:
                continue
    return total / (1 << 20), True
