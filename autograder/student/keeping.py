"""`keep(unet=unet, history=history)`: trained work that survives the runtime and is submitted.

Everything is stored in `kept/` beside the notebook. Colab deletes its disk with the runtime. There
a copy goes to a mounted Google Drive, else to the portal if the notebook is signed in, else it is
offered as a download.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from autograder import atomic_files
from autograder.errors import NotFound
from autograder.evidence import saved_work as shelf
from autograder.evidence.saved_work import Unkeepable
from autograder.language import translate
from autograder.nouns import fill
from autograder.presentation import result_table, result_text
from autograder.student import environment, kept_folders, portal, portal_backup
from autograder.student.display import Shown, download, in_bytes, show


@dataclass(frozen=True)
class Line:
    """Result of keeping one value: its size, or the problem and the next step."""

    name: str
    kind: str
    size: int = 0
    problem: str = ""
    way_out: str = ""


def keep(**values: Any) -> None:
    """Store models, histories, arrays and plain data with the submission, and show their place.

    A value that cannot be kept, or that grading could not rebuild, is reported at once; the others
    are kept. `kept("unet")` returns a value.
    """
    folders = kept_folders.places()
    lines = [_keep(name, value, folders) for name, value in values.items()]
    show(shown(lines, folders, copied=_copied(lines, folders)))


def kept(name: str = "") -> Any:
    """Return the value last kept under this name, a model compiled as it was.

    Without a name, return the names of everything kept. An optimizer restarts: its momentum is not
    kept. Raise NotFound if nothing is kept under the name.
    """
    folders = kept_folders.places()
    if not name:
        return sorted({found for folder in folders for found in shelf.names(folder)})
    try:
        found = kept_folders.newest(name, folders)
    except NotFound:
        if not (
            name.isidentifier()
            and portal_backup.possible()
            and portal_backup.fetch(name, folders[0])
        ):
            raise
        found = kept_folders.newest(name, folders)
    return found.value(kept_folders.helpers())


def _copied(lines: Sequence[Line], folders: Sequence[Path]) -> bool:
    """Copy the kept values to the portal on Colab without a Drive; return whether all arrived."""
    if not environment.on_colab() or len(folders) > 1 or not portal_backup.possible():
        return False
    sent = [portal_backup.put(line.name, folders[0]) for line in lines if not line.problem]
    return bool(sent) and all(sent)


def _keep(name: str, value: Any, folders: Sequence[Path]) -> Line:
    kind = type(value).__name__
    try:
        entry = kept_folders.prepared(name, value)
        if entry.is_model:
            entry.value(kept_folders.helpers())  # grading can only rebuild what can be rebuilt here
        return Line(name, kind, kept_folders.put(entry, folders))
    except Unkeepable as problem:
        return Line(name, kind, problem=problem.fact, way_out=problem.way_out or _way_out(value))
    except OSError as fault:
        room = translate("Make room on this disk, then keep again.")
        return Line(name, kind, problem=str(fault), way_out=room)


def _way_out(value: Any) -> str:
    if shelf.is_model(value):
        if not getattr(value, "built", True):
            return translate("Call the model once, or fit it, then keep it.")
        return translate("Build it from built-in layers: grading rebuilds it without your classes.")
    return translate("Keep models, histories, arrays, numbers, text, lists and dicts.")


# ── Display ──────────────────────────────────────────────────────────────────────────


def shown(lines: Sequence[Line], folders: Sequence[Path], *, copied: bool = False) -> Shown:
    """Return the kept values, the failures and the places of the copies, for display."""
    title, summary = translate("Kept work"), _summary(lines)
    where = [*_where(folders, copied), *_notes()]
    text = [f"{title}: {summary}", *map(_line_text, lines), *(f"  {note}" for note in where)]
    rows = "".join(map(_line_html, lines))
    notes = "".join(f'<p class="ag-note">{escape(note)}</p>' for note in where)
    offer = "" if copied else _offer(folders)
    html = result_table.block(title, summary, f'<ul class="ag-list">{rows}</ul>{notes}{offer}')
    return Shown("\n".join(text), html)


def _summary(lines: Sequence[Line]) -> str:
    failed = [line.name for line in lines if line.problem]
    if failed:
        return fill(translate("Not kept: {names}."), {"names": ", ".join(failed)})
    return fill(translate("{n} kept."), {"n": len(lines)})


def _line_words(line: Line) -> tuple[result_text.State, str]:
    if line.problem:
        return result_text.State(
            translate("not kept"), "✗", "bad"
        ), f"{line.problem}. {line.way_out}"
    values = {"kind": line.kind, "size": in_bytes(line.size)}
    return result_text.State(translate("kept"), "✓", "good"), fill("{kind}, {size}", values)


def _line_text(line: Line) -> str:
    state, what = _line_words(line)
    return f"[{state.sign} {state.words}] {line.name}: {result_table.clean(what)}"


def _line_html(line: Line) -> str:
    state, what = _line_words(line)
    return (
        f'<li><span class="ag-chip ag-{state.tone}"><i aria-hidden="true">{state.sign}</i> '
        f"{escape(state.words)}</span> <strong>{escape(line.name)}</strong> "
        f"{escape(result_table.clean(what))}</li>"
    )


def _where(folders: Sequence[Path], copied: bool) -> list[str]:
    first = fill(translate("It lies in {folder} and is handed in."), {"folder": folders[0]})
    if len(folders) > 1:
        drive = translate("A copy is on your Google Drive: {folder}")
        return [first, fill(drive, {"folder": folders[1]})]
    if copied:
        portal_has = translate("A copy is on {host}; kept() brings it back to a new runtime.")
        return [first, fill(portal_has, {"host": portal.host()})]
    if environment.on_colab():
        return [
            first,
            translate(
                "Colab deletes this folder with the runtime. Mount Google Drive and keep again "
                "(from google.colab import drive; drive.mount('/content/drive')), or download it."
            ),
        ]
    return [first]


def _notes() -> list[str]:
    """Return a note if Keras here is newer than the version used for grading."""
    mine, theirs = kept_folders.versions().get("keras", ""), environment.released().keras
    if mine and theirs and _minor(mine) > _minor(theirs):
        note = translate(
            "Keras here is {mine}, grading has {theirs}: built-in layers are usually the same."
        )
        return [fill(note, {"mine": mine, "theirs": theirs})]
    return []


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _offer(folders: Sequence[Path]) -> str:
    """Return a link that downloads everything kept, on Colab without a Drive; else ""."""
    if not environment.on_colab() or len(folders) > 1:
        return ""
    path = folders[0].parent / "kept.zip"
    atomic_files.write(path, zipped(folders[0]))
    return download(path)


def zipped(folder: Path) -> bytes:
    """Return the files of a folder of kept work as a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.glob("*")):
            if path.is_file() and not path.name.startswith("."):
                archive.write(path, f"{folder.name}/{path.name}")
    return out.getvalue()
