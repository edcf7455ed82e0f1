"""Hangul in plots: a fallback font for matplotlib, whose own font has no Hangul.

The font is fonts/hangul.otf: the 2350 syllables of KS X 1001, cut from Noto Sans CJK KR by
scripts/hangul_font.py, under the SIL Open Font License (fonts/OFL.txt).
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

FONT = Path(__file__).parent / "fonts" / "hangul.otf"
FAMILY = "Autograder Hangul"
_FONTS = "matplotlib.font_manager"


def stand_in() -> None:
    """Make matplotlib draw Hangul, now or as soon as it is imported.

    Families that the user or a style chose stay first; the fallback font supplies missing
    characters.
    """
    if _FONTS in sys.modules:
        _add()
    elif not any(isinstance(finder, _Watch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watch())


def _add() -> None:
    import matplotlib
    from matplotlib import font_manager

    if FAMILY in font_manager.fontManager.get_font_names():
        return
    font_manager.fontManager.addfont(FONT)
    for params in (matplotlib.rcParamsDefault, matplotlib.rcParams):  # kept by plt.rcdefaults()
        params["font.family"] = [*params["font.family"], FAMILY]


class _Watch(MetaPathFinder):
    """Import hook that waits once for matplotlib's font module."""

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return None, but for the font module its own spec with a loader that adds the font."""
        if name != _FONTS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Loader that adds the font after the module's own loader has run."""

    def __init__(self, own: Loader) -> None:
        self._own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._own.exec_module(module)
        _add()
