"""Runner inside the student's process: runs the cells, sends values, answers calls.

No other process trusts this code: student code can change all of it, but then only falsifies its
own answers. No criterion, hidden test or label ever enters this process.

    in:  {"op": "run", "cells": LENGTH, "files": [...], "limits": {...}} + cells (JSON), files
    out: {"event": "cell" | "value" | "missing" | "done", ...}
    then, until the pipe closes: {"op": "state" | "call" | "get" | ...} -> {"ok": ...}
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import types
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from autograder.evidence.codec import Buffer, Encoder, Unencodable, lengths, split
from autograder.sandbox import random_states
from autograder.sandbox.student_process.alarm import cpu_alarm
from autograder.sandbox.student_process.cell_errors import (
    after_import,
    cell_filename,
    describe_error,
)
from autograder.sandbox.student_process.object_server import Exports
from autograder.sandbox.student_process.outputs import Outputs
from autograder.sandbox.student_process.saved_work import Shelf
from autograder.sandbox.student_process.shell import Shell, make_shell, open_shell, skip_downloads
from autograder.sandbox.wire import read_frame, write_frame

UNASKED = 3000  # cap on values captured in one run that no test cell names
ASSIGNING = ("answer", "extra", "kept")  # roles of cells whose names are captured too


@dataclass(frozen=True)
class _Prepared:
    """State shared by all jobs and slow to build."""

    shell: Shell
    ours: tuple[str, ...]  # modules of this package, hidden from every job


@cache
def prepare() -> _Prepared:
    """Build the shell. A warm server does so before it forks, which saves each job the time."""
    return _Prepared(make_shell(), tuple(n for n in sys.modules if n.split(".")[0] == "autograder"))


def main(read_fd: int, write_fd: int) -> None:
    """Run one job from its frames; return when the other side closes the pipe."""
    shell = prepare().shell
    frame = read_frame(read_fd)
    if frame is None:
        return
    job = frame.header
    cells, *files = split(frame.body, [job["cells"], *(f["n"] for f in job["files"])])
    _write_files(job["files"], files)
    seed = int(job.get("seed", "0"), 16)
    random_states.seed_all(seed)
    sys.path.insert(0, os.getcwd())
    shelf = Shelf(Path.cwd(), job["helpers"])
    _inert_package(shelf)
    outputs = open_shell(shell, job["limits"]["output_bytes"])
    exports = Exports(shell.user_ns, helpers=tuple(job["helpers"]), seed=seed)
    runner = _Runner(shell, outputs, exports, shelf, write_fd, job["limits"])
    for index, cell in enumerate(json.loads(bytes(cells))):
        runner.cell(index, cell)
    write_frame(write_fd, {"event": "done"})
    outputs.cap = 0  # discard output printed after the last cell
    exports.serve(read_fd, write_fd, call_seconds=job["limits"]["call_seconds"])


class _Runner:
    def __init__(
        self,
        shell: Shell,
        outputs: Outputs,
        exports: Exports,
        shelf: Shelf,
        fd: int,
        limits: dict[str, Any],
    ) -> None:
        self._shell, self._outputs, self._exports, self._fd = shell, outputs, exports, fd
        self._shelf = shelf
        self._limits = limits
        self._left = int(limits["capture_bytes"])
        self._assigned: dict[str, None] = {}
        self._unasked = UNASKED
        self._process = os.getpid()

    def cell(self, index: int, cell: dict[str, Any]) -> None:
        """Run one cell; for a test cell, capture the names that it asks for."""
        if cell["role"] == "test":
            self._capture(cell["grade_id"], cell["names"])
            return
        write_frame(self._fd, {"event": "start", "cell": index})
        source, skipped = skip_downloads(cell["source"])
        before = dict(self._shell.user_ns) if cell["role"] in ASSIGNING else None
        started = _clock()
        error = self._run(source)
        if os.getpid() != self._process:  # the cell forked: the child ends here
            os._exit(0)
        if cell["role"] == "kept":
            error = self._restore(cell) or error
        cpu, wall = (b - a for a, b in zip(started, _clock(), strict=True))
        if before is not None:
            self._note_assigned(before)
        taken = self._outputs.take()
        shown = json.dumps(taken.items).encode("ascii")
        event = {
            "event": "cell",
            "cell": index,
            "error": error,
            "skipped": list(skipped),
            "cpu": round(cpu, 4),
            "wall": round(wall, 4),
            "dropped": taken.dropped,
            "pictures": taken.pictures,
        }
        write_frame(self._fd, event, [shown])

    def _run(self, source: str) -> dict[str, Any] | None:
        """Run a cell; after a failed import, also the rest of the cell."""
        first: dict[str, Any] | None = None
        while source:
            error = self._once(source)
            if error is None:
                break
            described = describe_error(error, source, cell_filename(error))
            first = first or described
            source = after_import(source, error, described["line"])
        return first

    def _once(self, source: str) -> BaseException | None:
        with cpu_alarm(self._limits["cell_seconds"], "this cell"):
            try:
                result = self._shell.run_cell(source, store_history=True)
                error: BaseException | None = result.error_before_exec or result.error_in_exec
            except BaseException as failure:
                error = failure
        return error

    def _restore(self, cell: dict[str, Any]) -> dict[str, Any] | None:
        """Restore kept work instead of training; return an error only if it takes too long."""
        try:
            with cpu_alarm(self._limits["cell_seconds"], "rebuilding kept work"):
                self._shelf.restore(cell["names"], cell["lost"], self._shell.user_ns)
        except BaseException as failure:
            return describe_error(failure, "", "")
        return None

    def _note_assigned(self, before: dict[str, Any]) -> None:
        for name, value in self._shell.user_ns.items():
            if name.startswith("_") or name in ("In", "Out", "exit", "quit", "get_ipython"):
                continue
            fresh = name not in before or before[name] is not value
            if fresh and not isinstance(value, types.ModuleType):
                self._assigned[name] = None

    def _capture(self, grade_id: str, names: list[str]) -> None:
        for name in dict.fromkeys([*names, *self._assigned]):
            asked = name in names
            if name not in self._shell.user_ns:
                if asked:
                    self._missing(grade_id, name, self._shelf.lost.get(name, "undefined"))
                continue
            encoder = Encoder(self._exports.stranger, cap=self._left)
            try:
                node = encoder.node(self._shell.user_ns[name])
            except Unencodable as reason:
                self._missing(grade_id, name, str(reason))
                continue
            except BaseException as failure:
                self._missing(grade_id, name, f"reading it raised {type(failure).__name__}")
                continue
            if not asked:
                if self._unasked == 0 or _size(encoder.buffers) > self._left // 4:
                    continue
                self._unasked -= 1
            self._left -= _size(encoder.buffers)
            header = {
                "event": "value",
                "at": grade_id,
                "name": name,
                "v": node,
                "n": lengths(encoder.buffers),
            }
            write_frame(self._fd, header, encoder.buffers)
        self._exports.remember(grade_id)

    def _missing(self, grade_id: str, name: str, why: str) -> None:
        write_frame(self._fd, {"event": "missing", "at": grade_id, "name": name, "why": why[:300]})


def _clock() -> tuple[float, float]:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used), time.monotonic()


def _size(buffers: list[Buffer]) -> int:
    return sum(lengths(buffers))


def _write_files(files: list[dict[str, Any]], contents: list[memoryview]) -> None:
    for file, content in zip(files, contents, strict=True):
        path = Path(file["path"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _inert_package(shelf: Shelf) -> None:
    """Replace the `autograder` package with one that does nothing: grading happens elsewhere.

    Only `kept("unet")` works as in a notebook, because later cells need its value.
    """
    package = types.ModuleType("autograder")
    for name in prepare().ours:
        del sys.modules[name]
    for name in ("Task", "expect", "keep", "progress", "budget", "submit", "language"):
        setattr(package, name, _Inert())
    package.kept = shelf.value  # type: ignore[attr-defined]
    package.KeepEachEpoch = _inert_callback  # type: ignore[attr-defined]
    package.translated = str  # type: ignore[attr-defined]
    sys.modules["autograder"] = package


class _Inert:
    """Object that any call or attribute returns; as a decorator, it returns the function."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and isinstance(args[0], types.FunctionType):
            return args[0]
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


def _inert_callback(*_args: Any, **_kwargs: Any) -> Any:
    import keras

    return keras.callbacks.Callback()
