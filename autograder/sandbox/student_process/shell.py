"""Shell that runs the cells: notebooks behave as under ipykernel, without a kernel.

An IPython InteractiveShell with replacements for the front end: outputs are kept as nbformat
outputs, `%matplotlib inline` works, one event loop lives across cells, requests for input fail, and
lines that install or download are skipped and recorded.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import types
from pathlib import Path
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder import plot_fonts
from autograder.sandbox.student_process.outputs import Outputs, Stream
from autograder.sandbox.student_process.stand_ins import (
    BODY_MAGICS,
    LINE_MAGICS,
    draw_inline,
    say,
    stand_in_for_colab,
    take_keyboard,
)

SKIPPED = re.compile(
    r"^(?P<indent>\s*)[!%]\s*(?P<what>pip3?|apt|apt-get|conda|mamba|uv|wget|curl|gdown|npm|git\s+clone)\b.*$"
)
_AUTOMAGIC = re.compile(r"\s*((?:pip|conda|mamba|micromamba|uv) +[a-z-].*?)\s*")  # a whole cell


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
        """Print no prompt, as in a notebook."""

    def write_format_data(self, format_dict, md_dict=None) -> None:  # type: ignore[no-untyped-def]
        self.outputs.show("execute_result", format_dict, md_dict, count=self.prompt_count)

    def finish_displayhook(self) -> None:
        """Print no empty line, as in a notebook."""


class Shell(InteractiveShell):
    """One shell per job; created by `make_shell` and connected by `open_shell`."""

    def init_io(self) -> None:
        """Keep the streams that `open_shell` sets."""

    def enable_gui(self, gui: str | None = None) -> None:
        """Ignore a request for a GUI."""

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str | None, str]:  # noqa: ARG002
        """Show figures in the notebook, whatever backend a cell requests."""
        gui_and_backend: tuple[str | None, str] = super().enable_matplotlib("inline")
        return gui_and_backend

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        """Run a line magic; one from a package that is not installed does nothing."""
        known = self.find_line_magic(magic_name) is not None
        if magic_name in LINE_MAGICS and not known:
            return say(f"%{magic_name}")
        if magic_name == "shell" and not known:
            return self.system(line)
        try:
            return super().run_line_magic(magic_name, line, _stack_depth + 1)
        except ModuleNotFoundError:
            if magic_name not in ("load_ext", "reload_ext"):
                raise
            return say(f"%{magic_name} {line}")

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        """Run a cell magic; for a missing one that only measures, run the cell's body."""
        known = self.find_cell_magic(magic_name) is not None
        if magic_name in BODY_MAGICS and not known:
            say(f"%%{magic_name}")
            return self.run_cell(cell).raise_error()
        return super().run_cell_magic("bash" if magic_name == "shell" else magic_name, line, cell)

    def ask_exit(self) -> None:
        """Ignore `exit` and `quit`."""

    def system(self, cmd: str) -> None:
        """Run `!cmd` and print its output; store its exit code in `_exit_code`."""
        import subprocess

        done = subprocess.run(
            ["/bin/sh", "-c", self.var_expand(cmd, depth=1)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        sys.stdout.write(done.stdout.decode(errors="replace"))
        self.user_ns["_exit_code"] = done.returncode

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Print nothing: `run_cell` reports the error."""

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        """Print nothing: `run_cell` reports the error."""


def make_shell() -> Shell:
    """Return a shell whose namespace is `__main__`; it survives a fork."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"
    Shell.clear_instance()
    shell: Shell = Shell.instance(
        config=config,
        user_module=main,
        user_ns=main.__dict__,
        display_pub_class=_Publisher,
        displayhook_class=_Hook,
    )
    if "matplotlib" in sys.modules:
        draw_inline()
        shell.enable_matplotlib()
    plot_fonts.stand_in()
    return shell


def open_shell(shell: Shell, output_bytes: int) -> Outputs:
    """Connect the shell to this process and folder; return the outputs its cells write to."""
    outputs = Outputs(output_bytes)
    sys.stdout, sys.stderr = Stream("stdout", outputs, 1), Stream("stderr", outputs, 2)
    _Publisher.outputs = _Hook.outputs = outputs
    shell.ipython_dir = os.environ["IPYTHONDIR"]
    shell.history_manager.dir_hist[:] = [Path.cwd()]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    shell.loop_runner = loop.run_until_complete
    shell.autoawait = True
    take_keyboard()
    stand_in_for_colab()
    return outputs


def skip_downloads(source: str) -> tuple[str, tuple[str, ...]]:
    """Return the cell with install and download lines replaced by `pass`, and those lines."""
    alone = _AUTOMAGIC.fullmatch(source)
    if alone:
        return "pass", (alone[1][:120],)
    skipped: list[str] = []
    lines = []
    for line in source.splitlines():
        match = SKIPPED.match(line)
        if match:
            skipped.append(line.strip()[:120])
            line = f"{match['indent']}pass"
        lines.append(line)
    return "\n".join(lines), tuple(skipped)
