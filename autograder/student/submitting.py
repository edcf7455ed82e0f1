"""`submit()`: sends the notebook, the student's files and kept work to the portal as one bundle.

bundle = gather()          # the submission as one frozen value
deliver(bundle)            # sends it to the portal for a receipt
hand_over(bundle)          # without a portal: writes a file to upload in the browser
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

from autograder import atomic_files
from autograder.errors import NotFound
from autograder.evidence import saved_work
from autograder.language import translate
from autograder.nouns import fill
from autograder.presentation import result_table
from autograder.student import check_history, environment, kept_folders, portal, save_state, sending
from autograder.student.display import Shown, download, in_bytes, show

FORMAT = 1
MOST = 256 << 20  # maximum bytes of one bundle
LARGEST = 64 << 20  # maximum bytes of one of the student's files
LEFT_OUT = (".ipynb", ".zip", ".whl", ".pyc", ".checkpoint")
FOLDERS_LEFT_OUT = ("__pycache__", "sample_data", "drive", "node_modules", saved_work.FOLDER)


@dataclass(frozen=True)
class Bundle:
    """Content of a submission: the files by their path in the bundle, notes and metadata."""

    name: str  # the notebook's name
    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def manifest(self) -> dict[str, Any]:
        """The size and SHA-256 of every file, and the notebook's metadata."""
        files = {
            path: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            for path, data in sorted(self.files.items())
        }
        return {"format": FORMAT, **self.about, "files": files}

    def zipped(self) -> bytes:
        """Return the bundle as a zip with its manifest; the same files give the same bytes."""
        out = io.BytesIO()
        manifest = json.dumps(self.manifest, ensure_ascii=False, indent=1).encode("utf-8")
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in [("manifest.json", manifest), *sorted(self.files.items())]:
                member = zipfile.ZipInfo(path, (2000, 1, 1, 0, 0, 0))
                member.external_attr = 0o644 << 16
                member.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(member, data)
        return out.getvalue()


def submit() -> None:
    """Submit everything and show the receipt; without a portal, make a file to upload.

    The bundle holds the notebook as the front end has it (Colab) or as it was saved, your own .py
    and data files, kept work, and a manifest with the SHA-256 of each. The first time, a short code
    for signing in is shown. Raises NotFound if no notebook is found.
    """
    bundle = gather()
    show(deliver(bundle) if portal.address() and bundle.about["assignment"] else hand_over(bundle))


# ── Content of the bundle ────────────────────────────────────────────────────────────


def gather() -> Bundle:
    """Return the bundle of this notebook. Raises NotFound if there is no notebook."""
    name, notebook, notes = _notebook()
    files = {f"{name}.ipynb": notebook}
    folder = environment.folder()
    room = MOST - len(notebook)
    for path in [*_kept(folder), *_own(folder)]:
        size = path.stat().st_size
        shown = path.relative_to(folder).as_posix()
        if size > (MOST if path.parent.name == saved_work.FOLDER else LARGEST) or size > room:
            left = translate("{file} is left out: {size} is too large.")
            notes.append(fill(left, {"file": shown, "size": in_bytes(size)}))
            continue
        room -= size
        files[shown] = path.read_bytes()
    said = environment.released()
    about = {
        "assignment": said.assignment,
        "notebook": name,
        "release": said.release,
        "versions": kept_folders.versions(),
    }
    return Bundle(name, files, tuple(notes), about)


def _notebook() -> tuple[str, bytes, list[str]]:
    """Return the notebook's name, its bytes, and notes about its state."""
    page = _from_colab()
    if page is not None:
        return environment.notebook_name() or "notebook", page, []
    path = environment.notebook_path()
    if path is None:
        raise NotFound(
            translate("No saved notebook was found in this folder."),
            where=str(environment.folder()),
            way_out=translate("Save the notebook (Ctrl+S) and run submit() again."),
        )
    notes = []
    if not save_state.holds_last_run(path):
        notes.append(
            translate(
                "The saved file is older than the last cell you ran. "
                "Save it (Ctrl+S) and run submit() again."
            )
        )
    return path.stem, path.read_bytes(), notes


