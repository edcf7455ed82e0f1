"""Folders and metadata of kept work: the submission's own folder, and Google Drive on Colab."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from platform import python_version
from typing import Any

from autograder.errors import NotFound
from autograder.evidence import saved_work
from autograder.evidence.saved_work import SavedWork, Unkeepable
from autograder.language import translate
from autograder.nouns import fill
from autograder.student import environment

DRIVE = Path("/content/drive/MyDrive")


def places() -> tuple[Path, ...]:
    """Return the folders that hold kept work; the first one is submitted."""
    first = environment.folder() / saved_work.FOLDER
    if environment.on_colab() and DRIVE.is_dir():
        assignment = environment.released().assignment or "notebook"
        return first, DRIVE / "autograder" / assignment / saved_work.FOLDER
    return (first,)


def prepared(name: str, value: Any, **about: Any) -> SavedWork:
    """Return the value as it will be stored, with time and versions. Raises Unkeepable."""
    if saved_work.is_model(value):
        _demand_keras_3(value)
        _demand_known_layers(value)
    known = {
        "kept_at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "notebook": environment.notebook_name(),
        "versions": versions(),
    }
    return saved_work.encoded(
        name, value, helpers=environment.released().helpers, about={**known, **about}
    )


def put(entry: SavedWork, folders: Sequence[Path]) -> int:
    """Write the entry to every folder and return its size; only the first folder must succeed."""
    owner = _owner(folders[0], entry.name)
    notebook = entry.about.get("notebook", "")
    if owner and notebook and owner != notebook:
        fact = translate("{name} is already kept by the notebook {owner}")
        raise Unkeepable(
            fill(fact, {"name": entry.name, "owner": owner}),
            way_out=translate("Keep it under another name."),
        )
    size = saved_work.write(folders[0], entry)
    for folder in folders[1:]:
        with suppress(OSError):
            saved_work.write(folder, entry)
    return size


def newest(name: str, folders: Sequence[Path]) -> SavedWork:
    """Return the value last kept under a name. Raises NotFound, or Unkeepable if all are
    damaged.
    """
    entries: list[SavedWork] = []
    damaged: list[Unkeepable] = []
    for folder in folders:
        if name in saved_work.names(folder):
            try:
                entries.append(saved_work.read(folder, name))
            except Unkeepable as problem:
                damaged.append(problem)
    if entries:
        return max(entries, key=lambda entry: str(entry.about.get("kept_at", "")))
    if damaged:
        raise damaged[0]
    raise NotFound(
        fill(translate("Nothing is kept under the name {name}."), {"name": name}),
        where=", ".join(map(str, folders)),
        way_out=_way_out(folders),
    )


def helpers() -> Mapping[str, Any]:
    """Return the assignment's own modules that this kernel has imported."""
    return {n: sys.modules[n] for n in environment.released().helpers if n in sys.modules}


def versions() -> dict[str, str]:
    """Return the loaded versions of Python, NumPy, Keras and its backend."""
    names = ("numpy", "keras", "tensorflow", "torch", "jax")
    loaded = {name: getattr(sys.modules.get(name), "__version__", "") for name in names}
    return {"python": python_version(), **{k: str(v) for k, v in loaded.items() if v}}


def _owner(folder: Path, name: str) -> str:
    """Return the notebook that already keeps a value under this name; "" if none does."""
    with suppress(Unkeepable):
        if name in saved_work.names(folder):
            return str(saved_work.read(folder, name).about.get("notebook", ""))
    return ""


def _demand_keras_3(model: Any) -> None:
    version = versions().get("keras", "")
    family = next(c.__module__ for c in type(model).__mro__ if c.__name__ == "Model")
    if family.split(".")[0] == "keras" and version.startswith("3."):
        return
    fact = translate("this model is one of {family} {version}; grading rebuilds Keras 3 models")
    raise Unkeepable(
        fill(fact, {"family": family.split(".")[0], "version": version}),
        way_out=translate("Use `import keras` (3.0 or newer), without TF_USE_LEGACY_KERAS."),
    )


def _demand_known_layers(model: Any) -> None:
    known = ("keras", *environment.released().helpers)
    strange = {
        type(layer).__name__
        for layer in _layers(model)
        if type(layer).__module__.split(".")[0] not in known
    }
    if strange:
        fact = translate("it has layers of your own ({names}), which grading cannot rebuild")
        raise Unkeepable(
            fill(fact, {"names": ", ".join(sorted(strange))}),
            way_out=translate("Build the same from built-in layers, or keep its outputs instead."),
        )


def _layers(model: Any) -> Iterator[Any]:
    for layer in getattr(model, "layers", ()):
        yield layer
        yield from _layers(layer)


def _way_out(folders: Sequence[Path]) -> str:
    names = sorted({name for folder in folders for name in saved_work.names(folder)})
    if names:
        return fill(translate("Kept so far: {names}."), {"names": ", ".join(names)})
    if environment.on_colab() and len(folders) == 1:
        return translate(
            "If you kept it on Google Drive, mount it first: "
            "from google.colab import drive; drive.mount('/content/drive')"
        )
    return translate("Run the training cell, then keep() its result.")
