"""Replacements for what grading lacks: keyboard, debugger, Colab, screen.

Each does nothing harmful, prints a line about itself where that helps, and lets the cell continue.
"""

from __future__ import annotations

import builtins
import getpass
import importlib.abc
import importlib.machinery
import importlib.util
import pdb  # noqa: T100 (to make it do nothing)
import sys
import types
from collections.abc import Sequence
from typing import Any

from IPython.core import debugger

INLINE = "module://matplotlib_inline.backend_inline"
NO_KEYBOARD = "{name}() has no keyboard when a notebook is graded"

# Magics of packages and front ends that are missing in grading.
LINE_MAGICS = frozenset(
    {
        "tensorflow_version",
        "tensorboard",
        "store",
        "memit",
        "mprun",
        "lprun",
        "snakeviz",
        "wandb",
    }
)
BODY_MAGICS = frozenset({"memit", "mprun", "lprun", "snakeviz", "wandb", "heat", "scalene"})


class NoKeyboard(EOFError):
    """Raised if a cell waits for keyboard input."""


NoKeyboard.__name__ = NoKeyboard.__qualname__ = "EOFError"  # its name in a kernel


def take_keyboard() -> None:
    """Make requests for input raise an error that says why, and debuggers do nothing."""
    builtins.input = _asking("input")
    getpass.getpass = _asking("getpass")
    sys.breakpointhook = _nothing_of("breakpoint")
    pdb.set_trace = _nothing_of("pdb.set_trace")
    debugger.set_trace = _nothing_of("set_trace")


def _asking(name: str) -> Any:
    def ask(*_: object, **__: object) -> str:
        raise NoKeyboard(NO_KEYBOARD.format(name=name))

    return ask


def _nothing_of(name: str) -> Any:
    def nothing(*_: object, **__: object) -> None:
        say(name)

    return nothing


def say(what: str) -> None:
    """Print that a function does nothing here."""
    sys.stdout.write(f"{what} does nothing when a notebook is graded\n")


# ── Pictures ─────────────────────────────────────────────────────────────────────────


def draw_inline() -> None:
    """Make matplotlib draw into the notebook as PNG, whatever backend or format a cell requests."""
    import matplotlib
    import matplotlib.pyplot as plt
    from IPython.core import pylabtools
    from matplotlib_inline import backend_inline

    switch, select = plt.switch_backend, pylabtools.select_figure_formats

    def switch_backend(newbackend: str = INLINE) -> None:  # noqa: ARG001
        switch(INLINE)

    def use(backend: str, *, force: bool = True) -> None:  # noqa: ARG001
        switch(INLINE)

    def select_figure_formats(shell: Any, formats: Any, **options: Any) -> None:
        asked = {formats} if isinstance(formats, str) else set(formats)
        select(shell, asked | {"png"}, **options)

    plt.switch_backend = switch_backend
    matplotlib.use = use
    pylabtools.select_figure_formats = select_figure_formats
    setattr(backend_inline, "select_figure_formats", select_figure_formats)  # noqa: B010


# ── Colab ────────────────────────────────────────────────────────────────────────────


def stand_in_for_colab() -> None:
    """Make `google.colab` and all its submodules importable."""
    sys.meta_path.insert(0, _ColabFinder())
    if "google" not in sys.modules:
        sys.modules["google"] = _package("google")
    google, colab = sys.modules["google"], importlib.import_module("google.colab")
    google.colab = colab  # type: ignore[attr-defined]


class _ColabFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "google.colab" and not name.startswith("google.colab."):
            return None
        return importlib.util.spec_from_loader(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _ColabModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Do nothing: there is no code to run."""


class _ColabModule(types.ModuleType):
    """A module of Colab: its submodules, and functions that do almost nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        full = f"{self.__name__}.{name}".removeprefix("google.colab.")
        if self.__name__ == "google.colab":
            return importlib.import_module(f"google.colab.{name}")
        return _ANSWERS.get(full) or _silent(f"google.colab.{full}")


class _Nothing:
    """An empty value that also works as a function, a context manager and a sequence."""

    def __call__(self, *_: Any, **__: Any) -> _Nothing:
        return self

    def __getattr__(self, name: str) -> _Nothing:
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __len__(self) -> int:
        return 0

    def __getitem__(self, _: object) -> _Nothing:
        raise IndexError("nothing is in it when a notebook is graded")

    def __str__(self) -> str:
        return ""


def _silent(name: str) -> Any:
    def function(*_: Any, **__: Any) -> _Nothing:
        say(name)
        return _Nothing()

    return function


def _returning(name: str, value: Any) -> Any:
    def function(*_: Any, **__: Any) -> Any:
        say(f"google.colab.{name}")
        return value

    return function


def _the_first(value: Any = None, *_: Any, **__: Any) -> Any:
    """Return the first argument unchanged, in place of Colab's own display of it."""
    return value


def _show_as_picture(image: Any) -> None:
    """Show an image like `cv2_imshow`: an array in OpenCV's BGR channel order."""
    import numpy as np
    from IPython.display import display
    from PIL import Image

    array = np.clip(np.asarray(image), 0, 255).astype(np.uint8)
    if array.ndim == 3:
        array = array[..., [2, 1, 0, *range(3, array.shape[2])]]
    display(Image.fromarray(array))


_ANSWERS = {
    **{
        name: _returning(name, None)
        for name in (
            "drive.mount",
            "drive.flush_and_unmount",
            "files.download",
            "files.view",
            "output.clear",
            "auth.authenticate_user",
            "auth.authenticate_service_account",
            "data_table.enable_dataframe_formatter",
            "data_table.disable_dataframe_formatter",
            "output.enable_custom_widget_manager",
            "output.disable_custom_widget_manager",
            "output.no_vertical_scroll",
        )
    },
    "files.upload": _returning("files.upload", {}),
    "userdata.get": _returning("userdata.get", ""),
    "data_table.DataTable": _the_first,
    "syntax.css": _the_first,
    "syntax.html": _the_first,
    "syntax.javascript": _the_first,
    "syntax.sql": _the_first,
    "patches.cv2_imshow": _show_as_picture,
}


def _package(name: str) -> types.ModuleType:
    package = types.ModuleType(name)
    package.__path__ = []
    return package