def _from_colab() -> bytes | None:
    """Return the notebook from Colab's page; None elsewhere, or if the page does not answer."""
    if "google.colab" not in sys.modules:
        return None
    message = import_module("google.colab._message")
    reply = message.blocking_request("get_ipynb", request="", timeout_sec=30)
    page = reply.get("ipynb") if isinstance(reply, dict) else None
    return json.dumps(page, ensure_ascii=False, indent=1).encode("utf-8") if page else None


def _kept(folder: Path) -> list[Path]:
    found = (folder / saved_work.FOLDER).glob("*")
    return sorted(p for p in found if p.is_file() and not p.name.startswith("."))


def _own(folder: Path) -> Iterator[Path]:
    """Yield the student's files, smallest first, without hidden files, notebooks, archives,
    links.
    """
    found = [
        p for p in _walk(folder, depth=4) if p.suffix not in LEFT_OUT and p.name != environment.FILE
    ]
    yield from sorted(found, key=lambda path: (path.stat().st_size, path))


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_file():
            yield path
        elif depth and path.is_dir() and path.name not in FOLDERS_LEFT_OUT:
            yield from _walk(path, depth - 1)


# ── Delivery ─────────────────────────────────────────────────────────────────────────


def deliver(bundle: Bundle) -> Shown:
    """Send the bundle to the portal, signing in first if needed; return the result for display.

    If the portal does not answer, the bundle is sent in the background and also written as a file.
    """
    data, name = bundle.zipped(), f"{bundle.name}-submission.zip"
    assignment = str(bundle.about["assignment"])
    try:
        sent = _sent(assignment, name, data)
    except portal.Unreachable:
        sending.go_on(assignment, name, data)
        return _both(sending.waits(in_bytes(len(data))), hand_over(bundle))
    except portal.Declined as error:
        title = translate("Not handed in")
        said = result_table.clean(" ".join(filter(None, (error.fact, error.way_out))))
        return Shown(f"{title}: {said}", result_table.block(title, said, ""))
    if sent is None:
        return hand_over(bundle)
    return sending.shown(sent, (*bundle.notes, *_unchecked()))


def _sent(assignment: str, name: str, data: bytes) -> sending.Sent | None:
    """Send the bundle, signing in if needed; return the reply, or None without a sign-in."""
    if portal.token():
        try:
            return sending.send(assignment, name, data)
        except portal.NotSignedIn:
            portal.forget()
    asked = portal.ask()
    show(sending.code(asked))
    try:
        if not portal.wait_for(asked):
            return None
    except KeyboardInterrupt:
        return None
    return sending.send(assignment, name, data)


def _both(first: Shown, second: Shown) -> Shown:
    return Shown(f"{first.text}\n{second.text}", first.html + second.html)


def hand_over(bundle: Bundle) -> Shown:
    """Write the bundle beside the notebook; return the instruction to upload it."""
    path = environment.folder() / f"{bundle.name}-submission.zip"
    atomic_files.write(path, bundle.zipped())
    return shown(bundle, path)


def shown(bundle: Bundle, path: Path) -> Shown:
    """Return the content of the bundle, the omissions, and the remaining step, for display."""
    title = translate("Not handed in yet")
    todo = fill(
        translate("Upload {file} on your course's page. Nothing was sent from here."),
        {"file": path.name},
    )
    lines = [*bundle.notes, *_unchecked(), _contents(bundle, path)]
    text = [f"{title}: {todo}", *(f"  {line}" for line in lines)]
    notes = "".join(f'<p class="ag-note">{escape(result_table.clean(line))}</p>' for line in lines)
    link = download(path) if environment.on_colab() else ""
    return Shown("\n".join(text), result_table.block(title, todo, link + notes))


def _contents(bundle: Bundle, path: Path) -> str:
    values = {
        "path": path,
        "size": in_bytes(path.stat().st_size),
        "files": ", ".join(list(bundle.files)[:8]) + (", …" if len(bundle.files) > 8 else ""),
    }
    return fill(translate("{path} ({size}) holds {files}."), values)


def _unchecked() -> list[str]:
    """Return a note that names the release's tasks never checked here; empty if there are none."""
    checked = check_history.read()
    names = [
        t.grade_id
        for t in environment.released().tasks
        if not t.manual and t.grade_id not in checked
    ]
    if not names:
        return []
    return [fill(translate("Not checked here yet: {tasks}."), {"tasks": ", ".join(names)})]
