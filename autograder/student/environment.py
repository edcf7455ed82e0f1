"""Facts about this kernel: the notebook, its folder, the front end, and the release's settings.

The release's set-up cell stores one JSON object in the environment variable AUTOGRADER_NOTEBOOK (or
a file `autograder.json` beside the notebook holds it):

    {"format": 1, "assignment": "n432", "notebook": "unet", "release": 3, "language": "ko",
     "keras": "3.15.1", "helpers": ["shapes"],
     "portal": "https://grader.example.org", "sprint": false,
     "limits": {"cpu_seconds": 180, "memory_mb": 3072, "disk_mb": 512},
     "tasks": [{"grade_id": "unet", "points": 30, "hidden_points": 20, "manual": false}],
     "words": {"mean IoU": "평균 IoU"}}

All fields are optional.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from autograder import language
from autograder.nouns import Limits

VARIABLE = "AUTOGRADER_NOTEBOOK"
FILE = "autograder.json"


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:  # the folder was deleted while the kernel ran
        return Path(os.sep)


_started_in = _working_folder()


@dataclass(frozen=True)
class KnownTask:
    """Facts that the release gives about one task before it is checked."""

    grade_id: str
    points: float
    hidden_points: float = 0.0
    manual: bool = False


@dataclass(frozen=True)
class Released:
    """Facts that the release gives about this notebook; empty fields outside a release."""

    assignment: str = ""
    notebook: str = ""
    release: int = 0
    language: str = ""
    keras: str = ""  # the version used for grading
    helpers: tuple[str, ...] = ()  # the assignment's own modules
    limits: Limits = field(default_factory=Limits)
    tasks: tuple[KnownTask, ...] = ()
    portal: str = ""  # its address
    sprint: bool = False  # whether answers are saved as cells are run
    autosave: float = 20.0  # seconds between two checks of the notebook's file in a sprint
    silent: bool = False  # nothing is checked before submission
    words: Mapping[str, str] = field(default_factory=dict)  # the assignment's own translations


def released() -> Released:
    """Return the release's facts about this kernel's notebook."""
    return parse(os.environ.get(VARIABLE, "") or _text(folder() / FILE))


def speak() -> None:
    """Use the release's language in this kernel unless AUTOGRADER_LANG already sets one."""
    release = released()
    if release.language:
        os.environ.setdefault("AUTOGRADER_LANG", release.language)
        language.know(release.language, release.words)


def translated(text: str) -> str:
    """Return the text in the release's language, for titles and labels of an assignment's plots."""
    speak()
    return language.translate(text)


def parse(text: str) -> Released:
    """Parse the release's JSON; ignore unknown fields and use defaults for wrong types."""
    try:
        data = json.loads(text) if text else {}
    except ValueError:
        data = {}
    if not isinstance(data, dict):
        data = {}
    return Released(
        assignment=str(data.get("assignment", "")),
        notebook=str(data.get("notebook", "")),
        release=data["release"] if type(data.get("release")) is int else 0,
        language=str(data.get("language", "")),
        keras=str(data.get("keras", "")),
        helpers=tuple(map(str, _list(data.get("helpers")))),
        limits=_limits(data.get("limits")),
        tasks=tuple(filter(None, map(_task, _list(data.get("tasks"))))),
        portal=str(data.get("portal", "")),
        sprint=data.get("sprint") is True,
        autosave=_seconds(data.get("autosave")),
        silent=data.get("silent") is True,
        words=_texts(data.get("words")),
    )


def _list(data: Any) -> list[Any]:
    return data if isinstance(data, list) else []


def _seconds(data: Any) -> float:
    return float(data) if type(data) in (int, float) and 0 < data < 3600 else Released.autosave


def _texts(data: Any) -> dict[str, str]:
    given = data if isinstance(data, Mapping) else {}
    return {k: v for k, v in given.items() if isinstance(k, str) and isinstance(v, str)}


def _limits(data: Any) -> Limits:
    known = {f.name for f in fields(Limits)}
    given = data if isinstance(data, Mapping) else {}
    return Limits(**{k: v for k, v in given.items() if k in known and type(v) in (int, float)})


def _task(data: Any) -> KnownTask | None:
    try:
        return KnownTask(
            str(data["grade_id"]),
            float(data["points"]),
            float(data.get("hidden_points", 0.0)),
            bool(data.get("manual", False)),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return ""


def notebook_path() -> Path | None:
    """Return the notebook's file, from the front end or the only one in the folder, else None.
    Colab keeps no file on this machine.
    """
    said = _session_path() or _code_path()
    if said is not None:
        return said
    name = os.environ.get(VARIABLE) and released().notebook
    if name and (_started_in / f"{name}.ipynb").is_file():
        return _started_in / f"{name}.ipynb"
    found = sorted(_started_in.glob("*.ipynb"))
    return found[0] if len(found) == 1 else None


def _session_path() -> Path | None:
    """Return the path that jupyter_server gives its kernels in JPY_SESSION_NAME, else None."""
    name = os.environ.get("JPY_SESSION_NAME", "")
    if not name.endswith(".ipynb"):
        return None
    for path in (Path(name), _started_in / Path(name).name):
        if path.is_absolute() and path.is_file():
            return path
    return None


def _code_path() -> Path | None:
    """Return the path that VS Code puts into the namespace, else None."""
    shell = ipython()
    name = (getattr(shell, "user_ns", None) or {}).get("__vsc_ipynb_file__", "")
    return Path(name) if isinstance(name, str) and name and Path(name).is_file() else None


def folder() -> Path:
    """Return the notebook's folder, which holds kept work and helper files."""
    said = _session_path() or _code_path()
    return said.parent if said is not None else _started_in


def notebook_name() -> str:
    """Return the notebook's name without its suffix; "" if unknown."""
    name = os.environ.get(VARIABLE, "") and released().notebook
    if name:
        return name
    path = notebook_path()
    return path.stem if path is not None else ""


def ipython() -> Any:
    """Return the running IPython shell, or None. IPython is never imported for this."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def on_colab() -> bool:
    """Return whether the kernel runs on Google Colab."""
    return "google.colab" in sys.modules or "COLAB_RELEASE_TAG" in os.environ
