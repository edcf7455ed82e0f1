"""The shell that cells run in: everyday notebooks behave as under ipykernel, without a kernel.

IPython's InteractiveShell with what a front end would do put in its place: outputs are kept as
nbformat outputs, `%matplotlib inline` works, one event loop lives across cells, nobody is asked
for input, lines that install or download are skipped and noted.
"""

from __future__ import annotations

import asyncio
import builtins
import os
import re
import sys
import traceback
import types
from pathlib import Path
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder import hangul
from autograder.sandbox.outputs import Outputs, Stream

SKIPPED = re.compile(
    r"^(?P<indent>\s*)[!%]\s*(?P<what>pip3?|apt|apt-get|conda|mamba|uv|wget|curl|gdown|npm|git\s+clone)\b.*$"
)


class _Publisher(DisplayPublisher):
    outputs: Outputs

    def publish(self, data, metadata=None, *, transient=None, update=False, **_):  # type: ignore[no-untyped-def]
        self._validate_data(data, metadata)
        name = str((transient or {}).get("display_id", ""))
        if update:
            self.outputs.update(name, data, metadata)
        else:
            self.outputs.show("display_data", data, metadata, name=name)

    def clear_output(self, wait: bool = False) -> None:
        self.outputs.clear(wait=wait)


class _Hook(DisplayHook):
    outputs: Outputs

    def write_output_prompt(self) -> None:
        """A notebook shows no prompt."""

    def write_format_data(self, format_dict, md_dict=None) -> None:  # type: ignore[no-untyped-def]
        self.outputs.show("execute_result", format_dict, md_dict, count=self.prompt_count)

    def finish_displayhook(self) -> None:
        """A notebook shows no empty line either."""


class Shell(InteractiveShell):
    """One shell per job; make it with `open_shell`."""

    def init_io(self) -> None:
        """Streams are ours already."""

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no GUI; asking for one is no error."""

    def ask_exit(self) -> None:
        """`exit` and `quit` end nothing."""

    def system(self, cmd: str) -> None:
        """Runs `!cmd` and prints what it prints; `_exit_code` holds how it ended."""
        import subprocess

        done = subprocess.run(
            ["/bin/sh", "-c", self.var_expand(cmd, depth=1)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        sys.stdout.write(done.stdout.decode(errors="replace"))
        self.user_ns["_exit_code"] = done.returncode

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """The error is reported by `run_cell`, once."""

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        """The error is reported by `run_cell`, once."""


def make_shell() -> Shell:
    """A shell whose namespace is `__main__`; one made before a fork serves after it."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"
    Shell.clear_instance()
    shell: Shell = Shell.instance(
        config=config, user_module=main, user_ns=main.__dict__,
        display_pub_class=_Publisher, displayhook_class=_Hook,
    )  # fmt: skip
    if "matplotlib" in sys.modules:
        shell.enable_matplotlib("inline")
    hangul.stand_in()
    return shell


def open_shell(shell: Shell, output_bytes: int) -> Outputs:
    """The outputs that a shell's cells will write to, from this process and folder on."""
    outputs = Outputs(output_bytes)
    sys.stdout, sys.stderr = Stream("stdout", outputs, 1), Stream("stderr", outputs, 2)
    _Publisher.outputs = _Hook.outputs = outputs
    shell.ipython_dir = os.environ["IPYTHONDIR"]
    shell.history_manager.dir_hist[:] = [Path.cwd()]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    shell.loop_runner = loop.run_until_complete
    shell.autoawait = True
    builtins.input = _no_input
    _colab_shim()
    return outputs


def skip_downloads(source: str) -> tuple[str, tuple[str, ...]]:
    """The cell with install and download lines made inert, and what those lines asked for."""
    skipped: list[str] = []
    lines = []
    for line in source.splitlines():
        match = SKIPPED.match(line)
        if match:
            skipped.append(line.strip()[:120])
            line = f"{match['indent']}pass"
        lines.append(line)
    return "\n".join(lines), tuple(skipped)


def describe_error(error: BaseException, source: str, filename: str) -> dict[str, Any]:
    """Type, text and the line of this cell that an exception came from, as plain data."""
    line = 0
    if isinstance(error, SyntaxError):
        line = error.lineno or 0
    else:
        frames = traceback.extract_tb(error.__traceback__)
        own = [f.lineno for f in frames if f.filename == filename]
        line = own[-1] or 0 if own else 0
    lines = source.splitlines()
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:
        text = ""
    return {
        "type": type(error).__name__[:80],
        "text": str(text)[:2000],
        "line": line,
        "source_line": lines[line - 1].strip()[:200] if 0 < line <= len(lines) else "",
    }


def _no_input(_prompt: object = "") -> str:
    raise EOFError("nobody is there to answer input() when a notebook is graded")


def _colab_shim() -> None:
    """`google.colab` as far as notebooks use it: mounting a drive does nothing."""
    google = types.ModuleType("google")
    google.__path__ = []
    colab = types.ModuleType("google.colab")
    colab.__path__ = []
    for name, functions in {
        "drive": ("mount", "flush_and_unmount"),
        "files": ("download", "upload", "view"),
        "output": ("clear", "enable_custom_widget_manager", "register_callback"),
        "userdata": ("get",),
    }.items():
        part = types.ModuleType(f"google.colab.{name}")
        for function in functions:
            setattr(part, function, _nothing)
        setattr(colab, name, part)
        sys.modules[part.__name__] = part
    colab.patches = types.SimpleNamespace(cv2_imshow=_nothing)  # type: ignore[attr-defined]
    google.colab = colab  # type: ignore[attr-defined]
    existing = sys.modules.get("google")
    if existing is None:
        sys.modules["google"] = google
    else:
        existing.colab = colab  # type: ignore[attr-defined]
    sys.modules["google.colab"] = colab


def _nothing(*args: object, **kwargs: object) -> None:
    """Does nothing: there is no Colab here."""
